"""
How an account behaves: when it paid last, how often, how much; and the group that this makes.

Rules: an event sees only the payments before it. Limits are fixed and their levels and groups
are data, in docs/features.md too; a new limit is a new feature. `names` takes its entries from here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Literal, NamedTuple

from schemas.currency import EXPONENTS
from schemas.decision import Value
from udfs.features.history import AccountHistory
from udfs.features.recent import PAYMENT, Entry
from udfs.features.windows import DAY_MS

# Each limit reached is a level more, from 1; the recency's are counted downwards from 4.
RECENCY_DAYS = (1, 7, 30)
FREQUENCY = (2, 9, 61)  # payments in 30 days: from 2, more than 2 a week, more than 2 a day
AMOUNT_MAJOR = (10, 50, 200)  # mean payment, major units of its own currency, as `small` counts them
_NEW_BELOW = 3  # payments: fewer are no habit
_AMOUNT_MINOR = {
    code: [limit * 10**exponent for limit in AMOUNT_MAJOR] for code, exponent in EXPONENTS.items()
}
_MONTH = "count_30d"  # of the catalogue


class Declared(NamedTuple):
    """A feature as `names.Feature` has it."""

    name: str
    type: Literal["int", "float", "bool", "text"]
    unit: str
    meaning: str
    missing: str


BEHAVIOUR = (
    Declared(
        "recency_days", "float", "days", "Time since the last payment before this event", "none is known"
    ),
    Declared(
        "recency_level",
        "int",
        "1 to 4",
        "recency_days: 4 below 1, 3 below 7, 2 below 30, else 1",
        "no recency_days",
    ),
    Declared(
        "frequency_level",
        "int",
        "1 to 4",
        "Payments before this event in (t - 30d, t]: 1 below 2, 2 below 9, 3 below 61, else 4",
        "the catalogue has no count_30d",
    ),
    Declared(
        "amount_level",
        "int",
        "1 to 4",
        "account_mean in major units: 1 below 10, 2 below 50, 3 below 200, else 4",
        "no account_mean",
    ),
    Declared(
        "behaviour",
        "text",
        "",
        "Group of the account: new, dormant, heavy, high_value, regular, occasional",
        "not new, and no recency_level or no frequency_level",
    ),
)


class Levels(NamedTuple):
    """The levels of an account, 1 to 4; None is not known."""

    recency: int | None
    frequency: int | None
    amount: int | None


class Group(NamedTuple):
    """A group of accounts: the levels that its members have at least or at most."""

    name: str
    recency_at_most: int = 4
    frequency_at_least: int = 1
    amount_at_least: int = 0  # 0: or none is known


GROUPS = (  # the first that fits
    Group("dormant", recency_at_most=1),
    Group("heavy", frequency_at_least=4),
    Group("high_value", amount_at_least=4),
    Group("regular", frequency_at_least=3),
    Group("occasional"),
)


def behaviour_features(
    history: AccountHistory, before: int, entry: Entry, told: Mapping[str, Value]
) -> dict[str, Value]:
    """
    The features of `BEHAVIOUR` for an account that *entry* happens to.

    Args:
        history: The account's past.
        before: How many of its raw entries are at or before the event.
        entry: The event.
        told: Of the snapshot: account_mean, and count_30d if the catalogue has it.
    """
    days = recency_days(history, before, entry.event_time_ms)
    levels = Levels(
        _recency_level(days),
        _frequency_level(told.get(_MONTH), entry),
        _amount_level(told["account_mean"], entry.currency),
    )
    return {
        "recency_days": days,
        "recency_level": levels.recency,
        "frequency_level": levels.frequency,
        "amount_level": levels.amount,
        "behaviour": "new" if history.payments < _NEW_BELOW else group_of(levels),
    }


def recency_days(history: AccountHistory, before: int, time_ms: int) -> float | None:
    """
    Days from the newest payment to *time_ms*; None if none is known that is not later.

    Known are *before* raw entries, and the newest payment that they no longer hold.
    """
    cut_ms = history.cut_paid_ms
    paid_ms = newest(history.recent.paid_last(before), None if cut_ms is None or cut_ms > time_ms else cut_ms)
    return None if paid_ms is None else (time_ms - paid_ms) / DAY_MS


def newest(one_ms: int | None, other_ms: int | None) -> int | None:
    """The later of two times; None only if both are."""
    if one_ms is None or other_ms is None:
        return other_ms if one_ms is None else one_ms
    return max(one_ms, other_ms)


def group_of(levels: Levels) -> str | None:
    """The first of `GROUPS` that *levels* fit; None while recency or frequency is not known."""
    recency, frequency, amount = levels
    if recency is None or frequency is None:
        return None
    for group in GROUPS:
        if (
            recency <= group.recency_at_most
            and frequency >= group.frequency_at_least
            and (amount or 0) >= group.amount_at_least
        ):
            return group.name
    return None


def _recency_level(days: float | None) -> int | None:
    return None if days is None else 4 - bisect_right(RECENCY_DAYS, days)


def _frequency_level(month: Value, entry: Entry) -> int | None:
    """*month* counts the event itself if it is a payment."""
    return (
        None if not isinstance(month, int) else 1 + bisect_right(FREQUENCY, month - (entry.kind == PAYMENT))
    )


def _amount_level(mean_minor: Value, currency: str) -> int | None:
    return (
        None if not isinstance(mean_minor, float) else 1 + bisect_right(_AMOUNT_MINOR[currency], mean_minor)
    )
