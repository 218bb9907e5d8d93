"""A report in the terminal."""

from __future__ import annotations

from typing import Any

import pytest

from local.bench.reading import PROCESSES
from local.bench.table import table
from tests.unit.local_bench.reports import CORES, EVERYTHING, latency, report, stage, throughput

pytestmark = pytest.mark.unit


def section(text: str, title: str) -> list[list[str]]:
    """The cells of the section under *title*, its columns first."""
    found = next(part for part in text.split("\n\n") if part.startswith(title))
    return [line.split("  ") for line in found.splitlines()[1:]]


def row(text: str, name: str) -> list[str]:
    """The cells of the first line about *name*."""
    line = next(line for line in text.splitlines() if line.strip().startswith(name))
    return [cell.strip() for cell in line.strip().split("  ") if cell]


def test_the_first_line_says_what_was_measured() -> None:
    """The first line tells commit, machine, date and how long it took."""
    first = table(EVERYTHING).splitlines()[0]
    assert first == "bench of abc1234 | 2 cores | 2026-11-23T12:00:00Z | took 14 min 30 s"


def test_uncommitted_changes_are_told() -> None:
    """A bench of changes that no commit holds says so."""
    assert table(report(dirty=True)).startswith("bench of abc1234 with uncommitted changes")


def test_all_of_it() -> None:
    """Each kind of case has a table of its own."""
    titles = [part.splitlines()[0] for part in table(EVERYTHING).split("\n\n")[1:]]
    assert titles == [
        "Throughput",
        "Latency from send to append, ms",
        "Burst and catching up",
        "CPU by stage",
        "Cores by process",
        "Growth",
        "Thread and process profile",
        "Peers on the same work",
        "What the catalogue costs",
    ]


def test_an_empty_report() -> None:
    """A report without cases is its first line."""
    assert table({}) == "bench\n"


def test_throughput_stands_beside_its_floor() -> None:
    """A throughput is told with its floor and the share of it."""
    told = row(table(report(throughput())), "throughput")
    assert told == ["throughput", "rocksdb", "thread", "3,200", "30,000", "10.7 %", "0 %"]


def test_columns_that_nobody_fills_are_left_out() -> None:
    """Without a floor there are no columns for it."""
    case = throughput()
    del case["floor_txn_per_s"], case["ratio"]
    assert "floor" not in table(report(case))


def test_latency_stands_beside_its_floor_and_checkpoints() -> None:
    """A latency is told with four quantiles, the floor's, and those during checkpoints."""
    told = row(table(report(latency())), "latency_1157")
    assert told[2:4] == ["1,157", "1,157"]
    assert told[4:8] == ["18", "30", "40", "80"]
    assert told[8:] == ["3.1", "6.9", "21", "61", "0 %"]


def test_latencies_are_in_the_order_of_their_rates() -> None:
    """Each backend's latencies stand together, the slowest rate first."""
    cases = [
        latency("latency_2000", offered_per_s=2000),
        latency("latency_200_hashmap", offered_per_s=200, backend="hashmap"),
        latency("latency_200", offered_per_s=200),
    ]
    names = [line[1] for line in section(table(report(*cases)), "Latency")[1:4]]
    assert names == ["latency_200", "latency_2000", "latency_200_hashmap"]


@pytest.mark.parametrize(
    ("told", "is_named"),
    [
        ({"achieved_per_s": 1145.43}, False),  # 99 %
        ({"achieved_per_s": 1145.0}, True),
        ({"degraded": 0.001}, False),
        ({"degraded": 0.0011}, True),
    ],
)
def test_a_rate_that_was_not_held_is_named(told: dict[str, float], is_named: bool) -> None:  # noqa: FBT001  # a column of the table
    """A latency at a rate below 99 % of what was offered, or degraded above 0.1 %, is pointed out."""
    assert ("more than 0.1 % degraded: latency_1157." in table(report(latency(**told)))) is is_named


def test_a_burst_that_is_never_over() -> None:
    """A burst that the job did not recover from is told, without a time."""
    burst = {"name": "burst", "offered_per_s": 1157, "burst_per_s": 3471, "recovered_s": None}
    assert row(table(report(burst)), "burst  ") == ["burst", "1,157", "3,471"]


def test_stages_add_up() -> None:
    """Stages are told where they run, each place once, and their sum at the end."""
    stages = [stage("features", 42.0), stage("rules", 8.0), stage("broker", 50.0, "kafka")]
    lines = section(table(report(stages=stages)), "CPU by stage")
    assert row(table(report(stages=stages)), "rules") == ["rules", "8.0", "8.0 %"]
    assert sum("decide thread" in "".join(line) for line in lines) == 1
    assert row(table(report(stages=stages)), "all") == ["all", "100", "100.0 %"]


def test_cores_become_cpu_a_transaction() -> None:
    """Cores are told by process in a fixed order, and the job's by transaction: cores over rate."""
    told = row(table(report(throughput(txn_per_s=2000.0, cores={"job": 1.0, "kafka": 0.5}))), "throughput  1")
    assert told == ["throughput", "1.00", "0.50", "1.50", "500"]
    assert list(CORES) == list(PROCESSES)


def test_growth_is_held_against_the_smallest() -> None:
    """Of what grows the smallest comes first, and the others are told by their distance to it."""
    text = table(EVERYTHING)
    assert row(text, "accounts_1000000")[1:3] == ["3,015", "-10.0 %"]
    assert text.index("accounts_1000 ") < text.index("accounts_1000000")


def test_a_hot_account_is_held_against_even_traffic() -> None:
    """The hot account's throughput is told by its distance to the same accounts without one."""
    hot = {"name": "hot_account", "txn_per_s": 2400.0}
    even = {"name": "accounts_50000", "txn_per_s": 3000.0}
    assert row(table(report(throughput(), hot, even)), "hot_account")[1:] == ["2,400", "-20.0 %"]
    assert row(table(report(throughput(), hot)), "hot_account")[1:3] == ["2,400", "-25.0 %"]


def test_both_profiles_stand_together() -> None:
    """A case that was run in both modes is one group, thread first."""
    lines = section(table(EVERYTHING), "Thread and process profile")
    assert [[cell.strip() for cell in line if cell][:2] for line in lines[1:]] == [
        ["throughput", "thread"],
        ["process", "905"],
    ]


def test_peers_are_held_against_ours() -> None:
    """A peer's throughput is told by its distance to ours."""
    assert row(table(EVERYTHING), "peer_quixstreams")[1:] == ["1,025", "-75.0 %"]


def test_less_of_the_catalogue_is_held_against_all() -> None:
    """A catalogue's throughput is told by its distance to the whole one's; a fixed rate by none."""
    lines = section(table(EVERYTHING), "What the catalogue costs")
    assert [[cell.strip() for cell in line if cell][:3] for line in lines[1:]] == [
        ["catalogue_whole", "1,500", "-"],
        ["catalogue_short", "3,000", "+100.0 %"],
        ["catalogue_short_200", "-", "-"],
    ]


@pytest.mark.parametrize("case", EVERYTHING["cases"], ids=lambda case: case["name"])
def test_each_case_is_somewhere(case: dict[str, Any]) -> None:
    """No case is left out, but that a profile's is told by what it was run of."""
    assert case["name"] in table(EVERYTHING)


def test_figures_stand_in_columns() -> None:
    """In each table all lines end a column of figures at the same place."""
    for part in table(EVERYTHING).split("\n\n")[1:]:
        lines = [line for line in part.splitlines()[1:] if not line.startswith("  Below")]
        assert len({len(line) for line in lines}) == 1
