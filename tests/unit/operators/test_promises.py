"""Marker timers: what a timer is, whose life it is of, and what a restore left open."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.operators.promises import Promises

pytestmark = pytest.mark.unit

EPOCH_MS = 1_775_044_800_123
PERIOD_MS = 2_000
RESTART_MS = 30  # no restart is quicker

times_ms = st.integers(0, 10_000_000).map(lambda ms: EPOCH_MS + ms)


@given(times_ms)
def test_marker_outlives_its_period(now_ms: int) -> None:
    """A marker fires a period after it was set, at most 30 ms later than that."""
    assert PERIOD_MS <= Promises(EPOCH_MS, PERIOD_MS).marker(now_ms) - now_ms <= PERIOD_MS + 30


@given(times_ms)
def test_a_timer_tells_what_it_is(now_ms: int) -> None:
    """No tick is a marker, and both kinds of marker are."""
    promises = Promises(EPOCH_MS, PERIOD_MS)
    tick_ms = promises.next_tick(now_ms)
    assert tick_ms is not None
    assert not promises.is_marker(tick_ms)
    assert promises.is_marker(promises.marker(now_ms))
    assert promises.is_marker(promises.long_marker(now_ms))


@given(times_ms, st.integers(RESTART_MS, 10**9))
def test_lives_are_told_apart(now_ms: int, restart_ms: int) -> None:
    """Whatever a life set is a former one's to the next, and never to itself."""
    former, latter = Promises(EPOCH_MS, PERIOD_MS), Promises(now_ms + restart_ms, PERIOD_MS)
    for set_ms in (former.marker(now_ms), former.long_marker(now_ms)):
        assert latter.is_of_former_life(set_ms)
        assert not former.is_of_former_life(set_ms)
    began_ms = latter.epoch_ms
    assert not latter.is_of_former_life(latter.marker(began_ms))
    assert not latter.is_of_former_life(latter.long_marker(began_ms))


@given(times_ms)
def test_ticks_are_of_no_life(now_ms: int) -> None:
    """A former life's tick asks for nothing."""
    tick_ms = Promises(EPOCH_MS, PERIOD_MS).next_tick(now_ms)
    assert tick_ms is not None
    assert not Promises(now_ms + 10**6, PERIOD_MS).is_of_former_life(tick_ms)


@given(times_ms)
def test_tick_is_near(now_ms: int) -> None:
    """The next tick is at most 6 ms away, and none is set beside it until it is due."""
    promises = Promises(EPOCH_MS, PERIOD_MS)
    tick_ms = promises.next_tick(now_ms)
    assert tick_ms is not None
    assert 0 < tick_ms - now_ms <= 6
    assert promises.next_tick(tick_ms - 1) is None
    assert promises.next_tick(tick_ms) is not None


def test_first_former_timer_bounds_what_was_open() -> None:
    """The first former timer that fires says from which marker on promises were open."""
    promises = Promises(EPOCH_MS, PERIOD_MS)
    assert promises.open_from_ms == -math.inf
    promises.recalled(1_000)
    promises.recalled(2_000)
    promises.kept()
    assert promises.open_from_ms == 1_000


def test_own_timer_first_means_nothing_was_open() -> None:
    """If a timer of this life fires before any former one, the former life had kept all its promises."""
    promises = Promises(EPOCH_MS, PERIOD_MS)
    promises.kept()
    promises.recalled(1_000)  # a long marker, of a write alone
    assert promises.open_from_ms == math.inf


@pytest.mark.parametrize("now_ms", range(1_000_000, 1_000_010))
def test_end_of_a_hold(now_ms: int) -> None:
    """What is held is let go when the wait is over, less than 10 ms later, by a timer of its own kind."""
    timer_ms = Promises.hold(now_ms, 300)
    assert 0 <= timer_ms - (now_ms + 300) < 10
    assert Promises.is_hold(timer_ms)
    promises = Promises(now_ms, 1_000)
    assert not promises.is_marker(timer_ms)
    assert not promises.is_of_former_life(timer_ms)
    others = [promises.marker(now_ms), promises.long_marker(now_ms), promises.next_tick(now_ms)]
    assert not [each for each in others if each is None or Promises.is_hold(each)]
