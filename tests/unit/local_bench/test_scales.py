"""From figures to places in a picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.bench.scales import linear, logarithmic, ticks

pytestmark = pytest.mark.unit

figures = st.lists(st.floats(0.001, 1e9), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (30_000, [0, 10_000, 20_000, 30_000]),
        (3_350, [0, 1_000, 2_000, 3_000, 4_000]),
        (1.87, [0, 0.5, 1, 1.5, 2]),
        (0, [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ],
)
def test_round_figures(most: float, expected: list[float]) -> None:
    """A linear axis goes from zero, in steps of 1, 2 or 5 and zeros, to the first that is enough."""
    assert ticks(linear([most], 0, 100)) == pytest.approx(expected)


def test_no_figures() -> None:
    """An axis without figures is still an axis."""
    assert ticks(linear([], 0, 100))[-1] == 1
    assert ticks(logarithmic([], 0, 100)) == [1, 2]


def test_round_figures_of_a_logarithmic_axis() -> None:
    """A logarithmic axis has all figures of 1, 2 or 5 and zeros from below the least to above the most."""
    assert ticks(logarithmic([3.1, 80.0], 0, 100)) == [2, 5, 10, 20, 50, 100]


def test_equal_factors_are_equal_distances() -> None:
    """On a logarithmic axis ten times as much is as far, wherever one begins."""
    scale = logarithmic([1.0, 999.0], 0, 300)
    assert [scale.at(value) for value in (1, 10, 100, 1000)] == pytest.approx([0, 100, 200, 300])


def test_what_is_off_the_scale() -> None:
    """What a scale does not hold is at its end; zero has no logarithm, and is at the low one."""
    scale = logarithmic([1.0, 9.0], 0, 300)
    assert (scale.at(0.0), scale.at(1e6)) == (0, 300)


@given(figures)
def test_nothing_is_left_out(values: list[float]) -> None:
    """Each figure is between the ends of its axis, and so are the round ones."""
    for scale in (linear(values, 0, 100), logarithmic(values, 0, 100)):
        assert scale.low <= min(values) * (1 + 1e-9)
        assert scale.high >= max(values) * (1 - 1e-9)
        marks = ticks(scale)
        assert len(marks) >= 2
        assert marks == sorted(marks)
        assert all(0 <= scale.at(value) <= 100 for value in (*values, *marks))


@given(figures)
def test_more_is_further(values: list[float]) -> None:
    """Of two figures the larger one is never nearer to the beginning."""
    for scale in (linear(values, 0, 100), logarithmic(values, 0, 100)):
        places = [scale.at(value) for value in sorted(values)]
        assert places == sorted(places)
