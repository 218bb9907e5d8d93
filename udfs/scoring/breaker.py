"""
A circuit breaker: stop calling an endpoint that fails, and find out when it is back.

             failures in a row, or their share of a window
  CLOSED ────────────────────────────────────────────────> OPEN
    ^                                                      │  ^
    │ a probe succeeds                    the period ends  v  │ a probe fails
    └───────────────────── HALF_OPEN <─────────────────────┘  │
                               └──────────────────────────────┘

Rules: no clock and no chance in here; the caller passes the time (any steady
clock, in ms) and the jitter. Every step returns a new state. Calls that were under
way together when one failed are one failure: a short stall fails all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple


class Phase(Enum):
    """What the breaker does with the next call."""

    CLOSED = auto()  # lets it through
    OPEN = auto()  # refuses it
    HALF_OPEN = auto()  # lets a few through to see


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to open and for how long."""

    failures_in_a_row: int = 5  # calls; a choice: one micro-batch that fails may be chance, five are not
    failure_ratio: float = 0.5  # 0..1 of the calls of a window; Hystrix's default is 0.5
    min_calls: int = 20  # a smaller window proves nothing; Hystrix's default
    window_ms: int = 10_000  # windows follow each other without overlap; Hystrix's default
    open_ms: int = 2_000  # plus the jitter passed to record(); an outage ends at most this much later
    probes: int = 3  # calls let through while half open


class Breaker(NamedTuple):
    """The state of a breaker; a new one is closed."""

    limits: Limits
    phase: Phase = Phase.CLOSED
    failures_in_a_row: int = 0
    window_start_ms: int = 0
    calls: int = 0  # in the window
    failures: int = 0  # in the window
    failed_ms: int = 0  # when the last failure that counts ended
    until_ms: int = 0  # OPEN: no call before this; HALF_OPEN: unanswered probes are given up then
    probes_left: int = 0


def admits(state: Breaker, now_ms: int) -> tuple[Breaker, bool]:
    """Whether a call may be made at *now_ms*; every admitted call is to be recorded."""
    return _ADMISSIONS[state.phase](state, now_ms)


def record(
    state: Breaker, now_ms: int, *, ok: bool, began_ms: int | None = None, jitter_ms: int = 0
) -> Breaker:
    """
    The state after a call ended at *now_ms*, well or not; without *began_ms* it began then.

    One that began before the last failure and fails too counts for nothing. *jitter_ms* lengthens
    the open period, should this call open the breaker, so that many processes do not come back
    at the same moment.
    """
    if state.phase is Phase.CLOSED and not ok and began_ms is not None and began_ms < state.failed_ms:
        return state
    return _RECORDS[state.phase, ok](state, now_ms, jitter_ms)


def _let_through(state: Breaker, _: int) -> tuple[Breaker, bool]:
    return state, True


def _refuse_until_period_ends(state: Breaker, now_ms: int) -> tuple[Breaker, bool]:
    if now_ms < state.until_ms:
        return state, False
    return _probe(_half_open(state, now_ms), now_ms)


def _probe(state: Breaker, now_ms: int) -> tuple[Breaker, bool]:
    if state.probes_left:
        return state._replace(probes_left=state.probes_left - 1), True
    if now_ms < state.until_ms:
        return state, False
    return _probe(_half_open(state, now_ms), now_ms)  # the probes never ended: their caller is gone


def _half_open(state: Breaker, now_ms: int) -> Breaker:
    until_ms = now_ms + state.limits.open_ms
    return state._replace(phase=Phase.HALF_OPEN, until_ms=until_ms, probes_left=state.limits.probes)


def _count_success(state: Breaker, now_ms: int, _: int) -> Breaker:
    state = _in_window(state, now_ms)
    return state._replace(failures_in_a_row=0, calls=state.calls + 1)


def _count_failure(state: Breaker, now_ms: int, jitter_ms: int) -> Breaker:
    state = _in_window(state, now_ms)
    state = state._replace(
        failures_in_a_row=state.failures_in_a_row + 1,
        calls=state.calls + 1,
        failures=state.failures + 1,
        failed_ms=now_ms,
    )
    return _open(state, now_ms, jitter_ms) if _too_many(state) else state


def _in_window(state: Breaker, now_ms: int) -> Breaker:
    if now_ms - state.window_start_ms < state.limits.window_ms:
        return state
    return state._replace(window_start_ms=now_ms, calls=0, failures=0)


def _too_many(state: Breaker) -> bool:
    limits = state.limits
    in_a_row = state.failures_in_a_row >= limits.failures_in_a_row
    share = state.calls >= limits.min_calls and state.failures >= limits.failure_ratio * state.calls
    return in_a_row or share


def _open(state: Breaker, now_ms: int, jitter_ms: int) -> Breaker:
    until_ms = now_ms + state.limits.open_ms + jitter_ms
    return Breaker(limits=state.limits, phase=Phase.OPEN, until_ms=until_ms)


def _close(state: Breaker, now_ms: int, _: int) -> Breaker:
    return Breaker(limits=state.limits, window_start_ms=now_ms)


def _too_late(state: Breaker, _now_ms: int, _jitter_ms: int) -> Breaker:
    return state  # a call from before it opened: it tells nothing new


_ADMISSIONS: dict[Phase, Callable[[Breaker, int], tuple[Breaker, bool]]] = {
    Phase.CLOSED: _let_through,
    Phase.OPEN: _refuse_until_period_ends,
    Phase.HALF_OPEN: _probe,
}

_RECORDS: dict[tuple[Phase, bool], Callable[[Breaker, int, int], Breaker]] = {
    (Phase.CLOSED, True): _count_success,
    (Phase.CLOSED, False): _count_failure,
    (Phase.OPEN, True): _too_late,
    (Phase.OPEN, False): _too_late,
    (Phase.HALF_OPEN, True): _close,
    (Phase.HALF_OPEN, False): _open,
}
