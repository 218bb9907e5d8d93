"""Amounts against the account's own habit."""

from __future__ import annotations

import pytest

from tests.unit.features.scenario import at, last, past, seen
from udfs.features.history import Limits
from udfs.features.totals import deviation_of, mean_of, total_of

pytestmark = pytest.mark.unit

HABIT = ("account_count", "account_mean", "account_deviation", "amount_to_mean", "amount_z")


def test_first_payment_has_no_habit() -> None:
    """All but the count is missing on the first payment."""
    snapshot = seen(at(0))
    assert [snapshot[name] for name in HABIT] == [0, None, None, None, None]


def test_second_payment_has_a_mean_only() -> None:
    """After one payment there is a mean and a ratio, and no deviation."""
    snapshot = seen(at(0, 400), at(1, 1_000))
    assert [snapshot[name] for name in HABIT] == [1, 400.0, None, 2.5, None]


def test_habit_leaves_the_event_out() -> None:
    """Mean and sample deviation are of the payments before this one: 2 and 6 give 4 and the root of 8."""
    snapshot = seen(at(0, 2), at(1, 6), at(2, 8))
    assert [snapshot[name] for name in HABIT] == [2, 4.0, pytest.approx(8**0.5), 2.0, pytest.approx(2**0.5)]


def test_equal_amounts_deviate_by_nothing() -> None:
    """Equal amounts give a deviation of 0, and no z value."""
    snapshot = seen(at(0, 500), at(1, 500), at(2, 900))
    assert (snapshot["account_deviation"], snapshot["amount_z"]) == (0.0, None)


def test_a_mean_of_zero_gives_no_ratio() -> None:
    """Payments of nothing have a mean of 0, to which no amount is a ratio."""
    snapshot = seen(at(0, 0), at(1, 900))
    assert (snapshot["account_mean"], snapshot["amount_to_mean"]) == (0.0, None)


def test_habit_is_of_one_currency() -> None:
    """Payments in another currency count in account_count, and are in no mean."""
    snapshot = seen(at(0, 400), at(1, 90_000, currency="JPY"), at(2, 1_000))
    assert [snapshot[name] for name in HABIT] == [2, 400.0, None, 2.5, None]


def test_other_events_have_no_amount() -> None:
    """A login is compared with nothing, and enters no total."""
    login = seen(at(0, 400), at(1, 9, event_type="login"))
    assert [login[name] for name in HABIT] == [1, 400.0, None, None, None]
    assert seen(at(0, 400), at(1, 9, event_type="login"), at(2))["account_count"] == 1


def test_totals_are_of_what_was_observed_before() -> None:
    """A payment that comes late sees the totals of all observed before it, newer ones too."""
    assert seen(at(0, 400), at(100, 600), at(50))["account_mean"] == 500.0


def test_totals_are_exact_at_the_largest_amounts() -> None:
    """Sums of squares far beyond 64 bits lose nothing: 10**12 and 10**12 - 2 deviate by the root of 2."""
    history = past([at(0, 10**12), at(1, 10**12 - 2)])
    total = total_of(history.totals, "EUR")
    assert (mean_of(total), deviation_of(total)) == (10**12 - 1, pytest.approx(2**0.5, rel=1e-15))


def test_currency_used_longest_ago_is_forgotten() -> None:
    """Of more currencies than are kept, the one used longest ago starts anew."""
    two = Limits(max_currencies=2)
    euro_again = [at(n, 100, currency=currency) for n, currency in enumerate(["EUR", "USD", "EUR", "GBP"])]
    assert last([*euro_again, at(9)], limits=two).snapshot["account_mean"] == 100.0
    assert last([*euro_again, at(9, currency="USD")], limits=two).snapshot["account_mean"] is None
