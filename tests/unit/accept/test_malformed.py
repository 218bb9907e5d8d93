"""The malformed messages of the flood are refused for what each kind says."""

from __future__ import annotations

import pytest

from local.accept.malformed import KINDS, Kind, plain
from schemas.errors import RecordError
from schemas.intake import read_transaction
from schemas.wire_out import encode_json
from tests.builders import CARD_KEY, message

pytestmark = pytest.mark.unit


def read(kind: Kind) -> None:
    """What intake makes of a message that is spoilt as *kind* is."""
    spoilt = plain(message())
    raw, key = kind.value(spoilt) or b"", kind.key(spoilt) or b""
    read_transaction(raw, key.decode(), spoilt["event_time"], CARD_KEY)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_is_refused(kind: Kind) -> None:
    """Intake refuses each kind for the reason, and at the path, that the table gives."""
    with pytest.raises(RecordError) as refused:
        read(kind)
    assert (refused.value.reason, refused.value.where) == (kind.reason, kind.path)


def test_names_are_unique() -> None:
    """No two kinds have one name, and there are at least the promised 12 reasons."""
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert len({kind.reason for kind in KINDS}) >= 12


def test_what_is_spoilt_was_good() -> None:
    """Before it is spoilt, the message is one that intake takes."""
    read(Kind("good", encode_json, "", ""))
