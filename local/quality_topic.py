"""
The figures of features on their way to a topic.

Rule: a record's key says feature and period, so that a repeat overwrites in a compacted topic.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import orjson
from kafka.errors import KafkaError
from kafka.partitioner.default import murmur2

from local.generator.delivery import Delivery, Producer, Record, WallClock, connect_producer
from local.quality import Quality, record
from schemas.errors import ConfigurationError
from udfs.features.quality import Figures


def publish(told: Quality, topic: str, brokers: str) -> int:
    """
    *topic* has a record a feature and period; how many.

    Waits for a broker that goes away in between.

    Raises:
        ConfigurationError: If no broker answers, or it refuses records.
    """
    try:
        return deliver(told, topic, lambda: connect_producer(brokers))
    except KafkaError as error:
        raise ConfigurationError(brokers, str(error), f"a broker with topic {topic}") from error


def deliver(told: Quality, topic: str, connect: Callable[[], Producer]) -> int:
    """The same, by the producers that *connect* makes. Raises ConfigurationError if records are refused."""
    with closing(Delivery(connect, WallClock())) as delivery:
        partitions = delivery.partitions(topic)
        for one in told.figures:
            key = key_of(one)
            partition = (murmur2(key) & 0x7FFFFFFF) % partitions  # as Kafka's own clients choose it
            delivery.send(Record(topic, key, orjson.dumps(record(one)), one.from_ms, partition, None))
        delivery.flush()
    if delivery.refused:
        raise ConfigurationError(
            topic, f"{len(delivery.refused):,} records refused", "a topic that takes them"
        )
    return len(told.figures)


def key_of(one: Figures) -> bytes:
    """Feature, and the period's length and begin in ms."""
    return f"{one.feature}/{one.until_ms - one.from_ms}/{one.from_ms}".encode()
