"""What is told at the end and on the way: evaluation, summary, progress."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.evaluation import Measure, evaluate
from local.generator.plan import FeedProgress, FeedReport
from local.generator.tally import Decided, Latency
from local.progress import ProgressLine
from local.summary import Outcome, summary_table, write_summary
from local.watcher import Seen

pytestmark = pytest.mark.unit

SEEN = Seen(
    decisions=9,
    duplicates=1,
    dead_letters=1,
    alerts=3,
    late=2,
    degraded=4,
    verdicts={"approve": 6, "review": 3},
    alerts_by_rule={"amount-limit": 3, "velocity-count": 1},
    latency=Latency(18.0, 30.0, 41.0),
    recent_alert_latency=Latency(19.0, 33.0, 44.0),
)
FED = FeedReport(
    transactions=10,
    labels=2,
    customers=3,
    resent=0,
    refused=1,
    refusals=("mine.csv row 4, event_time: found 2031, expected less",),
    seconds=2.0,
    last_event_ms=0,
    labelled=2,
    frauds={"1": "theft"},
)

decided = st.lists(
    st.tuples(st.sampled_from(["approve", "review"]), st.sets(st.sampled_from("ab")), st.booleans()),
    max_size=30,
)


def outcome(**changes: object) -> Outcome:
    """An outcome with *changes*."""
    return Outcome(**{"fed": FED, "seen": SEEN, "evaluation": None, "seconds": 2.5} | changes)  # type: ignore[arg-type]


def test_summary_file(tmp_path: Path) -> None:
    """summary.json has exactly the promised keys."""
    path = write_summary(tmp_path / "new", outcome())
    assert path.name == "summary.json"
    assert json.loads(path.read_text()) == {
        "transactions": 10,
        "decisions": 9,
        "dead_letters": 1,
        "late": 2,
        "alerts": 3,
        "degraded": 4,
        "seconds": 2.5,
        "latency_ms": {"p50": 18.0, "p99": 30.0, "p999": 41.0},
    }


def test_summary_without_latency(tmp_path: Path) -> None:
    """A latency that was not measured is null."""
    path = write_summary(tmp_path, outcome(seen=SEEN._replace(latency=Latency())))
    assert json.loads(path.read_text())["latency_ms"] == {"p50": None, "p99": None, "p999": None}


def test_table() -> None:
    """The table has counts, rules, measures, latencies, refusals and where the outputs are."""
    evaluation = evaluate(
        [Decided("1", "review", ("amount-limit",)), Decided("2", "review", ())], {"1": "theft"}
    )
    table = summary_table(outcome(evaluation=evaluation, outputs={"decisions": "out/decisions"}))
    for text in (
        "transactions                  10", "velocity-count                1", "18 ms / 30 ms / 41 ms",
        "precision  50.0%  recall 100.0%  (1 of 2 flagged)", "rule amount-limit", "fraud theft",
        "row 4, event_time", "out/decisions", "2.5 (4 decisions/s)",
    ):  # fmt: skip
        assert text in table


def test_measures_of_nothing() -> None:
    """With nothing flagged there is no precision, with no fraud no recall."""
    assert (Measure(0, 0, 0).precision, Measure(0, 0, 0).recall) == (None, None)


@given(decided)
def test_evaluation(rows: list[tuple[str, set[str], bool]]) -> None:
    """Precision and recall, of the verdicts and of each rule, are what counting by hand gives."""
    final = [Decided(str(n), verdict, tuple(sorted(rules))) for n, (verdict, rules, _) in enumerate(rows)]
    frauds = {str(n): "theft" for n, row in enumerate(rows) if row[2]} | {"not decided": "theft"}
    found = evaluate(final, frauds)
    total = sum(row[2] for row in rows)
    flagged = [row for row in rows if row[0] != "approve"]
    assert found.overall == Measure(len(flagged), sum(row[2] for row in flagged), total)
    for rule in "ab":
        hits = [row for row in rows if rule in row[1]]
        expected = Measure(len(hits), sum(row[2] for row in hits), total) if hits else None
        assert found.by_rule.get(rule) == expected


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def progress(stream: io.StringIO, decisions: list[int]) -> ProgressLine:
    """A line over a feed of 12 of 100, which sees *decisions* one after the other."""
    counts = iter(decisions)
    fed = FeedProgress(transactions=12, total=100, event_time_ms=1_704_067_200_000)
    return ProgressLine(stream, lambda: fed, lambda: SEEN._replace(decisions=next(counts)))


def test_line() -> None:
    """The line tells in, decided, alerts, rate, lag and latency; what is a dead letter lags no more."""
    lines = progress(io.StringIO(), [1, 9])
    lines.line(100.0)
    assert lines.line(102.0) == (
        "in 12 (12 %) | decided 9 | alerts 3 | 4/s | lag 2 | Kafka to alert p50 19 ms p99 33 ms | "
        "event time 2024-01-01 00:00 | dead letters 1"
    )


def test_rate_is_recent() -> None:
    """The rate is that of the last five seconds."""
    lines = progress(io.StringIO(), [0, 1000, 1010, 1020])
    for now_s in (0.0, 10.0, 13.0):
        lines.line(now_s)
    assert "| 3/s |" in lines.line(16.0)


def test_terminal() -> None:
    """On a terminal the line is written over, elsewhere each is a line of its own."""
    terminal, log = Terminal(), io.StringIO()
    progress(terminal, [1]).write(0.0)
    progress(log, [1]).write(0.0)
    assert terminal.getvalue().startswith("\rin 12")
    assert not terminal.getvalue().endswith("\n")
    assert log.getvalue().endswith("\n")


def test_last_line() -> None:
    """Stopping writes the line a last time."""
    log = io.StringIO()
    progress(log, [9]).start().stop()
    assert "decided 9" in log.getvalue()
