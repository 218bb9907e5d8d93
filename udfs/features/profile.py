"""
The part of a customer's profile that each of its accounts keeps, and what it says about an event.

Rule: an event sees the newest version that was updated at or before it, whenever
that version came; what was updated later it can't have known (ADR-0022).
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.customer import Customer
from schemas.record import Record
from schemas.transaction import Transaction
from udfs.features.geo import distance_km
from udfs.features.names import Snapshot
from udfs.features.versions import placed
from udfs.features.windows import DAY_MS


class Profile(Record, frozen=True):
    """A customer as its accounts know it. Rests in state: fields are only appended, with defaults."""

    customer_id: str
    updated_ms: int
    segment: str | None = None
    home_country: str | None = None
    home_lat: float | None = None
    home_lon: float | None = None
    kyc_level: str | None = None
    risk_tier: str | None = None
    opened_ms: int | None = None


MOST_VERSIONS = 4  # of a profile that an account keeps; each is 50 to 90 bytes of its packed value
_NOBODY = Profile(customer_id="", updated_ms=0)


def profile_of(customer: Customer) -> Profile:
    """What an account of *customer* keeps."""
    return Profile(
        customer_id=customer.customer_id,
        updated_ms=customer.updated_ms,
        segment=customer.segment,
        home_country=customer.home_country,
        home_lat=customer.home_latitude,
        home_lon=customer.home_longitude,
        kyc_level=customer.kyc_level,
        risk_tier=customer.risk_tier,
        opened_ms=customer.opened_ms,
    )


def learned(versions: Sequence[Profile], told: Profile, most: int = MOST_VERSIONS) -> tuple[Profile, ...]:
    """
    *versions*, oldest first, with *told* at its place; of more than *most* the oldest are forgotten.

    A version is its time of update and its customer: told again, it takes its own place. Where two
    customers claim an account at one time the greater id is the newer, whichever comes first.
    """
    return placed(versions, told, _version)[-most:]


def _version(profile: Profile) -> tuple[int, str]:
    return profile.updated_ms, profile.customer_id


def profile_features(txn: Transaction, profile: Profile | None) -> Snapshot:
    """What *profile* says about *txn*; all but `profile_known` is None without one."""
    home = profile or _NOBODY
    return {
        "profile_known": profile is not None,
        "country_is_home": _same(txn.country, home.home_country),
        "km_from_home": _km_from_home(txn, home),
        "account_age_days": None
        if home.opened_ms is None
        else (txn.event_time_ms - home.opened_ms) // DAY_MS,
    }


def _same(country: str | None, home_country: str | None) -> bool | None:
    return None if country is None or home_country is None else country == home_country


def _km_from_home(txn: Transaction, home: Profile) -> float | None:
    if txn.latitude is None or txn.longitude is None or home.home_lat is None or home.home_lon is None:
        return None
    return distance_km(home.home_lat, home.home_lon, txn.latitude, txn.longitude)
