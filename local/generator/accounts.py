"""
The people of the generator: customers, and accounts with habits.

Rules: an account is mutable only in what life changes (devices, payees, the trip it
is on); all else is drawn once, from the `random.Random` passed in.
"""

from __future__ import annotations

from itertools import accumulate
from random import Random

from local.generator.cards import card_number_for
from local.generator.traffic import DAY_MS, HOUR_MS, Message
from local.generator.travel import Trip
from local.generator.world import PLACES, Merchant, Place, World, near

HOMES = list(accumulate(place.people for place in PLACES))
PACE_PER_DAY = (3.0, 0.6)  # median and sigma of the lognormal number of events a day
USUAL_SHOPS = (4, 12)
USUAL_ONLINE_SHOPS = (2, 5)


class Account:
    """One account: who it is, and what is usual for it. Times in ms, prices in euro times *taste*."""

    __slots__ = (
        "account_id", "base", "card_number", "closes_ms", "customer_id", "devices", "here", "home",
        "home_ip", "mean_gap_ms", "mix", "opens_ms", "payees", "place", "shops", "taste", "trip",
        "utc_offset_ms", "web_shops",
    )  # fmt: skip

    def __init__(self, chance: Random, world: World, number: int, owner: tuple[str, Place]) -> None:
        self.customer_id, self.place = owner
        self.account_id = f"a-{number:07d}"
        self.card_number = card_number_for(number)
        self.home = near(chance, self.place, 0.06)
        self.base: Message = {
            "account_id": self.account_id,
            "customer_id": self.customer_id,
            "currency": self.place.currency,
        }
        self.here = self.place
        self.trip: Trip | None = None
        self._draw_habits(chance, world)
        self._draw_day(chance)

    @property
    def is_away(self) -> bool:
        """Whether it is in another place than its own."""
        return self.here is not self.place

    @property
    def ip(self) -> str:
        """Its address on the net, where it is."""
        return self.home_ip if self.trip is None else self.trip.ip

    def _draw_habits(self, chance: Random, world: World) -> None:
        town, online = world.in_town[self.place.name], world.online[self.place.name]
        self.shops: list[Merchant] = chance.choices(town, k=chance.randint(*USUAL_SHOPS))
        self.web_shops: list[Merchant] = chance.choices(online, k=chance.randint(*USUAL_ONLINE_SHOPS))
        self.taste = chance.lognormvariate(0, 0.35)
        self.devices = [new_device(chance) for _ in range(1 + (chance.random() < 0.4))]
        self.payees = [new_payee(chance) for _ in range(2)]
        self.home_ip = f"198.51.100.{chance.randrange(1, 255)}"  # TEST-NET-2, RFC 5737
        in_town = min(0.9, max(0.3, chance.gauss(0.66, 0.15)))
        left = 1 - in_town
        # upper bounds: town, online, cash machine, transfer; the rest is a login without a payment
        self.mix = (in_town, in_town + 0.6 * left, in_town + 0.74 * left, in_town + 0.86 * left)

    def _draw_day(self, chance: Random) -> None:
        median, sigma = PACE_PER_DAY
        self.mean_gap_ms = DAY_MS / min(15.0, chance.lognormvariate(0, sigma) * median)
        self.utc_offset_ms = round(self.place.longitude / 15) * HOUR_MS
        self.opens_ms = int(chance.gauss(7.5, 1.0) * HOUR_MS)
        self.closes_ms = int(chance.gauss(22.0, 0.8) * HOUR_MS)


def new_device(chance: Random) -> tuple[str, str]:
    """A device's id and fingerprint, never seen before."""
    return f"d-{chance.getrandbits(40):010x}", f"{chance.getrandbits(64):016x}"


def new_payee(chance: Random) -> str:
    """A payee's id, never seen before."""
    return f"p-{chance.getrandbits(28):07x}"


def build_people(
    chance: Random, world: World, accounts: int, start_ms: int
) -> tuple[list[Account], list[Message]]:
    """*accounts* accounts and their owners' profiles in wire form, as known just before *start_ms*."""
    people: list[Account] = []
    profiles: list[Message] = []
    while len(people) < accounts:
        place = chance.choices(PLACES, cum_weights=HOMES)[0]
        customer_id = f"c-{len(profiles):07d}"
        size = min(accounts - len(people), 1 + (chance.random() < 0.15))
        own = [Account(chance, world, len(people) + n, (customer_id, place)) for n in range(size)]
        people += own
        profiles.append(_profile(chance, own, start_ms))
    return people, profiles


def _profile(chance: Random, own: list[Account], start_ms: int) -> Message:
    latitude, longitude = own[0].home
    return {
        "customer_id": own[0].customer_id,
        "account_ids": [account.account_id for account in own],
        "updated": start_ms - 1,
        "segment": chance.choices(("retail", "premium", "business"), (85, 10, 5))[0],
        "home_country": own[0].place.country,
        "home_latitude": latitude,
        "home_longitude": longitude,
        "kyc_level": chance.choices(("full", "basic"), (9, 1))[0],
        "risk_tier": chance.choices(("low", "medium", "high"), (80, 17, 3))[0],
        "opened": start_ms - chance.randrange(1, 3000) * DAY_MS,
    }
