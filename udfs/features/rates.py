"""
Exchange rates by currency and time, and amounts in the base currency.

Rules (ADR-0025): exact integers, rounded once, half-even; an amount is converted at the rate in
force at its own event time, and never again. Without such a rate it has no base amount.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from fractions import Fraction
from operator import attrgetter
from typing import NamedTuple

from schemas.currency import EXPONENTS
from schemas.fx_rate import FxRate
from schemas.record import replace
from schemas.transaction import Transaction
from udfs.features.versions import placed

MOST = 64  # versions of a currency: two months of days
MAX_BASE_MINOR = 10**15  # beyond it there is no base amount: what logs sum up fits 64 bits
_effective_ms = attrgetter("effective_ms")


class Factor(NamedTuple):
    """From when on minor units are multiplied by what, to become minor units of the base."""

    effective_ms: int
    numerator: int
    denominator: int


def learned(versions: tuple[FxRate, ...], told: FxRate, most: int = MOST) -> tuple[FxRate, ...]:
    """*versions* of a currency with *told*, oldest first; told again, one takes its own place."""
    return placed(versions, told, _effective_ms)[-most:]


def factor_of(rate: FxRate) -> Factor:
    """What minor units of the rate's currency are multiplied by."""
    exact = Fraction(rate.rate) * 10 ** EXPONENTS[rate.base] / 10 ** EXPONENTS[rate.currency]
    return Factor(rate.effective_ms, exact.numerator, exact.denominator)


def converted(amount_minor: int, numerator: int, denominator: int) -> int:
    """*amount_minor* times the fraction, rounded half-even to a whole."""
    whole, rest = divmod(amount_minor * numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2))


class Rates:
    """
    Every rate that is known, by currency; at most `MOST` versions each, the newest.

    A rate of another base is passed over: a topic may serve several.
    """

    def __init__(self, base: str, told: Iterable[FxRate] = (), most: int = MOST) -> None:
        self.base = base
        self._most = most
        self._versions: dict[str, tuple[FxRate, ...]] = {}
        self._factors: dict[str, list[Factor]] = {base: [Factor(0, 1, 1)]}
        for rate in told:
            self.learn(rate)

    def learn(self, told: FxRate) -> tuple[FxRate, ...]:
        """Know *told*; every version of its currency that is kept now."""
        known = self._versions.get(told.currency, ())
        if told.base != self.base:
            return known
        known = self._versions[told.currency] = learned(known, told, self._most)
        self._factors[told.currency] = [factor_of(version) for version in known]
        return known

    def base_minor(self, amount_minor: int, currency: str, event_time_ms: int) -> int | None:
        """The amount in minor units of the base, at the rate in force then; None without one."""
        factors = self._factors.get(currency, ())
        place = bisect_right(factors, event_time_ms, key=_effective_ms)
        if not place:
            return None
        _, numerator, denominator = factors[place - 1]
        minor = converted(amount_minor, numerator, denominator)
        return minor if minor <= MAX_BASE_MINOR else None

    def in_base(self, txn: Transaction) -> Transaction:
        """*txn* with its base amount, where there is one."""
        minor = self.base_minor(txn.amount_minor, txn.currency, txn.event_time_ms)
        return txn if minor is None else replace(txn, base_minor=minor)
