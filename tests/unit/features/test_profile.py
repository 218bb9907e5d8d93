"""What the customer's profile says about an event."""

from __future__ import annotations

import pytest

from schemas.customer import Customer
from tests.unit.features.scenario import DAY, NOON_MS, at, seen
from udfs.features.profile import Profile, newer, profile_of

pytestmark = pytest.mark.unit

HOME = Profile(
    customer_id="c",
    updated_ms=0,
    home_country="DE",
    home_lat=52.52,
    home_lon=13.405,
    opened_ms=NOON_MS,
)
OF_PROFILE = ("country_is_home", "km_from_home", "account_age_days")


def test_everything_is_missing_without_profile() -> None:
    """Without a profile its features are missing, and the snapshot says so."""
    snapshot = seen(at(0, country="DE", latitude=52.52, longitude=13.405))
    assert [snapshot[name] for name in OF_PROFILE] == [None, None, None]
    assert snapshot["profile_known"] is False


def test_a_profile_that_says_nothing_leaves_them_missing() -> None:
    """A profile without home and opening date is known, and its features are missing."""
    snapshot = seen(at(0, country="DE", latitude=1.0, longitude=1.0), profile=Profile("c", updated_ms=0))
    assert [snapshot[name] for name in OF_PROFILE] == [None, None, None]
    assert snapshot["profile_known"] is True


def test_an_event_without_place_is_not_compared() -> None:
    """Without country and position there is nothing to compare with home."""
    snapshot = seen(at(0), profile=HOME)
    assert (snapshot["country_is_home"], snapshot["km_from_home"]) == (None, None)


@pytest.mark.parametrize(("country", "is_home"), [("DE", True), ("FR", False)])
def test_country_is_home(country: str, *, is_home: bool) -> None:
    """The event's country is compared with the home country."""
    assert seen(at(0, country=country), profile=HOME)["country_is_home"] is is_home


def test_km_from_home() -> None:
    """The distance from home is the great circle from the profile's position."""
    snapshot = seen(at(0, latitude=48.1351, longitude=11.5820), profile=HOME)
    assert snapshot["km_from_home"] == pytest.approx(504.4, abs=0.5)


@pytest.mark.parametrize(("second", "days"), [(0, 0), (DAY - 0.001, 0), (DAY, 1), (400 * DAY, 400)])
def test_account_age_is_in_whole_days(second: float, days: int) -> None:
    """A day counts when it is over."""
    assert seen(at(second), profile=HOME)["account_age_days"] == days


def test_profile_keeps_what_accounts_need() -> None:
    """Every field of a profile comes from the customer's."""
    customer = Customer("c", ("a",), 7, "retail", "DE", 52.52, 13.405, "full", "low", 5)
    assert profile_of(customer) == Profile("c", 7, "retail", "DE", 52.52, 13.405, "full", "low", 5)


@pytest.mark.parametrize(("kept_ms", "told_ms", "wins"), [(1, 2, "told"), (2, 1, "kept"), (2, 2, "told")])
def test_newer_profile_wins(kept_ms: int, told_ms: int, wins: str) -> None:
    """The later update is kept, whichever comes last; of two at one time the one told last."""
    kept, told = Profile("c", kept_ms, segment="kept"), Profile("c", told_ms, segment="told")
    assert newer(kept, told).segment == wins
    assert newer(None, told) == told
