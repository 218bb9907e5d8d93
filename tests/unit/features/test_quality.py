"""Bins, shares and the population stability index, beside values worked out by hand and a slow oracle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.features.quality import (
    DRIFT,
    FLOOR,
    WATCH,
    Bins,
    Count,
    Figures,
    Reference,
    Values,
    bins_of,
    chance,
    psi,
    reference_of,
)

pytestmark = pytest.mark.unit

DAY = (0, 86_400_000)


def numbers(*values: float) -> Values:
    """Values of a feature; whole numbers where all are."""
    return np.array(values, dtype=np.int64 if all(isinstance(each, int) for each in values) else np.float64)


def texts(*values: str) -> Values:
    """Values of a text."""
    return np.array([*values, ""], dtype=object)[:-1]


def figures(reference: Reference | None, *batches: tuple[Values, int]) -> Figures:
    """The figures of *batches* of values and how many more are missing."""
    count = Count(reference.bins if reference else Bins())
    for values, missing in batches:
        count.add(values, missing)
    return count.figures("f", DAY, reference)


def test_psi_by_hand() -> None:
    """The index is the sum of (actual - expected) * ln(actual / expected): here 0.1 ln 1.5 - 0.1 ln 0.875."""
    assert psi((0.2, 0.8), (0.3, 0.7)) == pytest.approx(0.053899, abs=1e-6)
    assert psi((0.5, 0.5), (0.9, 0.1)) == pytest.approx(0.4 * math.log(1.8) + 0.4 * math.log(5), rel=1e-12)
    assert psi((0.25,) * 4, (0.25,) * 4) == 0


def test_psi_of_an_empty_bin() -> None:
    """A bin that is empty on one side counts as the floor; on both sides it adds nothing."""
    assert psi((1.0, 0.0, 0.0), (0.5, 0.5, 0.0)) == pytest.approx(
        -0.5 * math.log(0.5) + (0.5 - FLOOR) * math.log(0.5 / FLOOR)
    )


def test_chance_by_hand() -> None:
    """Ten degrees of freedom: their mean and three deviations, by the rows of both."""
    assert chance(11, 1_000, 4_000) == pytest.approx((10 + 3 * math.sqrt(20)) * 0.00125)


def test_edges_are_deciles() -> None:
    """Of a hundred different values each decile is an edge, and each bin holds a tenth."""
    reference = reference_of(numbers(*range(100)), 0)
    assert reference.bins.edges == (9, 19, 29, 39, 49, 59, 69, 79, 89)
    assert reference.shares == (0.0, *[0.1] * 10)


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        (numbers(1, 1, 1, 1), (0, 1)),
        (numbers(0.5, 0.5), (math.nextafter(0.5, 0), 0.5)),
        (numbers(*[0] * 50, *range(1, 51)), (-1, 0, 10, 20, 30, 40)),
        (np.array([True, True]), (0,)),
        (np.array([], dtype=np.int64), ()),
    ],
)
def test_a_frequent_value_has_its_own_bin(values: Values, edges: tuple[float, ...]) -> None:
    """A value that is several deciles is alone in its bin; a boolean has two bins, nothing has one."""
    assert bins_of(values).edges == edges


def test_a_fall_below_a_constant_is_seen() -> None:
    """A feature that was always 5 has drifted as much when it is 3 as when it is 7."""
    reference = reference_of(numbers(*[5] * 10_000), 0)
    fell, rose = (figures(reference, (numbers(*[now] * 10_000), 0)) for now in (3, 7))
    assert fell.psi == rose.psi
    assert fell.marks == ("drift",)


def test_an_edge_belongs_to_the_bin_below() -> None:
    """A value on an edge is in the bin that ends there; one beyond every edge in the last."""
    bins = Bins(edges=(10, 20))
    assert bins.count(numbers(-(10**15), 10, 11, 20, 21, 10**15), 3).tolist() == [3, 2, 2, 2]


def test_a_value_outside_the_range_of_the_baseline() -> None:
    """What is beyond all that the baseline knew is counted in its outer bins, and is the extreme."""
    told = figures(reference_of(numbers(*range(100)), 0), (numbers(-1_000, 1_000), 0))
    assert (told.least, told.most, told.mean) == (-1_000, 1_000, 0)
    assert told.psi == pytest.approx(2 * 0.4 * math.log(5) + 8 * (FLOOR - 0.1) * math.log(FLOOR / 0.1))


def test_a_boolean() -> None:
    """A boolean is counted as 0 and 1: the mean is the share of true."""
    reference = reference_of(np.array([True, False, False, False]), 0)
    assert reference.shares == (0.0, 0.75, 0.25)
    told = figures(reference, (np.array([True, True, False]), 1))
    assert (told.least, told.most, told.mean, told.null_rate) == (0, 1, pytest.approx(2 / 3), 0.25)
    expected = 0.25 * math.log(2) - 0.5 * math.log(1 / 3) + (0.25 - FLOOR) * math.log(0.25 / FLOOR)
    assert told.psi == pytest.approx(expected)


def test_a_text() -> None:
    """Each text has a bin, and what the baseline did not know one more; there is no least, most or mean."""
    reference = reference_of(texts("b", "a", "b", "b"), 0)
    assert (reference.bins.texts, reference.shares) == (("a", "b"), (0.0, 0.25, 0.75, 0.0))
    told = figures(reference, (texts("a", "c", "c", "b"), 0))
    assert (told.least, told.most, told.mean) == (None, None, None)
    assert told.psi == pytest.approx(psi((0, 0.25, 0.75, 0), (0, 0.25, 0.25, 0.5)))


def test_many_texts() -> None:
    """Of many texts the most frequent have bins, ties by the alphabet."""
    values = texts(*(f"{n:03}" for n in range(100, 0, -1)), "099")
    bins = bins_of(values)
    assert bins.texts == (*(f"{n:03}" for n in range(1, 50)), "099")
    assert bins.count(values, 0)[-1] == 50


def test_an_empty_period() -> None:
    """Without rows there are no shares, no values and no index, only the baseline's share of the missing."""
    told = figures(reference_of(numbers(1, 2), 2))
    assert (told.rows, told.baseline_null_rate, told.marks) == (0, 0.5, ())
    assert {told.null_rate, told.least, told.most, told.mean, told.psi, told.chance} == {None}


