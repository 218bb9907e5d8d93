"""
The breaker's life, drawn.

A scenario is a line of steps, each `time:what=phase`:

    o  a call ended well      a  a call is admitted
    x  a call failed          r  a call is refused
    y  a call failed that had begun at 0

and the phase after it: C closed, O open, H half open. Limits, unless a
scenario says otherwise: 3 failures in a row, or half of at least 6 calls in
100 ms; open for 50 ms; 2 probes.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.scoring.breaker import Breaker, Limits, Phase, admits, record

pytestmark = pytest.mark.unit

LIMITS = Limits(failures_in_a_row=3, failure_ratio=0.5, min_calls=6, window_ms=100, open_ms=50, probes=2)
PHASES = {"C": Phase.CLOSED, "O": Phase.OPEN, "H": Phase.HALF_OPEN}

SCENARIOS = {
    "stays closed while calls end well": "0:a=C 1:o=C 2:a=C 3:o=C",
    "opens at the third failure in a row": "0:x=C 1:x=C 2:x=O 3:r=O",
    "what was under way at a failure is one with it": "5:x=C 6:y=C 7:y=C 8:x=C 9:y=C 10:x=O",
    "and weighs nothing in the window": "5:x=C 6:y=C 7:y=C 8:o=C 9:o=C 10:o=C 11:o=C",
    "a success between starts the row again": "0:x=C 1:x=C 2:o=C 3:x=C 4:x=C 5:x=O",
    "opens at half of six": "0:x=C 1:o=C 2:x=C 3:o=C 4:o=C 5:x=O",
    "half of five proves nothing": "0:x=C 1:o=C 2:x=C 3:o=C 4:x=C",
    "less than half of six stays closed": "0:x=C 1:o=C 2:x=C 3:o=C 4:o=C 5:o=C",
    "a new window forgets the old one's share": "0:x=C 1:o=C 2:x=C 3:o=C 4:o=C 100:x=C",
    "a new window does not forget the row": "0:x=C 99:x=C 100:x=O",
    "refuses to the last ms, then probes": "0:x=C 0:x=C 0:x=O 49:r=O 50:a=H",
    "lets two probes through, no third": "0:x=C 0:x=C 0:x=O 50:a=H 51:a=H 52:r=H",
    "a probe that succeeds closes": "0:x=C 0:x=C 0:x=O 50:a=H 60:o=C 61:a=C",
    "closing starts afresh": "0:x=C 0:x=C 0:x=O 50:a=H 60:o=C 61:x=C 62:x=C 63:x=O",
    "a probe that fails opens again": "0:x=C 0:x=C 0:x=O 50:a=H 60:x=O 109:r=O 110:a=H",
    "the second probe's failure, too late": "0:x=C 0:x=C 0:x=O 50:a=H 51:a=H 60:o=C 61:x=C",
    "calls from before do not count while open": "0:x=C 0:x=C 0:x=O 10:x=O 11:o=O 50:a=H",
    "probes that never end are given up": "0:x=C 0:x=C 0:x=O 50:a=H 50:a=H 99:r=H 100:a=H",
}


def _step(state: Breaker, step: str) -> Breaker:
    """The breaker after one step of a drawing."""
    time, _, rest = step.partition(":")
    what, _, phase = rest.partition("=")
    if what in "oxy":
        state = record(state, int(time), ok=what == "o", began_ms=0 if what == "y" else None)
    else:
        state, admitted = admits(state, int(time))
        assert admitted == (what == "a"), step
    assert state.phase is PHASES[phase], step
    return state


@pytest.mark.parametrize("drawing", SCENARIOS.values(), ids=SCENARIOS)
def test_scenario(drawing: str) -> None:
    """Each step of the drawing leaves the breaker in the phase drawn after it."""
    state = Breaker(LIMITS)
    for step in drawing.split():
        state = _step(state, step)


def test_jitter_lengthens_the_open_period() -> None:
    """The jitter of the call that opens the breaker is added to the open period."""
    state = Breaker(LIMITS)
    for _ in range(3):
        state = record(state, 0, ok=False, jitter_ms=7)
    assert admits(state, 56) == (state, False)
    assert admits(state, 57)[1]


_steps = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["ask", "ok", "failed"])), max_size=60)


@given(_steps)
@settings(deadline=None)
def test_never_stuck(steps: list[tuple[int, str]]) -> None:
    """Whatever happened, a call is admitted at the latest one open period later."""
    state, now_ms = Breaker(LIMITS), 0
    for wait_ms, what in steps:
        now_ms += wait_ms
        state = admits(state, now_ms)[0] if what == "ask" else record(state, now_ms, ok=what == "ok")
    assert admits(state, now_ms + LIMITS.open_ms)[1]


@given(_steps)
@settings(deadline=None)
def test_half_open_admits_few(steps: list[tuple[int, str]]) -> None:
    """Without answers, an endpoint that is down gets no more probes in an open period than are allowed."""
    state = Breaker(LIMITS)
    for _ in range(3):
        state = record(state, 0, ok=False)
    now_ms, admitted = 0, 0
    for wait_ms, _ in steps:
        now_ms += wait_ms
        state, yes = admits(state, now_ms)
        admitted += yes
    assert admitted <= LIMITS.probes * (now_ms // LIMITS.open_ms)
