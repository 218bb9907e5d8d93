"""What the ordering check says of orders of arrival and of decision."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.accept.ordering import Ordering, judge

pytestmark = pytest.mark.unit

ARRIVED = {"a": ["1", "2", "3"], "b": ["4"]}


def faults(left: dict[str, list[str]], restarts: int = 0) -> tuple[str, ...]:
    """What is said of decisions that left in the order *left*."""
    return judge("ordering", Ordering(ARRIVED, left, degraded=0, restarts=restarts)).faults


def test_in_order() -> None:
    """Decisions in the order of arrival are no fault."""
    assert faults({"a": ["1", "2", "3"], "b": ["4"]}) == ()


def test_out_of_order() -> None:
    """The account whose decisions overtook each other is named."""
    assert faults({"a": ["2", "1", "3"], "b": ["4"]}) == ("accounts out of order: found a, expected none",)


def test_missing() -> None:
    """A transaction that was not decided is missing, and does not count as out of order."""
    assert faults({"a": ["1", "3"]}) == ("never decided: found 2, expected none",)


def test_repeated() -> None:
    """A transaction that was decided again is a fault."""
    assert faults({"a": ["1", "2", "3", "3"], "b": ["4"]}) == (
        "decided more than once: found 1, expected none",
    )


def test_restarted() -> None:
    """A job that was restarted is a fault, whatever it decided."""
    assert faults(ARRIVED, restarts=1) == ("restarts: found 1, expected none",)


@given(st.permutations(["1", "2", "3"]))
def test_any_permutation(ids: list[str]) -> None:
    """Of all orders of one account's decisions, only that of arrival is no fault."""
    assert (faults({"a": ids, "b": ["4"]}) == ()) == (ids == ARRIVED["a"])
