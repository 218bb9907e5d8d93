"""A report as a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from local.bench.look import STYLE
from local.bench.page import page
from tests.unit.local_bench.reports import EVERYTHING, latency, report, stage, throughput

pytestmark = pytest.mark.unit

VOID = {"meta"}
TITLES = {
    "Throughput": throughput(),
    "Latency": latency(),
    "Burst and catching up": {"name": "burst", "offered_per_s": 1157, "burst_per_s": 3471},
    "Who uses the machine": throughput("other"),
    "Growth": {"name": "parallelism_2", "txn_per_s": 3900.0},
    "Profiles": throughput("throughput_process", mode="process"),
    "Peers": {"name": "peer_bytewax", "txn_per_s": 2100.0},
}


class Document(HTMLParser):
    """A page as its elements and its texts, in order; each element that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.told: list[tuple[str, str]] = []  # each text, after the element that it is in
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.told.append((self._open[-1] if self._open else "", data))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each *tag*."""
        return [attributes for name, attributes in self.elements if name == tag]

    def texts(self, tag: str) -> list[str]:
        """The texts directly inside each *tag*."""
        return [text for name, text in self.told if name == tag]


@pytest.fixture(scope="module")
def document() -> Document:
    """The page of a report that has everything."""
    return Document(page(EVERYTHING))


def test_the_page_needs_nothing_else() -> None:
    """The page has no script, and asks for nothing from anywhere."""
    text = page(EVERYTHING)
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|\bsrc=|\bhref=|https?://", text)


def test_the_same_report_is_the_same_page() -> None:
    """A page depends on its report alone."""
    assert page(EVERYTHING) == page(EVERYTHING)


def test_the_key_figures_come_first(document: Document) -> None:
    """Before the first section stand throughput with and without DynamoDB, latency, and their floors."""
    opening = page(EVERYTHING).partition("<h2>")[0]
    for figure in ("3,200", "1,810", "18 / 40", "10.7 % of the floor, 30,000", "floor 3.1 / 6.9 ms"):
        assert figure in opening
    assert document.texts("h1") == ["fraudstream bench"]


def test_every_picture_can_be_read_aloud(document: Document) -> None:
    """Each picture has a title and a description, under ids that no other one has."""
    ids = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    pictures = document.of("svg")
    assert len(pictures) == 13
    for picture in pictures:
        assert picture["role"] == "img"
        assert set(str(picture["aria-labelledby"]).split()) <= set(ids)


def test_every_section_has_a_table(document: Document) -> None:
    """Each section has one table, with a caption, its heads marked, and a name where it scrolls."""
    assert len(document.of("table")) == len(document.of("section")) == len(document.of("caption"))
    assert {head.get("scope") for head in document.of("th")} == {"row", "col"}
    assert all(box["aria-label"] for box in document.of("div") if box.get("class") == "wide")


@pytest.mark.parametrize("title", TITLES)
def test_a_section_without_cases_is_left_out(title: str) -> None:
    """A section is there when a case of its own is, and not otherwise."""
    assert f"<h2>{title}</h2>" in page(report(TITLES[title]))
    assert f"<h2>{title}</h2>" not in page(report({"name": "unheard_of", "seen": 1}))


def test_the_cost_table_is_a_section() -> None:
    """What a transaction costs is told where stages were measured, by place, with the sum of each."""
    text = page(report(stages=[stage("features", 42.0), stage("rules", 8.0)]))
    assert "<h2>What a transaction costs</h2>" in text
    assert "job: decide thread (Python): 50 us" in text
    assert "<h2>What a transaction costs</h2>" not in page(report())


def test_an_empty_report_has_a_page() -> None:
    """A report without anything is a page with its headline."""
    assert Document(page({})).of("svg") == []


@pytest.mark.parametrize("case", EVERYTHING["cases"], ids=lambda case: case["name"])
def test_what_could_not_be_measured(case: dict[str, Any]) -> None:
    """A case whose figures are null is as one that has none, and stands in the table of all cases."""
    kept = {"name", "backend", "mode", "offered_per_s", "burst_per_s", "pause_s"}
    empty = {key: told if key in kept else None for key, told in case.items()}
    assert case["name"] in Document(page(report(empty, seconds=None))).texts("th")


def test_an_unknown_case_is_not_lost() -> None:
    """A case of a kind that has no section stands in the table of all cases."""
    assert "unheard_of" in page(report({"name": "unheard_of", "txn_per_s": 12.0}))


def test_text_stays_text() -> None:
    """Nothing in a report becomes markup."""
    bad = '<b a="1">&'
    cases = [
        throughput(bad),
        latency(f"latency_{bad}", backend=bad),
        {"name": f"peer_{bad}", "txn_per_s": 1.0},
    ]
    text = page(report(*cases, machine=bad, commit=bad, stages=[stage(bad, 1.0, bad)]))
    assert "<b" not in text.replace("<body", "")
    assert Document(text).of("b") == []


def test_each_backend_is_a_picture(document: Document) -> None:
    """Latency has a picture for each backend, with a line for each quantile and two of the floor."""
    assert {"rocksdb", "hashmap"} <= set(document.texts("h3"))
    latencies = page(report(latency("latency_200", offered_per_s=200), latency()))
    assert latencies.count("<polyline") == 6
    assert [name for name in ("p50", "p95", "p99", "p99.9") if f">{name}</text>" not in latencies] == []


def test_a_latency_without_a_floor_has_a_picture() -> None:
    """Where no floor was measured, the job's lines stand alone."""
    case = latency()
    del case["floor_latency_ms"]
    assert page(report(case)).count("<polyline") == 4


