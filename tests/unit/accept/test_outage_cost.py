"""What the outage check says of what was sent and decided."""

from __future__ import annotations

import pytest

from local.accept.checks import Report
from local.accept.outage_cost import Decided, Moments, Outage, Shape, judge

pytestmark = pytest.mark.unit

# 10 a second: 100 while the endpoint is away, from 10 s to 20 s; it is back at 21 s, and well from 31 s on
SHAPE = Shape(rate=10, warm_s=10, away_s=10, after_s=9, tolerance=0.05, degraded_after=0.05)
MOMENTS = Moments(gone_ms=10_000, returns_ms=20_000, back_ms=21_000)
SENT = {str(number): number * 100 for number in range(400)}


def decision(txn: str, at_ms: int | None = None, *, degraded: bool | None = None) -> Decided:
    """A decision on *txn*, 20 ms after it was sent, degraded while the endpoint is away."""
    sent_ms = SENT[txn]
    away = MOMENTS.gone_ms <= sent_ms < MOMENTS.back_ms if degraded is None else degraded
    return Decided(
        txn, sent_ms, sent_ms + 20 if at_ms is None else at_ms, away, "breaker_open" if away else None
    )


def report(*changed: Decided, without: frozenset[str] = frozenset(), restarts: int = 0) -> Report:
    """What is said when all went well but for the decisions *changed* and those left out."""
    usual = {txn: decision(txn) for txn in SENT if txn not in without}
    seen = usual | {one.transaction_id: one for one in changed}
    return judge("outage", SHAPE, Outage(SENT, list(seen.values()), MOMENTS, restarts))


def ids(begin_s: int, count: int) -> list[str]:
    """The first *count* transactions sent from *begin_s* on."""
    return [str(begin_s * 10 + place) for place in range(count)]


def test_all_well() -> None:
    """When each transaction is decided at once and the fallback ends soon, no promise is broken."""
    told = report()
    assert told.faults == ()
    assert told.figures["decided while away"] == 100
    assert told.figures["reasons"] == "breaker_open 110"


@pytest.mark.parametrize(("late", "kept"), [(5, True), (6, False)])
def test_decided_too_late(late: int, kept: bool) -> None:  # noqa: FBT001
    """Decisions that come when the outage is over are missing in it; the tolerance is the limit."""
    told = report(*(decision(txn, at_ms=20_000) for txn in ids(11, late)))
    assert (told.faults == ()) == kept


@pytest.mark.parametrize(("scored", "kept"), [(5, True), (6, False)])
def test_not_degraded_while_away(scored: int, kept: bool) -> None:  # noqa: FBT001
    """At least 95 % of the decisions of the outage are degraded."""
    told = report(*(decision(txn, degraded=False) for txn in ids(11, scored)))
    assert (told.faults == ()) == kept


@pytest.mark.parametrize(("degraded", "kept"), [(4, True), (5, False)])
def test_degraded_long_after(degraded: int, kept: bool) -> None:  # noqa: FBT001
    """From 10 s after its return few decisions are degraded: here 5 % of 90."""
    told = report(*(decision(txn, degraded=True) for txn in ids(32, degraded)))
    assert (told.faults == ()) == kept


def test_degraded_soon_after() -> None:
    """In the first 10 s after its return decisions may be degraded."""
    assert report(*(decision(txn, degraded=True) for txn in ids(21, 90))).faults == ()


def test_nothing_after() -> None:
    """Without decisions from 10 s after its return there is nothing to be content with."""
    told = report(without=frozenset(ids(31, 90)))
    assert "decided from 10 s after: found none" in told.faults


def test_never_decided() -> None:
    """A transaction without a decision is a fault, whenever it was sent."""
    assert report(without=frozenset(ids(0, 1))).faults == ("never decided: found 1, expected none",)


def test_restarted() -> None:
    """A job that was restarted is a fault."""
    assert report(restarts=2).faults == ("restarts: found 2, expected none",)
