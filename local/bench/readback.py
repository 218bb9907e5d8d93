"""
What the job answered, read from its output topic when the measurement is over.

Rule: outside the job, by the broker's clock: a decision's time is its LogAppendTime.
A decision that was repeated counts once, with its first time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from local.errors import StackError

_BATCH = 5_000
_QUIET_S = 10.0
_ASK_S = 10.0
_PASSING = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - the client's own: a topic that is new is not known to it yet
}
_PASSING_S, _AGAIN_S = 30.0, 0.5
_CRITICAL = 2  # librdkafka's level: that a broker has gone is nothing to tell a person


class Answer(NamedTuple):
    """The number of a message that was decided, when, whether without a score, and its account's version."""

    number: int
    appended_ms: int
    degraded: bool
    account_id: str
    version: int


class Readback:
    """One topic of one broker, from where it ends now."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._topic = topic
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "bench",
                "enable.auto.commit": False,
                "log_level": _CRITICAL,
            }
        )
        self._partitions = sorted(self._consumer.list_topics(topic, _ASK_S).topics[topic].partitions)
        self._begin = self._taken = self._ends()

    def count(self) -> int:
        """Records written since the beginning of this read-back."""
        return sum(self._ends()) - sum(self._begin)

    def take(self) -> list[Answer]:
        """The answers since the beginning, or since the last that was taken or skipped."""
        return _once(_answer(message) for message in self._read())

    def times_ms(self) -> list[int]:
        """When each record since then was appended, whatever it says."""
        return [message.timestamp()[1] for message in self._read()]

    def skip(self) -> None:
        """What was written until now will not be taken."""
        self._taken = self._ends()

    def close(self) -> None:
        """The connection is closed."""
        self._consumer.close()

    def _ends(self) -> list[int]:
        return [self._end(number) for number in self._partitions]

    def _end(self, number: int) -> int:
        """Where partition *number* ends; a lost leader, or a topic that is not known yet, is given time."""
        last_s = time.monotonic() + _PASSING_S
        while True:
            try:
                return self._end_now(number)
            except KafkaException as error:
                if error.args[0].code() not in _PASSING or time.monotonic() > last_s:
                    raise StackError(f"{self._topic}/{number}: its end could not be read: {error}") from error
                time.sleep(_AGAIN_S)

    def _end_now(self, number: int) -> int:
        place = TopicPartition(self._topic, number)
        return int(self._consumer.get_watermark_offsets(place, _ASK_S)[1])

    def _read(self) -> Iterator[Message]:
        """The records since the beginning, or since the last that was read or skipped."""
        starts, self._taken = self._taken, self._ends()
        left = sum(self._taken) - sum(starts)
        places = zip(self._partitions, starts, strict=True)
        self._consumer.assign([TopicPartition(self._topic, number, offset) for number, offset in places])
        while left > 0:
            messages = self._consumer.consume(min(_BATCH, left), _QUIET_S)
            if not messages:
                raise StackError(f"{self._topic}: {left:,} records could not be read back")
            left -= len(messages)
            yield from messages
        self._consumer.unassign()


def _answer(message: Message) -> Answer:
    said = orjson.loads(message.value() or b"")
    return Answer(
        number=int(said["transaction_id"].removeprefix("b-")),
        appended_ms=message.timestamp()[1],
        degraded=bool(said.get("degraded")),  # the floor says back what it was told, which has neither
        account_id=said["account_id"],
        version=said.get("account_version", 0),
    )


def _once(answers: Iterator[Answer]) -> list[Answer]:
    first: dict[int, Answer] = {}
    for answer in answers:
        known = first.get(answer.number)
        if known is None or answer.appended_ms < known.appended_ms:
            first[answer.number] = answer
    return list(first.values())
