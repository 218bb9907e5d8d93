"""The bytes that rest in state: restored for ever, refused when not known."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from schemas.errors import BrokenPromise
from tests.unit.features.scenario import HOUR, at, past
from udfs.features import AccountHistory, Profile, decode_history

pytestmark = pytest.mark.unit

FIXTURES = Path(__file__).parents[2] / "fixtures" / "state" / "v1"


def full() -> AccountHistory:
    """A history in which every field says something: what v1/history_full.bin was written from."""
    place = {"merchant_id": "m", "device_id": "d", "country": "DE", "latitude": 52.52, "longitude": 13.405}
    return past(
        [
            at(0, 300),
            at(30 * HOUR, 10**12, transaction_id="one", auth_result="declined", **place),
            at(31 * HOUR, 150, transaction_id="two", currency="JPY", **place),
            at(32 * HOUR, 150, transaction_id="three", event_type="login"),
        ]
    )


SHAPES = {"history_empty.bin": AccountHistory(), "history_full.bin": full()}


@pytest.mark.parametrize("name", SHAPES)
def test_fixture_is_restored(name: str) -> None:
    """Each shape that reached production is restored to what it was."""
    assert decode_history((FIXTURES / name).read_bytes()) == SHAPES[name]


def test_no_fixture_is_forgotten() -> None:
    """Every history in the folder of this version is restored by a test."""
    assert {path.name for path in FIXTURES.glob("history_*.bin")} == SHAPES.keys()


def test_fields_not_yet_written_have_their_defaults() -> None:
    """A history packed before its last fields existed is restored with their defaults."""
    shorter = b"\x01" + msgspec.msgpack.encode(tuple(full())[:8])
    assert decode_history(shorter) == full()._replace(newest_ms=None, cut_ms=None)


@pytest.mark.parametrize(
    "packed", [b"", b"\x00\x90", b"\x02\x90", b"\x01", b"\x01\xc1", b"\x01\x93\x01\x02\x03"]
)
def test_unknown_bytes_break_the_promise(packed: bytes) -> None:
    """Another version, or bytes that are none of ours, fail the task."""
    with pytest.raises(BrokenPromise):
        decode_history(packed)


class Packed(NamedTuple):
    """As an operator packs more than the history in one value."""

    history: AccountHistory = AccountHistory()
    profile: Profile | None = None
    epoch: int = 0


@pytest.mark.parametrize("packed", [Packed(), Packed(full(), Profile("c", 7, opened_ms=5), epoch=3)])
def test_history_rests_inside_another_value(packed: Packed) -> None:
    """History and profile rest inside a larger packed value, whose last fields may be missing."""
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(packed), type=Packed) == packed
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(tuple(packed)[:1]), type=Packed) == Packed(
        packed.history
    )
