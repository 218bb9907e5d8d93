"""The part of a customer's profile that each of its accounts keeps, and what it says about an event."""

from __future__ import annotations

from schemas.customer import Customer
from schemas.record import Record
from schemas.transaction import Transaction
from udfs.features.geo import distance_km
from udfs.features.names import Snapshot
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


def newer(kept: Profile | None, told: Profile) -> Profile:
    """The profile to keep: the later *updated_ms* wins, and *told* where they are equal."""
    return told if kept is None or told.updated_ms >= kept.updated_ms else kept


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
