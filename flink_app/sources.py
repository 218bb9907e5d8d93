"""
Topics in: a raw Kafka table for each, its record's timestamp as event time.

Rule: Flink's own source gives timestamps and watermarks, with no Python before
the keyed operator (DESIGN, *Fused*). `ts` must stay a field of the converted
row, or every timestamp is -2^63.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from pyflink.datastream import DataStream
from pyflink.table import StreamTableEnvironment

from flink_app.end_settings import Kafka
from flink_app.job import Inputs
from flink_app.settings import Order, Settings
from flink_app.ways import converts, sells_articles
from udfs.operators.rows import INCOMING

_MSK_IAM = {
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "AWS_MSK_IAM",
    "sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required;",
    "sasl.client.callback.handler.class": "software.amazon.msk.auth.iam.IAMClientCallbackHandler",
}


def client_options(kafka: Kafka) -> dict[str, str]:
    """Table options that every Kafka client of the job shares."""
    security = _MSK_IAM if kafka.security == "msk-iam" else {}
    properties = {"bootstrap.servers": kafka.bootstrap_servers, **security}
    return {"connector": "kafka", **{f"properties.{name}": value for name, value in properties.items()}}


def with_clause(options: dict[str, str]) -> str:
    """SQL's WITH clause of *options*."""
    escaped = ((name, value.replace("'", "''")) for name, value in options.items())
    return "WITH (" + ", ".join(f"'{name}' = '{value}'" for name, value in escaped) + ")"


def interval(duration_ms: int) -> str:
    """SQL's literal of a duration; seconds alone can't hold more than 99."""
    seconds, millis = divmod(duration_ms, 1000)
    days, seconds = divmod(seconds, 86_400)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"INTERVAL '{days} {hours:02d}:{minutes:02d}:{seconds % 60:02d}.{millis:03d}' DAY TO SECOND(3)"


_ALIGN_EVERY_MS = 200


class Pace(NamedTuple):
    """How a topic is read: the broker answers a fetch when it has so many bytes, or after the wait."""

    least_bytes: int
    wait_ms: int
    buffer_timeout_ms: int  # how long a record may wait in a network buffer


# Nothing is asked in a hurry where nothing is waited for: fetches cost the broker most (ADR-0018).
CALM = Pace(least_bytes=1, wait_ms=500, buffer_timeout_ms=100)


def live_pace(settings: Settings) -> Pace:
    """How the topic is read whose messages are to be decided on at once."""
    engine = settings.engine
    return Pace(
        least_bytes=65_536, wait_ms=settings.kafka.fetch_wait_ms, buffer_timeout_ms=engine.buffer_timeout_ms
    )


def read_inputs(tables: StreamTableEnvironment, settings: Settings) -> Inputs:
    """Every topic that the job reads under *settings*."""
    kafka = settings.kafka
    calm = partial(read_topic, tables, kafka=kafka, order=settings.order, pace=CALM)
    live = partial(read_topic, tables, kafka=kafka, order=settings.order, pace=live_pace(settings))
    return Inputs(
        transactions=live(kafka.transactions_topic),
        customers=calm(kafka.customers_topic),
        labels=calm(kafka.labels_topic),
        inventory=calm(kafka.inventory_topic) if sells_articles(settings) else None,
        rates=calm(kafka.rates_topic) if converts(settings) else None,
    )


def read_topic(
    tables: StreamTableEnvironment, topic: str, kafka: Kafka, order: Order, pace: Pace
) -> DataStream:
    """The records of *topic* as `rows.INCOMING`; partition and offset come along for dead letters."""
    name = f"read {topic}"
    tables.execute_sql(f"""
        CREATE TEMPORARY TABLE `{name}` (
            k STRING,
            v BYTES,
            ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
            p INT METADATA FROM 'partition' VIRTUAL,
            o BIGINT METADATA FROM 'offset' VIRTUAL,
            WATERMARK FOR ts AS ts - {interval(order.lateness_ms)}
        ) {with_clause(source_options(topic, kafka, order, pace))}""")
    account = "COALESCE(k, '')"  # a record without a key is a dead letter, not a crash
    query = f"SELECT {account}, ROW({account}, v, p, o), ts FROM `{name}`"  # noqa: S608  # our own names
    stream = tables.to_append_stream(tables.sql_query(query), INCOMING)
    # Flink's default of 100 ms would be the greatest part of a decision's latency (ADR-0018).
    stream._j_data_stream.getTransformation().setBufferTimeout(pace.buffer_timeout_ms)  # noqa: SLF001  # no Python method
    return stream


def source_options(topic: str, kafka: Kafka, order: Order, pace: Pace) -> dict[str, str]:
    """
    The table options of *topic*.

    Where events wait for the watermark no topic is read far ahead of another: what waits is in state, and of
    a profile's versions only a few are kept (ADR-0022).
    """
    aligned = {
        "scan.watermark.alignment.group": "event time",
        "scan.watermark.alignment.max-drift": f"{order.drift_ms} ms",
        "scan.watermark.alignment.update-interval": f"{_ALIGN_EVERY_MS} ms",
    }
    waits = aligned if order.wait == "watermark" else {}
    idle = {"scan.watermark.idle-timeout": f"{order.idle_timeout_ms} ms"} if order.idle_timeout_ms else {}
    return (
        client_options(kafka)
        | idle
        | waits
        | {
            "topic": topic,
            "properties.group.id": kafka.group_id,
            "properties.fetch.max.wait.ms": str(pace.wait_ms),
            "properties.fetch.min.bytes": str(pace.least_bytes),
            "scan.startup.mode": f"{kafka.starting_offsets}-offset",
            "key.format": "raw",
            "key.fields": "k",
            "value.format": "raw",
            "value.fields-include": "EXCEPT_KEY",
        }
    )
