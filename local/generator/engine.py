"""
Endless seeded traffic: honest accounts and thieves, merged by event time.

Rules: the same arguments give the same bytes; events leave in event-time order;
nothing is drawn from a clock. An episode's labels are all reported at once, some
hours or days after its last event; a few honest payments are reported as honest.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from local.generator.accounts import Account, build_people
from local.generator.compromise import MERCHANT_COMPROMISE, MISUSED, Compromises
from local.generator.frauds import FRAUD_KINDS
from local.generator.habits import next_time, ordinary
from local.generator.inventory import Baskets, articles, wares_of
from local.generator.rates import BASE, daily_rates
from local.generator.traffic import DAY_MS, HOUR_MS, Message, Sample
from local.generator.world import World, build_world

# Events a day of the average account, measured over 2,000 accounts and 10 days of seed 1
EVENTS_PER_ACCOUNT_DAY = 2.7
KINDS = tuple(sorted((*FRAUD_KINDS, MERCHANT_COMPROMISE)))  # what happens to accounts, and to merchants
COMPROMISED = 4  # share of merchants compromised at any time, in fraud ratios: 0.6 %, as in the handbook
CLEARED = 0.01  # share of honest events that somebody asks about, and that are reported as honest
FIRST_GAP_HOURS = 24


class _Theft(NamedTuple):
    """An event that is fraud, and when its victim will report it."""

    message: Message
    kind: str
    reported_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """
    Endless traffic of *accounts* accounts from *start_ms* on.

    Attributes:
        seed: The same seed and other arguments give the same bytes.
        accounts: How many; about `EVENTS_PER_ACCOUNT_DAY` events a day each.
        start_ms: Event time of the beginning, UTC epoch ms.
        fraud_ratio: Chance that an honest event is followed by an episode of fraud, of 4 to 30 events;
            four times as large a share of the merchants is compromised at any time.
        kinds: The kinds of fraud to draw from, by name.
        label_hours: Shortest and longest time from an episode's end to its report.
    """

    seed: int
    accounts: int
    start_ms: int
    fraud_ratio: float = 0.0015
    kinds: tuple[str, ...] = KINDS
    label_hours: tuple[int, int] = (2, 48)

    @property
    def name(self) -> str:
        """What to call it when speaking to a person."""
        return f"generator, seed {self.seed}, {self.accounts:,} accounts"

    @property
    def total(self) -> int | None:
        """Not known: the traffic is endless."""
        return None

    @property
    def base(self) -> str:
        """The currency of its rates."""
        return BASE

    def rates(self) -> Iterator[Message]:
        """A rate a day of each currency but the base, from the day of the start on, without end."""
        return daily_rates(self.seed, self.start_ms)

    def customers(self) -> Iterator[Message]:
        """Every customer's profile, updated 1 ms before the start."""
        return iter(self._people()[2])

    def articles(self) -> Iterator[Message]:
        """Every article of every merchant, updated 1 ms before the start, and its later versions."""
        return articles(wares_of(self._people()[0]), self.start_ms)

    def samples(self) -> Iterator[Sample]:
        """Every event with its label, in event-time order, without end. About 10 us each."""
        world, people, _ = self._people()
        return _Life(self, world, people).samples()

    def _people(self) -> tuple[World, list[Account], list[Message]]:
        chance = Random(f"world {self.seed}")  # text seeds hash by SHA-512, the same everywhere
        world = build_world(chance, max(600, self.accounts // 5))
        people, profiles = build_people(chance, world, self.accounts, self.start_ms)
        return world, people, profiles


class _Life:
    """One run of a generator: whose turn it is, by event time."""

    def __init__(self, plan: Generator, world: World, people: list[Account]) -> None:
        self._plan = plan
        self._world = world
        self._chance = Random(f"life {plan.seed}")
        self._kinds = [kind for kind in plan.kinds if kind in FRAUD_KINDS]
        share = COMPROMISED * plan.fraud_ratio if MERCHANT_COMPROMISE in plan.kinds else 0.0
        self._compromises = Compromises(plan.seed, world, share, plan.start_ms)
        self._baskets = Baskets(plan.seed, world)
        self._prefix = f"{plan.seed}-{plan.start_ms // 1000:x}-"
        self._turns: list[tuple[int, int, Account | _Theft]] = [
            (self._first_time(account), number, account) for number, account in enumerate(people)
        ]
        self._planned = len(self._turns)
        heapq.heapify(self._turns)

    def samples(self) -> Iterator[Sample]:
        turns, chance, world = self._turns, self._chance, self._world
        fraud_ratio, number = self._plan.fraud_ratio, 0
        while turns:
            at_ms, order, who = turns[0]
            if isinstance(who, Account):
                message = ordinary(chance, who, world, at_ms)
                self._baskets.buy(message)
                heapq.heapreplace(turns, (next_time(chance, who, at_ms), order, who))
                if chance.random() < fraud_ratio and self._kinds:
                    self._plan_theft(who, at_ms)
                theft = self._misused(message, at_ms)
            else:
                heapq.heappop(turns)
                message, theft = who.message, who
            number += 1
            message["transaction_id"] = f"{self._prefix}{number:08d}"
            yield Sample(message, self._label(message, theft))

    def _first_time(self, account: Account) -> int:
        start_ms = self._plan.start_ms + int(self._chance.random() * account.mean_gap_ms)
        return next_time(self._chance, account, start_ms)

    def _plan_theft(self, account: Account, at_ms: int) -> None:
        kind = self._chance.choice(self._kinds)
        events = FRAUD_KINDS[kind](self._chance, account, self._world, at_ms)
        self._baskets.steal(events)
        reported_ms = self._reported(events[-1]["event_time"])
        for message in events:
            planned = _Theft(message, kind, reported_ms)
            heapq.heappush(self._turns, (message["event_time"], self._planned, planned))
            self._planned += 1

    def _misused(self, message: Message, at_ms: int) -> _Theft | None:
        """What an honest customer paid at a compromised merchant may be fraud."""
        compromised = self._compromises.cover(message.get("merchant_id"), at_ms)
        if not compromised or self._chance.random() >= MISUSED:
            return None
        return _Theft(message, MERCHANT_COMPROMISE, self._reported(at_ms))

    def _reported(self, ended_ms: int) -> int:
        soonest, latest = self._plan.label_hours
        return ended_ms + int(self._chance.uniform(soonest, latest) * HOUR_MS)

    def _label(self, message: Message, theft: _Theft | None) -> Message | None:
        if theft is None:
            if self._chance.random() >= CLEARED:
                return None
            return label(message, None, message["event_time"] + self._chance.randrange(2 * HOUR_MS, DAY_MS))
        return label(message, theft.kind, theft.reported_ms)


def label(message: Message, kind: str | None, reported_ms: int) -> Message:
    """The label of *message* in wire form: fraud of *kind*, or honest when that is None."""
    told: Message = {
        "transaction_id": message["transaction_id"],
        "account_id": message["account_id"],
        "is_fraud": kind is not None,
        "reported": reported_ms,
        "kind": kind,
        "card_number": message.get("card_number"),
        "merchant_id": message.get("merchant_id"),
    }
    return {name: value for name, value in told.items() if value is not None}


def live_generator(seed: int, transactions: int, now_ms: int, days: float = 5.0) -> Generator:
    """
    A generator whose first *transactions* events fill about *days* days and end at about *now_ms*.

    Few events fill fewer days, so that there are always some dozen accounts. They are
    meant to be cut at *now_ms*; a margin keeps the last one before it.
    """
    accounts = max(60, round(transactions / (days * EVENTS_PER_ACCOUNT_DAY)))
    span_days = transactions / (accounts * EVENTS_PER_ACCOUNT_DAY)
    start_ms = now_ms - int((span_days * 1.03 + 0.15) * DAY_MS)
    return Generator(seed=seed, accounts=accounts, start_ms=start_ms)
