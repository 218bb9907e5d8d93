"""
Where an honest account is: at home, or on a trip whose journeys real travellers make.

Rules: nobody acts on the way, and a way takes what a plane takes, so that no two
places of an account ask for a speed beyond `PLANE_KMH`; all is drawn from the
`random.Random` passed in.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from local.generator.traffic import DAY_MS, HOUR_MS
from local.generator.world import PLACES, Place
from udfs.features.geo import distance_km

PLANE_KMH = 800.0  # from gate to gate; below what the built-in book calls impossible
AROUND_FLIGHT_MS = 4 * HOUR_MS  # to one airport, through both, and into town
STAYS = ((1, 2, 3), (70, 22, 8))  # how many places a trip has, and how often
STAY_MS = (1 * DAY_MS, 5 * DAY_MS)
TRAVEL_IP = "192.0.2."  # TEST-NET-1, RFC 5737


class Stay(NamedTuple):
    """Some days in one place."""

    place: Place
    from_ms: int
    until_ms: int


class Trip(NamedTuple):
    """Stays abroad, one after the other, the way back, and the address that the traveller has meanwhile."""

    stays: tuple[Stay, ...]
    home_ms: int
    ip: str


def plan_trip(chance: Random, home: Place, leaves_ms: int) -> Trip:
    """A trip of 1 to 3 stays, each in another country than *home*, that begins at *leaves_ms*."""
    abroad = [place for place in PLACES if place.country != home.country]
    stays: list[Stay] = []
    here, at_ms = home, leaves_ms
    for place in chance.sample(abroad, chance.choices(*STAYS)[0]):
        from_ms = at_ms + journey_ms(here, place)
        here, at_ms = place, from_ms + chance.randrange(*STAY_MS)
        stays.append(Stay(place, from_ms, at_ms))
    return Trip(tuple(stays), at_ms + journey_ms(here, home), f"{TRAVEL_IP}{chance.randrange(1, 255)}")


def journey_ms(here: Place, there: Place) -> int:
    """How long the way takes from door to door."""
    km = distance_km(here.latitude, here.longitude, there.latitude, there.longitude)
    return AROUND_FLIGHT_MS + int(km / PLANE_KMH * HOUR_MS)


def arrived(trip: Trip, at_ms: int) -> tuple[int, Place | None]:
    """When, at *at_ms* or after it, the traveller is in a place, and which: None is home, for good."""
    for place, from_ms, until_ms in trip.stays:
        if at_ms <= until_ms:
            return max(at_ms, from_ms), place
    return max(at_ms, trip.home_ms), None
