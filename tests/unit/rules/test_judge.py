"""From hits to a verdict."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decision import RuleHit, Severity, Verdict
from udfs.rules.judge import judge

pytestmark = pytest.mark.unit


def _hit(outcome: Verdict) -> RuleHit:
    """A hit that asks for *outcome*."""
    return RuleHit(rule_id="r", version=1, severity=Severity.LOW, outcome=outcome, values={})


def test_nothing_fired() -> None:
    """Without a hit the payment is approved."""
    assert judge([]) is Verdict.APPROVE


@given(st.lists(st.sampled_from(Verdict), min_size=1))
@settings(deadline=None)
def test_most_severe_outcome_wins(outcomes: list[Verdict]) -> None:
    """The verdict is the outcome that stands last in the analysts' order, in whatever order hits come."""
    order = ["APPROVE", "VERIFY", "REVIEW", "DECLINE"]
    assert judge(map(_hit, outcomes)).name == max((outcome.name for outcome in outcomes), key=order.index)
