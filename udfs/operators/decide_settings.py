"""What the deciding operator needs to know."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideSettings:
    """
    What the operator needs to know.

    Attributes:
        wait_for_watermark: Hold events and take them in event-time order.
        profile_wait_ms: How long an account without a profile waits for its first; 0 is not at all.
        idle_days: After so many days of event time without an event an account's past is forgotten.
        marker_period_ms: Life of a promise's timer; outlasts score deadline and store flush.
        one_core: Keep all threads that run Python on one core.
        max_pending: Transactions in flight before the source is held.
        book: The rule book's text.
        transactions_topic: Where the transactions come from, for dead letters.
        customers_topic: Where the profiles come from, for dead letters.
    """

    wait_for_watermark: bool
    profile_wait_ms: int
    idle_days: int
    marker_period_ms: int
    one_core: bool
    max_pending: int
    book: str
    transactions_topic: str
    customers_topic: str
