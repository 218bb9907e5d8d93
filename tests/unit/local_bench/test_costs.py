"""The cost table, from figures of threads, processes and pure stages."""

from __future__ import annotations

from typing import Any

import pytest

from local.bench.costs import stages
from local.bench.cpu import CLIENTS, Thread, by_name

pytestmark = pytest.mark.unit

PURE = {
    "intake_json": 15.0,
    "tokenise": 2.0,
    "state_decode_20": 7.0,
    "state_encode_20": 2.0,
    "features_20": 30.0,
    "rules": 7.0,
    "encode_row": 2.0,
    "encode_decision": 4.0,
    "decided_row": 9.0,
    "desk_consider": 60.0,
    "desk_conclude": 10.0,
}
DECIDE_US = 300.0


def report(**more: Any) -> dict[str, Any]:
    """A report with the case that the table is made of."""
    throughput = {
        "name": "throughput",
        "thread_us_per_txn": {
            "decide -> (side": DECIDE_US,
            CLIENTS: 80.0,
            "kafka-producer-": 25.0,
            "C1 CompilerThre": 3.0,
            "C2 CompilerThre": 40.0,
            "a thread unknown": 1.5,
        },
        "us_per_txn": {"job": 450.0, "kafka": 80.0, "generator": 10.0},
    }
    return {"cases": [throughput, *more.pop("cases", [])], **more}


def told(found: list[dict[str, Any]]) -> dict[tuple[str, str], float]:
    """Costs by where and what."""
    return {(each["where"], each["stage"]): each["us_per_txn"] for each in found}


def pure() -> list[dict[str, Any]]:
    """The pure stages as a report keeps them."""
    return [{"stage": name, "us_per_txn": us} for name, us in PURE.items()]


def test_the_decide_thread_adds_up() -> None:
    """Its stages and what is left of it are together what the kernel counted, no time twice."""
    floor = {"name": "floor", "thread_us_per_txn": {"decide -> rows": 60.0}}
    found = told(stages(report(pure=pure(), cases=[floor])))
    of_decide = [us for (where, _), us in found.items() if where == "job: decide thread"]
    assert sum(of_decide) == pytest.approx(DECIDE_US)
    assert found["job: decide thread", "Flink and the Python bridge, as in the floor"] == 60.0


def test_stages_within_others_are_taken_out_of_them() -> None:
    """Tokenising is part of the intake that was measured; the archive's row has no decision's bytes."""
    found = told(stages(report(pure=pure())))
    assert found["job: source thread", "decode and checks"] == 13.0
    assert found["job: decide thread", "encoder: row for the archive"] == 9.0


def test_a_floor_dearer_than_the_rest_leaves_nothing() -> None:
    """What is left of a thread is never less than nothing."""
    floor = {"name": "floor", "thread_us_per_txn": {"decide -> rows": 900.0}}
    found = told(stages(report(cases=[floor])))
    assert found["job: decide thread", "state access, timers, and the rest"] == 0.0


def test_threads_of_one_kind_are_one_row() -> None:
    """Both compilers are one row, and a thread that nobody knows is with the others."""
    found = told(stages(report()))
    assert found["job: other threads", "JVM: compilers"] == 43.0
    assert found["job: other threads", "JVM and Flink: all other threads"] == 1.5
    assert found["job: other threads", "scoring client"] == 80.0


def test_dynamodb_is_told_from_its_own_case() -> None:
    """With hot state measured, the table has DynamoDB's process and what the job does more."""
    hot = {"name": "throughput_dynamodb", "us_per_txn": {"job": 700.0, "dynamodb": 440.0}}
    found = told(stages(report(cases=[hot])))
    assert found["dynamodb", "process, with hot state on"] == 440.0
    assert found["dynamodb", "what the job does more, with hot state on"] == 250.0


def test_without_a_throughput_the_table_stays() -> None:
    """A run that measured something else leaves the table as it was."""
    before = [{"stage": "features", "us_per_txn": 30.0, "where": "job"}]
    assert stages({"cases": [], "stages": before}) == before


def test_of_threads_that_share_a_name_the_oldest_is_the_task() -> None:
    """The clients' loop has its creator's name on Linux; it began later, and is told apart."""
    task, loop = Thread((10, 7), "decide -> (side", 3.0), Thread((12, 5), "decide -> (side", 1.0)
    assert by_name([loop, task]) == {"decide -> (side": 3.0, CLIENTS: 1.0}


def test_other_threads_of_one_name_are_together() -> None:
    """Two producers' threads are one figure."""
    producers = [Thread((number, number), "kafka-producer-", 1.5) for number in (1, 2)]
    assert by_name(producers) == {"kafka-producer-": 3.0}
