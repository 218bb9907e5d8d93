"""
The account's own habit in amounts, from exact integer totals for each currency.

Rule: integers until the last division, so that order and length of history
change nothing.
"""

from __future__ import annotations

from math import sqrt

from schemas.transaction import Transaction
from udfs.features.history import Total
from udfs.features.names import Snapshot


def total_of(totals: tuple[Total, ...], currency: str) -> Total:
    """The total of *currency*; one of no payments when it is not kept."""
    for total in totals:
        if total.currency == currency:
            return total
    return Total(currency=currency, payments=0, sum_minor=b"", sum_squares=b"")


def paid(totals: tuple[Total, ...], txn: Transaction, most: int) -> tuple[Total, ...]:
    """*totals* with *txn* added; of more than *most* currencies, the one used longest ago is forgotten."""
    old = total_of(totals, txn.currency)
    new = Total(
        currency=txn.currency,
        payments=old.payments + 1,
        sum_minor=_packed(_number(old.sum_minor) + txn.amount_minor),
        sum_squares=_packed(_number(old.sum_squares) + txn.amount_minor * txn.amount_minor),
    )
    others = tuple(total for total in totals if total.currency != txn.currency)
    return (*others, new)[-most:]


def mean_of(total: Total) -> float | None:
    """The mean amount in minor units; None without payments."""
    return _number(total.sum_minor) / total.payments if total.payments else None


def deviation_of(total: Total) -> float | None:
    """The sample deviation in minor units, n - 1 in the divisor; None with fewer than two payments."""
    n = total.payments
    if n < 2:
        return None
    sum_minor = _number(total.sum_minor)
    return sqrt((n * _number(total.sum_squares) - sum_minor * sum_minor) / (n * (n - 1)))


def habit_features(total: Total, amount_minor: int | None) -> Snapshot:
    """How *amount_minor* compares with *total*, which does not hold it; None is no payment."""
    mean, deviation = mean_of(total), deviation_of(total)
    return {
        "account_mean": mean,
        "account_deviation": deviation,
        "amount_to_mean": amount_minor / mean if mean and amount_minor is not None else None,
        "amount_z": _z(amount_minor, mean, deviation),
    }


def _z(amount_minor: int | None, mean: float | None, deviation: float | None) -> float | None:
    if amount_minor is None or mean is None or not deviation:
        return None
    return (amount_minor - mean) / deviation


def _number(packed: bytes) -> int:
    return int.from_bytes(packed)


def _packed(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)