def test_a_feature_that_is_always_missing() -> None:
    """All missing on both sides is no change; values that then appear are a drift, and so is their end."""
    nothing, something = (numbers(), 1_000), (numbers(*range(1_000)), 0)
    never, always = reference_of(*nothing), reference_of(*something)
    assert (never.bins.edges, never.shares) == ((), (1.0, 0.0))
    assert (figures(never, nothing).psi, figures(never, nothing).marks) == (0, ())
    assert figures(never, something).marks == ("drift",)
    assert figures(always, nothing).marks == ("drift", "missing more")
    assert figures(always, nothing).mean is None


def test_without_a_baseline() -> None:
    """A feature that the baseline has not, or has of no rows, has figures and no index."""
    for reference in (None, reference_of(numbers(), 0)):
        told = figures(reference, (numbers(1, 3), 2))
        assert (told.rows, told.null_rate, told.mean) == (4, 0.5, 2)
        assert (told.psi, told.chance, told.marks) == (None, None, ())


MARKED = Figures(
    feature="f",
    from_ms=0,
    until_ms=1,
    rows=10_000,
    null_rate=0.0,
    least=None,
    most=None,
    mean=None,
    psi=0.0,
    chance=0.01,
    baseline_null_rate=0.0,
)


@pytest.mark.parametrize(
    ("index", "by_chance", "marks"),
    [
        (WATCH, 0.01, ()),
        (WATCH + 1e-9, 0.01, ("watch",)),
        (DRIFT, 0.01, ("watch",)),
        (DRIFT + 1e-9, 0.01, ("drift",)),
        (0.2, 0.2, ()),
        (0.3, 0.3, ()),
        (0.3, 0.28, ("drift",)),
    ],
)
def test_marks(index: float, by_chance: float, marks: tuple[str, ...]) -> None:
    """Beyond 0.1 is to be watched, beyond 0.25 is drift, the limit itself is not; chance never is."""
    assert MARKED._replace(psi=index, chance=by_chance).marks == marks


