"""Numbers of mixed types, against exact fractions."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, Overflow, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

from tests.unit.rules.trees import number_value
from udfs.rules import arithmetic

pytestmark = pytest.mark.unit

OPERATIONS = [
    (arithmetic.add, Fraction.__add__),
    (arithmetic.subtract, Fraction.__sub__),
    (arithmetic.multiply, Fraction.__mul__),
    (arithmetic.divide, Fraction.__truediv__),
]


def _rounded(exact: Fraction) -> Decimal:
    """*exact* with 34 digits; far wider exponents than the product's, so only digits are lost."""
    context = Context(prec=34, rounding=ROUND_HALF_EVEN)
    return context.divide(Decimal(exact.numerator), Decimal(exact.denominator))


@pytest.mark.parametrize(("ours", "exactly"), OPERATIONS, ids=["add", "subtract", "multiply", "divide"])
@given(left=number_value(), right=number_value())
@settings(deadline=None)
def test_agrees_with_fractions(ours: Any, exactly: Any, left: Any, right: Any) -> None:
    """Every mix of int, float and Decimal gives the exact result, rounded once to 34 digits."""
    if right == 0 and ours is arithmetic.divide:
        return
    assert ours(left, right) == _rounded(exactly(Fraction(left), Fraction(right)))


def test_whole_numbers_are_never_rounded() -> None:
    """Sums and products of whole numbers keep all their digits."""
    assert arithmetic.multiply(10**40 + 1, 10**40 - 1) == 10**80 - 1


def test_negation_is_never_rounded() -> None:
    """Minus a number keeps all its digits, whatever context the thread has."""
    with localcontext(prec=3):
        assert arithmetic.negate(Decimal("1.23456789")) == Decimal("-1.23456789")


def test_the_threads_context_does_not_matter() -> None:
    """Another library's decimal context changes no result."""
    with localcontext(prec=2):
        assert arithmetic.add(Decimal("1.234"), 1) == Decimal("2.234")


def test_division_of_whole_numbers_is_decimal() -> None:
    """Two whole numbers divide to a decimal of 34 digits, not to a float."""
    assert arithmetic.divide(1, 3) == Decimal("0." + "3" * 34)


@pytest.mark.parametrize("zero", [0, 0.0, -0.0, Decimal("0.00")])
def test_division_by_zero(zero: float | Decimal) -> None:
    """Dividing by any zero, zero itself included, raises ZeroDivisionError."""
    with pytest.raises(ZeroDivisionError):
        arithmetic.divide(0, zero)


def test_overflow() -> None:
    """A decimal beyond 10**6145 raises Overflow instead of becoming infinite."""
    with pytest.raises(Overflow):
        arithmetic.multiply(10**6144, Decimal("10.5"))
