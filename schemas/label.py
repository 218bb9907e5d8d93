"""A fraud label: what a transaction turned out to be, days later."""

from __future__ import annotations

from schemas.record import Record


class Label(Record, frozen=True):
    """Whether *transaction_id* was fraud, as reported at *reported_ms* (UTC epoch ms)."""

    transaction_id: str
    account_id: str
    is_fraud: bool
    reported_ms: int
    card_token: str | None = None
    merchant_id: str | None = None
    kind: str | None = None  # stolen_card, card_testing, ...
