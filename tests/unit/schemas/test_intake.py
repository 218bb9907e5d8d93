"""What intake lets in, and what it says of what it keeps out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.article import Article
from schemas.card import tokenise
from schemas.currency import EXPONENTS
from schemas.customer import Customer
from schemas.errors import Malformed, OutOfRange, RecordError
from schemas.fields import (
    ARTICLE_FIELDS,
    CUSTOMER_FIELDS,
    FX_RATE_FIELDS,
    LABEL_FIELDS,
    TRANSACTION_FIELDS,
)
from schemas.fx_rate import FxRate
from schemas.intake import MAX_AHEAD_MS, read_transaction
from schemas.label import Label
from schemas.transaction import Transaction
from schemas.wire_out import encode_json
from tests.builders import (
    CARD_KEY,
    CARD_NUMBER,
    CARD_TOKEN,
    NOON_MS,
    message,
    raw_avro,
    raw_json,
)

pytestmark = pytest.mark.unit

FULL_WIDTH = "".join(chr(ord(digit) + 0xFEE0) for digit in CARD_NUMBER)

LONG_ID = "i" * 128
TEXT_FIELDS = [
    "customer_id",
    "counterparty_id",
    "merchant_id",
    "device_id",
    "device_fingerprint",
    "article_id",
]


def read(raw: bytes, key: str = "a-1", record_time_ms: int = NOON_MS) -> Transaction:
    """Read *raw* as the job does."""
    return read_transaction(raw, key, record_time_ms, CARD_KEY)


def refusal(**fields: Any) -> tuple[type[RecordError], str, str]:
    """Tell the class, path and reason of the error for a message with *fields*."""
    with pytest.raises(RecordError) as caught:
        read(raw_json(**fields))
    return type(caught.value), caught.value.where, caught.value.reason


def test_every_field_arrives() -> None:
    """A whole message becomes a transaction with each field in its place, card and address as tokens."""
    assert read(raw_json()) == Transaction(
        transaction_id="t-1",
        account_id="a-1",
        event_time_ms=NOON_MS,
        amount_minor=1_234,
        currency="EUR",
        event_type="payment",
        card_token=CARD_TOKEN,
        card_last4="1111",
        customer_id="c-1",
        counterparty_id="cp-1",
        merchant_id="m-1",
        mcc="5411",
        auth_result="declined",
        decline_reason="insufficient_funds",
        channel="ecommerce",
        country="DE",
        latitude=52.52,
        longitude=13.405,
        device_id="d-1",
        device_fingerprint="f-1",
        ip_token=tokenise("203.0.113.7", CARD_KEY),
        entry_mode="online",
        article_id="r-1",
    )


def test_mandatory_fields_are_enough() -> None:
    """Five fields make a payment of which the rest is not known."""
    five = {name: value for name, value in message().items() if name in MANDATORY}
    assert read(encode_json(five)) == Transaction("t-1", "a-1", NOON_MS, 1_234, "EUR")


MANDATORY = ["transaction_id", "account_id", "event_time", "amount_minor", "currency"]


@pytest.mark.parametrize("absent", [..., None])
@pytest.mark.parametrize("name", MANDATORY)
def test_mandatory_field_is_missed(name: str, absent: Any) -> None:
    """A mandatory field that is absent or null is named as missing."""
    assert refusal(**{name: absent}) == (Malformed, name, "missing_field")


@pytest.mark.parametrize("name", [field.name for field in TRANSACTION_FIELDS if not field.mandatory])
def test_optional_null_is_absence(name: str) -> None:
    """An optional field that is null reads as one that is not there."""
    partner = {"latitude": "longitude", "longitude": "latitude", "auth_result": "decline_reason"}.get(
        name, name
    )
    absent = read(raw_json(**{name: ..., partner: ...}))
    assert read(raw_json(**{name: None, partner: None})) == absent


ACCEPTED = [
    ("transaction_id", "t", "transaction_id", "t"),
    ("transaction_id", LONG_ID, "transaction_id", LONG_ID),
    ("transaction_id", "Zürich 1", "transaction_id", "Zürich 1"),
    ("amount_minor", 0, "amount_minor", 0),
    ("amount_minor", 10**12, "amount_minor", 10**12),
    ("currency", "JPY", "currency", "JPY"),
    ("currency", "BHD", "currency", "BHD"),
    ("event_time", 0, "event_time_ms", 0),
    ("event_time", NOON_MS + MAX_AHEAD_MS, "event_time_ms", NOON_MS + MAX_AHEAD_MS),
    ("event_time", "2026-04-01T12:00:00Z", "event_time_ms", NOON_MS),
    ("event_time", "2026-04-01t14:00:00.0019999+02:00", "event_time_ms", NOON_MS + 1),
    ("event_time", "1970-01-01T00:00:00.000Z", "event_time_ms", 0),
    ("amount_exponent", 2, "amount_minor", 1_234),
    ("mcc", "0000", "mcc", "0000"),
    ("latitude", 90, "latitude", 90.0),
    ("latitude", -90, "latitude", -90.0),
    ("longitude", 180, "longitude", 180.0),
    ("longitude", -180.0, "longitude", -180.0),
    ("card_number", "123456789012", "card_last4", "9012"),
    ("card_number", "1234567890123456789", "card_last4", "6789"),
    ("card_number", "4111 1111-1111 1111", "card_token", CARD_TOKEN),
    ("entry_mode", "m" * 64, "entry_mode", "m" * 64),
    ("decline_reason", "do not honour 11 22 33 44 55 6", "decline_reason", "do not honour 11 22 33 44 55 6"),
    ("ip", "2001:DB8:0::1", "ip_token", tokenise("2001:db8::1", CARD_KEY)),
]


@pytest.mark.parametrize(("name", "value", "kept_as", "kept"), ACCEPTED)
def test_value_at_its_limit_is_kept(name: str, value: Any, kept_as: str, kept: Any) -> None:
    """A value at the limit of what its field allows gets in."""
    assert getattr(read(raw_json(**{name: value})), kept_as) == kept


REFUSED = [
    *[(name, "", OutOfRange, "bad_length") for name in TEXT_FIELDS],
    *[(name, LONG_ID + "i", OutOfRange, "bad_length") for name in TEXT_FIELDS],
    *[(name, "a\nb", Malformed, "unprintable") for name in TEXT_FIELDS],
    *[(name, 7, Malformed, "wrong_type") for name in TEXT_FIELDS],
    ("transaction_id", LONG_ID + "i", OutOfRange, "bad_length"),
    ("transaction_id", True, Malformed, "wrong_type"),
    ("transaction_id", ["t"], Malformed, "wrong_type"),
    ("account_id", "a-2", OutOfRange, "wrong_account"),
    ("amount_minor", -1, OutOfRange, "out_of_range"),
    ("amount_minor", 10**12 + 1, OutOfRange, "out_of_range"),
    ("amount_minor", 12.0, Malformed, "wrong_type"),
    ("amount_minor", True, Malformed, "wrong_type"),
    ("amount_minor", "12", Malformed, "wrong_type"),
    ("amount_exponent", 3, OutOfRange, "exponent_mismatch"),
    ("amount_exponent", 2.0, OutOfRange, "exponent_mismatch"),
    ("currency", "eur", OutOfRange, "unknown_code"),
    ("currency", "XXX", OutOfRange, "unknown_code"),
    ("currency", "DEM", OutOfRange, "unknown_code"),
    ("currency", 978, Malformed, "wrong_type"),
    ("event_time", -1, OutOfRange, "out_of_range"),
    ("event_time", "1969-12-31T23:59:59.999Z", OutOfRange, "out_of_range"),
    ("event_time", NOON_MS + MAX_AHEAD_MS + 1, OutOfRange, "future_time"),
    ("event_time", 253_402_300_800_000, OutOfRange, "out_of_range"),
    ("event_time", float(NOON_MS), Malformed, "wrong_type"),
    ("event_time", "2026-04-01T12:00:00", Malformed, "bad_format"),
    ("event_time", "2026-02-30T12:00:00Z", Malformed, "bad_format"),
    ("event_time", "20260401T120000Z", Malformed, "bad_format"),
    ("event_time", str(NOON_MS), Malformed, "bad_format"),
    ("event_type", "refund", OutOfRange, "unknown_code"),
    ("card_number", "12345678901", OutOfRange, "bad_length"),
    ("card_number", "12345678901234567890", OutOfRange, "bad_length"),
    ("card_number", "4111x11111111111", Malformed, "bad_format"),
    ("card_number", "", Malformed, "bad_format"),
    ("card_number", FULL_WIDTH, Malformed, "bad_format"),
    ("card_number", int(CARD_NUMBER), Malformed, "wrong_type"),
    ("mcc", "541", Malformed, "bad_format"),
    ("mcc", "54111", Malformed, "bad_format"),
    ("mcc", "541x", Malformed, "bad_format"),
    ("mcc", "٥٤١١", Malformed, "bad_format"),
    ("mcc", 5411, Malformed, "wrong_type"),
    ("auth_result", "Approved", OutOfRange, "unknown_code"),
    ("channel", "phone", OutOfRange, "unknown_code"),
    ("channel", {"is": "pos"}, Malformed, "wrong_type"),
    ("country", "XK", OutOfRange, "unknown_code"),
    ("country", "DEU", OutOfRange, "unknown_code"),
    ("latitude", 90.000001, OutOfRange, "out_of_range"),
    ("latitude", -90.000001, OutOfRange, "out_of_range"),
    ("latitude", "52.5", Malformed, "wrong_type"),
    ("latitude", False, Malformed, "wrong_type"),
    ("longitude", 180.000001, OutOfRange, "out_of_range"),
    ("longitude", -180.000001, OutOfRange, "out_of_range"),
    ("ip", "203.0.113.256", Malformed, "bad_format"),
    ("ip", "203.0.113.07", Malformed, "bad_format"),
    ("ip", "example.org", Malformed, "bad_format"),
    ("ip", 3_405_803_783, Malformed, "wrong_type"),
    ("entry_mode", "m" * 65, OutOfRange, "bad_length"),
    ("decline_reason", f"card {CARD_NUMBER} expired", OutOfRange, "card_in_clear"),
    ("merchant_id", CARD_NUMBER, OutOfRange, "card_in_clear"),
    ("device_id", "dev-4111 1111-1111 1111/2", OutOfRange, "card_in_clear"),
]


@pytest.mark.parametrize(("name", "value", "error", "reason"), REFUSED)
def test_value_beyond_its_limit_is_refused(name: str, value: Any, error: type, reason: str) -> None:
    """A value just beyond what its field allows is refused, by path and reason."""
    assert refusal(**{name: value}) == (error, name, reason)


def test_account_must_be_the_key() -> None:
    """A record without a key is refused for its key, whatever its payload names."""
    with pytest.raises(Malformed) as caught:
        read(raw_json(), key="")
    assert (caught.value.where, caught.value.reason) == ("key", "missing_key")


def test_account_may_not_be_the_card() -> None:
    """A producer that keys its messages by card number is told so, without the number."""
    with pytest.raises(OutOfRange) as caught:
        read(raw_json(account_id=CARD_NUMBER), key=CARD_NUMBER)
    assert (caught.value.where, caught.value.reason) == ("account_id", "card_in_clear")
    assert CARD_NUMBER not in str(caught.value)


@pytest.mark.parametrize(("present", "absent"), [("latitude", "longitude"), ("longitude", "latitude")])
def test_half_a_position_is_refused(present: str, absent: str) -> None:
    """A latitude without a longitude is refused for the half that is absent, and the other way round."""
    assert refusal(**{absent: None}) == (OutOfRange, absent, "half_position")
    assert present in message()


@pytest.mark.parametrize("result", ["approved", None])
def test_reason_without_decline_is_refused(result: str | None) -> None:
    """A reason to decline stands only beside a decline."""
    assert refusal(auth_result=result) == (OutOfRange, "decline_reason", "contradiction")


@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_exponent_is_held_to_its_currency(currency: str) -> None:
    """An exponent that is stated must be the currency's own, for every currency."""
    exponent = EXPONENTS[currency]
    assert read(raw_json(currency=currency, amount_exponent=exponent)).currency == currency
    refused = refusal(currency=currency, amount_exponent=exponent + 1)
    assert refused == (OutOfRange, "amount_exponent", "exponent_mismatch")


