"""
Every windowed aggregate in one walk back through time.

Rule: what is added never leaves the tally: windows are closed shortest first,
each with what the shorter ones hold already.
"""

from __future__ import annotations

from operator import attrgetter

from udfs.features.names import Snapshot, window_feature
from udfs.features.recent import PAYMENT, Entry, Recent, word
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
        pays = event.kind == PAYMENT
        self._currency = event.currency  # of the sums and the least amount
        self._seen: set[int] = {word(event.merchant)} if pays and event.merchant else set()
        self.count = int(pays)
        self.sum = event.amount_minor if pays else 0
        self.declines = int(pays and event.declined)
        self.small_count = int(pays and event.small)
        self.min_amount: int | None = None  # of earlier payments alone

    @property
    def merchants(self) -> int:
        """Distinct merchants of the payments added."""
        return len(self._seen)

    def add(self, recent: Recent, first: int, end: int) -> None:
        """Count the payments of *recent* from *first* to *end*."""
        payments, declined, small = recent.counted(first, end)
        self.count += payments
        self.declines += declined
        self.small_count += small
        self._seen |= recent.paid_to(first, end)
        amounts = recent.amounts_in(self._currency, first, end)
        if amounts:
            self.sum += sum(amounts)
            least = min(amounts)
            self.min_amount = least if self.min_amount is None else min(self.min_amount, least)


def window_features(recent: Recent, place: int, event: Entry) -> Snapshot:
    """
    The aggregates of every window (t - w, t] at *event*, before which *place* of *recent* stand.

    What stands after them is later, and does not count.
    """
    tally, newest, features = Tally(event), place, Snapshot()
    for span_ms, names, aggregates in _CLOSES:
        if newest:
            oldest = recent.until(event.event_time_ms - span_ms)
            if oldest < newest:
                tally.add(recent, oldest, newest)
                newest = oldest
        features.update(zip(names, aggregates(tally), strict=True))
    return features
