"""What the customer's profile says about an event."""

from __future__ import annotations

from functools import reduce
from itertools import permutations

import pytest

from schemas.customer import Customer
from tests.unit.features.scenario import DAY, NOON_MS, at, seen
from udfs.features.profile import Profile, learned, profile_of
from udfs.features.versions import as_of

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


def version(updated_ms: int, segment: str | None = None, customer_id: str = "c") -> Profile:
    """A version of a profile."""
    return Profile(customer_id, updated_ms, segment=segment)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ([], []),
        ([10], [10]),
        ([10, 20, 30], [10, 20, 30]),
        ([30, 10, 20], [10, 20, 30]),  # out of order: each at its place
        ([10, 20, 10, 20], [10, 20]),  # told again: nothing changes
        ([10, 20, 30, 40, 50], [20, 30, 40, 50]),  # too many: the oldest is forgotten
        ([20, 30, 40, 50, 10], [20, 30, 40, 50]),  # older than all that are kept
    ],
)
def test_versions_are_kept_in_order(told: list[int], kept: list[int]) -> None:
    """A bounded few versions are kept, oldest first, in whichever order they are told."""
    versions = reduce(learned, map(version, told), ())
    assert [each.updated_ms for each in versions] == kept


def test_version_told_again_takes_its_place() -> None:
    """Of one update of one customer the version told last stays."""
    versions = learned((version(1), version(2, "old"), version(3)), version(2, "new"))
    assert [each.segment for each in versions] == [None, "new", None]


@pytest.mark.parametrize("told", list(permutations("ab")))
def test_two_customers_of_one_account(told: tuple[str, ...]) -> None:
    """Where two customers claim an account at one time, the greater id counts, whichever comes first."""
    versions = reduce(learned, (version(1, customer_id=name) for name in told), ())
    found = as_of(versions, 1)
    assert found is not None
    assert found.customer_id == "b"


@pytest.mark.parametrize(
    ("event_time_ms", "seen_ms"), [(9, None), (10, 10), (19, 10), (20, 20), (29, 20), (30, 30), (10**6, 30)]
)
def test_newest_version_as_old_as_the_event(event_time_ms: int, seen_ms: int | None) -> None:
    """An event sees the newest version that was updated at or before it; one before all sees none."""
    found = as_of(tuple(map(version, (10, 20, 30))), event_time_ms)
    assert (found and found.updated_ms) == seen_ms
