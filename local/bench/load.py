"""
Traffic that costs its sender next to nothing, on a schedule that waits for nobody.

Rules: messages are the generator's, encoded beforehand but for id, account and event time;
a message's send time is the one that the schedule has for it, so that a sender or a broker
that falls behind makes latency longer, never shorter (no coordinated omission).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Protocol

import orjson
from confluent_kafka import Producer

from local.generator.engine import Generator
from local.generator.traffic import CUSTOMERS, DAY_MS, TRANSACTIONS, Message

_START_MS = 1_767_225_600_000  # 2026-01-01; event times are set when a message is sent
_WAIT_S = 0.002
_LEAD_POLL_S = 0.1
_CRITICAL = 2  # librdkafka's level: that a broker has gone is nothing to tell a person
_STRIDE = 7_919  # a prime: neighbours in time are none in the order of keys

LONG_AGO_MS = 2 * DAY_MS  # beyond every window

Addressed = tuple[str, bytes]  # an account, and a message but for its id, account and time


class Mix(Protocol):
    """An endless row of messages to so many accounts."""

    @property
    def accounts(self) -> int:
        """How many."""

    def addressed(self, number: int) -> Addressed:
        """The message *number*."""


class Pool:
    """The traffic of a seeded population, round and round: as many messages for each account as it sends."""

    def __init__(self, accounts: int, *, seed: int = 7) -> None:
        self.accounts = accounts
        self._generator = Generator(seed=seed, accounts=accounts, start_ms=_START_MS)
        samples = islice(self._generator.samples(), 3 * accounts)
        self._messages = [_addressed(sample.transaction) for sample in samples]

    def addressed(self, number: int) -> Addressed:
        """The message *number*."""
        return self._messages[number % len(self._messages)]

    def customers(self, accounts: int) -> Iterator[Message]:
        """The profiles of the owners of the first *accounts* accounts."""
        end = account_id(accounts)
        return takewhile(lambda one: one["account_ids"][0] < end, self._generator.customers())


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """
    A pool's messages, to accounts of another number: each gets its turn, in no order of keys.

    Attributes:
        pool: Whose messages.
        accounts: How many; each is met once before any is met again.
        first: The lowest number of an account.
        prefix: Of the accounts' ids; the pool's own, which have profiles, unless given.
        hot_ratio: Share of the messages that go to one single account, 0..1.
    """

    pool: Pool
    accounts: int
    first: int = 0
    prefix: str = "a-"
    hot_ratio: float = 0.0

    def addressed(self, number: int) -> Addressed:
        """The message *number*."""
        _, rest = self.pool.addressed(number)
        if number * 37 % 100 < 100 * self.hot_ratio:
            return f"{self.prefix}hot", rest
        return account_id(self.first + number * _STRIDE % self.accounts, self.prefix), rest


def account_id(number: int, prefix: str = "a-") -> str:
    """What the generator calls its account *number*."""
    return f"{prefix}{number:07d}"


def _addressed(message: Message) -> Addressed:
    rest = {k: v for k, v in message.items() if k not in {"transaction_id", "account_id", "event_time"}}
    return message["account_id"], orjson.dumps(rest)[1:]


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages *first* to *first* + *count*, by number; *due_ms* is when the schedule had the first one."""

    first: int
    count: int
    due_ms: float
    rate: float
    behind_ms: float  # the most that the sender was behind its schedule

    def due_at(self, number: int) -> float:
        """When the schedule had message *number*, UTC epoch ms."""
        return self.due_ms + (number - self.first) * 1000 / self.rate


class Sender:
    """
    Sends messages to one broker; ids are numbers that go on from one call to the next.

    Attributes:
        mix: Whose messages; the pool's own unless set.
        age_ms: How long ago the events sent are said to have happened.
    """

    def __init__(self, bootstrap: str, pool: Pool) -> None:
        self.mix: Mix = pool
        self.age_ms = 0
        self._pool = pool
        self._next = 0
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "acks": "1",
                "linger.ms": 3,
                "compression.type": "lz4",
                "partitioner": "murmur2",
                "queue.buffering.max.messages": 1_000_000,
                "log_level": _CRITICAL,
            }
        )

    @property
    def sent(self) -> int:
        """Messages sent so far."""
        return self._next

    def profiles(self) -> int:
        """The profiles of the owners of the pool's accounts are on the broker; how many."""
        profiles = list(self._pool.customers(self._pool.accounts))
        for profile in profiles:
            message = {"updated": _now_ms() - 60_000, **profile}
            self._produce(CUSTOMERS, message["customer_id"], orjson.dumps(message), int(_now_ms()))
        self._producer.flush()
        return len(profiles)

    def at_rate(self, rate: float, seconds: float) -> Sent:
        """*rate* messages a second were sent for *seconds*, each when it was due."""
        first, count = self._next, round(rate * seconds)
        begun_s, due_ms, behind_s = time.perf_counter(), _now_ms(), 0.0
        for index in range(count):
            ahead_s = begun_s + index / rate - time.perf_counter()
            if ahead_s > 0:
                self._producer.poll(0)
                time.sleep(max(ahead_s, _WAIT_S))
            behind_s = max(behind_s, -ahead_s)
            self._send(int(due_ms + index * 1000 / rate))
        self._producer.flush()
        return Sent(first, count, due_ms, rate, behind_s * 1000)

    def with_lead(self, count: int, lead: int, decided: Callable[[], int]) -> None:
        """*count* messages were sent, at most *lead* ahead of what *decided* says."""
        limit = decided() + lead
        for _ in range(count):
            while self._next >= limit:
                limit = decided() + lead
                if self._next >= limit:
                    time.sleep(_LEAD_POLL_S)
            self._send(int(_now_ms()))
        self._producer.flush()

    def close(self) -> None:
        """All is sent, and the connection closed."""
        self._producer.close()

    def _send(self, time_ms: int) -> None:
        account, rest = self.mix.addressed(self._next)
        event_ms = time_ms - self.age_ms
        head = f'{{"transaction_id":"b-{self._next}","account_id":"{account}","event_time":{event_ms},'
        self._produce(TRANSACTIONS, account, head.encode() + rest, event_ms)
        self._next += 1

    def _produce(self, topic: str, key: str, value: bytes, time_ms: int) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key.encode(), timestamp=time_ms)
            except BufferError:
                self._producer.poll(_LEAD_POLL_S)
            else:
                return


def _now_ms() -> float:
    return time.time_ns() / 1e6
