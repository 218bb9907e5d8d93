"""How stages are timed, with a clock that moves when work is done, and that each stage does its work."""

from __future__ import annotations

import gc
from collections.abc import Callable
from zlib import crc32

import pytest

from local.bench.material import account
from local.bench.pure import StageCost, measure, one_yardstick, table
from local.bench.stages import Stage, pure_stages
from schemas.fields import TRANSACTION_FIELDS

pytestmark = pytest.mark.unit


class FakeMachine:
    """A clock, and work that takes so long on it; *speed* may change from one piece of work to the next."""

    def __init__(self, *speeds: float) -> None:
        self.now_ns = 0.0
        self.speeds = speeds or (1.0,)
        self.pieces = 0

    def clock(self) -> int:
        return round(self.now_ns)

    def work(self, name: str, us: float, setup_us: float = 0.0) -> Stage:
        """A stage that takes *us* a transaction, and *setup_us* once to prepare."""

        def prepare(count: int) -> Callable[[], object]:
            self.now_ns += setup_us * 1_000
            return lambda: self.spend(us * count)

        return Stage(name, prepare)

    def spend(self, us: float) -> None:
        self.pieces += 1
        self.now_ns += us * 1_000 / self.speeds[self.pieces % len(self.speeds)]

    def measured(self, *stages: Stage) -> list[StageCost]:
        return measure(0.2, stages=stages, yardstick=self.work("yardstick", 10), clock=self.clock)


def test_a_stage_is_told_in_microseconds_and_in_yardsticks() -> None:
    """A stage of 25 us beside a yardstick of 10 us costs 2.5; preparations cost nothing."""
    machine = FakeMachine()
    costs = machine.measured(machine.work("fast", 2, setup_us=900), machine.work("slow", 25))
    assert [cost.stage for cost in costs] == ["fast", "slow"]
    assert [cost.us_per_txn for cost in costs] == pytest.approx([2, 25])
    assert [cost.ratio for cost in costs] == pytest.approx([0.2, 2.5])


def test_a_slower_machine_has_the_same_ratio() -> None:
    """On half the speed the microseconds double and the ratio stays."""
    machine = FakeMachine(0.5)
    (cost,) = machine.measured(machine.work("stage", 25))
    assert cost.us_per_txn == pytest.approx(50)
    assert cost.ratio == pytest.approx(2.5)


def test_a_disturbance_now_and_then_is_forgotten() -> None:
    """One piece of work in eleven that takes five times as long moves no ratio."""
    machine = FakeMachine(*[1.0] * 10, 0.2)
    (cost,) = machine.measured(machine.work("stage", 25))
    assert cost.ratio == pytest.approx(2.5)


def test_the_garbage_collector_is_left_as_it_was() -> None:
    """It is off while stages run, and on again afterwards."""
    machine, seen = FakeMachine(), set[bool]()
    stage = Stage("stage", lambda count: lambda: (machine.spend(count), seen.add(gc.isenabled())))
    machine.measured(stage)
    assert seen == {False}
    assert gc.isenabled()


def test_the_yardstick_is_always_the_same() -> None:
    """Its result is known: a change of the yardstick would make every committed ratio wrong."""
    assert crc32(one_yardstick()) == crc32(one_yardstick()) == 4_142_582_051


@pytest.mark.parametrize("count", [1, 200])
def test_every_stage_does_as_much_work_as_it_is_asked_to(count: int) -> None:
    """Each can be prepared and run again, also on more transactions than there are."""
    for stage in pure_stages():
        stage.prepare(count)()


def test_stages_have_names_of_their_own() -> None:
    """No name stands twice: the baseline is by name."""
    names = [stage.name for stage in pure_stages()]
    assert len(set(names)) == len(names)


def test_the_material_is_full() -> None:
    """An account keeps as many entries as were asked for, and its next messages have every field."""
    kept = account(20)
    expected = {field.name for field in TRANSACTION_FIELDS} - {"decline_reason"}
    assert len(kept.history.recent) == 20
    assert all(expected <= set(message) for message in kept.messages)


def test_the_table_has_a_line_a_stage() -> None:
    """Name, microseconds and yardsticks."""
    line = table([StageCost("rules", 8.5931, 0.65912)]).splitlines()[1]
    assert line.split() == ["rules", "8.59", "0.659"]
