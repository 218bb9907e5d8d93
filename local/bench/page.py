"""
A report as one page: HTML that needs nothing else, no script and no network.

Rule: a section whose cases the report has not is left out. Each picture stands beside a table
with the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import NamedTuple

from local.bench import figures, pictures, reading
from local.bench.look import STYLE
from local.bench.markup import data_table, element
from local.bench.reading import Case, Report, count, fine, percent
from local.bench.table import headline
from local.bench.tabular import Table


def page(report: Report) -> str:
    """The HTML of *report*: key figures first, then a section for each kind of case."""
    known = reading.told(report)
    sections = (_written(section, known) for section in _SECTIONS)
    body = element("main", _opening(known), *sections, _everything(known))
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        + element("title", "fraudstream bench")
        + element("style", STYLE)
    )
    document = element("html", element("head", head), element("body", body), lang="en")
    return f"<!doctype html>\n{document}\n"


class Section(NamedTuple):
    """A section: its title, what to know before looking, its picture and its table."""

    title: str
    lead: str
    draw: Callable[[Report], str]
    tabulate: Callable[[Report], Table | None]


_SECTIONS = (
    Section(
        "Throughput",
        "From Kafka to committed sinks, as much as the job takes. The floor is the same source and sinks "
        "with an operator that does nothing.",
        pictures.throughput,
        figures.throughput,
    ),
    Section(
        "Latency",
        "From the time at which a transaction was to be sent until its decision was appended, at fixed "
        "rates that wait for nobody. Every decision counts; ckpt is while checkpoints are taken.",
        pictures.latency,
        figures.latency,
    ),
    Section(
        "Burst and catching up",
        "More than what comes day by day, and a pause. The job is even again when nothing is left over.",
        pictures.surges,
        figures.surges,
    ),
    Section("What a transaction costs", "CPU by stage, where it is spent.", pictures.stages, figures.stages),
    Section(
        "Who uses the machine", "Cores by process, the average of the case.", pictures.cores, figures.cores
    ),
    Section("Growth", "What goes through when something grows.", pictures.growth, figures.growth),
    Section(
        "Profiles",
        "Python inside the JVM (thread) or beside it (process).",
        pictures.profiles,
        figures.profiles,
    ),
    Section(
        "Peers",
        "The same messages, windows and rules on the same broker, as users of each would write them.",
        pictures.peers,
        figures.peers,
    ),
    Section(
        "Catalogue",
        "The same job with all features, with the account's alone, and with windows of up to 24 hours alone.",
        pictures.catalogues,
        figures.catalogues,
    ),
)


def _written(section: Section, report: Report) -> str:
    made = section.tabulate(report)
    if made is None:
        return ""
    opening = element("h2", section.title) + element("p", section.lead)
    return element("section", opening, section.draw(report), data_table(made))


def _opening(report: Report) -> str:
    tiles = [tile for tile in _tiles(report) if tile]
    return element(
        "header",
        element("h1", "fraudstream bench"),
        element("p", escape(headline(report)), class_="quiet"),
        element("ul", *tiles, class_="tiles", aria_label="Key figures") if tiles else "",
    )


def _tiles(report: Report) -> list[str]:
    throughputs = (
        _throughput_tile(reading.named(report, name), title)
        for name, title in (("throughput", "Throughput"), ("throughput_dynamodb", "Throughput with DynamoDB"))
    )
    latencies = (
        _latency_tile(reading.named(report, name), title)
        for name, title in (
            ("latency_1157", "At 1,157/s"),
            ("latency_1157_hashmap", "with hashmap"),
        )
    )
    return [*throughputs, *latencies]


def _throughput_tile(case: Case | None, title: str) -> str:
    if case is None or "txn_per_s" not in case:
        return ""
    value = count(case["txn_per_s"]) + element("small", " txn/s")
    floor = f"{percent(case.get('ratio'))} of the floor, {count(case.get('floor_txn_per_s'))}"
    return _tile(title, value, floor if "floor_txn_per_s" in case else "")


def _latency_tile(case: Case | None, title: str) -> str:
    if case is None or "latency_ms" not in case:
        return ""
    p50, p99 = _ends(case["latency_ms"])
    floor = "floor {} / {} ms".format(*_ends(case["floor_latency_ms"])) if "floor_latency_ms" in case else ""
    return _tile(f"{title}: p50 / p99", f"{p50} / {p99}" + element("small", " ms"), floor)


def _ends(times: Mapping[str, float]) -> tuple[str, str]:
    return fine(times.get("p50")), fine(times.get("p99"))


def _tile(title: str, value: str, below: str) -> str:
    return element(
        "li",
        element("span", escape(title), class_="label"),
        element("span", value, class_="value"),
        element("span", escape(below), class_="label"),
    )


def _everything(report: Report) -> str:
    made = figures.cases(report)
    if made is None:
        return ""
    folded = element("details", element("summary", "Every case in one table"), data_table(made))
    return element("section", element("h2", "All cases"), folded)
