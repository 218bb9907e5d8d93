"""An exchange rate: what one unit of a currency is worth in the base currency, from a time on."""

from __future__ import annotations

from schemas.record import Record


class FxRate(Record, frozen=True):
    """So many units of *base* for one unit of *currency*, in force from *effective_ms* (UTC epoch ms) on."""

    currency: str  # ISO 4217, as base
    base: str
    rate: str  # an exact decimal, as it was told: no rate becomes a float
    effective_ms: int
