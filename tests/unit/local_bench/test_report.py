"""How runs of different kinds become one report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.bench.report import beside_floors, load, machine, merged

pytestmark = pytest.mark.unit

HEAD = {"commit": "abc", "dirty": False, "date": "2026-11-23", "machine": "2 cores", "seconds": 9}


def case(name: str, **figures: Any) -> dict[str, Any]:
    """A case of a throughput."""
    return {"name": name, "txn_per_s": 3_000.0, **figures}


def names(report: dict[str, Any]) -> list[str]:
    """What the cases of *report* are called, in order."""
    return [each["name"] for each in report["cases"]]


def test_a_case_replaces_that_of_its_name() -> None:
    """What was measured again is in the report once, as it was measured last."""
    report = merged({"cases": [case("throughput", txn_per_s=1.0)]}, {"cases": [case("throughput")]}, HEAD)
    assert [each["txn_per_s"] for each in report["cases"]] == [3_000.0]


def test_other_cases_stay() -> None:
    """A run of another kind leaves what it did not measure."""
    report = merged({"cases": [case("throughput")]}, {"cases": [case("accounts_1000")]}, HEAD)
    assert names(report) == ["throughput", "accounts_1000"]


def test_a_case_says_of_which_commit_it_is() -> None:
    """The report's head is the last run's; each case keeps its own commit and date."""
    old = merged({"cases": []}, {"cases": [case("throughput")]}, {**HEAD, "commit": "old"})
    report = merged(old, {"cases": [case("accounts_1000")]}, HEAD)
    assert (report["commit"], [each["commit"] for each in report["cases"]]) == ("abc", ["old", "abc"])


def test_the_pure_stages_stay_when_others_are_measured() -> None:
    """What is no case is kept until it is measured again."""
    report = merged({"cases": [], "pure": [1]}, {"cases": [case("accounts_1000")]}, HEAD)
    assert report["pure"] == [1]


def test_a_throughput_stands_beside_its_floor() -> None:
    """Floor and ratio are in the case itself, with and without DynamoDB."""
    measured = [
        case("throughput"),
        case("throughput_dynamodb", txn_per_s=1_500.0),
        case("floor", txn_per_s=9e3),
    ]
    plain, hot, floor = beside_floors(measured)
    assert (plain["floor_txn_per_s"], plain["ratio"]) == (9_000.0, pytest.approx(1 / 3, abs=1e-4))
    assert hot["ratio"] == pytest.approx(1 / 6, abs=1e-4)
    assert "ratio" not in floor


def test_a_latency_stands_beside_the_floor_at_its_rate() -> None:
    """A floor's latency is that of the same rate, whatever the backend."""
    floor = {"name": "floor_1157", "offered_per_s": 1_157, "latency_ms": {"p50": 9.0}}
    heap = {"name": "latency_1157_hashmap", "offered_per_s": 1_157, "latency_ms": {"p50": 20.0}}
    slow = {"name": "latency_200", "offered_per_s": 200, "latency_ms": {"p50": 20.0}}
    found = beside_floors([floor, heap, slow])
    assert found[1]["floor_latency_ms"] == {"p50": 9.0}
    assert "floor_latency_ms" not in found[2]


def test_a_machine_is_told_in_a_few_words() -> None:
    """Processor and memory come from what Linux says."""
    said = machine("processor\t: 0\nmodel name\t: A Fast One @ 3 GHz\n", "MemTotal:       25165824 kB\n")
    assert said.endswith(" cores, A Fast One @ 3 GHz, 24 GiB")


def test_without_a_report_there_is_an_empty_one(tmp_path: Path) -> None:
    """The first run of all begins with no cases."""
    assert load(tmp_path) == {"cases": []}
