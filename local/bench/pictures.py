"""
The pictures of a report, one function a section.

Rule: colour never tells alone: whatever has one is named beside it, at its end or in a legend.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from local.bench import reading
from local.bench.bars import Bar, Part, bars, legend
from local.bench.curves import Axes, Line, curves
from local.bench.markup import Naming, element
from local.bench.reading import PROCESSES, QUANTILES, Case, Report, count, fine


def throughput(report: Report) -> str:
    """A bar for each case, its floor below it."""
    rows = [bar for case in reading.throughputs(report) for bar in _with_floor(case)]
    naming = Naming("throughput", "Throughput", "Transactions a second of each case, and of its floor.")
    return _figure(bars(naming, {"": rows}, count), {"job": "job", "floor": "floor"})


def latency(report: Report) -> str:
    """A panel for each series, all on one scale: quantiles of the job, and the floor's median and p99."""
    found = reading.latencies(report)
    rates = sorted({float(case["offered_per_s"]) for case in found})
    axes = Axes(
        x="transactions offered a second",
        y="ms",
        xs=rates,
        ys=[time for case in found for time in _times(case)],
        logarithmic=True,
        x_ticks=rates,
    )
    panels = [
        _panel(name, number, axes, cases)
        for number, (name, cases) in enumerate(reading.by_series(found).items())
    ]
    colours = {read: key for key, read in QUANTILES.items()} | {"floor (p50, p99)": "dashes"}
    return element("figure", element("div", *panels, class_="panels"), legend(colours))


def surges(report: Report) -> str:
    """Two panels for each case that has a course: what was decided, and what was left over."""
    cases = [case for case in reading.cases_of(report) if case.get("series")]
    panels = [panel for case in cases for panel in (_decided(case), _backlog(case))]
    return element("figure", element("div", *panels, class_="panels")) if panels else ""


def stages(report: Report) -> str:
    """A bar for each stage, grouped by where it runs."""
    groups = {
        f"{where}: {fine(sum(stage['us_per_txn'] for stage in found))} us": [
            _bar(stage["stage"], stage["us_per_txn"], fine(stage["us_per_txn"]) + " us", _process(where))
            for stage in found
        ]
        for where, found in reading.stages(report).items()
    }
    naming = Naming("stages", "CPU by stage", "Microseconds of CPU a transaction, by thread and process.")
    return _figure(bars(naming, groups, count), {})


def cores(report: Report) -> str:
    """A bar for each case, its parts the processes."""
    cases = [case for case in reading.cases_of(report) if case.get("cores")]
    names = reading.processes(cases)
    rows = [_shares(case, names) for case in cases]
    naming = Naming("cores", "Cores by process", "Cores that each process used, on average, in each case.")
    return _figure(
        bars(naming, {"": rows}, lambda cores: f"{cores:.1f}"), {name: _process(name) for name in names}
    )


def growth(report: Report) -> str:
    """A bar for each case, grouped by what grows."""
    groups = {group.title: _rates(group.cases, group.base) for group in reading.growth(report)}
    naming = Naming("growth", "Growth", "Transactions a second, by what grows.")
    return _figure(bars(naming, groups, count), {})


def profiles(report: Report) -> str:
    """A bar for each mode of each case that has a throughput."""
    groups = {
        group.title: [
            _bar(reading.mode_of(case), case["txn_per_s"], f"{count(case['txn_per_s'])} txn/s", "job")
            for case in group.cases
            if "txn_per_s" in case
        ]
        for group in reading.profiles(report)
    }
    kept = {title: rows for title, rows in groups.items() if rows}
    naming = Naming("profiles", "Thread and process profile", "Transactions a second in each mode.")
    return _figure(bars(naming, kept, count), {}) if kept else ""


def peers(report: Report) -> str:
    """A bar for each of us."""
    group = reading.peers(report)
    if group is None:
        return ""
    naming = Naming("peers", "Peers", "Transactions a second of each on the same work.")
    return _figure(bars(naming, {"": _rates(group.cases, group.base)}, count), {})


