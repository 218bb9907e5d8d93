"""
What is in a report: its cases by kind, and its numbers as people read them.

A report is `build/bench.json`: cases known by name, each with what was measured of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

Report = Mapping[str, Any]
Case = Mapping[str, Any]

NONE = "-"  # of what was not measured
QUANTILES = {"p50": "p50", "p95": "p95", "p99": "p99", "p999": "p99.9"}  # as written: as read
PROCESSES = ("job", "kafka", "endpoint", "s3", "dynamodb", "generator")
_GROWTH = (
    ("Accounts in state", ("accounts_",)),
    ("One account with 30 % of the traffic", ("hot_account",)),
    ("Entries kept, windows", ("entries_", "window")),
    ("Parallelism", ("parallelism_",)),
    ("TaskManagers", ("taskmanagers_",)),
)
_MODES = ("thread", "process")


class Group(NamedTuple):
    """Cases that differ in one thing, and the one that the others are held against."""

    title: str
    cases: Sequence[Case]
    base: Case | None


def told(value: Any) -> Any:
    """*value* without what is null in it: what could not be measured is as what was not."""
    if isinstance(value, Mapping):
        return {key: told(each) for key, each in value.items() if each is not None}
    return [told(each) for each in value] if isinstance(value, list) else value


def cases_of(report: Report, *prefixes: str) -> list[Case]:
    """The cases whose name begins with one of *prefixes*, in the report's order; all without one."""
    return [case for case in report.get("cases", ()) if case["name"].startswith(prefixes or "")]


def named(report: Report, name: str) -> Case | None:
    """The case *name*, if the report has it."""
    return next((case for case in report.get("cases", ()) if case["name"] == name), None)


def throughputs(report: Report) -> list[Case]:
    """The cases of all that the job can take."""
    return [case for case in cases_of(report, "throughput") if "txn_per_s" in case]


def latencies(report: Report) -> list[Case]:
    """The cases at a fixed rate: series by series, in each the slowest rate first."""
    found = [case for case in cases_of(report, "latency_") if "latency_ms" in case]
    order = list(dict.fromkeys(series_of(case) for case in found))
    return sorted(found, key=lambda case: (order.index(series_of(case)), case["offered_per_s"]))


def mode_of(case: Case) -> str:
    """The execution mode of *case*, told or by its name."""
    return str(case.get("mode", "process" if case["name"].endswith("_process") else "thread"))


def series_of(case: Case) -> str:
    """What a latency's line is called: its state backend, and its mode if that is not the shipped one."""
    mode = mode_of(case)
    return str(case.get("backend", "job")) + ("" if mode == "thread" else f", {mode}")


def by_series(cases: Iterable[Case]) -> dict[str, list[Case]]:
    """*cases* by their series."""
    series: dict[str, list[Case]] = {}
    for case in cases:
        series.setdefault(series_of(case), []).append(case)
    return series


def growth(report: Report) -> list[Group]:
    """The cases of each thing that may grow, the smallest first; a hot account is held against none."""
    groups = [
        Group(title, sorted(cases_of(report, *prefixes), key=_size), None) for title, prefixes in _GROWTH
    ]
    return [_held_against(report, group) for group in groups if group.cases]


def profiles(report: Report) -> list[Group]:
    """The cases that were run in both execution modes, or in the other one alone."""
    stems: dict[str, list[Case]] = {}
    for case in report.get("cases", ()):
        stems.setdefault(_stem(case["name"]), []).append(case)
    found = {
        stem: cases for stem, cases in stems.items() if any(mode_of(case) == "process" for case in cases)
    }
    return [Group(stem, sorted(cases, key=mode_of, reverse=True), None) for stem, cases in found.items()]


def peers(report: Report) -> Group | None:
    """The same work done by others, held against ours."""
    found = cases_of(report, "peer_")
    base = named(report, "peer_fraudstream")
    return Group("Peers", sorted(found, key=lambda case: -(rate_of(case) or 0)), base) if found else None


def catalogues(report: Report) -> list[Case]:
    """The cases of the job with all or less of its catalogue of features."""
    return cases_of(report, "catalogue_")


def processes(cases: Iterable[Case]) -> list[str]:
    """The processes whose cores *cases* tell: those known in their order, then the others."""
    found = {process for case in cases for process in case.get("cores", {})}
    return [name for name in PROCESSES if name in found] + sorted(found.difference(PROCESSES))


def stages(report: Report) -> dict[str, list[Mapping[str, Any]]]:
    """The stages that were measured by where they run, both in the report's order."""
    places: dict[str, list[Mapping[str, Any]]] = {}
    for stage in report.get("stages", ()):
        if "us_per_txn" in stage:
            places.setdefault(stage["where"], []).append(stage)
    return places


def rate_of(case: Case) -> float | None:
    """Transactions a second that went through *case*."""
    found = case.get("txn_per_s", case.get("achieved_per_s"))
    return None if found is None else float(found)


def is_held(case: Case) -> bool:
    """Whether the job kept up with the rate that was offered, and degraded at most one in a thousand."""
    kept_up: bool = case.get("achieved_per_s", case["offered_per_s"]) >= 0.99 * case["offered_per_s"]
    return kept_up and case.get("degraded", 0.0) <= 0.001


def count(value: float | None) -> str:
    """3200.4 as 3,200; what is below ten keeps a decimal."""
    if value is None:
        return NONE
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.1f}"


def fine(value: float | None) -> str:
    """A time with the two or three digits that mean something: 0.84, 4.2, 18, 1,871."""
    if value is None:
        return NONE
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def percent(ratio: float | None, digits: int = 1) -> str:
    """0.107 as 10.7 %."""
    if ratio is None:
        return NONE
    return f"{ratio * 100:.{digits}f} %" if ratio else "0 %"


def change(case: Case, base: Case | None) -> str:
    """How much more or less goes through *case* than through *base*."""
    ours, theirs = rate_of(case), None if base is None else rate_of(base)
    if case is base or ours is None or not theirs:
        return NONE
    return f"{(ours / theirs - 1) * 100:+.1f} %"


def duration(seconds: float | None) -> str:
    """870 as 14 min 30 s."""
    if seconds is None:
        return NONE
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _held_against(report: Report, group: Group) -> Group:
    if group.cases[0]["name"] != "hot_account":
        return group._replace(base=group.cases[0])
    base = named(report, "accounts_50000") or named(report, "throughput")
    return Group(group.title, [*([base] if base else []), *group.cases], base)


def _size(case: Case) -> tuple[int, str]:
    digits = "".join(letter for letter in case["name"] if letter.isdigit())
    return int(digits or 0), case["name"]


def _stem(name: str) -> str:
    words = [word for word in name.split("_") if word not in _MODES]
    return "_".join(words)
