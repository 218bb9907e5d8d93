"""How an account behaves: levels at their limits, groups, and what is known of the last payment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.transaction import Transaction
from tests.unit.features.scenario import DAY, HOUR, at, last, past, seen
from udfs.features.behaviour import GROUPS, Levels, group_of, recency_days
from udfs.features.history import Limits
from udfs.operators.account_state import AccountState, decode_state, encode_state
from udfs.rules.check import check_condition

pytestmark = pytest.mark.unit

PAGE = Path(__file__).parents[3] / "docs" / "features.md"
MS = 0.001  # seconds


def often(payments: int, until: float = 0) -> list[Transaction]:
    """So many payments of 10.00 EUR, the last at *until*, ten minutes apart."""
    return [at(until - 600 * n, transaction_id=f"p{n}") for n in reversed(range(payments))]


def test_first_event() -> None:
    """An account that never paid is new, pays seldom, and all else is not known."""
    snapshot = seen(at(0))
    assert [snapshot[name] for name in ("recency_days", "recency_level", "amount_level")] == [
        None,
        None,
        None,
    ]
    assert (snapshot["frequency_level"], snapshot["behaviour"]) == (1, "new")


@pytest.mark.parametrize(("payments", "behaviour"), [(0, "new"), (2, "new"), (3, "occasional")])
def test_an_account_is_new_until_its_third_payment(payments: int, behaviour: str) -> None:
    """Two payments before are no habit; three are."""
    assert seen(*often(payments), at(HOUR))["behaviour"] == behaviour


@pytest.mark.parametrize(
    ("seconds", "level"),
    [
        (0, 4),
        (DAY - MS, 4),
        (DAY, 3),
        (7 * DAY - MS, 3),
        (7 * DAY, 2),
        (30 * DAY - MS, 2),
        (30 * DAY, 1),
        (400 * DAY, 1),
    ],
)
def test_recency(seconds: float, level: int) -> None:
    """A payment exactly a day, a week or thirty days old is a level lower, as it is out of such a window."""
    snapshot = seen(at(0), at(seconds, transaction_id="now"))
    assert (snapshot["recency_days"], snapshot["recency_level"]) == (pytest.approx(seconds / DAY), level)


@pytest.mark.parametrize(("payments", "level"), [(1, 1), (2, 2), (8, 2), (9, 3), (60, 3), (61, 4)])
def test_frequency(payments: int, level: int) -> None:
    """Payments of thirty days count, this one left out."""
    assert seen(*often(payments), at(HOUR))["frequency_level"] == level


def test_a_login_counts_no_payment() -> None:
    """An event that is no payment sees the same, and leaves no trace in what the next sees."""
    logins = [at(HOUR, event_type="login"), at(2 * HOUR, event_type="login")]
    assert seen(*often(9), logins[0])["frequency_level"] == 3
    snapshot = seen(*often(9), *logins)
    assert (snapshot["frequency_level"], snapshot["recency_days"]) == (3, 2 / 24)


@pytest.mark.parametrize(
    ("amount_minor", "currency", "level"),
    [
        (999, "EUR", 1),
        (1_000, "EUR", 2),
        (4_999, "EUR", 2),
        (5_000, "EUR", 3),
        (19_999, "EUR", 3),
        (20_000, "EUR", 4),
        (9, "JPY", 1),
        (200, "JPY", 4),
        (9_999, "KWD", 1),
        (200_000, "KWD", 4),
    ],
)
def test_amount(amount_minor: int, currency: str, level: int) -> None:
    """The mean of the payments before is measured in major units of its own currency."""
    snapshot = seen(at(0, amount_minor, currency=currency), at(1, 10**9, currency=currency))
    assert snapshot["amount_level"] == level


def test_another_currency_has_no_amount_level() -> None:
    """What was paid in other currencies says nothing of this one; the group is told without it."""
    payments = [at(second, 90_000) for second in range(3)]
    assert seen(*payments, at(9))["behaviour"] == "high_value"
    snapshot = seen(*payments, at(9, currency="USD"))
    assert (snapshot["amount_level"], snapshot["behaviour"]) == (None, "occasional")


@pytest.mark.parametrize(
    ("levels", "group"),
    [
        (Levels(1, 1, 4), "dormant"),
        (Levels(1, 4, 4), "dormant"),
        (Levels(2, 4, 4), "heavy"),
        (Levels(2, 3, 4), "high_value"),
        (Levels(4, 1, 4), "high_value"),
        (Levels(4, 3, 3), "regular"),
        (Levels(2, 3, None), "regular"),
        (Levels(4, 2, 1), "occasional"),
        (Levels(2, 1, None), "occasional"),
        (Levels(None, 3, 3), None),
        (Levels(4, None, 3), None),
    ],
)
def test_groups(levels: Levels, group: str | None) -> None:
    """The first group that the levels fit; none while recency or frequency is not known."""
    assert group_of(levels) == group


def test_every_account_is_in_a_group() -> None:
    """Whatever its levels, an account that is not new has a group."""
    every = [Levels(r, f, a) for r in range(1, 5) for f in range(1, 5) for a in (None, 1, 2, 3, 4)]
    assert {group_of(levels) for levels in every} == {group.name for group in GROUPS}


def test_an_account_comes_back() -> None:
    """
    An account that paid often is dormant thirty days later, and occasional at its next payment.

    day  0: 9 payments      30: dormant, pays      30.5: its last payment is half a day old
    """
    payments = often(9)
    back = at(30 * DAY, transaction_id="back")
    assert seen(*payments, back)["behaviour"] == "dormant"
    after = seen(*payments, back, at(30.5 * DAY))
    assert (after["recency_days"], after["behaviour"]) == (0.5, "occasional")


def test_out_of_order() -> None:
    """
    An event sees the last payment at or before it, though a later one was observed.

    observed first: day 0, day 2; then one of day 1.5, whose last payment is that of day 0
    """
    observation = last([at(0), at(2 * DAY), at(1.5 * DAY)])
    assert observation.out_of_order
    assert observation.snapshot["recency_days"] == 1.5
    assert seen(at(0), at(2 * DAY), at(1.5 * DAY), at(1.75 * DAY))["recency_days"] == 0.25


def test_behind_all_that_is_known() -> None:
    """An event before the newest payment that was cut from history finds none, nor a group."""
    payments = [at(second, transaction_id=f"q{second}") for second in (10, 20, 3 * DAY)]
    snapshot = seen(*payments, at(15))
    assert (snapshot["recency_days"], snapshot["behaviour"]) == (None, None)
    assert snapshot["truncated"]


def test_entries_beyond_the_limit() -> None:
    """A payment that leaves history because logins fill it is still the last payment."""
    logins = [at(60 + n, event_type="login") for n in range(6)]
    assert last([at(0), *logins, at(HOUR)], limits=Limits(max_kept=2)).snapshot["recency_days"] == 1 / 24


def test_restored() -> None:
    """What is known of the last payment survives a restart, though no entry holds it any more."""
    history = past([at(0), at(2 * DAY, event_type="login")])
    restored = decode_state(encode_state(AccountState(history=history))).history
    assert recency_days(restored, 0, at(3 * DAY).event_time_ms) == 3
    assert (len(restored.recent), restored.recent.paid_last(1)) == (1, None)


def test_rules_compare_the_group_as_text() -> None:
    """A rule names the group in words."""
    checked = check_condition("behaviour in ['dormant', 'new'] and recency_days > 90")
    assert {name: str(kind) for name, kind in checked.names.items()} == {
        "behaviour": "text",
        "recency_days": "number",
    }


def test_the_page_has_every_group() -> None:
    """docs/features.md tells all groups in their order, beginning with the new accounts."""
    section = PAGE.read_text().partition("## How an account behaves")[2].partition("\n## ")[0]
    groups = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert groups[-1 - len(GROUPS) :] == ["new", *(group.name for group in GROUPS)]
