"""
Every field of every message, one line each, and what fields must agree on among themselves.

Rule: a field is checked here or not at all; a change of a line is a change of the
contract with producers, and of docs/schemas.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from schemas.card import holds_long_number
from schemas.checks import (
    Check,
    address,
    boolean,
    card_digits,
    degrees,
    described,
    exact_decimal,
    four_digits,
    integer,
    list_of,
    one_of,
    text,
    time_from,
)
from schemas.country import COUNTRIES
from schemas.currency import EXPONENTS
from schemas.errors import Malformed, OutOfRange
from schemas.wire import Message

MAX_AMOUNT_MINOR = 10**12
_ID_LENGTH = 128
_WORDS_LENGTH = 64
_ACCOUNTS = 1000  # of one customer
_MAX_STOCK = 10**9  # pieces of one article
_ARTICLE_KEY = "merchant_id/article_id"  # of messages of the inventory
_YEAR_1900_MS = -2_208_988_800_000  # no account still in use was opened before

Fields = dict[str, Any]  # names of the type to build -> checked values; absent ones stay absent


class Field(NamedTuple):
    """One field of a message: its name on the wire, that in the type, what it may be."""

    name: str
    kept_as: str
    check: Check
    mandatory: bool


class Agreement(NamedTuple):
    """Something that several checked fields must agree on, and what to say of *path* when they don't."""

    path: str
    broken: Callable[[Message, Fields], bool]
    found: str
    expected: str
    reason: str


def _mandatory(name: str, check: Check, kept_as: str = "") -> Field:
    """Return the line of a field that must be there."""
    return Field(name, kept_as or name, check, mandatory=True)


def _optional(name: str, check: Check, kept_as: str = "") -> Field:
    """Return the line of a field that may be absent or null."""
    return Field(name, kept_as or name, check, mandatory=False)


def _codes(codes: str) -> Check:
    """Return the check of a text that is one of the words of *codes*."""
    return one_of(frozenset(codes.split()), f"one of {codes}")


def _words(value: Any, path: str) -> Any:
    """Return *value*, short text for analysts; no card number may hide in what outputs repeat."""
    kept = _IS_WORDS(value, path)
    if holds_long_number(kept):
        raise OutOfRange(path, f"text of {len(kept)} characters", "no card number", "card_in_clear")
    return kept


_IS_WORDS = text(_WORDS_LENGTH)
_ID = text(_ID_LENGTH)
_COUNTRY = one_of(COUNTRIES, "an ISO 3166-1 alpha-2 code")
_CURRENCY = one_of(frozenset(EXPONENTS), "an active ISO 4217 code with a minor unit")
_TIME = time_from(0)

