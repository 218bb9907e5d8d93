"""What the profiles check says of two runs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from local.accept.checks import Report
from local.accept.profiles import Run, digest, judge, plan_of
from local.accept.sameness import Left
from local.generator.tally import Latency
from local.watcher import Seen

pytestmark = pytest.mark.unit

ROW = {"verdict": "approve", "amount": Decimal("9.50"), "event_time": datetime(2024, 1, 1, tzinfo=UTC)}
ROWS = {"t-1": ROW, "t-2": ROW | {"verdict": "decline"}}


def run(rows: dict[str, dict[str, Any]] = ROWS, *, degraded: int = 0, late: int = 0) -> Run:
    """A run that left *rows* of every kind."""
    seen = Seen(
        decisions=len(rows),
        duplicates=0,
        dead_letters=0,
        alerts=1,
        late=late,
        degraded=degraded,
        verdicts={},
        alerts_by_rule={},
        latency=Latency(),
        recent_alert_latency=Latency(),
    )
    return Run(seen, 2.0, Left(*(rows for _ in Left._fields)))


def report(process: Run) -> Report:
    """What is said when the thread profile's run was well, and the other one was *process*."""
    return judge({"thread": run(), "process": process}, sent=len(ROWS))


def test_the_same() -> None:
    """When both left the same, no promise is broken and the digests are equal."""
    told = report(run())
    assert told.faults == ()
    assert told.figures["thread: digest of decisions"] == told.figures["process: digest of decisions"]
    assert told.figures["process: decisions a second"] == 1


def test_a_difference() -> None:
    """A row that differs is counted and shown, and the digests differ."""
    told = report(run(ROWS | {"t-2": ROW}))
    assert told.figures["decisions differing"] == 1
    assert told.figures["thread: digest of decisions"] != told.figures["process: digest of decisions"]
    assert told.faults == ("not the same: decisions of t-2: verdict: 'decline' and 'approve'",)


def test_one_is_missing() -> None:
    """A transaction that one profile did not decide is told, with the profile's name."""
    assert "process: 1 of 2 decided" in report(run({"t-1": ROW})).faults


@pytest.mark.parametrize(
    ("process", "fault"),
    [(run(degraded=1), "process: 1 scores were degraded"), (run(late=1), "process: 1 came late")],
)
def test_runs_that_prove_nothing(process: Run, fault: str) -> None:
    """Where a score was degraded or an event late, the runs can't be compared, and it is told."""
    assert report(process).faults == (fault,)


def test_digest_of_any_order() -> None:
    """The digest does not depend on the order of rows or columns."""
    turned = {key: dict(reversed(ROWS[key].items())) for key in reversed(ROWS)}
    assert digest(turned) == digest(ROWS)


@pytest.mark.parametrize("mode", ["thread", "process"])
def test_plans_differ_in_the_mode_alone(mode: str) -> None:
    """Both runs wait for the watermark with the same patience."""
    plan = plan_of(mode)
    assert plan.properties["order"]["wait"] == "watermark"
    assert plan.properties["score"] == {"deadline.ms": "5000"}
    assert plan.properties["engine"] == {"marker.period.ms": "8000", "execution.mode": mode}
