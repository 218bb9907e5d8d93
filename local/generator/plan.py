"""How to feed a source, how far feeding is, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from local.generator.engine import Generator, live_generator
from local.generator.order import Order
from local.generator.traffic import HOUR_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    How to feed a source.

    Attributes:
        order: What of it, and in which order.
        rate: Transactions a second, by an open-loop schedule; None is as fast as possible.
        lateness_ms: How long the job waits for late events; the last clock ticks go beyond it.
        pause_at: After this many transactions, all acknowledged, `on_pause` is called once; None is never.
        on_pause: What is done then; feeding goes on when it returns.
    """

    order: Order = field(default_factory=Order)
    rate: float | None = None
    lateness_ms: int = HOUR_MS
    pause_at: int | None = None
    on_pause: Callable[[], None] = lambda: None


@dataclass(slots=True)
class FeedProgress:
    """How far feeding is; written by the feeding thread alone, read by any."""

    transactions: int = 0
    labels: int = 0
    customers: int = 0
    articles: int = 0
    refused: int = 0
    event_time_ms: int = 0
    total: int | None = None
    refusals: list[str] = field(default_factory=list)


class FeedReport(NamedTuple):
    """What was fed. *frauds* names every labelled fraud among the transactions, with its kind."""

    transactions: int
    labels: int
    customers: int
    resent: int
    refused: int
    refusals: tuple[str, ...]  # the first 20, each with row and field
    seconds: float
    last_event_ms: int
    labelled: int
    frauds: dict[str, str]
    articles: int = 0


def live(seconds: float, rate: float, seed: int, now_ms: int) -> tuple[Generator, Plan]:
    """
    What `make run` feeds: *rate* events a second for *seconds*; their event time is days, and ends about now.

    Event time runs that much faster than the clock, so that labels arrive too; no event is after *now_ms*.
    """
    transactions = round(seconds * rate)
    order = Order(limit=transactions, until_ms=now_ms)
    return live_generator(seed, transactions, now_ms), Plan(order=order, rate=rate)
