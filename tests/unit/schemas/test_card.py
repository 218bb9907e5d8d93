"""Card numbers become tokens, and are hidden in bytes of any form."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.card import (
    CardKey,
    bare_digits,
    holds_long_number,
    looks_like_card,
    luhn_valid,
    mask,
    mask_cards,
    mask_text,
    tokenise,
)
from tests.builders import CARD_KEY, CARD_NUMBER, NOON_MS, raw_avro

pytestmark = pytest.mark.unit

FULL_WIDTH = "".join(chr(ord(digit) + 0xFEE0) for digit in CARD_NUMBER)

ROOT = Path(__file__).parents[3]
VECTORS = ROOT.parent / "shared" / "data" / "pan-luhn-vectors" / "pan_vectors.json"
STARRED = b"************1111"


def test_token_is_a_truncated_hmac() -> None:
    """A token is the key's version and half an HMAC-SHA-256, as the standard library computes it."""
    whole = hmac.new(CARD_KEY.secret, CARD_NUMBER.encode(), hashlib.sha256).hexdigest()
    assert tokenise(CARD_NUMBER, CARD_KEY) == f"k1:{whole[:32]}"


def test_token_depends_on_card_and_key() -> None:
    """Another card, secret or version gives another token."""
    keys = [CARD_KEY, CARD_KEY._replace(secret=b"other"), CARD_KEY._replace(version="k2")]
    tokens = {tokenise(card, key) for card in (CARD_NUMBER, "4111111111111129") for key in keys}
    assert len(tokens) == 6


def test_key_hides_its_secret() -> None:
    """Neither repr nor format shows the secret."""
    assert repr(CARD_KEY) == f"{CARD_KEY}" == "CardKey(version='k1', secret=<hidden>)"
    assert "secret of" not in f"{[CARD_KEY]} {CardKey('v', b'a secret of mine')!s}"


