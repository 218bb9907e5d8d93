"""
What an account's state remembers of its past.

Rules: every type here rests in state, so it grows only by appending defaulted
fields, and each shape that reached production has a fixture in
tests/fixtures/state. Everything is bounded by `Limits`, whatever an account does.
"""

from __future__ import annotations

from typing import NamedTuple

from schemas.record import Record
from udfs.features.packed_log import Packed
from udfs.features.recent import Entry, Recent
from udfs.features.windows import LONGEST_MS


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

    entries: tuple[Entry, ...] = ()  # as they rested before there was *recent*; see `account_state`
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
    recent: Recent = Recent()  # its raw entries


def cut_to(recent: Recent, newest_ms: int, limits: Limits) -> int:
    """How many of the oldest of *recent* are too many, or outside (newest - horizon, newest]."""
    return max(len(recent) - limits.max_kept, recent.until(newest_ms - limits.horizon_ms))