@pytest.mark.parametrize(
    ("was", "now", "rows", "told"),
    [
        (0.0, 0.01, 10_000, False),
        (0.0, 0.011, 10_000, True),
        (0.5, 0.509, 10**9, False),
        (0.5, 0.64, 100, False),
        (0.5, 0.66, 100, True),
        (0.5, 0.3, 10_000, False),
    ],
)
def test_more_are_missing(was: float, now: float, rows: int, told: bool) -> None:  # noqa: FBT001
    """The share of the missing rose if by more than a point, and by more than three deviations."""
    assert MARKED._replace(baseline_null_rate=was, null_rate=now, rows=rows).is_missing_more == told


def test_a_sum_beyond_64_bits_is_exact() -> None:
    """The mean of whole numbers is exact, though their sum outgrows the machine's integers."""
    values = np.array([2**62, 2**62 - 1, 2**62 - 2, -3], dtype=np.int64)
    assert figures(None, (values, 0)).mean == (3 * 2**62 - 6) / 4


@pytest.mark.parametrize(
    "reference",
    [
        Reference(Bins(edges=(1, 2)), (0.5, 0.5), 2),
        Reference(Bins(edges=(2, 1)), (0.25,) * 4, 4),
        Reference(Bins(), (0.5, 0.5), 0),
        Reference(Bins(), (0.5, 0.5), -1),
    ],
)
def test_a_reference_that_is_not_whole(reference: Reference) -> None:
    """Edges must rise, and there is a share a bin, or none without rows."""
    assert not reference.is_whole


def slow_psi(before: Sequence[Any], now: Sequence[Any], edges: Sequence[float]) -> float:
    """By definition, value by value: missing is a bin, others are told by how many edges they pass."""

    def shares(values: Sequence[Any]) -> dict[int | None, Fraction]:
        bins = [None if v is None else sum(v > edge for edge in edges) for v in values]
        every: list[int | None] = [None, *range(len(edges) + 1)]
        return {each: Fraction(bins.count(each), len(bins)) for each in every}

    expected, actual, total = shares(before), shares(now), 0.0
    for each in expected:
        e, a = max(float(expected[each]), 0.0001), max(float(actual[each]), 0.0001)
        total += (a - e) * math.log(a / e)
    return total


whole = st.lists(st.none() | st.integers(-(10**12), 10**12) | st.integers(0, 3), min_size=1, max_size=40)
broken = st.lists(st.none() | st.floats(-1e9, 1e9) | st.sampled_from([0.0, 0.5]), min_size=1, max_size=40)


def split(values: Sequence[Any], kind: Any) -> tuple[Values, int]:
    """The values that are there, and how many are not."""
    there = [each for each in values if each is not None]
    return np.array(there, dtype=kind), len(values) - len(there)


@given(st.sampled_from([(whole, np.int64), (broken, np.float64)]), st.data())
def test_equals_the_oracle(of: tuple[Any, Any], data: st.DataObject) -> None:
    """Whatever the values, and however they came in batches, all figures are what the definition says."""
    lists, kind = of
    before, batches = data.draw(lists), data.draw(st.lists(lists, min_size=1, max_size=4))
    reference = reference_of(*split(before, kind))
    told = figures(reference, *(split(batch, kind) for batch in batches))
    now = [each for batch in batches for each in batch]
    there = [each for each in now if each is not None]
    assert reference.is_whole
    assert sum(reference.shares) == pytest.approx(1)
    assert told.psi == pytest.approx(slow_psi(before, now, reference.bins.edges), abs=1e-9)
    assert (told.rows, told.null_rate) == (len(now), now.count(None) / len(now))
    assert (told.least, told.most) == (min(there, default=None), max(there, default=None))
    assert told.mean == (pytest.approx(math.fsum(there) / len(there), abs=1e-3) if there else None)


@given(whole)
def test_the_same_again_is_no_drift(values: list[int | None]) -> None:
    """Beside itself every feature has an index of 0; beside anything else never below."""
    held = split(values, np.int64)
    reference = reference_of(*held)
    assert figures(reference, held).psi == 0
    other = figures(reference, (numbers(7), 0)).psi
    assert other is not None
    assert other >= 0
