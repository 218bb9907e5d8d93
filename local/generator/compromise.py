"""
Which merchants are compromised, and since when.

What is drawn is the terminal or the web shop, not the card: for `DAYS` days most of
what its customers pay there turns out to be fraud. Amount, place and time stay the
customers' own, so that no payment tells; only what was reported of the merchant's
earlier ones does. It is scenario 2 of the Fraud Detection Handbook, which draws 2 of
10,000 terminals a day for 28 days and calls all their payments fraud.

Rule: each day is drawn from a seed of its own, and days are asked for in their order.
"""

from __future__ import annotations

from random import Random

from local.generator.traffic import DAY_MS
from local.generator.world import World

MERCHANT_COMPROMISE = "merchant_compromise"
DAYS = 28
MISUSED = 0.75  # share of the payments at a compromised merchant that are fraud


class Compromises:
    """The compromised merchants of a world, *share* of all at any time, from the first day on."""

    def __init__(self, seed: int, world: World, share: float, start_ms: int) -> None:
        shops = [shop for town in (*world.in_town.values(), *world.online.values()) for shop in town]
        self._merchants = [shop.merchant_id for shop in shops]
        self._seed = seed
        self._a_day = share * len(shops) / DAYS
        self._until: dict[str, int] = {}  # the first day on which a merchant is clean again
        self._next_day = start_ms // DAY_MS - DAYS + 1  # so that the first day is as any other

    def cover(self, merchant_id: str | None, at_ms: int) -> bool:
        """Whether the merchant is compromised at *at_ms*, which is never before an earlier call's."""
        day = at_ms // DAY_MS
        while self._next_day <= day:
            self._draw(self._next_day)
            self._next_day += 1
        return merchant_id is not None and self._until.get(merchant_id, day) > day

    def _draw(self, day: int) -> None:
        chance = Random(f"compromise {self._seed} {day}")
        for merchant_id in chance.sample(self._merchants, int(self._a_day + chance.random())):
            self._until[merchant_id] = day + DAYS
