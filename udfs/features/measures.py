"""What a log counts, over which spans, and what is counted at one time: integers only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from udfs.features.blocks import Block


class Measure(NamedTuple):
    """What is counted over one span: the events that have all of *flags*; their amounts too, if *money*."""

    span_ms: int
    flags: int = 0
    money: bool = False


class Amounts:
    """Count, sum and sum of squares of the amounts in one currency, minor units."""

    __slots__ = ("count", "squares", "sum")

    def __init__(self, count: int = 0, total: int = 0, squares: int = 0) -> None:
        self.count, self.sum, self.squares = count, total, squares


class Plan:
    """Which measures a log keeps, shortest span first."""

    def __init__(self, measures: Sequence[Measure]) -> None:
        paid = {(measure.span_ms, measure.flags) for measure in measures if measure.money}
        wanted = {one._replace(money=(one.span_ms, one.flags) in paid) for one in measures}
        self.measures = tuple(sorted(wanted))
        self.spans_ms = tuple(sorted({measure.span_ms for measure in measures}))
        self.longest_ms = self.spans_ms[-1]
        places = {(one.span_ms, one.flags): at for at, one in enumerate(self.measures)}
        self.place = {one: places[one.span_ms, one.flags] for one in measures}
        self.of_span = [
            [(at, m.flags, m.money) for at, m in enumerate(self.measures) if m.span_ms == span]
            for span in self.spans_ms
        ]


class Reading:
    """What each measure of a plan holds at one time."""

    __slots__ = ("amounts", "counts")

    def __init__(self, plan: Plan) -> None:
        self.counts = [0] * len(plan.measures)
        self.amounts: list[dict[int, Amounts]] = [{} for _ in plan.measures]

    def count(self, entries: Sequence[tuple[int, int, bool]], block: Block, at: int, sign: int) -> None:
        """Take what stands at *at* in (1) or out (-1)."""
        flags, number, counts = block.flags[at], sign * block.numbers[at], self.counts
        for place, wanted, money in entries:
            if flags & wanted == wanted:
                counts[place] += number
                if money:
                    self._pay(self.amounts[place], block, at, sign)

    @staticmethod
    def _pay(by_currency: dict[int, Amounts], block: Block, at: int, sign: int) -> None:
        amount, currency, number = block.amounts[at], block.currencies[at], block.numbers[at]
        held = by_currency.get(currency)
        if held is None:
            held = by_currency[currency] = Amounts()
        held.count += sign * number
        held.sum += sign * amount
        # of events that were summed up, each counts as their mean
        held.squares += sign * (amount * amount // number)
        if not held.count:
            del by_currency[currency]
