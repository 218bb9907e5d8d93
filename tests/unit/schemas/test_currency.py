"""Amounts become major units exactly, and codes are those of the standards."""

from __future__ import annotations

import csv
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.country import COUNTRIES
from schemas.currency import EXPONENTS, major

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
CODES = ROOT.parent / "shared" / "data" / "reference-codes" / "iso4217_codes_all.csv"


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text"),
    [
        (1_234, "EUR", "12.34"),
        (0, "EUR", "0.00"),
        (5, "USD", "0.05"),
        (1_234, "JPY", "1234"),
        (1_234, "BHD", "1.234"),
        (1, "CLF", "0.0001"),
        (10**12, "EUR", "10000000000.00"),
        (-250, "EUR", "-2.50"),
    ],
)
def test_major_units_keep_their_decimals(amount_minor: int, currency: str, text: str) -> None:
    """An amount in major units has as many decimals as its currency."""
    assert str(major(amount_minor, currency)) == text


@given(amount_minor=st.integers(-(10**30), 10**30), currency=st.sampled_from(sorted(EXPONENTS)))
def test_major_units_are_exact(amount_minor: int, currency: str) -> None:
    """No digit is lost, whatever the precision that the caller computes with."""
    with localcontext(prec=5):
        found = major(amount_minor, currency)
    sign, digits, exponent = found.as_tuple()
    assert exponent == -EXPONENTS[currency]
    assert Decimal((sign, digits, 0)) == Decimal(amount_minor)


def test_unknown_currency_has_no_exponent() -> None:
    """A code that is no currency of a payment has no major unit."""
    with pytest.raises(KeyError):
        major(1, "XAU")


@pytest.mark.skipif(not CODES.exists(), reason=f"{CODES.name} is not beside this checkout")
def test_exponents_are_the_standards() -> None:
    """The table is that of ISO 4217: every active code that has a minor unit, and no other."""
    with CODES.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["AlphabeticCode"] and not row["WithdrawalDate"]]
    assert {
        row["AlphabeticCode"]: int(row["MinorUnit"]) for row in rows if row["MinorUnit"] != "-"
    } == EXPONENTS


def test_countries_are_the_standards() -> None:
    """All 249 codes are two capital letters; those that look assigned and are not stay out."""
    assert len(COUNTRIES) == 249
    assert all(len(code) == 2 and code.isascii() and code.isupper() for code in COUNTRIES)
    assert COUNTRIES.isdisjoint({"UK", "EU", "XK", "AN", "ZZ", "AA"})
