"""
The short windows, as data: a further window is a further entry. Longer ones are in catalogue.yaml.

Rule: windows stand shortest first, because the engine walks back through time
once and closes them in that order. A window of length *w* at event time *t* is
the interval (t - w, t], the transaction itself included.
"""

from __future__ import annotations

from typing import NamedTuple

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class Window(NamedTuple):
    """A stretch of event time, and the aggregates that are taken over it."""

    name: str
    span_ms: int
    aggregates: tuple[str, ...]  # of names.AGGREGATES; a feature is called "<aggregate>_<window>"


WINDOWS = (
    Window("1m", MINUTE_MS, ("count", "sum", "min_amount")),
    Window("1h", HOUR_MS, ("count", "sum", "declines", "merchants", "small_count")),
)
LONGEST_MS = DAY_MS  # how long raw entries are kept: also the horizon of duplicates
