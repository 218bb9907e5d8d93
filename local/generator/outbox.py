"""
Messages as Kafka's records: addressed, timed, and told by row where the broker would refuse them.

Rule: a record's timestamp is event time, its key the account, its partition Kafka's own
choice for that key (murmur2).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kafka.partitioner.default import murmur2

from local.generator.delivery import AHEAD_MS, Clock, Delivery, Record
from local.generator.order import Outgoing
from local.generator.plan import FeedProgress
from local.generator.traffic import INPUT_TOPICS, MINUTE_MS
from schemas.wire_out import encode_json

TICK_AHEAD_MS = 4 * MINUTE_MS  # within the broker's 5 minutes, with one to spare
TOLD_REFUSALS = 20


class Outbox:
    """What one feeding hands to *delivery*; what is refused is told in *progress*, by its row of *source*."""

    def __init__(self, delivery: Delivery, clock: Clock, progress: FeedProgress, source: str) -> None:
        self._delivery = delivery
        self._clock = clock
        self._progress = progress
        self._source = source
        self._partitions = {topic: delivery.partitions(topic) for topic in INPUT_TOPICS}
        self._addresses: dict[str, tuple[bytes, int]] = {}
        self.newest_ms = 0  # of all event times so far

    def send(self, message: Outgoing) -> bool:
        """Hand *message* over, and tell whether it may be sent at all."""
        if not 0 <= message.time_ms <= self._clock.now_ms() + AHEAD_MS:
            self.refuse(message.row, message.time_ms)
            return False
        self.newest_ms = max(self.newest_ms, message.time_ms)
        key, place = self._address(message.key)
        partition = place % self._partitions[message.topic]
        value = None if message.message.get("removed") else encode_json(message.message)
        self._delivery.send(Record(message.topic, key, value, message.time_ms, partition, message.row))
        return True

    def refuse(self, row: int | None, time_ms: int) -> None:
        """Count what the broker does not take, and tell the first of them."""
        self._progress.refused += 1
        if len(self._progress.refusals) < TOLD_REFUSALS:
            where = f"{self._source}{'' if row is None else f' row {row}'}, event_time"
            expected = "a time from 1970 to 5 minutes after now (the broker refuses others)"
            self._progress.refusals.append(f"{where}: found {_shown(time_ms)}, expected {expected}")

    def _address(self, key: str) -> tuple[bytes, int]:
        known = self._addresses.get(key)
        if known is None:
            raw = key.encode()
            known = self._addresses[key] = raw, murmur2(raw) & 0x7FFFFFFF
        return known


def send_tick(delivery: Delivery, message: Outgoing, now_ms: int) -> None:
    """*message* goes to every partition of every input, not further ahead than the broker allows."""
    key, value = message.key.encode(), encode_json(message.message)
    time_ms = min(message.time_ms, now_ms + TICK_AHEAD_MS)
    for topic in INPUT_TOPICS:
        for partition in range(delivery.partitions(topic)):
            delivery.send(Record(topic, key, value, time_ms, partition, None))


def _shown(time_ms: int) -> str:
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)).isoformat()
    except OverflowError:
        return f"{time_ms} ms"
