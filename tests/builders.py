"""
Values for tests: each builder gives a plain valid thing, and takes by keyword what the test is about.

Rules: times stand at a fixed noon; card numbers are the schemes' published test numbers.
"""

from __future__ import annotations

from typing import Any

from schemas.article import Article
from schemas.card import CardKey, tokenise
from schemas.customer import Customer
from schemas.decision import Decision, RuleHit, Score, Severity, Verdict
from schemas.fx_rate import FxRate
from schemas.label import Label
from schemas.transaction import Transaction
from schemas.wire_out import encode_avro, encode_json

ONE_SECOND_MS = 1_000
ONE_MINUTE_MS = 60 * ONE_SECOND_MS
ONE_HOUR_MS = 60 * ONE_MINUTE_MS
ONE_DAY_MS = 24 * ONE_HOUR_MS
NOON_MS = 1_775_044_800_000  # Wednesday 2026-04-01T12:00:00Z

CARD_NUMBER = "4111111111111111"
CARD_KEY = CardKey(version="k1", secret=b"a secret of the tests, 32 bytes!")
CARD_TOKEN = tokenise(CARD_NUMBER, CARD_KEY)

# Of runtime properties: without these no job starts.
LEAST: dict[str, dict[str, str]] = {
    "kafka": {"bootstrap.servers": "broker:9092"},
    "card": {"key.source": "file:/secret"},
    "archive": {"path": "s3://bucket/archive"},
}


def given_also(**groups: dict[str, str]) -> dict[str, dict[str, str]]:
    """The least that a job needs, and *groups*; an underscore in their names is a dot."""
    told = {name.replace("_", "."): properties for name, properties in groups.items()}
    return {name: LEAST.get(name, {}) | told.get(name, {}) for name in LEAST | told}


def payment(**fields: Any) -> Transaction:
    """A card payment of 12.34 EUR in a German shop, at noon."""
    defaults: dict[str, Any] = {
        "transaction_id": "t-1",
        "account_id": "a-1",
        "event_time_ms": NOON_MS,
        "amount_minor": 1_234,
        "currency": "EUR",
        "card_token": CARD_TOKEN,
        "card_last4": CARD_NUMBER[-4:],
        "merchant_id": "m-1",
        "mcc": "5411",
        "auth_result": "approved",
        "channel": "pos",
        "country": "DE",
        "latitude": 52.52,
        "longitude": 13.405,
        "device_id": "d-1",
        "entry_mode": "chip",
    }
    return Transaction(**(defaults | fields))


def message(**fields: Any) -> dict[str, Any]:
    """Every field of a transaction on the wire, filled in; a field given as ... is left out."""
    defaults: dict[str, Any] = {
        "transaction_id": "t-1",
        "account_id": "a-1",
        "event_time": NOON_MS,
        "amount_minor": 1_234,
        "currency": "EUR",
        "event_type": "payment",
        "card_number": CARD_NUMBER,
        "customer_id": "c-1",
        "counterparty_id": "cp-1",
        "merchant_id": "m-1",
        "mcc": "5411",
        "auth_result": "declined",
        "decline_reason": "insufficient_funds",
        "channel": "ecommerce",
        "country": "DE",
        "latitude": 52.52,
        "longitude": 13.405,
        "device_id": "d-1",
        "device_fingerprint": "f-1",
        "ip": "203.0.113.7",
        "entry_mode": "online",
        "article_id": "r-1",
    }
    return _present(defaults | fields)


def customer_message(**fields: Any) -> dict[str, Any]:
    """Every field of a customer on the wire, filled in; a field given as ... is left out."""
    defaults: dict[str, Any] = {
        "customer_id": "c-1",
        "account_ids": ["a-1", "a-2"],
        "updated": NOON_MS,
        "segment": "retail",
        "home_country": "DE",
        "home_latitude": 52.52,
        "home_longitude": 13.405,
        "kyc_level": "full",
        "risk_tier": "low",
        "opened": NOON_MS - 1_000 * ONE_DAY_MS,
    }
    return _present(defaults | fields)


