"""A decision's ids, its JSON form, and when it is an alert."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decision import (
    Score,
    Severity,
    Verdict,
    alert_id,
    decision_id,
    encode_alert,
    encode_decision,
    is_alert,
    is_priority,
)
from tests.builders import NOON_MS, decision, hit

pytestmark = pytest.mark.unit


def test_decision_is_written_whole() -> None:
    """The JSON of a decision tells verdict, score, reasons and versions; names are lower case."""
    values = {"amount": Decimal("1E+1"), "count_1m": 9, "is_night": True, "country": "DE", "speed_kmh": None}
    made = decision(
        verdict=Verdict.DECLINE,
        score=Score.unavailable("timeout", 0.5),
        late=True,
        hits=(hit(severity=Severity.CRITICAL, outcome=Verdict.DECLINE, values=values, priority=True),),
        missing=("impossible_travel:speed_kmh",),
    )
    assert json.loads(encode_decision(made)) == {
        "decision_id": decision_id("a-1", "t-1"),
        "transaction_id": "t-1",
        "account_id": "a-1",
        "event_time": NOON_MS,
        "amount": "12.34",
        "amount_minor": 1_234,
        "currency": "EUR",
        "verdict": "decline",
        "score": 0.5,
        "score_source": "fallback",
        "degraded": True,
        "degraded_reason": "timeout",
        "late": True,
        "out_of_order": False,
        "attempt": NOON_MS,
        "account_version": 3,
        "priority": True,
        "reasons": [
            {
                "rule": "amount_limit",
                "version": 1,
                "severity": "critical",
                "outcome": "decline",
                "values": {
                    "amount": "10",
                    "count_1m": 9,
                    "is_night": True,
                    "country": "DE",
                    "speed_kmh": None,
                },
            }
        ],
        "missing": ["impossible_travel:speed_kmh"],
        "rules_version": "r-2",
        "model_version": "none",
    }


def test_alert_is_its_decision_with_an_id() -> None:
    """An alert holds what its decision holds, and an id of its own."""
    made = decision(verdict=Verdict.REVIEW)
    alert = json.loads(encode_alert(made, encode_decision(made)))
    assert alert.pop("alert_id") == alert_id("a-1", "t-1") != decision_id("a-1", "t-1")
    assert alert == json.loads(encode_decision(made))


def test_ids_never_change() -> None:
    """Ids of a given transaction are what they were in the first release."""
    assert decision_id("a-1", "t-1") == "c3bf3700-2211-5421-8d87-b83ef0e2eedc"
    assert alert_id("a-1", "t-1") == "d9e56d59-7516-518f-af5d-c15e4f158960"


PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=4)


@given(one=st.tuples(PRINTABLE, PRINTABLE), other=st.tuples(PRINTABLE, PRINTABLE))
def test_ids_differ_where_transactions_do(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Two decisions share an id exactly if they share account and transaction."""
    assert (decision_id(*one) == decision_id(*other)) == (one == other)


def test_id_depends_on_nothing_else() -> None:
    """A decision repeated with another score and attempt keeps its id."""
    again = decision(attempt=NOON_MS + 1, score=Score.unavailable("throttled", 0.1), verdict=Verdict.REVIEW)
    assert (
        json.loads(encode_decision(again))["decision_id"]
        == json.loads(encode_decision(decision()))["decision_id"]
    )


@pytest.mark.parametrize(
    ("verdict", "priority", "alert"),
    [
        (Verdict.APPROVE, False, False),
        (Verdict.APPROVE, True, True),
        (Verdict.VERIFY, False, True),
        (Verdict.REVIEW, False, True),
        (Verdict.DECLINE, True, True),
    ],
)
def test_alerts_are_what_somebody_must_see(verdict: Verdict, *, priority: bool, alert: bool) -> None:
    """A verdict above approve, or a hit with priority, is an alert; only the hit makes it priority."""
    made = decision(verdict=verdict, hits=(hit(), hit(priority=priority)))
    assert (is_alert(made), is_priority(made)) == (alert, priority)


@pytest.mark.parametrize("verdict", [Verdict.DECLINE, 3])
def test_verdict_may_be_a_plain_number(verdict: int) -> None:
    """A verdict that comes from packed state as a number is written by its name."""
    assert json.loads(encode_decision(decision(verdict=verdict)))["verdict"] == "decline"


def test_unknown_value_is_not_written() -> None:
    """A value of a type that no rule can have is an error, not a guess."""
    with pytest.raises(TypeError):
        encode_decision(decision(hits=(hit(values={"x": object()}),)))
