"""
What the generator's currencies are worth in euro, a rate a day.

Rule: drawn from a chance of its own, so that the traffic of a seed does not depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from math import exp
from random import Random

from local.generator.traffic import DAY_MS, Message
from local.generator.world import PLACES
from schemas.currency import EXPONENTS

BASE = "EUR"
_DAILY = 0.004  # deviation of a day's change, about that of the dollar


def daily_rates(seed: int, start_ms: int) -> Iterator[Message]:
    """Each currency's rate of each day from that of *start_ms* on (UTC), to six digits, without end."""
    chance = Random(f"rates {seed}")
    worth = {
        place.currency: 10 ** EXPONENTS[place.currency] / place.minor_per_euro
        for place in PLACES
        if place.currency != BASE
    }
    for day in count(start_ms // DAY_MS):
        for currency, euros in worth.items():
            rate = format(Decimal(f"{euros:.6g}"), "f")
            yield {"currency": currency, "base": BASE, "rate": rate, "effective": day * DAY_MS}
            worth[currency] = euros * exp(chance.gauss(0, _DAILY))
