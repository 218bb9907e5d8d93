"""Sends records one by one, and remembers where on the broker each one came to lie."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from typing import NamedTuple

from kafka import KafkaProducer

from local.generator.traffic import TRANSACTIONS

_ANSWER_S = 60


class Outbound(NamedTuple):
    """A record for `transactions`; time in UTC epoch ms."""

    key: bytes | None
    value: bytes | None
    time_ms: int


class Place(NamedTuple):
    """Where a record of `transactions` is."""

    partition: int
    offset: int


def send(bootstrap: str, records: Iterable[Outbound], rate: float | None = None) -> list[Place]:
    """
    Every record is acknowledged; the result has their places in the same order.

    Args:
        bootstrap: The broker.
        records: Taken one by one, as they are sent.
        rate: Records a second, by an open-loop schedule; None is as fast as possible.

    Raises:
        KafkaError: If the broker refuses one or does not answer.
    """
    with closing(_producer(bootstrap)) as producer:
        begin_s, answers = time.monotonic(), []
        for number, record in enumerate(records):
            if rate is not None:
                time.sleep(max(0.0, begin_s + number / rate - time.monotonic()))
            key, value, time_ms = record
            answers.append(producer.send(TRANSACTIONS, value, key, timestamp_ms=time_ms))
        written = [answer.get(timeout=_ANSWER_S) for answer in answers]
    return [Place(record.partition, record.offset) for record in written]


def _producer(bootstrap: str) -> KafkaProducer:
    return KafkaProducer(
        bootstrap_servers=bootstrap,
        client_id="fraudstream-accept",
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        metrics_enabled=False,
    )
