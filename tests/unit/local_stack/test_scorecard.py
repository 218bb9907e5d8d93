"""The model of the local endpoint."""

from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.services.scorecard import BASE, POINTS, BadRow, scorer
from udfs.scoring.row import COLUMNS

pytestmark = pytest.mark.unit

SCORE = scorer(COLUMNS)
ORDINARY = {"amount": "38.20", "amount_to_mean": "1.1", "count_1m": "1", "count_1h": "2", "new_merchant": "1"}
values = st.one_of(st.none(), st.integers(-10, 20_000), st.floats(-10, 20_000, allow_nan=False))


def line(named: dict[str, str]) -> str:
    """A row in which only *named* have a value."""
    return ",".join(named.get(column, "") for column in COLUMNS)


def slow_score(named: dict[str, float]) -> float:
    """The scorecard as its docstring puts it, a line of points at a time."""
    odds = BASE
    for points in POINTS:
        if points.feature in named:
            share = (named[points.feature] - points.low) / (points.high - points.low)
            odds += points.points * sorted((0.0, share, 1.0))[1]
    return 1 / (1 + exp(-odds))


def test_every_line_of_points_is_used() -> None:
    """Each feature that the scorecard knows is a column that the job sends."""
    assert {points.feature for points in POINTS} <= set(COLUMNS)


def test_an_ordinary_payment() -> None:
    """An ordinary payment scores less than 0.1, at night too."""
    assert SCORE(line(ORDINARY)) < 0.1
    assert SCORE(line({**ORDINARY, "is_night": "1"})) < 0.1


def test_nothing_known() -> None:
    """A row of missing values has the base score."""
    assert pytest.approx(1 / (1 + exp(4))) == SCORE(line({}))


def test_card_testing() -> None:
    """Many small declined payments in an hour score above 0.9."""
    assert SCORE(line({"small_count_1h": "8", "declines_1h": "6", "count_1m": "5"})) > 0.9


def test_a_stolen_card() -> None:
    """A payment far above the account's mean from an impossible place scores above 0.8."""
    named = {"amount": "2500", "amount_to_mean": "40", "speed_kmh": "4000", "new_country": "1"}
    assert SCORE(line(named)) > 0.8


@settings(deadline=None)  # machines that run tests are busy
@given(st.dictionaries(st.sampled_from(COLUMNS), values))
def test_against_the_slow_score(named: dict[str, float | None]) -> None:
    """Any row scores as the plain reading of the points says, within 0..1."""
    known = {name: value for name, value in named.items() if value is not None}
    score = SCORE(line({name: repr(value) for name, value in known.items()}))
    assert score == pytest.approx(slow_score(known))
    assert 0 <= score <= 1


@pytest.mark.parametrize("row", ["", "1,2", line({}) + ",", line({"amount": "much"})])
def test_a_bad_row(row: str) -> None:
    """A row of another width, or with text where a number is needed, is refused."""
    with pytest.raises(BadRow):
        SCORE(row)
