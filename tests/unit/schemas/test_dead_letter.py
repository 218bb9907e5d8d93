"""A refused record leaves its reason, its place and its masked bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letter import MAX_RAW_BYTES, DeadLetter, Source, dead_letter, encode
from schemas.errors import Malformed, OutOfRange, RecordError
from schemas.intake import read_transaction
from schemas.transaction import Transaction
from tests.builders import CARD_KEY, CARD_NUMBER, NOON_MS, message, raw_avro, raw_json

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
SOURCE = Source(topic="transactions", partition=3, offset=17, record_time_ms=NOON_MS, account_key="a-1")
ERROR = OutOfRange("amount_minor", "-1", "0 to 1000000000000")


def refused(raw: bytes, source: Source = SOURCE) -> DeadLetter:
    """Bury *raw*, which intake refuses."""
    with pytest.raises(RecordError) as caught:
        read_transaction(raw, source.account_key or "", source.record_time_ms, CARD_KEY)
    return dead_letter(caught.value, source, raw)


def without(name: str) -> bytes:
    """Leave *name* out of a message."""
    return raw_json(**{name: ...})


KINDS: list[tuple[bytes, str, str]] = [
    (b"", "empty_message", "$"),
    (raw_json()[:-20], "not_json", "$"),
    (raw_json(merchant_id="Z").replace(b'"Z"', b'"\xff"'), "invalid_utf8", "$"),
    (b"[" + raw_json() + b"]", "not_an_object", "$"),
    (raw_json()[:-1] + b',"currency":"USD"}', "duplicate_key", "currency"),
    (raw_avro()[:3], "truncated_frame", "$"),
    (raw_avro()[:-4], "truncated", "$"),
    (raw_avro() + b"!", "trailing_bytes", "$"),
    (b"\x00\x00\x00\x00\x63" + raw_avro()[5:], "unknown_version", "schema_id"),
    (b"\x00\x00\x00\x00\x02" + raw_avro()[5:], "wrong_subject", "schema_id"),
    (without("transaction_id"), "missing_field", "transaction_id"),
    (without("currency"), "missing_field", "currency"),
    (raw_json(amount_minor="12"), "wrong_type", "amount_minor"),
    (raw_json(amount_minor=-1), "out_of_range", "amount_minor"),
    (raw_json(currency="EURO"), "unknown_code", "currency"),
    (raw_json(amount_exponent=3), "exponent_mismatch", "amount_exponent"),
    (raw_json(event_time="yesterday"), "bad_format", "event_time"),
    (raw_json(event_time=NOON_MS + 10**6), "future_time", "event_time"),
    (raw_json(card_number="4111"), "bad_length", "card_number"),
    (raw_json(mcc="54x1"), "bad_format", "mcc"),
    (raw_json(device_id="a\tb"), "unprintable", "device_id"),
    (raw_json(account_id="a-2"), "wrong_account", "account_id"),
    (raw_json(latitude=None), "half_position", "latitude"),
    (raw_json(auth_result="approved"), "contradiction", "decline_reason"),
    (raw_json(customer_id=CARD_NUMBER), "card_in_clear", "customer_id"),
]


@pytest.mark.parametrize(("raw", "reason", "path"), KINDS)
def test_kinds_are_told_apart(raw: bytes, reason: str, path: str) -> None:
    """Each kind of bad message has a reason and a path of its own, and its letter holds no card number."""
    letter = refused(raw)
    assert (letter.reason, letter.path) == (reason, path)
    assert CARD_NUMBER.encode() not in base64.b64decode(json.loads(encode(letter))["raw_base64"])


def test_kinds_are_many() -> None:
    """At least twelve kinds of malformed input differ by reason and path."""
    assert len({(reason, path) for _, reason, path in KINDS}) == len(KINDS) > 12


def test_letter_says_where_it_was() -> None:
    """A letter tells topic, partition, offset, time, account and size of the record."""
    fields = json.loads(encode(dead_letter(ERROR, SOURCE, b"abc")))
    assert fields == {
        "reason": "out_of_range",
        "path": "amount_minor",
        "found": "-1",
        "expected": "0 to 1000000000000",
        "topic": "transactions",
        "partition": 3,
        "offset": 17,
        "record_time_ms": NOON_MS,
        "account_id": "a-1",
        "size_bytes": 3,
        "raw_base64": "YWJj",
    }


def test_address_is_masked() -> None:
    """The IP address of a refused message is not in its letter, from JSON or Avro."""
    for raw in (raw_json(amount_minor=-1), raw_avro(amount_minor=-1)):
        assert b"203.0.113.7" in raw
        assert b"203.0" not in refused(raw).raw


def test_time_stays_readable() -> None:
    """The event time of a refused message can still be read in its letter."""
    assert f'"event_time":{NOON_MS},'.encode() in refused(raw_json(amount_minor=-1)).raw


@pytest.mark.parametrize("key", [CARD_NUMBER, "4111 1111 1111 1111", f"card-{CARD_NUMBER}"])
def test_card_as_key_does_not_leak(key: str) -> None:
    """An account key that is a card number is masked."""
    letter = dead_letter(ERROR, SOURCE._replace(account_key=key), b"")
    assert letter.account_id
    assert letter.account_id.count("*") == 12


@pytest.mark.parametrize(
    ("key", "kept"), [(None, None), ("", None), ("a" * 200, "a" * 128), ("\ud800a", "?a")]
)
def test_key_is_made_writable(key: str | None, kept: str | None) -> None:
    """A key that is absent, too long or no valid text still gives a letter that can be written."""
    letter = dead_letter(ERROR, SOURCE._replace(account_key=key), None)
    assert letter.account_id == kept
    assert json.loads(encode(letter))["account_id"] == kept


def test_long_record_is_cut() -> None:
    """A letter stays below what a broker takes, and says how long the record was."""
    letter = dead_letter(ERROR, SOURCE, b"x" * 2_000_000)
    assert (len(letter.raw), letter.size_bytes) == (MAX_RAW_BYTES, 2_000_000)
    assert len(encode(letter)) < 1_000_000


def test_card_at_the_cut_is_masked() -> None:
    """A card number that the cut goes through is masked first."""
    raw = b"x" * (MAX_RAW_BYTES - 10) + CARD_NUMBER.encode()
    assert dead_letter(ERROR, SOURCE, raw).raw.endswith(b"x" + b"*" * 10)


def test_errors_own_words_are_masked() -> None:
    """A card number that an error carries by mistake is masked too."""
    letter = dead_letter(Malformed(CARD_NUMBER, f"id {CARD_NUMBER}", "no card"), SOURCE, b"")
    assert CARD_NUMBER not in f"{letter}"


def test_every_reason_is_in_the_docs() -> None:
    """The page of schemas lists each reason that a letter can have."""
    page = (ROOT / "docs" / "schemas.md").read_text()
    assert [reason for _, reason, _ in KINDS if f"`{reason}`" not in page] == []


def read_or_bury(raw: bytes) -> Transaction | DeadLetter:
    """Do with *raw* what the job does."""
    try:
        return read_transaction(raw, "a-1", NOON_MS, CARD_KEY)
    except RecordError as error:
        return dead_letter(error, SOURCE, raw)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_buried(raw: bytes) -> None:
    """Arbitrary bytes end in a transaction or a letter, never in another error."""
    found = read_or_bury(raw)
    assert isinstance(found, Transaction) or encode(found)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(CARD_NUMBER),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(name=st.sampled_from([*message(), "note"]), value=JSON_VALUES, escape=st.booleans())
def test_no_mutated_field_leaks_the_card(name: str, value: Any, *, escape: bool) -> None:
    """Whatever one field becomes, the card number is in neither the transaction nor the letter."""
    raw = json.dumps(message(**{name: value}), ensure_ascii=escape).encode("utf-8", "surrogatepass")
    assert CARD_NUMBER not in f"{read_or_bury(raw)}"


FORMS: list[Callable[[], bytes]] = [raw_json, raw_avro]


@given(form=st.sampled_from(FORMS), data=st.data())
def test_no_mutated_byte_leaks_the_card(form: Callable[[], bytes], data: st.DataObject) -> None:
    """A message with bytes overwritten, cut or put in ends without error and without the card number."""
    raw = bytearray(form())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    found = read_or_bury(bytes(raw))
    assert CARD_NUMBER not in f"{found}"
    assert isinstance(found, Transaction) or encode(found)
