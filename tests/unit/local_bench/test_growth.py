"""Growth: how long filling may take, and what is said when it took longer."""

from __future__ import annotations

import pytest

from local.bench.growth import filled_until, short


@pytest.mark.parametrize(("before_s", "until_s"), [(280, 1_036), (330, 958.5)])
def test_a_slow_machine_fills_for_a_shorter_time(before_s: float, until_s: float) -> None:
    """The slower the beginning was, the earlier filling ends, because what follows is as slow."""
    assert filled_until(50.0, 50.0 + before_s) == pytest.approx(50.0 + until_s)


def test_accounts_that_there_was_no_time_for_are_a_fault() -> None:
    """Fewer accounts than asked for are a fault that says how many; as many are none."""
    assert short(1_000, 1_000) == {}
    (said,) = short(900, 1_000)["faults"]
    assert said == "state: found 900 accounts when filling had to end, expected 1,000"
