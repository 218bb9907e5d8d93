"""
Traffic into Kafka: at full speed or on a schedule, and nothing lost on the way.

Rules: the result of every record is looked at; what failed is sent again, what the
broker refuses is told by row and field.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain

import orjson

from local.generator.delivery import Clock, Delivery, FeedingAbandoned, Producer, WallClock, connect_producer
from local.generator.order import (
    Outgoing,
    arrange,
    cut,
    published,
    published_ms,
    tick,
    versions,
    with_rates,
    with_versions,
)
from local.generator.outbox import Outbox, send_tick
from local.generator.plan import FeedProgress, FeedReport, Plan, live
from local.generator.traffic import (
    CUSTOMERS,
    HOUR_MS,
    INVENTORY,
    LABELS,
    RATES,
    TRANSACTIONS,
    Message,
    Sample,
    Source,
)

_COUNTED = {CUSTOMERS: "customers", INVENTORY: "articles", LABELS: "labels"}
Connect = Callable[[], Producer]

__all__ = ["FeedProgress", "FeedReport", "Feeder", "Plan", "live"]


class Feeder:
    """Feeds the input topics of one broker. `sent_ms` has the send time of each transaction, UTC epoch ms."""

    def __init__(self, bootstrap: str, *, connect: Connect | None = None, clock: Clock | None = None) -> None:
        self._connect = connect or (lambda: connect_producer(bootstrap))
        self._clock = clock or WallClock()
        self._stopped = threading.Event()
        self.progress = FeedProgress()
        self.sent_ms: dict[str, int] = {}
        self.last_tick: Outgoing | None = None

    def feed(self, source: Source, plan: Plan | None = None) -> FeedReport:
        """
        All messages of *source*, and clock ticks, are on the broker, but for those refused.

        A broker that is away is waited for. Blocks until all is acknowledged or `stop` is called.

        Raises:
            MappingError: If the source meets a row that it can't use; what was sent before stays sent.
        """
        delivery = Delivery(self._connect, self._clock, self._stopped.is_set)
        try:
            return _Feeding(self, source, plan or Plan(), delivery).run()
        finally:
            delivery.close()

    def tick_again(self) -> None:
        """
        The last clock ticks are sent once more, after `feed` has ended.

        A job that restarts has forgotten its watermarks, and may have read the ticks
        of some partitions already: these would hold up the others for ever.
        """
        if self.last_tick is None:
            return
        delivery = Delivery(self._connect, self._clock)
        try:
            send_tick(delivery, self.last_tick, self._clock.now_ms())
            delivery.flush()
        finally:
            delivery.close()

    def stop(self) -> None:
        """Feeding ends soon, as if the source had ended; may be called from any thread."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped.is_set()

    @property
    def clock(self) -> Clock:
        """What tells and passes the time."""
        return self._clock


class _Feeding:
    """One feeding: the state that lives as long as it."""

    def __init__(self, feeder: Feeder, source: Source, plan: Plan, delivery: Delivery) -> None:
        self._feeder = feeder
        self._source = source
        self._plan = plan
        self._delivery = delivery
        self._clock = feeder.clock
        self._progress = feeder.progress = FeedProgress(total=source.total)
        self._outbox = Outbox(delivery, self._clock, self._progress, source.name)
        self._frauds: dict[str, str] = {}
        self._labelled = 0

    def run(self) -> FeedReport:
        start_s = self._clock.seconds()
        order = self._plan.order
        messages = arrange(self._noted(cut(self._source.samples(), order)), order)
        with suppress(FeedingAbandoned):
            self._deliver(messages)
        return self._report(self._clock.seconds() - start_s)

    def _deliver(self, messages: Iterator[Outgoing]) -> None:
        first = next(messages, None)
        if first is not None:
            rates = self._send_rates(first.time_ms - 1)
            later = self._send_known(first.time_ms - 1)
            self._send_all(with_rates(with_versions(chain((first,), messages), later), rates))
            last = tick(self._outbox.newest_ms + self._plan.lateness_ms + HOUR_MS)
            self._send_tick(last)
            self._feeder.last_tick = last
        self._delivery.flush()

    def _noted(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        for sample in samples:
            if sample.label is not None:
                self._labelled += 1
                if sample.label["is_fraud"]:
                    self._frauds[sample.label["transaction_id"]] = sample.label.get("kind") or "fraud"
            yield sample

    def _send_rates(self, time_ms: int) -> Iterator[Message]:
        """Every rate that was published by *time_ms* is on its way; the others are returned."""
        rates = self._source.rates()
        for rate in rates:
            if published_ms(rate) > time_ms:
                return chain((rate,), rates)
            self._outbox.send(published(rate))
        return rates

    def _send_known(self, time_ms: int) -> list[Outgoing]:
        """Profiles and articles as of *time_ms* are on the broker; what is updated later is returned."""
        later: list[Outgoing] = []
        for version in versions(self._source, time_ms):
            if version.time_ms > time_ms:
                later.append(version)
            elif version.message.get("removed"):
                self._send_beside(version)  # its own time is all that it has to say when
            else:
                self._send_beside(version._replace(time_ms=time_ms))
        self._delivery.flush()  # they are there before the first transaction is
        return later

    def _send_all(self, messages: Iterable[Outgoing]) -> None:
        rate, clock, start_s = self._plan.rate, self._clock, self._clock.seconds()
        for message in messages:
            if self._feeder.stopped:
                return
            if not message.topic:
                self._send_tick(message)
            elif message.topic == RATES:
                self._outbox.send(message)
            elif message.topic != TRANSACTIONS:
                self._send_beside(message)
            else:
                if rate is not None:
                    _wait_until(clock, start_s + self._progress.transactions / rate)
                self._send_transaction(message)

    def _send_beside(self, message: Outgoing) -> None:
        """Send what is no transaction, and count it as what it is."""
        counted = _COUNTED[message.topic]
        setattr(self._progress, counted, getattr(self._progress, counted) + self._outbox.send(message))

    def _send_transaction(self, message: Outgoing) -> None:
        progress, sent_ms = self._progress, self._clock.now_ms()
        if not self._outbox.send(message):
            return
        self._feeder.sent_ms[message.message["transaction_id"]] = sent_ms
        progress.transactions += 1
        progress.event_time_ms = message.time_ms
        if progress.transactions == self._plan.pause_at:
            self._delivery.flush()
            self._plan.on_pause()

    def _send_tick(self, message: Outgoing) -> None:
        send_tick(self._delivery, message, self._clock.now_ms())

    def _report(self, seconds: float) -> FeedReport:
        for record in self._delivery.refused:
            self._outbox.refuse(record.row, record.time_ms)
            if record.topic == TRANSACTIONS and record.value is not None:
                self._progress.transactions -= 1
                self._feeder.sent_ms.pop(orjson.loads(record.value)["transaction_id"], None)
        done = self._progress
        return FeedReport(
            transactions=done.transactions,
            labels=done.labels,
            customers=done.customers,
            resent=self._delivery.resent,
            refused=done.refused,
            refusals=tuple(done.refusals),
            seconds=seconds,
            last_event_ms=self._outbox.newest_ms,
            labelled=self._labelled,
            frauds=self._frauds,
            articles=done.articles,
        )


def _wait_until(clock: Clock, due_s: float) -> None:
    """Sleep until *due_s*, at least 2 ms at a time: what falls due meanwhile is sent at once."""
    ahead_s = due_s - clock.seconds()
    if ahead_s > 0:
        clock.sleep(max(ahead_s, 0.002))
