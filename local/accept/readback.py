"""
What the job wrote to its topics, read back with another library than the one that wrote it.

Rule: only what was written after the reader was made is read, in the order of each partition.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from kafka import TopicPartition

from local.stack import tell
from local.topics import PARTITIONS
from local.watcher import DEAD_LETTERS, DECISIONS, connect_consumer

__all__ = ["DEAD_LETTERS", "DECISIONS", "Readback", "Written"]

SETTLE_S = 2.0  # nothing more came for so long after all that was expected: it was all
QUIET_S = 30.0  # nothing more came for so long although more was expected: it never will
TELL_S = 5.0
POLL_S = 0.2


class Written(NamedTuple):
    """One record that the job wrote; *time_ms* is the broker's, UTC epoch ms."""

    topic: str
    partition: int
    offset: int
    time_ms: int
    key: bytes | None
    value: bytes

    @property
    def message(self) -> dict[str, Any]:
        """The value, read as JSON."""
        message: dict[str, Any] = orjson.loads(self.value)
        return message


class Readback:
    """Reads *topics* of the broker at *bootstrap* from now on, or *from_beginning*."""

    def __init__(self, bootstrap: str, topics: Sequence[str], *, from_beginning: bool = False) -> None:
        self._consumer = connect_consumer(bootstrap)
        partitions = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        self._consumer.assign(partitions)
        if from_beginning:
            self._consumer.seek_to_beginning()
        else:
            self._consumer.seek_to_end()
        for partition in partitions:
            self._consumer.position(partition)
        self._found: list[Written] = []

    def read_for(self, seconds: float) -> int:
        """Reads for so long, and tells how many records were read by now."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            for batch in self._consumer.poll(timeout_ms=max(1, round(left_s * 1000))).values():
                self._found += map(_written, batch)
        return len(self._found)

    def read(self, expected: int) -> list[Written]:
        """
        Every record, in offset order within a partition; the reader is closed.

        Returns when *expected* records were read and for 2 s no more came, or when
        none came for 30 s.
        """
        try:
            self._read(expected)
        finally:
            self._consumer.close()
        return self._found

    def _read(self, expected: int) -> None:
        count, news_s = len(self._found), time.monotonic()
        told_s = news_s
        while (now_s := time.monotonic()) - news_s < (SETTLE_S if count >= expected else QUIET_S):
            before, count = count, self.read_for(POLL_S)
            news_s = now_s if count > before else news_s
            if now_s - told_s > TELL_S:
                told_s = now_s
                tell(f"  {count:,} of {expected:,} read back")


def _written(record: Any) -> Written:
    return Written(
        record.topic, record.partition, record.offset, record.timestamp, record.key, record.value or b""
    )
