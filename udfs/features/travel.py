"""
Time, distance and speed since the account was last seen somewhere.

Rule: the last position of an event at t is the newest one at or before t, so
that an event that comes late is not compared with its own future.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter

from schemas.transaction import Transaction
from udfs.features.geo import distance_km
from udfs.features.history import Position
from udfs.features.names import Snapshot

_LEAST_KM = 1.0  # below, a position's own error makes any speed
_MS_PER_HOUR = 3_600_000
_event_time = attrgetter("event_time_ms")
_NOWHERE: Snapshot = {"seconds_since_last": None, "km_from_last": None, "speed_kmh": None}


def position_of(txn: Transaction) -> Position | None:
    """Where *txn* happened, when it says so."""
    if txn.latitude is None or txn.longitude is None:
        return None
    return Position(txn.event_time_ms, txn.latitude, txn.longitude)


def travel_features(positions: tuple[Position, ...], here: Position | None) -> Snapshot:
    """How the account came from the last of *positions* to *here*; None each when either is missing."""
    before = 0 if here is None else bisect_right(positions, here.event_time_ms, key=_event_time)
    if here is None or before == 0:
        return _NOWHERE
    last = positions[before - 1]
    elapsed_ms = here.event_time_ms - last.event_time_ms
    km = distance_km(last.latitude, last.longitude, here.latitude, here.longitude)
    return {
        "seconds_since_last": elapsed_ms / 1000,
        "km_from_last": km,
        "speed_kmh": None if km < _LEAST_KM else km * _MS_PER_HOUR / (elapsed_ms or 1000),
    }


def been(positions: tuple[Position, ...], here: Position | None, most: int) -> tuple[Position, ...]:
    """*positions* with *here* at its place in event time; of more than *most*, the oldest are forgotten."""
    if here is None:
        return positions
    place = bisect_right(positions, here.event_time_ms, key=_event_time)
    return (*positions[:place], here, *positions[place:])[-most:]
