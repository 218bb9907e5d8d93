"""
What can't be counted in and out of a window: the least, the most, and how many are distinct.

Rules: exact for any time from the newest event on, in whatever order events came; what would
outgrow its bound forgets its least useful step, and says of which time that was.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from operator import itemgetter
from typing import Literal, NamedTuple

from udfs.features.blocks import Event

MAX_STEPS = 64  # of one currency: of n payments in random order some ln n stay, 10 of 10,000
MAX_DISTINCT = 128  # 20 bytes each in a packed value
_ABSENT = bytes(8)

Step = tuple[int, bytes, int]  # event time; currency or digest; amount
_time = itemgetter(0)


class Tracked(NamedTuple):
    """What is tracked over one span: of the events that have all of *flags*; *field* is told apart."""

    kind: Literal["min", "max", "distinct", "min_base", "max_base"]
    span_ms: int
    flags: int = 0
    field: str = ""


class Extremes:
    """
    The least amount of each currency: only what no later payment undercuts is kept.

    With *sign* -1 the most. O(1) amortised; at most MAX_STEPS a currency.
    """

    __slots__ = ("_sign", "_span_ms", "_steps")

    def __init__(self, span_ms: int, sign: int) -> None:
        self._span_ms = span_ms
        self._sign = sign
        self._steps: dict[bytes, list[tuple[int, int]]] = {}  # by currency; times and amounts rise

    def add(self, event: Event, _told: bytes) -> int:
        """Take *event* in; the time of the payment forgotten for it, 0 for none."""
        steps = self._steps.setdefault(event.currency.encode(), [])
        step = (event.time_ms, self._sign * event.amount_minor)
        end = bisect_right(steps, event.time_ms, key=_time)
        if end < len(steps) and steps[end][1] <= step[1]:
            return 0
        start = end
        while start and steps[start - 1][1] >= step[1]:
            start -= 1
        steps[start:end] = [step]
        del steps[: bisect_right(steps, steps[-1][0] - self._span_ms, key=_time)]
        return steps.pop(-2)[0] if len(steps) > MAX_STEPS else 0

    def value(self, currency: str, time_ms: int) -> int | None:
        """The least in (time - span, time], None without any; *time_ms* is the newest event's or later."""
        steps = self._steps.get(currency.encode(), [])
        at = bisect_right(steps, time_ms - self._span_ms, key=_time)
        return self._sign * steps[at][1] if at < len(steps) else None

    def packed(self, newest_ms: int) -> tuple[Step, ...]:
        """What a window at *newest_ms* or later needs, as it rests."""
        edge_ms = newest_ms - self._span_ms
        return tuple(
            (then_ms, currency, amount)
            for currency, steps in self._steps.items()
            for then_ms, amount in steps
            if then_ms > edge_ms
        )

    def unpack(self, steps: Iterable[Step]) -> None:
        """Take up what `packed` gave."""
        for then_ms, currency, amount in steps:
            self._steps.setdefault(currency, []).append((then_ms, amount))


class BaseExtremes(Extremes):
    """The least base amount; of payments that have one."""

    __slots__ = ()

    def add(self, event: Event, told: bytes) -> int:
        """As `Extremes.add`: the base is one more currency, without a name."""
        if event.base_minor is None:
            return 0
        return super().add(event._replace(amount_minor=event.base_minor, currency=""), told)

    def value(self, _currency: str, time_ms: int) -> int | None:
        """As `Extremes.value`."""
        return super().value("", time_ms)


class Distinct:
    """When each value was last seen. At most MAX_DISTINCT; O(n) in them to count."""

    __slots__ = ("_last", "_span_ms")

    def __init__(self, span_ms: int) -> None:
        self._span_ms = span_ms
        self._last: dict[bytes, int] = {}

    def add(self, event: Event, told: bytes) -> int:
        """Take the value *told* in; when the value forgotten for it was seen, 0 for none."""
        last = self._last
        if told == _ABSENT or last.get(told, event.time_ms - 1) >= event.time_ms:
            return 0
        last[told] = event.time_ms
        if len(last) <= MAX_DISTINCT:
            return 0
        oldest = min(last, key=last.__getitem__)
        forgotten_ms = last.pop(oldest)
        return forgotten_ms if forgotten_ms > max(last.values()) - self._span_ms else 0

    def value(self, _currency: str, time_ms: int) -> int:
        """How many were seen in (time - span, time]; *time_ms* is the newest event's or later."""
        edge_ms = time_ms - self._span_ms
        return sum(then_ms > edge_ms for then_ms in self._last.values())

    def packed(self, newest_ms: int) -> tuple[Step, ...]:
        """What a window at *newest_ms* or later needs, as it rests."""
        edge_ms = newest_ms - self._span_ms
        return tuple((then_ms, told, 0) for told, then_ms in self._last.items() if then_ms > edge_ms)

    def unpack(self, steps: Iterable[Step]) -> None:
        """Take up what `packed` gave."""
        self._last = {told: then_ms for then_ms, told, _ in steps}


Tracker = Extremes | Distinct


def tracker_of(tracked: Tracked) -> Tracker:
    """One that has seen nothing yet."""
    if tracked.kind == "distinct":
        return Distinct(tracked.span_ms)
    kind, _, base = tracked.kind.partition("_")
    return (BaseExtremes if base else Extremes)(tracked.span_ms, 1 if kind == "min" else -1)
