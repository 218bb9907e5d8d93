"""
What the job says, read back from Kafka and counted by transaction.

Rules: a transaction's decision with the highest attempt is final, and counts once;
its latency is that of the first, from the moment it was sent to the moment the broker
wrote the decision down (the output topics use LogAppendTime).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple, Protocol

import orjson
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from local.generator.tally import Decided, Latency, Tally, latency_of

DECISIONS = "decisions"
ALERTS = ("alerts", "alerts-priority")
DEAD_LETTERS = "dead-letters"
TOPICS = (DECISIONS, *ALERTS, DEAD_LETTERS)
RECENT = 2_000  # alerts that the live line's latency is taken over
TOPIC_WAIT_S = 30.0

__all__ = ["DECISIONS", "Decided", "Latency", "Seen", "Watcher"]


class Consumer(Protocol):
    """What is used of kafka-python's consumer."""

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """The partitions of *topic*; None when there is no such topic."""

    def assign(self, partitions: Iterable[Any]) -> None:
        """These partitions are read."""

    def seek_to_end(self) -> None:
        """Only what is written from here on is read."""

    def seek_to_beginning(self) -> None:
        """All that was ever written is read."""

    def position(self, partition: Any) -> int:
        """The offset that is read next; settles a seek."""

    def poll(self, timeout_ms: int) -> Mapping[Any, list[Any]]:
        """The next records by partition."""

    def close(self) -> None:
        """The connection is closed."""


class Seen(NamedTuple):
    """What was read back up to a moment; all but *duplicates* count transactions, not messages."""

    decisions: int
    duplicates: int
    dead_letters: int
    alerts: int
    late: int
    degraded: int
    verdicts: dict[str, int]
    alerts_by_rule: dict[str, int]
    latency: Latency  # of all decisions
    recent_alert_latency: Latency  # of the latest alerts


class Watcher:
    """Reads decisions, alerts and dead letters in a thread of its own."""

    def __init__(
        self,
        bootstrap: str,
        sent_ms: Mapping[str, int] | None = None,
        *,
        connect: Callable[[], Consumer] | None = None,
    ) -> None:
        """*sent_ms*: the feeder's send times by transaction id, for latencies."""
        self._connect = connect or (lambda: connect_consumer(bootstrap))
        self._sent_ms = {} if sent_ms is None else sent_ms
        self._decisions = Tally()
        self._alerts = Tally()
        self._versions: dict[str, int] = {}
        self._recent: deque[int] = deque(maxlen=RECENT)
        self._dead_letters = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._failure: Exception | None = None
        self._consumer: Consumer | None = None

    def start(self, *, from_beginning: bool = False) -> Watcher:
        """
        What is written from now on (or, *from_beginning*, at any time) is counted.

        Raises:
            KafkaError: If no broker answers for 30 s.
            TimeoutError: If an output topic is missing for 30 s.
        """
        consumer = self._consumer = self._connect()
        partitions = list(chain.from_iterable(_partitions(consumer, topic) for topic in TOPICS))
        consumer.assign(partitions)
        if from_beginning:
            consumer.seek_to_beginning()
        else:
            consumer.seek_to_end()
        for partition in partitions:
            consumer.position(partition)
        self._thread.start()
        return self

    def stop(self) -> None:
        """The thread has ended. Raises what ended it, if that was not this call."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=10)
        self._raise_failure()

    def snapshot(self) -> Seen:
        """What was read back so far. Raises what ended the thread, if anything did."""
        self._raise_failure()
        with self._lock:
            return Seen(
                decisions=len(self._decisions),
                duplicates=self._decisions.duplicates,
                dead_letters=self._dead_letters,
                alerts=len(self._alerts),
                late=self._decisions.late,
                degraded=self._decisions.degraded,
                verdicts=self._decisions.verdicts(),
                alerts_by_rule=self._alerts.by_rule(),
                latency=self._decisions.latency(),
                recent_alert_latency=latency_of(self._recent),
            )

    def counts(self) -> tuple[int, int]:
        """Transactions decided, and dead letters; cheaper than a snapshot."""
        self._raise_failure()
        return len(self._decisions), self._dead_letters

    def versions(self) -> dict[str, int]:
        """The newest version of each account that was decided on."""
        with self._lock:
            return dict(self._versions)

    def decided(self) -> Iterator[Decided]:
        """Every transaction's final decision; call it after `stop`."""
        return self._decisions.decided()

    def _run(self) -> None:
        consumer = self._consumer
        assert consumer is not None  # noqa: S101  start made it
        try:
            while not self._stopped.is_set():
                self._read(consumer)
        except Exception as error:  # noqa: BLE001  told to whoever asks next, by snapshot and stop
            self._failure = error
        finally:
            consumer.close()

    def _read(self, consumer: Consumer) -> None:
        try:
            batches = consumer.poll(timeout_ms=100)
        except KafkaError:
            time.sleep(0.5)  # the broker is away; it is asked again
            return
        for batch in batches.values():
            with self._lock:
                for record in batch:
                    self._count(record)

    def _count(self, record: Any) -> None:
        if record.topic == DEAD_LETTERS:
            self._dead_letters += 1
            return
        message = orjson.loads(record.value)
        sent_ms = self._sent_ms.get(message["transaction_id"])
        latency_ms = -1 if sent_ms is None else max(0, record.timestamp - sent_ms)
        if record.topic == DECISIONS:
            self._decisions.add(message, latency_ms)
            account_id, version = message["account_id"], message["account_version"]
            self._versions[account_id] = max(version, self._versions.get(account_id, 0))
            return
        self._alerts.add(message, latency_ms)
        if latency_ms >= 0:
            self._recent.append(latency_ms)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure


def connect_consumer(bootstrap: str) -> Consumer:
    """A consumer without a group. Raises KafkaError if no broker answers for 30 s."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # outages are ridden out here, not logged there
    consumer: Consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id="fraudstream-watcher",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        max_poll_records=2_000,
        metrics_enabled=False,
    )
    return consumer


def _partitions(consumer: Consumer, topic: str) -> list[Any]:
    deadline_s = time.monotonic() + TOPIC_WAIT_S
    while not (numbers := consumer.partitions_for_topic(topic)):
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"topic {topic} is missing")
        time.sleep(0.2)
    return [TopicPartition(topic, number) for number in sorted(numbers)]


def busiest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """*counts*, the highest first, ties by name."""
    return sorted(Counter(counts).items(), key=lambda item: (-item[1], item[0]))
