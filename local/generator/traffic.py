"""
What can be fed to the job: samples from a source, in the order of event time.

Rules: messages are in the wire form of their topic, with times as UTC epoch ms
and amounts in minor units; nothing here knows Kafka or a clock. A generator, a
mapped file and a test's list are all sources.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

TRANSACTIONS = "transactions"
CUSTOMERS = "customers"
LABELS = "labels"
INVENTORY = "inventory"
RATES = "fx-rates"
INPUT_TOPICS = (TRANSACTIONS, CUSTOMERS, LABELS, INVENTORY, RATES)

CLOCK_KEY = "__clock__"
CLOCK_MESSAGE: dict[str, Any] = {"clock": True}

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

Message = dict[str, Any]


class Sample(NamedTuple):
    """One transaction, what it turned out to be, and where it stood in the user's file (first row is 1)."""

    transaction: Message
    label: Message | None = None
    row: int | None = None


class Source(Protocol):
    """Where traffic comes from; all iterators begin anew at each call."""

    @property
    def name(self) -> str:
        """What to call the source when speaking to a person."""

    @property
    def total(self) -> int | None:
        """How many samples there are, None when that is not known beforehand."""

    @property
    def base(self) -> str | None:
        """The currency that its rates are in; None when it has none."""

    def rates(self) -> Iterator[Message]:
        """Every exchange rate, in the order of `effective`; there may be no end to them."""

    def customers(self) -> Iterator[Message]:
        """Every customer's profile; `updated` may be absent and is then set just before the first event."""

    def articles(self) -> Iterator[Message]:
        """Every version of every article, as customers; one with `removed` says nothing more than that."""

    def samples(self) -> Iterator[Sample]:
        """Every transaction in event-time order, with its label."""
