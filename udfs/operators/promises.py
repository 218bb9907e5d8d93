"""
Marker timers: when a promise's timer fires, whose life it is of, and what a restore left open.

A processing-time timer is checkpointed, so each transaction's marker timer *is*
its promise. A timer's last digit tells what it is: 0 a marker, 3 a long marker,
7 the end of a hold, 1 or 5 a tick. Pure; the operator gives the time. ADR-0005.
"""

from __future__ import annotations

import math

_GRAIN_MS = 10
_LONG = 3  # last digit of a long marker
_HOLD = 7  # last digit of the end of a hold
_TICK_MS = 5  # an answer leaves at most this long after it came when no message does it (DESIGN)
_STORE_PERIODS = 10  # a store that is away for long is looked at this much less often


class Promises:
    """The marker timers of one operator's life, which began at *epoch_ms*."""

    def __init__(self, epoch_ms: int, period_ms: int) -> None:
        self.epoch_ms = epoch_ms
        self.open_from_ms = -math.inf  # former promises with an earlier marker are known to be kept
        self._period_ms = period_ms
        self._former_until_ms = {
            0: epoch_ms + period_ms + _GRAIN_MS,
            _LONG: epoch_ms + _STORE_PERIODS * period_ms + _GRAIN_MS,
        }
        self._tick_at_ms = 0

    def marker(self, now_ms: int) -> int:
        """When a promise made now fires: later than any marker of a former life."""
        return _rounded_up(now_ms + self._period_ms + 2 * _GRAIN_MS)

    def long_marker(self, now_ms: int) -> int:
        """When to look again at a store that did not take a write in time; later than a former life's."""
        return _rounded_up(now_ms + _STORE_PERIODS * self._period_ms + 2 * _GRAIN_MS) + _LONG

    @staticmethod
    def hold(now_ms: int, wait_ms: int) -> int:
        """When what is held from now on is let go: *wait_ms* later, less than 10 ms more."""
        return _rounded_up(now_ms + wait_ms - _HOLD) + _HOLD

    @staticmethod
    def is_hold(timer_ms: int) -> bool:
        """Whether a timer is the end of a hold, of whichever life."""
        return timer_ms % _GRAIN_MS == _HOLD

    def is_of_former_life(self, timer_ms: int) -> bool:
        """Whether a marker timer, long or not, was set before this operator started."""
        return timer_ms <= self._former_until_ms.get(timer_ms % _GRAIN_MS, -math.inf)

    @staticmethod
    def is_marker(timer_ms: int) -> bool:
        """Whether a timer is a marker, long or not, and no tick."""
        return timer_ms % _GRAIN_MS in (0, _LONG)

    def recalled(self, timer_ms: int) -> None:
        """
        Learn from a former life's timer which promises were open at the checkpoint.

        Timers fire in the order of their times, so the first one restored bounds them all.
        """
        if self.open_from_ms == -math.inf:
            self.open_from_ms = timer_ms

    def kept(self) -> None:
        """A timer of this life fires: every marker of the former one has, but for long ones."""
        if self.open_from_ms == -math.inf:
            self.open_from_ms = math.inf

    def next_tick(self, now_ms: int) -> int | None:
        """When to look for answers next; None while such a timer is set, unless the clock was set back."""
        if now_ms < self._tick_at_ms <= now_ms + _TICK_MS + 1:
            return None
        tick_ms = (now_ms // _TICK_MS + 1) * _TICK_MS
        self._tick_at_ms = tick_ms + 1 if self.is_marker(tick_ms) else tick_ms
        return self._tick_at_ms


def _rounded_up(time_ms: int) -> int:
    return -(-time_ms // _GRAIN_MS) * _GRAIN_MS
