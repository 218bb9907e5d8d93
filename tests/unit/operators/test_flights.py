"""The memory beside the state: who is out for a score, and who may leave."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decision import Score
from tests.builders import payment
from udfs.operators.account_state import Undecided
from udfs.operators.flights import Flights

pytestmark = pytest.mark.unit

SCORE = Score(0.5, "endpoint", "m-1")


def of(account: str, number: int) -> Undecided:
    """An undecided transaction of *account*."""
    txn = payment(account_id=account, transaction_id=f"{account}{number}")
    return Undecided(txn, None, number, {}, [], [], late=False, out_of_order=False)


def land(flights: Flights, ticket: int) -> list[str]:
    """Ids of those that leave when *ticket* has its score."""
    return [landed.undecided.txn.transaction_id for landed in flights.land(ticket, SCORE)]


def test_an_answer_waits_for_its_elder() -> None:
    """A scored transaction leaves behind its elders, at once when they have left."""
    flights = Flights()
    first, second, third = (flights.depart(of("a", number), {}, 10) for number in range(3))
    assert land(flights, second) == []
    assert land(flights, first) == ["a0", "a1"]
    assert land(flights, third) == ["a2"]


def test_what_flies_is_told_by_account() -> None:
    """A transaction flies until it has left, scored or not."""
    flights = Flights()
    flights.depart(of("a", 0), {}, 10)
    second = flights.depart(of("a", 1), {}, 10)
    land(flights, second)
    assert flights.flying("a") == {"a0", "a1"}
    assert flights.flying("b") == frozenset()


def test_marker_is_outlasted_until_the_last_has_left() -> None:
    """A marker is outlasted while any transaction that hangs on it has not left."""
    flights = Flights()
    first, second = flights.depart(of("a", 0), {}, 10), flights.depart(of("b", 0), {}, 10)
    land(flights, first)
    assert flights.outlasts(10)
    land(flights, second)
    assert not flights.outlasts(10)


def test_renewed_flights_hang_on_the_later_marker() -> None:
    """Renewing moves all of an account's flights, and nobody else's."""
    flights = Flights()
    mine, its = flights.depart(of("a", 0), {}, 10), flights.depart(of("b", 0), {}, 10)
    flights.renew("a", 20)
    assert (flights.outlasts(10), flights.outlasts(20)) == (True, True)
    assert flights.land(mine, SCORE)[0].marker_ms == 20
    assert flights.land(its, SCORE)[0].marker_ms == 10
    assert (flights.outlasts(10), flights.outlasts(20)) == (False, False)


@given(st.lists(st.sampled_from("abc"), max_size=20), st.randoms(use_true_random=False))
def test_all_leave_in_order_and_nothing_is_left(accounts: list[str], chance: st.DataObject) -> None:
    """Whatever the order of answers, each account's leave in order, and the memory ends empty."""
    flights, left = Flights(), defaultdict[str, list[str]](list)
    tickets = [flights.depart(of(account, number), {}, number % 3) for number, account in enumerate(accounts)]
    chance.shuffle(tickets)  # type: ignore[attr-defined]
    for ticket in tickets:
        for landed in flights.land(ticket, SCORE):
            left[landed.undecided.txn.account_id].append(landed.undecided.txn.transaction_id)
    expected = defaultdict[str, list[str]](list)
    for number, account in enumerate(accounts):
        expected[account].append(f"{account}{number}")
    assert left == expected
    assert (len(flights), flights._queues, flights._by_marker) == (0, {}, {})
