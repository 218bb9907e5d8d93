"""Counts: kept in Python, handed to Flink in lots, under the names that metrics.py promises."""

from __future__ import annotations

import logging

import pytest

from schemas.decision import Score, Verdict
from tests.builders import decision, hit
from tests.fakes import FakeMetricGroup
from udfs.metrics import METRICS, Kind
from udfs.operators.counters import Counters

pytestmark = pytest.mark.unit


@pytest.fixture
def group() -> FakeMetricGroup:
    """Flink's metric group."""
    return FakeMetricGroup()


def test_counts_are_where_managed_flink_looks(group: FakeMetricGroup) -> None:
    """Every counter of metrics.py is registered, under the group that reaches CloudWatch."""
    Counters(group)
    assert group.path[0] == ("kinesisanalytics",)
    assert group.counters.keys() == {metric.name for metric in METRICS if metric.kind == Kind.COUNTER}


def test_counts_are_handed_over_in_lots(group: FakeMetricGroup) -> None:
    """Flink is told at every so many counts, and when it is asked for."""
    counters = Counters(group, publish_every=3)
    for expected in (0, 0, 3, 3):
        counters.add("decisions")
        assert group.counters["decisions"].count == expected
    counters.publish()
    assert group.counters["decisions"].count == 4


def test_few_counts_are_handed_over_in_time(group: FakeMetricGroup) -> None:
    """At a low rate Flink is told once a second, not only when a lot is full."""
    counters = Counters(group)
    seen = []
    for now_ms in (5_000, 5_999, 6_000):
        counters.add("decisions")
        if counters.is_due(now_ms):
            counters.publish()
        seen.append(group.counters["decisions"].count)
    assert seen == [1, 1, 3]


def test_many_are_counted_at_once(group: FakeMetricGroup) -> None:
    """A count of many is one of many."""
    counters = Counters(group)
    counters.add_many("rescored_after_restart", 5)
    counters.publish()
    assert group.counters["rescored_after_restart"].count == 5


def test_decision_is_counted_with_what_is_remarkable(group: FakeMetricGroup) -> None:
    """A decision counts once for itself and once for each thing that is remarkable about it."""
    counters = Counters(group)
    counters.decided(decision())
    degraded = Score.unavailable("timeout", 0.0)
    remarkable = decision(
        late=True,
        out_of_order=True,
        verdict=Verdict.REVIEW,
        score=degraded,
        hits=(hit(priority=True),),
        missing=("a:x", "b:y"),
    )
    counters.decided(remarkable)
    counters.publish()
    told = {name: counter.count for name, counter in group.counters.items() if counter.count}
    assert told == {
        "decisions": 2,
        "late": 1,
        "out_of_order": 1,
        "missing_features": 2,
        "degraded_scores": 1,
        "degraded_timeout": 1,
        "alerts": 1,
        "priority_alerts": 1,
    }


def test_many_dead_letters_in_a_row_are_a_notice(
    group: FakeMetricGroup, caplog: pytest.LogCaptureFixture
) -> None:
    """The hundredth dead letter in a row is said, once; a good record begins the count anew."""
    counters = Counters(group)
    with caplog.at_level(logging.WARNING):
        for _ in range(99):
            counters.refused()
        counters.accepted()
        for _ in range(99):
            counters.refused()
        assert caplog.records == []
        for _ in range(5):
            counters.refused()
    assert len(caplog.records) == 1


def test_a_total_counts_what_it_has_grown_by() -> None:
    """What somebody else counts is told by its totals, each time by what was added since."""
    group = FakeMetricGroup()
    counters = Counters(group)
    for total in (3, 3, 5):
        counters.reached("store_writes", total)
    counters.publish()
    assert group.counters["store_writes"].count == 5
