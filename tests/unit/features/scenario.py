"""Events on one account's time line, in seconds after 2023-11-14 (a Tuesday) 12:00 UTC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.transaction import Transaction
from udfs.features.blocks import MemoryBlocks
from udfs.features.engine import Observation, observe
from udfs.features.history import LIMITS, AccountHistory, Limits
from udfs.features.names import Snapshot
from udfs.features.profile import Profile

NOON_MS = 1_699_963_200_000
MINUTE, HOUR, DAY = 60, 3_600, 86_400


def at(second: float, amount_minor: int = 1_000, **fields: Any) -> Transaction:
    """A payment at *second*, of 10.00 EUR unless said."""
    event_time_ms = NOON_MS + round(second * 1000)
    known = {"transaction_id": f"t{event_time_ms}", "account_id": "a", "currency": "EUR", **fields}
    return Transaction(event_time_ms=event_time_ms, amount_minor=amount_minor, **known)


def past(events: Iterable[Transaction], limits: Limits = LIMITS) -> AccountHistory:
    """What *events*, observed in this order, leave behind."""
    history, blocks = AccountHistory(), MemoryBlocks()
    for event in events:
        history = observe(history, event, None, blocks, limits).history
    return history


def last(events: list[Transaction], profile: Profile | None = None, limits: Limits = LIMITS) -> Observation:
    """What is observed of the last of *events*."""
    history, blocks = AccountHistory(), MemoryBlocks()
    for event in events[:-1]:
        history = observe(history, event, None, blocks, limits).history
    return observe(history, events[-1], profile, blocks, limits)


def seen(*events: Transaction, profile: Profile | None = None) -> Snapshot:
    """The snapshot of the last of *events*."""
    return last(list(events), profile).snapshot


def seconds_kept(history: AccountHistory) -> list[float]:
    """The time line of the raw entries in state."""
    recent = history.recent
    return [(recent.time_ms(place) - NOON_MS) / 1000 for place in range(len(recent))]
