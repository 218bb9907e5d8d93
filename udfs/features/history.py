"""
What an account's state remembers of its past.

Rules: every type here rests in state, so it grows only by appending defaulted
fields, and each shape that reached production has a fixture in
tests/fixtures/state. Everything is bounded by `Limits`, whatever an account does.
"""

from __future__ import annotations

from typing import NamedTuple

from schemas.record import Record
from schemas.transaction import Transaction
from udfs.features.known import digest
from udfs.features.log import Packed
from udfs.features.small import is_small
from udfs.features.windows import LONGEST_MS

PAYMENT = 0
_KINDS = {"payment": PAYMENT, "login": 1, "device_change": 2, "payee_added": 3}
_OTHER_KIND = 9


class Limits(NamedTuple):
    """How much of an account's past is kept; beyond it the oldest is forgotten."""

    max_kept: int = 256  # raw entries
    horizon_ms: int = LONGEST_MS  # of raw entries, behind the newest event; also the horizon of duplicates
    max_positions: int = 4
    max_devices: int = 64
    max_merchants: int = 512
    max_countries: int = 64
    max_currencies: int = 8


LIMITS = Limits()


class Entry(Record, frozen=True):
    """One event, as short as the windows and the recognition of duplicates allow."""

    event_time_ms: int
    amount_minor: int
    currency: str
    kind: int  # PAYMENT, or a code of another event type
    declined: bool
    small: bool  # below 2.00 major units, as judged when it came
    merchant: bytes | None  # digest of merchant_id
    transaction_id: str


class Position(Record, frozen=True):
    """Where the account was, in degrees."""

    event_time_ms: int
    latitude: float
    longitude: float


class Total(Record, frozen=True):
    """Exact running totals of the payments in one currency; big-endian, because squares outgrow 64 bits."""

    currency: str
    payments: int
    sum_minor: bytes
    sum_squares: bytes


class AccountHistory(Record, frozen=True):
    """An account's past. Known devices, merchants and countries are digests, the last used at the end."""

    entries: tuple[Entry, ...] = ()  # in event-time order; equal times in the order they came
    totals: tuple[Total, ...] = ()  # the currency used last at the end
    positions: tuple[Position, ...] = ()  # in event-time order
    devices: bytes = b""
    merchants: bytes = b""
    countries: bytes = b""
    decided: int = 0  # events so far, of every type: the account's version
    payments: int = 0  # payments so far
    newest_ms: int | None = None  # newest event time so far
    cut_ms: int | None = None  # event time of the newest entry that was dropped
    log: Packed = Packed()  # of the catalogue's windows
    cut_paid_ms: int | None = None  # event time of the newest payment among the dropped


def entry_of(txn: Transaction) -> Entry:
    """What the windows need to know of *txn*."""
    return Entry(
        event_time_ms=txn.event_time_ms,
        amount_minor=txn.amount_minor,
        currency=txn.currency,
        kind=_KINDS.get(txn.event_type, _OTHER_KIND),
        declined=txn.auth_result == "declined",
        small=is_small(txn.amount_minor, txn.currency),
        merchant=None if txn.merchant_id is None else digest(txn.merchant_id),
        transaction_id=txn.transaction_id,
    )


def event_time(item: Entry | Position) -> int:
    """The event time of what history keeps in event-time order."""
    return item.event_time_ms


def cut_to(entries: tuple[Entry, ...], newest_ms: int, limits: Limits) -> int:
    """How many of the oldest *entries* are too many, or outside (newest - horizon, newest]."""
    excess = max(0, len(entries) - limits.max_kept)
    edge_ms = newest_ms - limits.horizon_ms
    while excess < len(entries) and entries[excess].event_time_ms <= edge_ms:
        excess += 1
    return excess
