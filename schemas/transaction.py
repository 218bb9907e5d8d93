"""
A transaction as the job knows it: checked, and without its card number.

Rule: nothing in here holds a card number or an IP address in the clear; intake
replaces both by tokens before a `Transaction` exists. Fields are only appended,
each with a default, because transactions rest in state.
"""

from __future__ import annotations

from schemas.record import Record


class Transaction(Record, frozen=True):
    """One checked, tokenised event of an account. Amounts in minor units, times in UTC epoch ms."""

    transaction_id: str
    account_id: str
    event_time_ms: int
    amount_minor: int
    currency: str  # ISO 4217 alphabetic code
    event_type: str = "payment"  # payment, login, device_change, payee_added
    card_token: str | None = None  # "<key version>:<hex of the truncated HMAC-SHA-256>"
    card_last4: str | None = None
    customer_id: str | None = None
    counterparty_id: str | None = None
    merchant_id: str | None = None
    mcc: str | None = None  # merchant category code, four digits
    auth_result: str | None = None  # approved, declined
    decline_reason: str | None = None
    channel: str | None = None  # pos, ecommerce, atm, wire, ach, wallet, transfer
    country: str | None = None  # ISO 3166-1 alpha-2
    latitude: float | None = None
    longitude: float | None = None
    device_id: str | None = None
    device_fingerprint: str | None = None
    ip_token: str | None = None  # same form as card_token
    entry_mode: str | None = None  # chip, contactless, swipe, manual, online, ...
    article_id: str | None = None  # what is bought; the merchant's own name for it
    base_minor: int | None = None  # of the base currency, at the rate of its event time (ADR-0025)


def tie_break(txn: Transaction) -> tuple[int, str]:
    """Order of transactions at the same event time: by id, shorter ids (smaller numbers) first."""
    return len(txn.transaction_id), txn.transaction_id
