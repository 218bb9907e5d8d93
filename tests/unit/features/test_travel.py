"""Time, distance and speed since the last position."""

from __future__ import annotations

import pytest

from tests.unit.features.scenario import HOUR, MINUTE, at, past, seen
from udfs.features.geo import distance_km

pytestmark = pytest.mark.unit

BERLIN = {"latitude": 52.5200, "longitude": 13.4050}
MUNICH = {"latitude": 48.1351, "longitude": 11.5820}
BERLIN_MUNICH_KM = pytest.approx(504.4, abs=0.5)
TRAVEL = ("seconds_since_last", "km_from_last", "speed_kmh")


def degrees_north(km: float) -> float:
    """Degrees of latitude that lie *km* apart."""
    return km / 111.19508  # one degree of latitude on the sphere


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ((52.5200, 13.4050), (48.1351, 11.5820), BERLIN_MUNICH_KM),
        ((0, 0), (0, 0), 0.0),
        ((0, 179.5), (0, -179.5), pytest.approx(111.195, abs=0.001)),
        ((90, 0), (-90, 77), pytest.approx(20_015.115, abs=0.001)),
        ((0, 0), (0, 180), pytest.approx(20_015.115, abs=0.001)),
    ],
    ids=["berlin to munich", "nowhere", "over the date line", "pole to pole", "half way round"],
)
def test_distance(one: tuple[float, float], other: tuple[float, float], km: float) -> None:
    """Distances are great circles, over the date line and to the far side too."""
    assert distance_km(*one, *other) == km


def test_travel_from_the_last_position() -> None:
    """An hour after Berlin, Munich takes 504 km/h."""
    snapshot = seen(at(0, **BERLIN), at(HOUR, **MUNICH))
    assert [snapshot[name] for name in TRAVEL] == [3600.0, BERLIN_MUNICH_KM, BERLIN_MUNICH_KM]


def test_events_without_position_are_passed_over() -> None:
    """The last position is that of the last event that has one; a login's is as good as a payment's."""
    snapshot = seen(at(0), at(MINUTE, event_type="login", **BERLIN), at(HOUR), at(HOUR + MINUTE, **MUNICH))
    assert [snapshot[name] for name in TRAVEL] == [3600.0, BERLIN_MUNICH_KM, BERLIN_MUNICH_KM]


@pytest.mark.parametrize("events", [[at(0, **BERLIN)], [at(0), at(1, **BERLIN)], [at(0, **BERLIN), at(1)]])
def test_travel_is_missing_without_two_positions(events: list) -> None:
    """Time, distance and speed are missing unless both events have a position."""
    assert [seen(*events)[name] for name in TRAVEL] == [None, None, None]


def test_half_a_position_is_none() -> None:
    """A latitude without a longitude is no position."""
    assert seen(at(0, **BERLIN), at(1, latitude=48.1))["km_from_last"] is None


@pytest.mark.parametrize(("km", "has_speed"), [(1.001, True), (0.999, False)])
def test_speed_needs_a_kilometre(km: float, *, has_speed: bool) -> None:
    """Below 1 km there is a distance and no speed."""
    snapshot = seen(at(0, latitude=0.0, longitude=0.0), at(9, latitude=degrees_north(km), longitude=0.0))
    assert snapshot["km_from_last"] == pytest.approx(km, rel=1e-6)
    assert (snapshot["speed_kmh"] is not None) == has_speed


def test_no_time_counts_as_a_second() -> None:
    """Two places at the same millisecond are one second apart for the speed, and 0 s apart."""
    snapshot = seen(at(0, transaction_id="a", **BERLIN), at(0, transaction_id="b", **MUNICH))
    assert snapshot["seconds_since_last"] == 0.0
    assert snapshot["speed_kmh"] == pytest.approx(3600 * 504.4, rel=1e-3)


def test_a_late_event_is_not_compared_with_its_future() -> None:
    """
    The last position is the newest at or before the event; the newest of all stays the last for later ones.

        event time   0 Berlin ---- 1 h Munich (comes late) ---- 2 h Berlin
        came         1st           3rd                          2nd
    """
    events = [at(0, **BERLIN), at(2 * HOUR, **BERLIN), at(HOUR, **MUNICH)]
    assert seen(*events)["speed_kmh"] == BERLIN_MUNICH_KM
    assert seen(*events, at(2 * HOUR + 1, **BERLIN))["km_from_last"] == 0.0


def test_only_the_newest_positions_are_kept() -> None:
    """Four positions rest in state, in event-time order, whatever order they came in."""
    order = [50, 10, 40, 20, 30, 5]
    kept = past([at(second, latitude=float(second), longitude=0.0) for second in order]).positions
    assert [position.latitude for position in kept] == [20.0, 30.0, 40.0, 50.0]
