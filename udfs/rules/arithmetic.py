"""
The arithmetic of conditions: exact where it can be, decimal where it can't.

Whole numbers are added, subtracted, multiplied and negated exactly. All other
arithmetic is decimal: floats are taken at their exact binary value, and a
result of more than 34 digits is rounded half to even (IEEE 754 decimal128).

Rule: the context is this module's own. The one Python keeps for each thread
has 28 digits, and others may change it.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

Number = int | float | Decimal

DECIMAL128 = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)


def add(left: Number, right: Number) -> Number:
    """The sum. Raises decimal.Overflow beyond 10**6145."""
    if type(left) is int and type(right) is int:
        return left + right
    return DECIMAL128.add(_exact(left), _exact(right))


def subtract(left: Number, right: Number) -> Number:
    """The difference. Raises decimal.Overflow beyond 10**6145."""
    if type(left) is int and type(right) is int:
        return left - right
    return DECIMAL128.subtract(_exact(left), _exact(right))


def multiply(left: Number, right: Number) -> Number:
    """The product. Raises decimal.Overflow beyond 10**6145."""
    if type(left) is int and type(right) is int:
        return left * right
    return DECIMAL128.multiply(_exact(left), _exact(right))


def divide(left: Number, right: Number) -> Number:
    """The quotient, always decimal. Raises ZeroDivisionError, or decimal.Overflow beyond 10**6145."""
    if not right:
        raise ZeroDivisionError
    return DECIMAL128.divide(_exact(left), _exact(right))


def negate[N: (int, float, Decimal)](operand: N) -> N:
    """Minus *operand*, never rounded."""
    return operand.copy_negate() if isinstance(operand, Decimal) else -operand


def _exact(number: Number) -> Decimal | int:
    return Decimal(number) if isinstance(number, float) else number