def test_unknown_fields_are_ignored() -> None:
    """A field that the job does not know changes nothing."""
    assert read(raw_json(loyalty={"tier": ["gold", 1.5, None]})) == read(raw_json())


@pytest.mark.parametrize(
    "absent", [[], ["ip", "card_number"], ["latitude", "longitude", "mcc", "event_type"]]
)
def test_avro_and_json_agree(absent: list[str]) -> None:
    """The same fields in Avro and in JSON are the same transaction."""
    fields = dict.fromkeys(absent, ...)
    assert read(raw_avro(**fields)) == read(raw_json(**fields))


def test_first_schema_names_no_article() -> None:
    """A transaction of the schema before articles is the same, and names none."""
    assert read(raw_avro(1)) == read(raw_json(article_id=...))


def test_position_in_avro_must_be_finite() -> None:
    """An infinite or undefined position, which only Avro can write, is refused."""
    for value in (float("nan"), float("inf"), float("-inf")):
        with pytest.raises(OutOfRange, match="latitude"):
            read(raw_avro(latitude=value))


@pytest.mark.parametrize(
    ("fields", "kind", "by_intake"),
    [
        (TRANSACTION_FIELDS, Transaction, {"card_last4", "base_minor"}),
        (CUSTOMER_FIELDS, Customer, set()),
        (FX_RATE_FIELDS, FxRate, set()),
        (LABEL_FIELDS, Label, set()),
        (ARTICLE_FIELDS, Article, {"removed"}),
    ],
)
def test_tables_fill_their_types(fields: Any, kind: Any, by_intake: set[str]) -> None:
    """Each field of a type has a line in its table, and each line a field."""
    assert {field.kept_as for field in fields} | by_intake == set(kind.__struct_fields__)


@pytest.mark.parametrize(("name", "value", "error", "reason"), REFUSED)
def test_errors_say_nothing_personal(name: str, value: Any, error: type, reason: str) -> None:
    """No error repeats an id, a card number, an address or free text; what it found is short."""
    with pytest.raises(RecordError) as caught:
        read(raw_json(**{name: value}))
    assert len(caught.value.found) <= 40
    if name in {"card_number", "ip", "decline_reason", "entry_mode", "account_id", *TEXT_FIELDS} and value:
        assert json.dumps(value) not in str(caught.value)
        assert str(value) not in caught.value.found
