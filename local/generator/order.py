"""
In which order, and with which record timestamp, a source's messages are sent.

Rules: pure, no clock, no Kafka. Labels go out when event time passes the moment
they were reported, profiles and articles when it passes their update, rates a day before they
take effect; those after the end are never sent. A clock tick never says a later time than what
every message still to come may bear, so a tick makes nothing late.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from local.generator.traffic import (
    CLOCK_KEY,
    CLOCK_MESSAGE,
    CUSTOMERS,
    DAY_MS,
    HOUR_MS,
    INVENTORY,
    LABELS,
    RATES,
    TRANSACTIONS,
    Message,
    Sample,
    Source,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    What to send of a source, and how orderly.

    Attributes:
        until_ms: Event times from here on are left out; None is no limit.
        limit: At most this many transactions; None is no limit.
        shuffle_ms: A message may be overtaken by those up to this much younger; 0 keeps event-time order.
        seed: Of the shuffling; the same seed gives the same order.
        tick_every_ms: Event time between two rounds of clock ticks.
    """

    until_ms: int | None = None
    limit: int | None = None
    shuffle_ms: int = 0
    seed: int = 0
    tick_every_ms: int = HOUR_MS


class Outgoing(NamedTuple):
    """One record to send; *topic* is empty for a clock tick, which goes to every partition of every input."""

    topic: str
    key: str
    time_ms: int
    message: Message
    row: int | None = None


def arrange(samples: Iterable[Sample], order: Order) -> Iterator[Outgoing]:
    """
    The samples (already `cut`), their labels and the clock ticks in the order in which they are to be sent.

    O(log n) a message in the labels not yet reported and the messages within *shuffle_ms*.
    """
    messages = with_labels(samples)
    if order.shuffle_ms > 0:
        messages = shuffled(messages, order.shuffle_ms, order.seed)
    return with_ticks(messages, order.tick_every_ms, order.shuffle_ms)


def cut(samples: Iterable[Sample], order: Order) -> Iterator[Sample]:
    """The samples before `until_ms`, at most `limit` of them."""
    for sample in islice(samples, order.limit):
        if order.until_ms is not None and sample.transaction["event_time"] >= order.until_ms:
            return
        yield sample


def with_labels(samples: Iterable[Sample]) -> Iterator[Outgoing]:
    """Transactions, each label put in before the first transaction that is not older than its report."""
    waiting: list[tuple[int, int, Message]] = []
    for number, sample in enumerate(samples):
        transaction, label, row = sample
        now_ms: int = transaction["event_time"]
        while waiting and waiting[0][0] <= now_ms:
            reported_ms, _, due = heapq.heappop(waiting)
            yield Outgoing(LABELS, due["account_id"], reported_ms, due)
        yield Outgoing(TRANSACTIONS, transaction["account_id"], now_ms, transaction, row)
        if label is not None:
            heapq.heappush(waiting, (label["reported"], number, label))


def versions(source: Source, time_ms: int) -> Iterator[Outgoing]:
    """Every version at its update; without one a profile is of *time_ms*, and an article held always."""
    for profile in source.customers():
        told = {"updated": time_ms, **profile}
        yield Outgoing(CUSTOMERS, told["customer_id"], told["updated"], told)
    for article in source.articles():
        told = {"updated": 0, **article}
        key = f"{told['merchant_id']}/{told['article_id']}"
        yield Outgoing(INVENTORY, key, told["updated"], told)


def with_versions(messages: Iterable[Outgoing], later: Iterable[Outgoing]) -> Iterator[Outgoing]:
    """*messages*, each of *later* put in before the first that is not older than it."""
    waiting = deque(sorted(later, key=lambda version: version.time_ms))
    for message in messages:
        while waiting and waiting[0].time_ms <= message.time_ms:
            yield waiting.popleft()
        yield message


def with_rates(messages: Iterable[Outgoing], rates: Iterator[Message]) -> Iterator[Outgoing]:
    """*messages*, each of *rates* put in before the first that is not older than its publication."""
    due = next(rates, None)
    for message in messages:
        while due is not None and published_ms(due) <= message.time_ms:
            yield published(due)
            due = next(rates, None)
        yield message


def published(rate: Message) -> Outgoing:
    """*rate* as it is sent; each version has a key of its own, so that compaction keeps all of them."""
    key = f"{rate['currency']}/{rate['base']}/{rate['effective']}"
    return Outgoing(RATES, key, published_ms(rate), rate)


def published_ms(rate: Message) -> int:
    """A day before it takes effect: known to all that it is for (ADR-0025)."""
    effective_ms: int = rate["effective"]
    return max(0, effective_ms - DAY_MS)


def shuffled(messages: Iterable[Outgoing], shuffle_ms: int, seed: int) -> Iterator[Outgoing]:
    """The same messages, each delayed by a random time in [0, shuffle_ms] of event time."""
    chance = random.Random(seed)
    held: list[tuple[float, int, Outgoing]] = []
    for number, message in enumerate(messages):
        while held and held[0][0] < message.time_ms:
            yield heapq.heappop(held)[2]
        heapq.heappush(held, (message.time_ms + chance.uniform(0, shuffle_ms), number, message))
    while held:
        yield heapq.heappop(held)[2]


def with_ticks(messages: Iterable[Outgoing], every_ms: int, slack_ms: int) -> Iterator[Outgoing]:
    """A clock tick in front of the first message that reaches each multiple of *every_ms* since the first."""
    newest_ms: int | None = None
    next_ms = 0
    for message in messages:
        if newest_ms is None:
            newest_ms, next_ms = message.time_ms, message.time_ms + every_ms
        newest_ms = max(newest_ms, message.time_ms)
        if newest_ms >= next_ms:
            yield tick(newest_ms - slack_ms)
            next_ms = newest_ms + every_ms
        yield message


def tick(time_ms: int) -> Outgoing:
    """The record that moves event time to *time_ms* and does nothing else."""
    return Outgoing("", CLOCK_KEY, time_ms, CLOCK_MESSAGE)