def test_a_course_is_drawn_second_by_second(document: Document) -> None:
    """Burst and catching up each show what was decided, and what was sent and not decided yet."""
    assert [title for title in document.texts("h3") if ":" in title] == [
        "burst: decided",
        "burst: sent and not decided",
        "catch_up: decided",
        "catch_up: sent and not decided",
    ]


def test_longer_is_more() -> None:
    """Bars are as long as their figures are large, on one scale from zero."""
    text = page(report(throughput(txn_per_s=1000.0, floor_txn_per_s=4000.0, cores={})))
    job, floor = (float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', text))
    assert floor == pytest.approx(4 * job, rel=0.01)


def test_the_parts_of_a_bar_are_the_processes() -> None:
    """Each process that used the machine is a part, named in the legend; one that did not is no part."""
    text = page(
        report(throughput(cores={"job": 1.3, "dynamodb": 0.0, "a stranger": 0.4}, floor_txn_per_s=1.0))
    )
    assert re.findall(r"<title>throughput: ([\w ]+) [\d.]+ cores</title>", text) == ["job", "a stranger"]


def luminance(colour: str) -> float:
    """How bright a colour is, as the contrast of web pages is computed."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def schemes() -> list[dict[str, str]]:
    """The colours of the light page, and of the dark one."""
    found: list[dict[str, Any]] = [
        dict(re.findall(r"--(\w+): (#\w+);", block))
        for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    ]
    return found


@pytest.mark.parametrize("scheme", schemes(), ids=["light", "dark"])
def test_everything_can_be_seen(scheme: dict[str, str]) -> None:
    """In light and dark, text has a contrast of at least 4.5, and what is drawn of at least 3."""
    drawn = set(scheme) - {"paper", "card", "rule", "inside"}
    assert {name for name in drawn if contrast(scheme[name], scheme["paper"]) < 3} == set()
    texts = {"ink", "quiet", "warn"}
    assert {name for name in texts if contrast(scheme[name], scheme["paper"]) < 4.5} == set()
    parts = {"job", "kafka", "endpoint", "s3", "dynamodb", "generator", "other"}
    assert {name for name in parts if contrast(scheme[name], scheme["inside"]) < 4.5} == set()