def article_message(**fields: Any) -> dict[str, Any]:
    """Every field of an article on the wire, filled in; a field given as ... is left out."""
    defaults: dict[str, Any] = {
        "article_id": "r-1",
        "merchant_id": "m-1",
        "updated": NOON_MS,
        "category": "electronics",
        "list_price_minor": 2_468,
        "currency": "EUR",
        "stock": 3,
    }
    return _present(defaults | fields)


def label_message(**fields: Any) -> dict[str, Any]:
    """Every field of a label on the wire, filled in; a field given as ... is left out."""
    defaults: dict[str, Any] = {
        "transaction_id": "t-1",
        "account_id": "a-1",
        "is_fraud": True,
        "reported": NOON_MS + 7 * ONE_DAY_MS,
        "card_number": CARD_NUMBER,
        "merchant_id": "m-1",
        "kind": "stolen_card",
    }
    return _present(defaults | fields)


def rate_message(**fields: Any) -> dict[str, Any]:
    """Every field of an exchange rate on the wire, filled in; a field given as ... is left out."""
    defaults: dict[str, Any] = {"currency": "USD", "base": "EUR", "rate": "0.9", "effective": NOON_MS}
    return _present(defaults | fields)


def raw_json(**fields: Any) -> bytes:
    """`message` as JSON bytes."""
    return encode_json(message(**fields))


def raw_avro(version: int | None = None, **fields: Any) -> bytes:
    """`message` as framed Avro bytes, by the newest schema unless said."""
    return encode_avro("transaction", message(**fields), version)


def customer(**fields: Any) -> Customer:
    """A long-standing retail customer in Berlin with two accounts."""
    defaults: dict[str, Any] = {
        "customer_id": "c-1",
        "account_ids": ("a-1", "a-2"),
        "updated_ms": NOON_MS,
        "segment": "retail",
        "home_country": "DE",
        "home_latitude": 52.52,
        "home_longitude": 13.405,
        "kyc_level": "full",
        "risk_tier": "low",
        "opened_ms": NOON_MS - 1_000 * ONE_DAY_MS,
    }
    return Customer(**(defaults | fields))


def article(**fields: Any) -> Article:
    """A gadget of 24.68 EUR, of which there are three."""
    defaults: dict[str, Any] = {
        "article_id": "r-1",
        "merchant_id": "m-1",
        "updated_ms": NOON_MS,
        "category": "electronics",
        "list_price_minor": 2_468,
        "currency": "EUR",
        "stock": 3,
    }
    return Article(**(defaults | fields))


def label(**fields: Any) -> Label:
    """A payment reported as fraud a week later."""
    defaults: dict[str, Any] = {
        "transaction_id": "t-1",
        "account_id": "a-1",
        "is_fraud": True,
        "reported_ms": NOON_MS + 7 * ONE_DAY_MS,
        "card_token": CARD_TOKEN,
        "merchant_id": "m-1",
        "kind": "stolen_card",
    }
    return Label(**(defaults | fields))


def rate(**fields: Any) -> FxRate:
    """90 cents for a dollar, from noon on."""
    defaults: dict[str, Any] = {"currency": "USD", "base": "EUR", "rate": "0.9", "effective_ms": NOON_MS}
    return FxRate(**(defaults | fields))


def hit(**fields: Any) -> RuleHit:
    """A rule of medium severity that asked for a review."""
    defaults: dict[str, Any] = {
        "rule_id": "amount_limit",
        "version": 1,
        "severity": Severity.MEDIUM,
        "outcome": Verdict.REVIEW,
        "values": {"amount_minor": 1_234},
    }
    return RuleHit(**(defaults | fields))


def decision(**fields: Any) -> Decision:
    """An approval of `payment`, scored by the endpoint, without a hit."""
    defaults: dict[str, Any] = {
        "transaction_id": "t-1",
        "account_id": "a-1",
        "event_time_ms": NOON_MS,
        "amount_minor": 1_234,
        "currency": "EUR",
        "verdict": Verdict.APPROVE,
        "score": Score(value=0.125, source="endpoint", model_version="m-7"),
        "late": False,
        "out_of_order": False,
        "attempt": NOON_MS,
        "account_version": 3,
        "hits": (),
        "missing": (),
        "rules_version": "r-2",
    }
    return Decision(**(defaults | fields))


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that were not given as `...`."""
    return {name: value for name, value in fields.items() if value is not ...}
