"""What the flood check says of decisions and dead letters."""

from __future__ import annotations

import orjson
import pytest

from local.accept.card_search import CardSearch
from local.accept.flood import SHAPES, Flood, cards_of, judge
from local.accept.malformed import KINDS, Kind
from local.accept.readback import DEAD_LETTERS, Written
from local.accept.sending import Place
from schemas.dead_letter import Source, dead_letter, encode
from schemas.errors import RecordError
from tests.builders import CARD_NUMBER, message

pytestmark = pytest.mark.unit

GOOD = [message(transaction_id=f"t-{number}") for number in range(3)]
MALFORMED = {Place(0, 7): KINDS[0], Place(1, 8): KINDS[-1]}


def letter(place: Place, kind: Kind, raw: bytes = b"{}") -> Written:
    """The dead letter of a message of *kind* at *place*."""
    error = RecordError(kind.path, "something", "another thing", kind.reason)
    value = encode(dead_letter(error, Source("transactions", *place, 1, "a-1"), raw))
    return Written(DEAD_LETTERS, 0, 0, 1, b"a-1", value)


LETTERS = [letter(place, kind) for place, kind in MALFORMED.items()]


def faults(letters: list[Written] = LETTERS, decided: tuple[str, ...] = ("t-0", "t-1", "t-2")) -> str:
    """What is said of those letters and decisions."""
    decisions = [{"transaction_id": txn} for txn in decided]
    return "; ".join(judge(Flood(GOOD, MALFORMED, CardSearch(cards_of(GOOD)), decisions, letters, 0)).faults)


def test_all_well() -> None:
    """One right dead letter for each malformed message and one decision for each good one are no fault."""
    assert faults() == ""


def test_a_wrong_reason() -> None:
    """A dead letter with another reason is named by its kind, with what was found."""
    told = faults([LETTERS[0], letter(Place(1, 8), KINDS[1])])
    assert f"'{KINDS[-1].name}'" in told
    assert f"transactions {KINDS[1].reason} {KINDS[1].path}" in told


def test_a_missing_letter() -> None:
    """A malformed message without a dead letter is a fault."""
    assert "found []" in faults(LETTERS[:1])


def test_a_letter_twice() -> None:
    """A second dead letter of one message is a fault."""
    assert faults([*LETTERS, LETTERS[0]])


def test_a_letter_of_a_good_message() -> None:
    """A dead letter of a message that was good is a fault."""
    assert "of a good message" in faults([*LETTERS, letter(Place(2, 1), KINDS[0])])


def test_a_card_in_clear() -> None:
    """A card number in clear is found in a dead letter's raw bytes too."""
    shown = LETTERS[0].message | {"raw_base64": "NDExMTExMTExMTExMTExMQ=="}
    assert CARD_NUMBER.encode() not in str(shown).encode()
    told = faults([LETTERS[0]._replace(value=orjson.dumps(shown)), LETTERS[1]])
    assert told == "dead letters with a card number in clear: found 1, expected none"


def test_decisions() -> None:
    """A good message that is not decided, one decided twice and a malformed one decided are faults each."""
    assert faults(decided=("t-0", "t-1")) == "never decided: found 1, expected none"
    assert faults(decided=("t-0", "t-1", "t-2", "t-2")) == "decided more than once: found 1, expected none"
    assert "decided although malformed" in faults(decided=("t-0", "t-1", "t-2", "bad"))


def test_every_kind_occurs() -> None:
    """Even the short form has malformed messages of every kind."""
    assert all(shape.malformed >= len(KINDS) for shape in SHAPES.values())
