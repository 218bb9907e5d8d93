"""
Every windowed aggregate in one walk back through time.

Rule: what is added never leaves the tally: windows are closed shortest first,
each with what the shorter ones hold already.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from operator import attrgetter

from udfs.features.history import PAYMENT, Entry, event_time
from udfs.features.names import Snapshot, window_feature
from udfs.features.windows import WINDOWS

_CLOSES = tuple(
    (
        window.span_ms,
        tuple(window_feature(name, window) for name in window.aggregates),
        attrgetter(*window.aggregates),  # two or more: one alone would come without its tuple
    )
    for window in WINDOWS
)


class Tally:
    """The aggregates over what was added so far; each attribute is an aggregate of `names.AGGREGATES`."""

    __slots__ = ("_currency", "_seen", "count", "declines", "min_amount", "small_count", "sum")

    def __init__(self, event: Entry) -> None:
        self._currency = event.currency  # of the sums and the least amount
        self._seen: set[bytes] = set()
        self.count = 0
        self.sum = 0
        self.declines = 0
        self.small_count = 0
        self.min_amount: int | None = None
        self.add((event,))
        self.min_amount = None  # of earlier payments alone

    @property
    def merchants(self) -> int:
        """Distinct merchants of the payments added."""
        return len(self._seen)

    def add(self, entries: Iterable[Entry]) -> None:
        """Count those of *entries* that are payments."""
        for entry in entries:
            if entry.kind == PAYMENT:
                self.count += 1
                self.declines += entry.declined
                self.small_count += entry.small
                if entry.merchant is not None:
                    self._seen.add(entry.merchant)
                if entry.currency == self._currency:
                    self._pay(entry.amount_minor)

    def _pay(self, amount_minor: int) -> None:
        self.sum += amount_minor
        if self.min_amount is None or amount_minor < self.min_amount:
            self.min_amount = amount_minor


def window_features(entries: tuple[Entry, ...], place: int) -> Snapshot:
    """
    The aggregates of every window (t - w, t] at the event ``entries[place]``.

    What stands after *place* is later, or came later, and does not count.
    O(n) in the entries of the longest window.
    """
    event, newest = entries[place], place
    tally, features = Tally(event), Snapshot()
    for span_ms, names, aggregates in _CLOSES:
        if newest:
            oldest = bisect_right(entries, event.event_time_ms - span_ms, hi=newest, key=event_time)
            tally.add(entries[oldest:newest])
            newest = oldest
        features.update(zip(names, aggregates(tally), strict=True))
    return features
