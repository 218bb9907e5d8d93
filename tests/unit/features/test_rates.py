"""Amounts in the base currency: which rate, and exact to the minor unit."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.currency import EXPONENTS
from schemas.fx_rate import FxRate
from tests.builders import NOON_MS, payment, rate
from udfs.features.rates import MAX_BASE_MINOR, MOST, Rates, learned

pytestmark = pytest.mark.unit

CURRENCIES = ("EUR", "USD", "JPY", "KWD", "CLF")  # exponents 2, 2, 0, 3, 4
texts = st.decimals("0.000000000001", 999_999_999, places=12).map(lambda value: format(value, "f"))


@given(
    amount_minor=st.integers(0, 10**12),
    text=texts,
    currency=st.sampled_from(CURRENCIES),
    base=st.sampled_from(CURRENCIES),
)
def test_conversion_is_exact(amount_minor: int, text: str, currency: str, base: str) -> None:
    """Whatever the exponents, an amount becomes the nearest minor units, the even ones at a tie."""
    if currency == base:
        text = "1"
    told = () if currency == base else (FxRate(currency, base, text, 0),)
    exact = Decimal(amount_minor).scaleb(-EXPONENTS[currency]) * Decimal(text)
    context = Context(prec=60, rounding=ROUND_HALF_EVEN)
    nearest = int(context.multiply(exact, 10 ** EXPONENTS[base]).to_integral_value(ROUND_HALF_EVEN))
    expected = nearest if nearest <= MAX_BASE_MINOR else None
    assert Rates(base, told).base_minor(amount_minor, currency, NOON_MS) == expected


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text", "expected"),
    [
        (1_000, "JPY", "0.00625", 625),  # 1,000 yen are 6.25 EUR
        (1_234, "KWD", "3", 370),  # 1.234 dinar are 3.702 EUR
        (5, "USD", "0.5", 2),  # 2.5 cents: to the even
        (7, "USD", "0.5", 4),  # 3.5 cents: to the even
        (5, "USD", "0.500000000001", 3),
        (0, "USD", "0.5", 0),
        (10**12, "KWD", "10000", MAX_BASE_MINOR),
        (10**12, "KWD", "10000.00000001", None),  # one beyond
    ],
)
def test_conversion_at_the_limits(amount_minor: int, currency: str, text: str, expected: int | None) -> None:
    """Yen and dinar have other minor units; a tie goes to the even; beyond the most there is nothing."""
    rates = Rates("EUR", [rate(currency=currency, rate=text)])
    assert rates.base_minor(amount_minor, currency, NOON_MS) == expected


@pytest.mark.parametrize(
    ("after_ms", "expected"), [(-1, None), (0, 90), (9, 90), (10, 80), (19, 80), (20, 70), (10**9, 70)]
)
def test_the_rate_in_force_is_the_newest_of_its_time(after_ms: int, expected: int | None) -> None:
    """A rate holds from its effective time on, until the next; before the first there is none."""
    told = [rate(rate=text, effective_ms=NOON_MS + at) for text, at in (("0.7", 20), ("0.9", 0), ("0.8", 10))]
    assert Rates("EUR", told).base_minor(100, "USD", NOON_MS + after_ms) == expected


def test_the_base_itself_needs_no_rate() -> None:
    """An amount in the base currency is its own base amount, at any time; another currency has none."""
    rates = Rates("EUR")
    assert rates.base_minor(123, "EUR", 0) == 123
    assert rates.base_minor(123, "USD", NOON_MS) is None


def test_a_rate_of_another_base_is_passed_over() -> None:
    """What is worth so many pounds is not worth so many euros."""
    rates = Rates("EUR", [rate(base="GBP")])
    assert rates.base_minor(100, "USD", NOON_MS) is None


def test_a_version_told_again_takes_its_own_place() -> None:
    """A correction replaces what was told of the same time, and nothing else."""
    rates = Rates("EUR", [rate(), rate(rate="0.8", effective_ms=NOON_MS + 1), rate(rate="0.5")])
    assert [rates.base_minor(100, "USD", NOON_MS + after) for after in (0, 1)] == [50, 80]


@given(st.permutations(range(6)))
def test_order_of_coming_changes_nothing(order: list[int]) -> None:
    """Of more versions than are kept the newest stay, in whatever order they come."""
    told = [rate(rate=f"0.{number + 1}", effective_ms=NOON_MS + number) for number in order]
    rates = Rates("EUR", told, most=3)
    assert [rates.base_minor(10, "USD", NOON_MS + number) for number in range(6)] == [None] * 3 + [4, 5, 6]


def test_versions_are_bounded() -> None:
    """A currency keeps so many versions, the newest; one older than all of them changes nothing."""
    kept: tuple[FxRate, ...] = ()
    for number in range(MOST + 1):
        kept = learned(kept, rate(effective_ms=NOON_MS + number))
    assert [one.effective_ms for one in kept] == [NOON_MS + 1 + number for number in range(MOST)]
    assert learned(kept, rate(effective_ms=NOON_MS)) == kept


def test_a_transaction_is_given_its_base_amount() -> None:
    """A transaction has its base amount at the rate of its event time, or none."""
    rates = Rates("EUR", [rate()])
    assert rates.in_base(payment(currency="USD", amount_minor=100)).base_minor == 90
    assert rates.in_base(payment(currency="USD", event_time_ms=NOON_MS - 1)).base_minor is None
