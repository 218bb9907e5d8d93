"""A customer's profile, and the part of it that each of its accounts keeps in state."""

from __future__ import annotations

from schemas.record import Record


class Customer(Record, frozen=True):
    """One customer as the `customers` topic last told it. Positions in degrees, times in UTC epoch ms."""

    customer_id: str
    account_ids: tuple[str, ...]
    updated_ms: int
    segment: str | None = None  # e.g. retail, premium, business
    home_country: str | None = None  # ISO 3166-1 alpha-2
    home_latitude: float | None = None
    home_longitude: float | None = None
    kyc_level: str | None = None  # none, basic, full
    risk_tier: str | None = None  # low, medium, high
    opened_ms: int | None = None
