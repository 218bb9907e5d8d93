"""The command, and what is said of what was measured."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.bench.__main__ import RUNS, WHOLE, main
from local.bench.cases import Case, end_faults, median, newest_versions
from local.bench.cpu import Machine
from local.bench.flink_rest import spans
from local.bench.guard import ratios
from local.bench.jobs import JobUnderTest, bench_plan
from local.bench.measure import Reading, used_between
from local.bench.parts import with_floods
from local.bench.readback import Answer
from local.bench.times import Span

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("unknown", ["rules", "whole", ""])
def test_an_unknown_kind_of_run_is_refused(unknown: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What can't be measured is refused before anything is started, with what can."""
    with pytest.raises(SystemExit, match="2"):
        main(["--only", unknown])
    assert "'growth', 'profiles', 'catalogue', 'peers'" in capsys.readouterr().err


def test_every_kind_of_run_has_parts_of_its_own() -> None:
    """No part is measured by two kinds of run."""
    parts = [part for kind in RUNS.values() for part in kind]
    assert len(parts) == len(set(parts))
    assert WHOLE in RUNS


def test_what_was_used_is_the_difference_of_two_readings() -> None:
    """Processes and threads count from the first reading, those that came later from nothing."""
    before = Reading(10.0, {"job": 5.0, "kafka": 1.0}, {"decide": 2.0}, Machine(20.0, 1.0))
    after = Reading(14.0, {"job": 9.0, "kafka": 2.0}, {"decide": 5.0, "new": 0.5}, Machine(27.0, 1.25))
    used = used_between(before, after)
    assert used.processes == {"job": 4.0, "kafka": 1.0, "other": 2.0}
    assert used.threads == {"decide": 3.0, "new": 0.5}
    assert (used.seconds, used.stolen) == (4.0, 0.25)


def test_only_complete_checkpoints_count() -> None:
    """A checkpoint that failed or still runs has no span; the others are in the order of time."""
    said = {
        "history": [
            {"status": "IN_PROGRESS", "trigger_timestamp": 900, "end_to_end_duration": 1},
            {"status": "COMPLETED", "trigger_timestamp": 500, "end_to_end_duration": 20},
            {"status": "FAILED", "trigger_timestamp": 300, "end_to_end_duration": 5},
            {"status": "COMPLETED", "trigger_timestamp": 100, "end_to_end_duration": 30},
        ]
    }
    assert spans(said) == [Span(100, 130), Span(500, 520)]


def test_a_plan_says_what_it_is() -> None:
    """A report tells backend, mode and parallelism of the job it measured."""
    under_test = JobUnderTest(plan=bench_plan(backend="hashmap", mode="process", parallelism=2))
    assert under_test.traits == {"backend": "hashmap", "mode": "process", "parallelism": 2}


def test_hot_state_is_off_unless_asked_for() -> None:
    """The plain throughput has no DynamoDB in it."""
    assert bench_plan().properties["hot.state"] == {"enabled": "false"}
    assert bench_plan(hot_state=True).properties["hot.state"] == {"enabled": "true"}


def test_of_turns_the_middling_one_is_told() -> None:
    """Of three turns, the one that is neither the fastest nor the slowest is the case, whole."""
    turns = [{"txn_per_s": 9.0, "cpu": 3}, {"txn_per_s": 14.0, "cpu": 1}, {"txn_per_s": 13.0, "cpu": 2}]
    assert median(turns) == {"txn_per_s": 13.0, "cpu": 2}


def test_what_was_wrong_in_any_turn_is_told() -> None:
    """A fault of a turn that is not the median is not lost."""
    turns = [{"txn_per_s": 1.0, "faults": ["2 were not decided"]}, {"txn_per_s": 2.0}, {"txn_per_s": 3.0}]
    assert median(turns) == {"txn_per_s": 2.0, "faults": ["2 were not decided"]}


def test_floods_stand_before_between_and_after() -> None:
    """What is held against a floor is measured all along a job, so that no single minute decides."""
    rates, measured = iter([7.0, 9.0, 8.0]), list[str]()

    def flood() -> Case:
        measured.append("flood")
        return {"txn_per_s": next(rates)}

    def group(name: str) -> Iterator[Case]:
        measured.append(name)
        yield {"name": name}

    assert [*with_floods(flood, group("slow"), group("fast"))] == [
        {"name": "slow"},
        {"name": "fast"},
        {"txn_per_s": 8.0},
    ]
    assert measured == ["flood", "slow", "flood", "fast", "flood"]


def test_a_missing_row_of_the_archive_is_a_fault() -> None:
    """The archive must have what was decided; one row less is told."""
    assert end_faults(1_000, 1_000, 0) == {}
    assert end_faults(1_000, 999, 0) == {"faults": ["archive: found 999 rows, expected 1,000"]}


def test_a_restart_is_a_fault() -> None:
    """Figures of a job that has restarted are none, and it is told."""
    assert end_faults(5, 5, 2) == {"faults": ["the job restarted 2 times"]}


def test_the_newest_version_of_an_account_is_waited_for() -> None:
    """Of several decisions on an account the highest version must be in DynamoDB, in whichever order."""
    answers = [
        Answer(number, 0, degraded=False, account_id=account, version=version)
        for number, (account, version) in enumerate([("a", 2), ("b", 1), ("a", 3), ("a", 1)])
    ]
    assert newest_versions(answers) == {"a": 3, "b": 1}


def test_the_guard_tells_costs_in_costs_of_the_floor() -> None:
    """A third of the floor's rate is three times its time; more is slower."""
    ours = {"txn_per_s": 3_000.0, "us_per_txn": {"job": 400.0}}
    floor = {"txn_per_s": 9_000.0, "us_per_txn": {"job": 100.0}}
    assert ratios(ours, floor) == {"job_time": 3.0, "job_cpu": 4.0}
