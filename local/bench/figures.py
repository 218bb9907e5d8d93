"""
The tables of a report: what page and terminal both show, as text in rows and columns.

Rule: a table is None where the report has nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.bench import reading
from local.bench.reading import NONE, QUANTILES, Case, Group, Report, count, fine, percent
from local.bench.tabular import Table, filled


def throughput(report: Report) -> Table | None:
    """All that the job can take, beside what the same ends can take without it."""
    columns = ("case", "backend", "mode", "txn/s", "floor txn/s", "of floor", "degraded", "transactions")
    rows = [
        (
            case["name"],
            case.get("backend", NONE),
            case.get("mode", NONE),
            count(case["txn_per_s"]),
            count(case.get("floor_txn_per_s")),
            percent(case.get("ratio")),
            percent(case.get("degraded"), 2),
            count(case.get("transactions")),
        )
        for case in reading.throughputs(report)
    ]
    return filled(Table("Throughput", columns, rows, words=3))


def latency(report: Report) -> Table | None:
    """Latency at each fixed rate, steady and during checkpoints, beside the floor's."""
    found = reading.latencies(report)
    columns = (
        *("case", "backend", "offered/s", "achieved/s"),
        *QUANTILES.values(),
        *("floor p50", "floor p99", "ckpt p50", "ckpt p99", "degraded"),
    )
    missed = [case["name"] for case in found if not reading.is_held(case)]
    note = f"Below 99 % of the rate, or more than 0.1 % degraded: {', '.join(missed)}." if missed else ""
    rows = [_latency_row(case) for case in found]
    return filled(Table("Latency from send to append, ms", columns, rows, words=2, note=note))


def surges(report: Report) -> Table | None:
    """What became of a burst, and how long catching up took."""
    found = [case for case in reading.cases_of(report) if {"burst_per_s", "pause_s"} & set(case)]
    columns = (
        "case",
        "offered/s",
        "burst/s",
        "burst, s",
        "pause, s",
        "even again after, s",
        "p50, ms",
        "p99, ms",
    )
    rows = [
        (
            case["name"],
            *(count(case.get(name)) for name in ("offered_per_s", "burst_per_s", "burst_s", "pause_s")),
            fine(case.get("recovered_s", case.get("caught_up_s"))),
            *_ends(case),
        )
        for case in found
    ]
    return filled(Table("Burst and catching up", columns, rows))


def stages(report: Report) -> Table | None:
    """CPU a transaction of each stage, and its share of all."""
    places = reading.stages(report)
    total = sum(stage["us_per_txn"] for found in places.values() for stage in found)
    rows = [
        (where, stage["stage"], fine(stage["us_per_txn"]), percent(stage["us_per_txn"] / (total or 1)))
        for where, found in places.items()
        for stage in found
    ]
    rows += [("all", "", fine(total), percent(1.0))] if rows else []
    return filled(Table("CPU by stage", ("where", "stage", "us a transaction", "share"), rows, words=2))


def cores(report: Report) -> Table | None:
    """Cores that each process used in each case, and what the job's are a transaction."""
    found = [case for case in reading.cases_of(report) if case.get("cores")]
    names = reading.processes(found)
    rows = [
        (
            case["name"],
            *(_cores(case["cores"].get(name)) for name in names),
            _cores(sum(case["cores"].values())),
            _job_us(case),
        )
        for case in found
    ]
    return filled(Table("Cores by process", ("case", *names, "all", "job, us a transaction"), rows))


def growth(report: Report) -> Table | None:
    """What goes through when something grows, against the smallest."""
    rows = [_held_row(group, case) for group in reading.growth(report) for case in group.cases]
    return filled(Table("Growth", ("what grows", "case", "txn/s", "change", *_REST), rows, words=2))


def profiles(report: Report) -> Table | None:
    """The same cases in thread and in process mode."""
    columns = ("case", "mode", "txn/s", "offered/s", *QUANTILES.values(), "degraded")
    rows = [
        (
            group.title,
            reading.mode_of(case),
            count(case.get("txn_per_s")),
            count(case.get("offered_per_s")),
            *_quantiles(case, "latency_ms"),
            percent(case.get("degraded"), 2),
        )
        for group in reading.profiles(report)
        for case in group.cases
    ]
    return filled(Table("Thread and process profile", columns, rows, words=2))


def peers(report: Report) -> Table | None:
    """The same work done by others, against ours."""
    group = reading.peers(report)
    rows = [_held_row(group, case)[1:] for case in group.cases] if group else []
    return filled(Table("Peers on the same work", ("case", "txn/s", "against ours", *_REST), rows))


def catalogues(report: Report) -> Table | None:
    """What less of the catalogue of features gives: all that goes through, and latency at fixed rates."""
    found, base = reading.catalogues(report), reading.named(report, "catalogue_whole")
    rows = [
        (
            case["name"],
            count(case.get("txn_per_s")),
            reading.change(case, base) if "txn_per_s" in case else NONE,
            count(case.get("offered_per_s")),
            count(case.get("achieved_per_s")),
            *_ends(case),
            percent(case.get("degraded"), 2),
            _job_us(case),
        )
        for case in found
    ]
    columns = ("case", "txn/s", "against all", "offered/s", "achieved/s", *_REST, "job, us a transaction")
    return filled(Table("What the catalogue costs", columns, rows))


def cases(report: Report) -> Table | None:
    """Every case, with what most of them have."""
    plain = (
        "backend",
        "mode",
        "parallelism",
        "accounts",
        "transactions",
        "txn_per_s",
        "offered_per_s",
        "degraded",
    )
    rows = [(case["name"], *(_plain(case.get(name)) for name in plain)) for case in reading.cases_of(report)]
    return filled(Table("All cases", ("case", *plain), rows, words=3))


ALL: Sequence[Callable[[Report], Table | None]] = (
    throughput,
    latency,
    surges,
    stages,
    cores,
    growth,
    profiles,
    peers,
    catalogues,
)
_REST = ("p50, ms", "p99, ms", "degraded")


def _held_row(group: Group, case: Case) -> tuple[str, ...]:
    return (
        group.title,
        case["name"],
        count(reading.rate_of(case)),
        reading.change(case, group.base),
        *_ends(case),
        percent(case.get("degraded"), 2),
    )


def _latency_row(case: Case) -> tuple[str, ...]:
    floor, checkpoints = case.get("floor_latency_ms", {}), case.get("during_checkpoints_ms", {})
    return (
        case["name"],
        reading.series_of(case),
        count(case["offered_per_s"]),
        count(case.get("achieved_per_s")),
        *_quantiles(case, "latency_ms"),
        *(fine(times.get(name)) for times in (floor, checkpoints) for name in ("p50", "p99")),
        percent(case.get("degraded"), 2),
    )


def _ends(case: Case) -> list[str]:
    return [fine(case.get("latency_ms", {}).get(name)) for name in ("p50", "p99")]


def _quantiles(case: Case, key: str) -> list[str]:
    times: Mapping[str, Any] = case.get(key, {})
    return [fine(times.get(name)) for name in QUANTILES]


def _cores(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"


def _job_us(case: Case) -> str:
    rate, used = reading.rate_of(case), case.get("cores", {}).get("job")
    return NONE if not rate or used is None else fine(used / rate * 1e6)


def _plain(value: Any) -> str:
    return NONE if value is None else value if isinstance(value, str) else f"{value:,.6g}"