def slow_luhn(digits: str) -> bool:
    """Compute the check as the textbook does."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


@given(st.text("0123456789", min_size=1, max_size=25))
def test_check_digit_is_luhns(digits: str) -> None:
    """The check digit is the one that the textbook computes."""
    assert luhn_valid(digits) == slow_luhn(digits)


@pytest.mark.skipif(not VECTORS.exists(), reason=f"{VECTORS.name} is not beside this checkout")
def test_published_cards_are_recognised_and_masked() -> None:
    """Each valid number of the published vectors looks like a card, and leaves four digits when masked."""
    for group in json.loads(VECTORS.read_text())["groups"]:
        for number in group["valid"]:
            assert looks_like_card(number)
            masked = mask_text(f'{{"x":"{number}"}}')
            assert sum(character.isdigit() for character in masked) == 4
            assert bare_digits(number)[-4:] in bare_digits(masked)


@pytest.mark.parametrize("length", [12, 13, 16, 19, 20, 40])
def test_long_runs_keep_their_last_four(length: int) -> None:
    """A run of 12 digits or more is starred but for the last four."""
    digits = ("9876543210" * 4)[:length]
    assert mask(f"a{digits}b".encode()) == b"a" + b"*" * (length - 4) + digits[-4:].encode() + b"b"


@pytest.mark.parametrize(
    "raw", [b"12345678901", b"1234 5678 901", b"1a" * 20, b"12345678.9012345", b"2026-04-01"]
)
def test_short_runs_stay(raw: bytes) -> None:
    """Eleven digits in a row are no card number."""
    assert mask(raw) == raw


SPELLINGS = {
    "in quotes": b'"4111111111111111"',
    "as a number": b'{"amount_minor":4111111111111111}',
    "as a fraction": b'{"latitude":4111111111111111.0}',
    "with an exponent": b'{"latitude":411111111.1111111e7}',
    "with spaces": b"4111 1111 1111 1111",
    "with dashes": b"4111-1111-1111-1111",
    "with many of both": b"4111 - 1111 -- 1111   1111",
    "in an unexpected field": b'{"note":"call 4111111111111111 now"}',
    "in a broken message": b'{"card_number":"4111111111111111',
    "escaped": b'"' + b"".join(rb"\u00%02x" % byte for byte in CARD_NUMBER.encode()) + b'"',
    "partly escaped": rb'"4\u0031111111111111111"',
    "with escaped separators": rb'"4111\u00201111\u002d1111\u002D1111"',
    "escaped twice": b'"' + b"".join(rb"\\u00%02x" % byte for byte in CARD_NUMBER.encode()) + b'"',
    "in UTF-16": CARD_NUMBER.encode("utf-16"),
    "in UTF-32": CARD_NUMBER.encode("utf-32-be"),
    "in full-width digits": FULL_WIDTH.encode(),
    "at the key of a time": b'{"event_time":4111111111111111}',
    "behind a time": b'{"event_time":1775044800000 4111111111111111}',
    "as a time with a tail": b'{"event_time":"1775044800000-811"}',
    "of 13 digits at the key of a time": b'{"event_time":4222222222222}',
}


@pytest.mark.parametrize("raw", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_no_spelling_escapes(raw: bytes) -> None:
    """However a card number is written, its first digits are gone; nothing else needs to parse."""
    masked = mask(raw).replace(b"\x00", b"")
    traces = (b"41", b"42", b"1775044800000-", rb"\u0034", FULL_WIDTH[0].encode())
    assert [trace for trace in traces if trace in masked] == []
    assert masked.count(b"*") >= 9


@pytest.mark.parametrize("key", ["event_time", "reported", "updated", "opened"])
def test_times_stay_readable(key: str) -> None:
    """Epoch milliseconds directly after the key of a time are not taken for a card number."""
    for raw in (f'{{"{key}":{NOON_MS}}}', f'{{"{key}" : {NOON_MS} , "x":1}}', f'{{"{key}":"{NOON_MS}"}}'):
        assert mask_text(raw) == raw


def test_time_elsewhere_is_masked() -> None:
    """Thirteen digits under any other key are masked."""
    assert mask_text(f'{{"time":{NOON_MS}}}') == '{"time":*********0000}'


def test_avro_text_is_masked() -> None:
    """A card number in a framed record is masked in place."""
    masked = mask(raw_avro())
    assert STARRED in masked
    assert len(masked) == len(raw_avro())


def test_avro_number_is_masked() -> None:
    """A card number sent as an Avro long is zeroed; a time is not."""
    raw = raw_avro(amount_minor=int(CARD_NUMBER), card_number=None)
    masked = mask(raw)
    assert len(masked) == len(raw)
    assert sum(before != after for before, after in zip(raw, masked, strict=True)) >= 6
    assert mask(raw_avro(card_number=None, event_time=1_775_044_800_007)).count(b"\x80\x80\x80") == 0


RUNS = st.text("0123456789", min_size=12, max_size=19)
AROUND = st.binary(max_size=30)


@given(before=AROUND, digits=RUNS, after=AROUND)
def test_no_run_survives(before: bytes, digits: str, after: bytes) -> None:
    """Whatever stands around it, a run of 12 to 19 digits is not in the masked bytes."""
    assert digits.encode() not in mask(before + digits.encode() + after)


@given(st.binary(max_size=200))
def test_masking_twice_changes_nothing_more(raw: bytes) -> None:
    """Bytes that begin with no frame are masked once and for all."""
    assert mask(mask(b"j" + raw)) == mask(b"j" + raw)


@given(st.text(st.characters(blacklist_characters="0123456789", blacklist_categories=["Nd", "Cs"])))
def test_text_without_digits_stays(text: str) -> None:
    """Text that has no digit is untouched."""
    assert mask_text(text) == text


def test_only_cards_are_masked_in_keys() -> None:
    """In an account key a long number is masked if its check digit is right, and kept if it is not."""
    assert mask_cards("card:4111-1111-1111-1111/7") == "card:****-****-****-1111/7"
    assert mask_cards("4111111111111112") == "4111111111111112"


def test_long_number_in_words_is_noticed() -> None:
    """Twelve digits in a row are noticed in a text, eleven are not."""
    assert holds_long_number("card 1234 5678-9012 ok")
    assert not holds_long_number("12345678901 and 2")


def test_base64_is_out_of_reach() -> None:
    """What is encoded beyond JSON's escapes is not searched: a limit, and stated in docs/schemas.md."""
    hidden = base64.b64encode(b"x" + CARD_NUMBER.encode())
    assert mask(hidden) == hidden
