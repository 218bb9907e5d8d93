"""Under order.wait = watermark: events are held, and taken in event-time order."""

from __future__ import annotations

import itertools

import pytest

from tests.builders import NOON_MS, ONE_SECOND_MS, raw_json
from tests.fakes import Bench

pytestmark = pytest.mark.unit


def txn(transaction_id: str, second: float) -> bytes:
    """A payment of account a-1, *second* seconds after noon."""
    return raw_json(transaction_id=transaction_id, event_time=noon(second))


def noon(second: float) -> int:
    """*second* seconds after noon."""
    return NOON_MS + int(second * ONE_SECOND_MS)


@pytest.fixture
def bench() -> Bench:
    """An operator that waits for the watermark."""
    return Bench(wait_for_watermark=True)


def decide_all(bench: Bench) -> list[str]:
    """Every score comes; the decisions in their order."""
    bench.scores.answer()
    bench.advance(10)
    return bench.ids()


def test_event_is_held_until_the_watermark_passes(bench: Bench) -> None:
    """An event is taken when the watermark reaches its time, not a millisecond earlier."""
    bench.send(txn("t1", 10))
    bench.watermark(noon(10) - 1)
    assert (bench.scores.rows, len(bench.states["waiting"])) == ([], 1)
    bench.watermark(noon(10))
    assert decide_all(bench) == ["t1"]


@pytest.mark.parametrize("arrival", list(itertools.permutations(["t1", "t2", "t3"])))
def test_events_are_taken_in_event_time_order(bench: Bench, arrival: tuple[str, ...]) -> None:
    """Whatever the order of arrival, decisions leave in event-time order and none is out of order."""
    seconds = {"t1": 1, "t2": 2, "t3": 3}
    for name in arrival:
        bench.send(txn(name, seconds[name]))
    bench.watermark(noon(60))
    assert decide_all(bench) == ["t1", "t2", "t3"]
    marks = [(row["out_of_order"], row["late"], row["count_1m"]) for row in bench.decided]
    assert marks == [(False, False, 1), (False, False, 2), (False, False, 3)]


@pytest.mark.parametrize("arrival", list(itertools.permutations(["9", "10", "11"])))
def test_equal_times_are_taken_by_id(bench: Bench, arrival: tuple[str, ...]) -> None:
    """At one event time the id decides: the shorter first, then in the alphabet, so numbers count up."""
    for name in arrival:
        bench.send(txn(name, 1))
    bench.watermark(noon(1))
    assert decide_all(bench) == ["9", "10", "11"]


def test_waiting_state_empties(bench: Bench) -> None:
    """Nothing waits once the watermark has passed, in state or in timers, but to forget the account."""
    for name, second in (("t1", 1), ("t2", 1), ("t3", 2)):
        bench.send(txn(name, second))
    bench.watermark(noon(2))
    assert (bench.states["waiting"], len(bench.event)) == ({}, 1)


def test_duplicate_in_waiting_changes_nothing(bench: Bench) -> None:
    """Of two that wait under one id, at one time or at two, the first in event time is decided."""
    for name, second in (("t1", 2), ("t1", 2), ("t1", 1)):
        bench.send(txn(name, second))
    bench.watermark(noon(2))
    assert decide_all(bench) == ["t1"]
    assert bench.decided[0]["event_time_ms"] == noon(1)
    assert bench.count("duplicates") == 2


def test_late_event_is_decided_at_once(bench: Bench) -> None:
    """An event at or before the watermark does not wait; it is marked late, and out of order too."""
    bench.send(txn("t2", 2))
    bench.watermark(noon(5))
    bench.send(txn("t1", 1))
    assert decide_all(bench) == ["t2", "t1"]
    assert [(row["late"], row["out_of_order"]) for row in bench.decided] == [(False, False), (True, True)]


def test_late_event_does_not_wait_for_those_that_do(bench: Bench) -> None:
    """A late event passes the account's newer ones, which are still held."""
    bench.watermark(noon(5))
    bench.send(txn("held", 7))
    bench.send(txn("late", 4))
    assert decide_all(bench) == ["late"]


@pytest.mark.parametrize(("waits", "slept"), [(True, 3), (False, 0)])
def test_a_store_that_is_behind_is_waited_for(
    waits: bool,  # noqa: FBT001
    slept: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where events wait anyway the store's recent transactions are not skipped; live nothing waits for it."""
    bench, naps = Bench(wait_for_watermark=waits), list[float]()
    bench.recent.behind = [False, True, True, True]
    monkeypatch.setattr("udfs.operators.decide.time.sleep", naps.append)
    bench.send(txn("t1", 1))
    assert len(naps) == slept


def test_released_events_are_held_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watermark that releases more than `max_pending` waits for answers between them."""
    bench = Bench(wait_for_watermark=True, max_pending=2)
    monkeypatch.setattr("udfs.operators.decide.time.sleep", lambda _: bench.scores.answer(0))
    for second in range(6):
        bench.send(txn(f"t{second}", second))
    bench.watermark(noon(9))
    assert len(bench.scores.unanswered) == 2
    assert decide_all(bench) == [f"t{second}" for second in range(6)]
