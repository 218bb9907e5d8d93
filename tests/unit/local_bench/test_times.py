"""What is made of send times and appends."""

from __future__ import annotations

import pytest

from local.bench.load import Sent
from local.bench.readback import Answer
from local.bench.times import (
    Course,
    Span,
    Took,
    course,
    quantiles,
    rate,
    settled_rate,
    split,
    took,
)

pytestmark = pytest.mark.unit

SENT = Sent(first=100, count=10, due_ms=1_000.0, rate=10.0, behind_ms=0.0)  # 1,000 to 1,900 ms


def answer(number: int, appended_ms: int) -> Answer:
    """That message *number* was decided."""
    return Answer(number, appended_ms, degraded=False, account_id="a-1", version=1)


def test_quantiles_are_values_that_were_measured() -> None:
    """Of 1 to 1,000 the median is 501 and p99.9 the largest: no value is made up between two."""
    found = quantiles(range(1, 1_001))
    assert found == {"p50": 501, "p95": 951, "p99": 991, "p999": 1_000}


def test_quantiles_of_one_value_are_that_value() -> None:
    """A single latency is every quantile of itself."""
    assert set(quantiles([7.0]).values()) == {7.0}


def test_nothing_has_no_quantiles() -> None:
    """Where nothing was measured nothing is told."""
    assert quantiles([]) == {}


def test_a_latency_begins_when_the_message_was_due() -> None:
    """The schedule's time counts, whenever the message was sent: 300 ms for the third, due at 1,200."""
    assert took(SENT, [answer(102, 1_500)]) == [Took(1_200.0, 300.0)]


def test_a_latency_belongs_to_the_messages_of_its_schedule() -> None:
    """Answers to what was sent before or after are of no account."""
    assert took(SENT, [answer(99, 1_500), answer(110, 1_500)]) == []


@pytest.mark.parametrize(
    ("due_ms", "is_inside"), [(999.9, False), (1_000, True), (1_200, True), (1_200.1, False)]
)
def test_what_was_due_while_a_checkpoint_ran_is_inside(due_ms: float, *, is_inside: bool) -> None:
    """A checkpoint from 1,000 to 1,200 ms has the messages due then, its ends included."""
    inside, outside = split([Took(due_ms, 5.0)], [Span(1_000, 1_200)])
    assert (inside, outside) == (([5.0], []) if is_inside else ([], [5.0]))


def test_a_rate_is_that_between_first_and_last() -> None:
    """Eleven events in a second are ten intervals: 10 a second."""
    assert rate(range(0, 1_001, 100)) == 10.0


def test_a_single_event_has_no_rate() -> None:
    """One event is 0 a second."""
    assert rate([5]) == 0.0


def test_the_first_tenth_does_not_count_for_a_throughput() -> None:
    """Ten slow records and ninety at 1,000 a second are 1,000 a second."""
    assert settled_rate([*range(0, 10_000, 1_000), *range(20_000, 20_090)]) == pytest.approx(1_000)


def test_the_backlog_is_what_was_due_and_not_decided() -> None:
    """Of three that were due at 150 ms one was decided: two are left."""
    assert Course([0, 50, 100, 200], [120, 160, 170, 300]).backlog(150) == 2


def test_the_series_tells_each_second() -> None:
    """Each second has its number, what was decided in it, and what was left over at its end."""
    assert Course([0, 400, 800, 1_200], [500, 1_300, 1_400, 2_100]).series() == [
        [0, 1, 2],
        [1, 2, 1],
        [2, 1, 0],
    ]


def test_even_again_is_the_first_moment_with_little_left_over() -> None:
    """150 messages are left at the end of a burst; after 600 ms 51 of them are decided, and it is even."""
    due_ms = [0.0] * 150 + [5_000.0]
    appended_ms = [400.0] * 40 + [1_600.0] * 11 + [5_000.0] * 100
    assert Course(due_ms, appended_ms).even_after_s(1_000) == 0.6


def test_what_is_not_seen_is_not_told() -> None:
    """A backlog that stays until the traffic ends gives no time, even if it goes away without traffic."""
    assert Course([0.0] * 150 + [2_000.0], [9_000.0] * 151).even_after_s(0) is None


def test_a_course_joins_what_was_sent_at_different_rates() -> None:
    """The dues of two schedules are one row, in order."""
    more = Sent(first=110, count=2, due_ms=2_000.0, rate=100.0, behind_ms=0.0)
    joined = course([SENT, more], [answer(101, 1_700), answer(100, 1_600)])
    assert joined.due_ms[-3:] == [1_900.0, 2_000.0, 2_010.0]
    assert joined.appended_ms == [1_600, 1_700]
