"""
From the bytes of a message to a checked transaction, customer, label, article or rate, or one precise error.

Rules: what a field may be stands in fields.py alone; the first fault in table order
is the one reported. Card number and IP address are tokens before anything else sees
them. No error repeats a personal datum.
"""

from __future__ import annotations

from schemas.article import Article
from schemas.card import CardKey, bare_digits, tokenise
from schemas.checks import shown
from schemas.customer import Customer
from schemas.errors import Malformed, OutOfRange
from schemas.fields import (
    ARTICLE_AGREEMENTS,
    ARTICLE_FIELDS,
    CUSTOMER_AGREEMENTS,
    CUSTOMER_FIELDS,
    FX_RATE_AGREEMENTS,
    FX_RATE_FIELDS,
    IDS_BESIDE_CARD,
    LABEL_FIELDS,
    TRANSACTION_AGREEMENTS,
    TRANSACTION_FIELDS,
    Agreement,
    Field,
    Fields,
    check_article_key,
)
from schemas.fx_rate import FxRate
from schemas.label import Label
from schemas.transaction import Transaction
from schemas.wire import Message, decode

MAX_AHEAD_MS = 300_000  # of the record's timestamp; the brokers' message.timestamp.after.max.ms


def read_transaction(raw: bytes, account_key: str, record_time_ms: int, card_key: CardKey) -> Transaction:
    """
    Return the transaction that *raw* tells, checked and tokenised.

    Args:
        raw: The message's value: JSON, or Avro in Confluent framing.
        account_key: The message's key, which the payload must name as its account.
        record_time_ms: The record's timestamp, UTC epoch ms; event_time may be 5 minutes after it.
        card_key: What card number and IP address are tokenised with.

    Raises:
        UnknownVersion: If the frame names a schema that is not one of transactions.
        Malformed: If *raw* or a field is not of its form, or a mandatory one is absent.
        OutOfRange: If a value is not allowed, by itself or beside the others.
    """
    kept = _check(decode(raw, "transaction"), TRANSACTION_FIELDS, TRANSACTION_AGREEMENTS)
    _check_account(kept["account_id"], account_key)
    _check_ahead(kept["event_time_ms"], record_time_ms)
    if "card_token" in kept:
        kept["card_last4"] = kept["card_token"][-4:]
        _tokenise_card(kept, card_key)
    if "ip_token" in kept:
        kept["ip_token"] = tokenise(kept["ip_token"], card_key)
    return Transaction(**kept)


def read_customer(raw: bytes) -> Customer:
    """
    Return the customer that *raw* tells, checked.

    Raises:
        RecordError: As `read_transaction`.
    """
    return Customer(**_check(decode(raw, "customer"), CUSTOMER_FIELDS, CUSTOMER_AGREEMENTS))


def read_label(raw: bytes, card_key: CardKey) -> Label:
    """
    Return the label that *raw* tells, checked, its card number tokenised with *card_key*.

    Raises:
        RecordError: As `read_transaction`.
    """
    kept = _check(decode(raw, "label"), LABEL_FIELDS, ())
    if "card_token" in kept:
        _tokenise_card(kept, card_key)
    return Label(**kept)


def read_article(raw: bytes | None, key: str, record_time_ms: int) -> Article:
    """
    Return the version of an article that *raw* tells, checked.

    Args:
        raw: The message's value; None removes the article.
        key: The message's key, `merchant_id/article_id`, which the payload must name too.
        record_time_ms: The record's timestamp, UTC epoch ms: when an article without value was removed.

    Raises:
        RecordError: As `read_transaction`.
    """
    named = check_article_key(key)
    if raw is None:
        merchant_id, article_id = named
        return Article(article_id, merchant_id, record_time_ms, removed=True)
    article = Article(**_check(decode(raw, "article"), ARTICLE_FIELDS, ARTICLE_AGREEMENTS))
    if named != (article.merchant_id, article.article_id):
        raise OutOfRange("key", "another article than the message tells of", "the same", "wrong_key")
    return article


def read_rate(raw: bytes) -> FxRate:
    """
    Return the exchange rate that *raw* tells, checked.

    Raises:
        RecordError: As `read_transaction`.
    """
    return FxRate(**_check(decode(raw, "fx_rate"), FX_RATE_FIELDS, FX_RATE_AGREEMENTS))


def _check(message: Message, table: tuple[Field, ...], agreements: tuple[Agreement, ...]) -> Fields:
    """Return the checked values of *message*, by the names they are kept as."""
    kept: Fields = {}
    get = message.get
    for name, kept_as, check, mandatory in table:
        value = get(name)
        if value is not None:
            kept[kept_as] = check(value, name)
        elif mandatory:
            raise Malformed(name, "nothing", "a value", "missing_field")
    for path, broken, found, expected, reason in agreements:
        if broken(message, kept):
            raise OutOfRange(path, found, expected, reason)
    return kept


def _check_account(account_id: str, account_key: str) -> None:
    """Raise unless the message's key is there and names *account_id*."""
    if not account_key:
        raise Malformed("key", "no message key", "account_id", "missing_key")
    if account_id != account_key:
        raise OutOfRange("account_id", "another account than the message key", "the same", "wrong_account")


def _check_ahead(event_time_ms: int, record_time_ms: int) -> None:
    """Raise if the event is dated too far after its record."""
    ahead_ms = event_time_ms - record_time_ms
    if ahead_ms > MAX_AHEAD_MS:
        expected = f"at most {MAX_AHEAD_MS} ms after the record"
        raise OutOfRange("event_time", f"{shown(ahead_ms)} ms after", expected, "future_time")


def _tokenise_card(kept: Fields, card_key: CardKey) -> None:
    """Replace the card number in *kept* by its token, and raise if an id says it in the clear."""
    digits = kept["card_token"]
    kept["card_token"] = tokenise(digits, card_key)
    ids = "\n".join([kept.get(name, "") for name in IDS_BESIDE_CARD])
    if digits in bare_digits(ids):
        path = next(name for name in IDS_BESIDE_CARD if digits in bare_digits(kept.get(name, "")))
        raise OutOfRange(path, "the card number", "no card number outside card_number", "card_in_clear")
