"""What a log counts, over which spans, and what is counted at one time: integers only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from udfs.features.blocks import FLAGS, FRAUD, NO_BASE, Block, Event
from udfs.features.trackers import Tracked, Tracker, tracker_of

BASE = -1  # the base, among the numbers of a log's currencies


class Measure(NamedTuple):
    """
    What is counted over one span: the events that have all of *flags*.

    Their amounts too, if *money*, and their amounts in the base currency, if *base*.
    """

    span_ms: int
    flags: int = 0
    money: bool = False
    base: bool = False


class Amounts:
    """Count, sum and sum of squares of the amounts in one currency, or in the base, minor units."""

    __slots__ = ("count", "squares", "sum")

    def __init__(self, count: int = 0, total: int = 0, squares: int = 0) -> None:
        self.count, self.sum, self.squares = count, total, squares


class Places(NamedTuple):
    """The measures an event of certain flags belongs to; those that hold amounts, and base amounts."""

    counted: tuple[int, ...]
    paid: tuple[int, ...]
    based: tuple[int, ...]


class Plan:
    """Which measures a log keeps, shortest span first, and what else it tracks."""

    def __init__(self, measures: Sequence[Measure], tracked: Sequence[Tracked] = ()) -> None:
        paid = {measure[:2] for measure in measures if measure.money}
        based = {measure[:2] for measure in measures if measure.base}
        every = sorted({measure[:2] for measure in measures})
        self.measures = tuple([Measure(*one, one in paid, one in based) for one in every])
        self.counted = tuple([one[:3] for one in self.measures])  # as a log that rests names them
        self.based = tuple([at for at, one in enumerate(self.measures) if one.base])
        self.tracked = tuple(dict.fromkeys(tracked))
        fields = list(dict.fromkeys(one.field for one in self.tracked if one.field))
        self.fields = ",".join(fields)
        # of what is tracked: an event's flags, and where in `Event.told` its field begins
        self.telling = [(one.flags, 8 * fields.index(one.field) if one.field else 0) for one in self.tracked]
        self.spans_ms = tuple(sorted({measure.span_ms for measure in measures}))
        self.longest_ms = self.spans_ms[-1]
        self.place = {one: every.index(one[:2]) for one in measures}
        # by an event's flags; of each span too
        self.entering = self._by_flags(range(len(self.measures)))
        self.of_span = [
            self._by_flags([at for at, m in enumerate(self.measures) if m.span_ms == span])
            for span in self.spans_ms
        ]

    def by_fraud(self, span: int, flags: int) -> Places:
        """The measures of the span that an event of *flags* belongs to when it is a fraud, and else not."""
        with_it, without = self.of_span[span][flags | FRAUD], self.of_span[span][flags & ~FRAUD]
        return Places(*(tuple(sorted({*a} - {*b})) for a, b in zip(with_it, without, strict=True)))

    def _by_flags(self, places: Sequence[int]) -> list[Places]:
        return [self._matching(places, flags) for flags in range(FLAGS + 1)]

    def _matching(self, places: Sequence[int], flags: int) -> Places:
        counted = tuple(at for at in places if flags & self.measures[at].flags == self.measures[at].flags)
        return Places(
            counted,
            tuple(at for at in counted if self.measures[at].money),
            tuple(at for at in counted if self.measures[at].base),
        )


class Reading:
    """What each measure of a plan holds at one time, and what it tracks."""

    __slots__ = ("amounts", "counts", "plan", "trackers")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.counts = [0] * len(plan.measures)
        self.amounts: list[dict[int, Amounts]] = [{} for _ in plan.measures]
        self.trackers: list[Tracker] = [tracker_of(one) for one in plan.tracked]

    def copy(self) -> Reading:
        """Another of the same counts and amounts; they share the trackers, which tell of any later time."""
        other = Reading(self.plan)
        other.counts, other.trackers = self.counts.copy(), self.trackers
        other.amounts = [
            {currency: Amounts(held.count, held.sum, held.squares) for currency, held in each.items()}
            for each in self.amounts
        ]
        return other

    def count(self, places: Places, block: Block, at: int, sign: int) -> None:
        """Take what stands at *at* in (1) or out (-1)."""
        number, counts = sign * block.numbers[at], self.counts
        for place in places.counted:
            counts[place] += number
        if places.paid:
            self._pay(places.paid, block.currencies[at], block.amounts[at], number)
        if places.based and (base := block.base(at)) != NO_BASE:
            self._pay(places.based, BASE, base, number)

    def look_through(self, block: Block, time_ms: int, currencies: Sequence[str]) -> None:
        """Take in, in their order, those of *block* that a window at *time_ms* holds."""
        plan = self.plan
        for at in range(bisect_right(block.times, time_ms)):
            flags = block.flags[at] & FLAGS
            for span_ms, places in zip(plan.spans_ms, plan.of_span, strict=True):
                if block.times[at] > time_ms - span_ms:
                    self.count(places[flags], block, at, 1)
            if plan.tracked:
                self.track(block.event(at, currencies[block.currencies[at]]))

    def base(self, place: int) -> Amounts:
        """Count, sum and squares of the base amounts that measure *place* holds."""
        return self.amounts[place].get(BASE) or Amounts()

    def track(self, event: Event) -> int:
        """Tell the trackers of *event*; the newest time at which one forgot what it may need, 0 for none."""
        forgotten_ms = 0
        for (flags, at), tracker in zip(self.plan.telling, self.trackers, strict=True):
            if event.flags & flags == flags:
                forgotten_ms = max(forgotten_ms, tracker.add(event, event.told[at : at + 8]))
        return forgotten_ms

    def _pay(self, places: tuple[int, ...], currency: int, amount: int, number: int) -> None:
        """Take the *amount* of so many events in, or, if *number* is below 0, out."""
        sign = 1 if number > 0 else -1
        # of events that were summed up, each counts as their mean
        total, squares = sign * amount, sign * (amount * amount // abs(number))
        for place in places:
            by_currency = self.amounts[place]
            held = by_currency.get(currency)
            if held is None:
                held = by_currency[currency] = Amounts()
            held.count += number
            held.sum += total
            held.squares += squares
            if not held.count:
                del by_currency[currency]