def catalogues(report: Report) -> str:
    """A bar for each catalogue's throughput."""
    found = [case for case in reading.catalogues(report) if "txn_per_s" in case]
    naming = Naming("catalogues", "Catalogues", "Transactions a second with all or less of the catalogue.")
    rates = {"": _rates(found, reading.named(report, "catalogue_whole"))}
    return _figure(bars(naming, rates, count), {}) if found else ""


def _with_floor(case: Case) -> Iterator[Bar]:
    yield _bar(case["name"], case["txn_per_s"], f"{count(case['txn_per_s'])} txn/s", "job")
    if "floor_txn_per_s" in case:
        yield _bar("its floor", case["floor_txn_per_s"], f"{count(case['floor_txn_per_s'])} txn/s", "floor")


def _rates(cases: Sequence[Case], base: Case | None) -> list[Bar]:
    rates = [(case, rate) for case in cases if (rate := reading.rate_of(case)) is not None]
    return [_bar(case["name"], rate, _against(case, rate, base), "job") for case, rate in rates]


def _against(case: Case, rate: float, base: Case | None) -> str:
    change = reading.change(case, base)
    return f"{count(rate)} txn/s" + ("" if change == reading.NONE else f" ({change})")


def _bar(name: str, value: float, figure: str, colour: str) -> Bar:
    return Bar(name, [Part(value, colour, f"{name}: {figure}")], figure)


def _shares(case: Case, names: Sequence[str]) -> Bar:
    used = case["cores"]
    parts = [
        Part(
            used[name], _process(name), f"{case['name']}: {name} {used[name]:.2f} cores", f"{used[name]:.2f}"
        )
        for name in names
        if used.get(name)
    ]
    return Bar(case["name"], parts, f"{sum(used.values()):.2f} cores")


def _process(where: str) -> str:
    """The CSS class of the process that *where* begins with."""
    name = where.partition(":")[0].strip().lower()
    return name if name in PROCESSES else "other"


def _times(case: Case) -> Iterator[float]:
    for times in (case.get("latency_ms", {}), case.get("floor_latency_ms", {})):
        yield from (times[key] for key in QUANTILES if key in times)


def _panel(name: str, number: int, axes: Axes, cases: Sequence[Case]) -> str:
    naming = Naming(f"latency-{number}", f"Latency, {name}", "Quantiles of latency over the rate offered.")
    job = [_quantile(cases, "latency_ms", key, read, key) for key, read in QUANTILES.items()]
    floor = [_quantile(cases, "floor_latency_ms", key, "", "floor") for key in ("p50", "p99")]
    drawn = curves(naming, axes, [each for each in (*floor, *job) if each.points])
    return element("div", element("h3", escape(name)), drawn)


def _quantile(cases: Sequence[Case], times: str, key: str, name: str, class_: str) -> Line:
    points = [
        (float(case["offered_per_s"]), float(case[times][key]))
        for case in cases
        if key in case.get(times, {})
    ]
    return Line(name, points, class_, tell=lambda ms: f"{fine(ms)} ms")


def _decided(case: Case) -> str:
    seconds = [float(point[0]) for point in case["series"]]
    offered = {"offered": case.get("offered_per_s"), "burst": case.get("burst_per_s")}
    lines = [Line("decided", [(float(at), float(rate)) for at, rate, _ in case["series"]], "job")]
    lines += [
        Line(name, [(seconds[0], float(rate)), (seconds[-1], float(rate))], "floor")
        for name, rate in offered.items()
        if rate is not None
    ]
    return _course(case, "decided", "transactions a second", lines)


def _backlog(case: Case) -> str:
    points = [(float(at), float(left)) for at, _, left in case["series"]]
    return _course(case, "sent and not decided", "transactions", [Line("", points, "job")])


def _course(case: Case, what: str, unit: str, lines: Sequence[Line]) -> str:
    title = f"{case['name']}: {what}"
    key = f"{case['name']}-{what}".replace(" ", "-")
    axes = Axes(
        x="seconds",
        y=unit,
        xs=[x for each in lines for x, _ in each.points],
        ys=[y for each in lines for _, y in each.points],
    )
    drawn = curves(Naming(key, title, f"{unit.capitalize()} over seconds."), axes, lines)
    return element("div", element("h3", escape(title)), drawn)


def _figure(drawn: str, colours: Mapping[str, str]) -> str:
    return element("figure", drawn, legend(colours) if colours else "")
