"""
Records on their way to Kafka: sent in batches, each answer looked at, none lost.

Rules: kafka-python bounds neither memory nor time, so at most `WINDOW` records are
unanswered; a failure waits for all answers, then sends the failed again, on a new
producer, since an idempotent one is of no use after a fatal error. A batch is refused
with its one bad record, so refused records go again one by one.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from kafka import KafkaProducer
from kafka.errors import InvalidRecordError, InvalidTimestampError, KafkaError, KafkaTimeoutError

WINDOW = 20_000  # records; about 8 MB, and 1 s of traffic at full speed
AHEAD_MS = 300_000  # the input topics' message.timestamp.after.max.ms
POLL_S = 0.002
RECONNECT_S = 1.0
GRACE_S = 5.0  # how long what is on its way is waited for once feeding was stopped
REFUSALS = (InvalidTimestampError, InvalidRecordError)


class FeedingAbandoned(Exception):
    """Feeding was stopped, and the broker did not answer within `GRACE_S`."""


class Record(NamedTuple):
    """One record, ready to send, a tombstone without a value; *row* is where it stood in the user's file."""

    topic: str
    key: bytes
    value: bytes | None
    time_ms: int
    partition: int
    row: int | None


class Producer(Protocol):
    """What is used of kafka-python's producer."""

    def send(self, topic: str, value: bytes | None, key: bytes, *, partition: int, timestamp_ms: int) -> Any:
        """A future of the broker's answer, with `is_done` and `exception`."""

    def partitions_for(self, topic: str) -> set[int]:
        """The partitions of *topic*."""

    def flush(self, timeout: float | None = None) -> None:
        """All that was sent is answered."""

    def close(self, timeout: float | None = None) -> None:
        """The connection is closed."""


class Clock(Protocol):
    """What tells and passes the time."""

    def now_ms(self) -> int:
        """UTC epoch ms."""

    def seconds(self) -> float:
        """Seconds since some moment; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Return after *seconds*."""


class WallClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """UTC epoch ms."""
        return time.time_ns() // 1_000_000

    def seconds(self) -> float:
        """Seconds of the performance counter."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Return after *seconds*."""
        time.sleep(seconds)


def connect_producer(bootstrap: str) -> Producer:
    """
    A producer with the feeder's settings: acknowledged by all, idempotent, lz4, big batches.

    It retries for an hour by itself. It lingers 5 ms: enough for full batches at full
    speed, and little beside the job's own latency.

    Raises:
        KafkaError: If no broker answers for 30 s.
    """
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # answers are counted here, not logged there
    producer: Producer = KafkaProducer(
        bootstrap_servers=bootstrap,
        client_id="fraudstream-feeder",
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        batch_size=256 * 1024,
        linger_ms=5,
        delivery_timeout_ms=3_600_000,
        metrics_enabled=False,
    )
    return producer


class Delivery:
    """The records of one feeding: `resent` counts those sent again, `refused` has those no retry helps."""

    def __init__(
        self, connect: Callable[[], Producer], clock: Clock, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._stopped = stopped
        self._stopped_at_s: float | None = None
        self._producer = connect()
        self._unanswered: deque[tuple[Any, Record]] = deque()
        self.resent = 0
        self.refused: list[Record] = []

    def partitions(self, topic: str) -> int:
        """How many partitions *topic* has."""
        return len(self._producer.partitions_for(topic))

    def send(self, record: Record) -> None:
        """*record* is on its way; waits while too many are."""
        self._unanswered.append((self._handed_over(record), record))
        if len(self._unanswered) > WINDOW:
            self._settle(WINDOW * 3 // 4)

    def flush(self) -> None:
        """Every record sent so far is acknowledged, or refused for good."""
        while self._unanswered:
            self._hurry()
            self._settle(0)

    def close(self) -> None:
        """The connection is closed; what is unanswered is left to its fate."""
        self._producer.close(timeout=5)

    def _settle(self, most: int) -> None:
        """Look at the oldest answers until at most *most* records are without one."""
        unanswered = self._unanswered
        while len(unanswered) > most:
            future = unanswered[0][0]
            if not future.is_done:
                self._wait(POLL_S)
                continue
            if future.exception is not None:
                self._again()
                return
            unanswered.popleft()

    def _again(self) -> None:
        """Wait for every answer, and send the failed records again in their order, over a new connection."""
        failed = []
        while self._unanswered:
            future, record = self._unanswered.popleft()
            while not future.is_done:
                self._wait(POLL_S)
            if future.exception is not None:
                failed.append((future.exception, record))
        self._reconnect()
        self.resent += len(failed)
        for error, record in failed:
            if isinstance(error, REFUSALS):
                self._alone(record)
            else:
                self._unanswered.append((self._handed_over(record), record))

    def _alone(self, record: Record) -> None:
        """Send *record* in a batch of its own; if it is refused even so, it is the bad one."""
        while True:
            future = self._handed_over(record)
            self._hurry()
            while not future.is_done:
                self._wait(POLL_S)
            if future.exception is None:
                return
            self._reconnect()
            if isinstance(future.exception, REFUSALS):
                self.refused.append(record)
                return

    def _hurry(self) -> None:
        """Nothing lingers; a broker that is away is not waited for here."""
        with suppress(KafkaTimeoutError):
            self._producer.flush(timeout=1.0)

    def _wait(self, seconds: float) -> None:
        """Return after *seconds*, or raise FeedingAbandoned `GRACE_S` after feeding was stopped."""
        if self._stopped():
            now_s = self._clock.seconds()
            self._stopped_at_s = now_s if self._stopped_at_s is None else self._stopped_at_s
            if now_s - self._stopped_at_s > GRACE_S:
                raise FeedingAbandoned
        self._clock.sleep(seconds)

    def _handed_over(self, record: Record) -> Any:
        topic, key, value, time_ms, partition, _ = record
        while True:
            try:
                return self._producer.send(topic, value, key, partition=partition, timestamp_ms=time_ms)
            except KafkaError:
                self._wait(RECONNECT_S)  # no metadata: the broker is away

    def _reconnect(self) -> None:
        self._producer.close(timeout=1)
        while True:
            try:
                self._producer = self._connect()
            except KafkaError:
                self._wait(RECONNECT_S)
            else:
                return
