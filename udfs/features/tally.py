"""
Every windowed aggregate in one walk back through time.

Rule: what is added never leaves the tally: windows are closed shortest first,
each with what the shorter ones hold already.
"""

from __future__ import annotations

from bisect import bisect_right

from udfs.features.history import PAYMENT, Entry, event_time
from udfs.features.names import Snapshot, window_feature
from udfs.features.windows import WINDOWS

_CLOSES = tuple(
    (window.span_ms, tuple((window_feature(name, window), name) for name in window.aggregates))
    for window in WINDOWS
)


class Tally:
    """The aggregates over what was added so far; each attribute is an aggregate of `names.AGGREGATES`."""

    __slots__ = ("_currency", "_seen", "count", "declines", "min_amount", "small_count", "sum")

    def __init__(self, currency: str) -> None:
        self._currency = currency  # of the sums and the least amount
        self._seen: set[bytes] = set()
        self.count = 0
        self.sum = 0
        self.declines = 0
        self.small_count = 0
        self.min_amount: int | None = None

    @property
    def merchants(self) -> int:
        """Distinct merchants of the payments added."""
        return len(self._seen)

    def add(self, entry: Entry) -> None:
        """Count *entry*, if it is a payment."""
        if entry.kind != PAYMENT:
            return
        self.count += 1
        self.declines += entry.declined
        self.small_count += entry.small
        if entry.merchant is not None:
            self._seen.add(entry.merchant)
        if entry.currency == self._currency:
            self.sum += entry.amount_minor

    def add_earlier(self, entry: Entry) -> None:
        """Count *entry*, which came before the event itself."""
        self.add(entry)
        if entry.kind == PAYMENT and entry.currency == self._currency:
            least = self.min_amount
            self.min_amount = entry.amount_minor if least is None else min(least, entry.amount_minor)


def window_features(entries: tuple[Entry, ...], place: int) -> Snapshot:
    """
    The aggregates of every window (t - w, t] at the event ``entries[place]``.

    What stands after *place* is later, or came later, and does not count.
    O(n) in the entries of the longest window.
    """
    event, newest = entries[place], place
    tally, features = Tally(event.currency), Snapshot()
    tally.add(event)
    for span_ms, closes in _CLOSES:
        oldest = bisect_right(entries, event.event_time_ms - span_ms, hi=newest, key=event_time)
        for entry in entries[oldest:newest]:
            tally.add_earlier(entry)
        newest = oldest
        for feature, aggregate in closes:
            features[feature] = getattr(tally, aggregate)
    return features