TRANSACTION_FIELDS = (
    _mandatory("transaction_id", _ID),
    _mandatory("account_id", _ID),
    _mandatory("event_time", _TIME, "event_time_ms"),
    _mandatory("amount_minor", integer(0, MAX_AMOUNT_MINOR)),
    _mandatory("currency", _CURRENCY),
    _optional("event_type", _codes("payment login device_change payee_added")),
    _optional("card_number", card_digits, "card_token"),
    _optional("customer_id", _ID),
    _optional("counterparty_id", _ID),
    _optional("merchant_id", _ID),
    _optional("mcc", four_digits),
    _optional("auth_result", _codes("approved declined")),
    _optional("decline_reason", _words),
    _optional("channel", _codes("pos ecommerce atm wire ach wallet transfer")),
    _optional("country", _COUNTRY),
    _optional("latitude", degrees(90)),
    _optional("longitude", degrees(180)),
    _optional("device_id", _ID),
    _optional("device_fingerprint", _ID),
    _optional("ip", address, "ip_token"),
    _optional("entry_mode", _words),
    _optional("article_id", _ID),
)
CUSTOMER_FIELDS = (
    _mandatory("customer_id", _ID),
    _mandatory("account_ids", list_of(_ID, _ACCOUNTS)),
    _mandatory("updated", _TIME, "updated_ms"),
    _optional("segment", _words),
    _optional("home_country", _COUNTRY),
    _optional("home_latitude", degrees(90)),
    _optional("home_longitude", degrees(180)),
    _optional("kyc_level", _codes("none basic full")),
    _optional("risk_tier", _codes("low medium high")),
    _optional("opened", time_from(_YEAR_1900_MS), "opened_ms"),
)
LABEL_FIELDS = (
    _mandatory("transaction_id", _ID),
    _mandatory("account_id", _ID),
    _mandatory("is_fraud", boolean),
    _mandatory("reported", _TIME, "reported_ms"),
    _optional("card_number", card_digits, "card_token"),
    _optional("merchant_id", _ID),
    _optional("kind", _words),
)
ARTICLE_FIELDS = (
    _mandatory("article_id", _ID),
    _mandatory("merchant_id", _ID),
    _mandatory("updated", _TIME, "updated_ms"),
    _optional("category", _words),
    _optional("list_price_minor", integer(0, MAX_AMOUNT_MINOR)),
    _optional("currency", _CURRENCY),
    _optional("stock", integer(0, _MAX_STOCK)),
)
FX_RATE_FIELDS = (
    _mandatory("currency", _CURRENCY),
    _mandatory("base", _CURRENCY),
    _mandatory("rate", exact_decimal),
    _mandatory("effective", _TIME, "effective_ms"),
)
IDS_BESIDE_CARD = tuple(field.kept_as for field in TRANSACTION_FIELDS if field.check is _ID)


def _exponent_differs(message: Message, kept: Fields) -> bool:
    """Tell whether *message* states an exponent, and not that of its currency."""
    stated = message.get("amount_exponent")
    return stated is not None and (type(stated) is not int or stated != EXPONENTS[kept["currency"]])


def _unasked_reason(_: Message, kept: Fields) -> bool:
    """Tell whether there is a reason to decline without a decline."""
    return "decline_reason" in kept and kept.get("auth_result") != "declined"


def _of_itself(_: Message, kept: Fields) -> bool:
    """Tell whether a rate is of the base currency itself, which is worth 1."""
    return bool(kept["currency"] == kept["base"])


def _half(present: str, absent: str) -> Agreement:
    """Return the agreement that *absent* is there when *present* is."""

    def broken(_: Message, kept: Fields) -> bool:
        return present in kept and absent not in kept

    return Agreement(absent, broken, "nothing", f"a value, as {present} has one", "half_position")


TRANSACTION_AGREEMENTS = (
    Agreement(
        "amount_exponent", _exponent_differs, "another one", "that of the currency", "exponent_mismatch"
    ),
    Agreement("decline_reason", _unasked_reason, "a reason", "none unless declined", "contradiction"),
    _half("latitude", "longitude"),
    _half("longitude", "latitude"),
)
CUSTOMER_AGREEMENTS = (_half("home_latitude", "home_longitude"), _half("home_longitude", "home_latitude"))
ARTICLE_AGREEMENTS = (
    Agreement(
        "currency",
        lambda _, kept: "list_price_minor" in kept and "currency" not in kept,
        "nothing",
        "a value, as list_price_minor has one",
        "no_currency",
    ),
)
FX_RATE_AGREEMENTS = (
    Agreement("currency", _of_itself, "the base currency", "another one than base", "contradiction"),
)


def check_article_key(key: str) -> tuple[str, str]:
    """
    Return the merchant and the article that *key* names: what is before its first / and what is behind.

    Raises:
        Malformed: If there is no key, or not both in it.
        OutOfRange: If one of them is too long.
    """
    if not key:
        raise Malformed("key", "no message key", _ARTICLE_KEY, "missing_key")
    merchant_id, slash, article_id = key.partition("/")
    if not slash:
        raise Malformed("key", described(key), _ARTICLE_KEY, "bad_format")
    return _ID(merchant_id, "key"), _ID(article_id, "key")
