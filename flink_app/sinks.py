"""
Where it lands: Kafka topics and Parquet, through Flink's own table sinks.

Rule: Python has filled the rows (`udfs.operators.rows`); here the JVM routes
them. Every sink is one SQL line; alerts may repeat after a restart and keep
their id, the archive is committed with the checkpoints (ADR-0006).
"""

from __future__ import annotations

from typing import NamedTuple

from pyflink.datastream import DataStream
from pyflink.table import Schema, StreamTableEnvironment

from flink_app.end_settings import Archive, Kafka
from flink_app.job import Streams
from flink_app.settings import Settings
from flink_app.sources import client_options, with_clause
from udfs.operators import columns
from udfs.operators.columns import Column

_EVENT_TIME = "TO_TIMESTAMP_LTZ(event_time_ms, 3)"
_REPORTED = "TO_TIMESTAMP_LTZ(reported_ms, 3)"
_COMPUTED = {  # archive columns that SQL derives: name -> (type, expression)
    "event_time": ("TIMESTAMP_LTZ(3)", _EVENT_TIME),
    "reported": ("TIMESTAMP_LTZ(3)", _REPORTED),
    "amount": ("DECIMAL(20, 4)", "CAST(amount AS DECIMAL(20, 4))"),
}
_PARTITIONS = ["event_date", "event_hour"]


class Folder(NamedTuple):
    """One folder of the archive: its name, where its rows come from, and its columns in order."""

    name: str
    view: str
    columns: list[str]


def _names(declared: list[Column]) -> list[str]:
    return [column.name for column in declared]


_IDENTITY = ["transaction_id", "account_id", "event_time", "attempt"]
FOLDERS = [
    Folder("decisions", "archived", [*_IDENTITY, *_names(columns.DECISION)]),
    Folder(
        "transactions",
        "archived",
        [*_IDENTITY, "amount", "amount_minor", "currency", *_names(columns.TRANSACTION)],
    ),
    Folder("features", "archived", [*_IDENTITY, *_names(columns.FEATURE)]),
    Folder(
        "labels",
        "labelled",
        [*(name for name in _names(columns.LABEL) if name not in {"reported_ms", *_PARTITIONS}), "reported"],
    ),
]


def attach_sinks(tables: StreamTableEnvironment, streams: Streams, settings: Settings) -> None:
    """Every stream is connected to its topics and folders; nothing runs yet."""
    _view(tables, "answers", streams.answers, columns.ANSWER)
    # Rescaled, so that files are written in a task of their own: S3 must not hold up a decision.
    _view(tables, "archived", streams.decided.rescale(), columns.DECIDED)
    _view(tables, "labelled", streams.labels, columns.LABEL)
    _view(tables, "refused", streams.dead_letters, columns.DEAD_LETTER)
    statements = tables.create_statement_set()
    for sql in (*_topic_inserts(tables, settings.kafka), *_folder_inserts(tables, settings.archive)):
        statements.add_insert_sql(sql)
    statements.attach_as_datastream()


def _view(tables: StreamTableEnvironment, name: str, stream: DataStream, declared: list[Column]) -> None:
    schema = Schema.new_builder()
    for column in declared:
        schema = schema.column(column.name, column.sql)
    tables.create_temporary_view(name, tables.from_data_stream(stream, schema.build()))


def _topic_inserts(tables: StreamTableEnvironment, kafka: Kafka) -> list[str]:
    alerts = "SELECT account_id, alert FROM answers WHERE alert IS NOT NULL"
    selections = {
        kafka.decisions_topic: "SELECT account_id, decision FROM answers",
        kafka.alerts_topic: alerts,
        kafka.priority_alerts_topic: f"{alerts} AND priority",
        kafka.late_topic: "SELECT account_id, decision FROM answers WHERE late",
        kafka.dead_letters_topic: "SELECT account_id, dead_letter FROM refused",
    }
    for topic in selections:
        tables.execute_sql(_topic_table(topic, kafka))
    return [f"INSERT INTO `write {topic}` {selection}" for topic, selection in selections.items()]


def _topic_table(topic: str, kafka: Kafka) -> str:
    options = client_options(kafka) | {
        "topic": topic,
        "properties.linger.ms": str(kafka.linger_ms),
        "properties.acks": "all",
        "properties.compression.type": "lz4",
        "sink.delivery-guarantee": "at-least-once",  # a reader of alerts can't wait for a checkpoint
        "key.format": "raw",
        "key.fields": "k",
        "value.format": "raw",
        "value.fields-include": "EXCEPT_KEY",
    }
    return f"CREATE TEMPORARY TABLE `write {topic}` (k STRING, v BYTES) {with_clause(options)}"


def _folder_inserts(tables: StreamTableEnvironment, archive: Archive) -> list[str]:
    for folder in FOLDERS:
        tables.execute_sql(_folder_table(folder, archive.path))
    return [_folder_insert(folder) for folder in FOLDERS]


def _folder_table(folder: Folder, path: str) -> str:
    types = {column.name: column.sql for column in (*columns.DECIDED, *columns.LABEL)}
    types |= {name: sql for name, (sql, _) in _COMPUTED.items()}
    typed = ", ".join(f"`{name}` {types[name]}" for name in (*folder.columns, *_PARTITIONS))
    options = {
        "connector": "filesystem",
        "path": f"{path.rstrip('/')}/{folder.name}",
        "format": "parquet",
        "parquet.compression": "ZSTD",
        # A replay has hundreds of event hours open at once. With Parquet's defaults each open file holds
        # 1 MiB for its page and 16 KiB a column for its dictionary: 2 GiB of heap were not enough (ADR-0015).
        "parquet.page.size": "65536",
        "parquet.enable.dictionary": "false",
        "parquet.utc-timezone": "true",
        "parquet.write.int64.timestamp": "true",
        "parquet.timestamp.time.unit": "millis",
    }
    partitions = ", ".join(_PARTITIONS)
    return (
        f"CREATE TEMPORARY TABLE `archive {folder.name}` ({typed}) "
        f"PARTITIONED BY ({partitions}) {with_clause(options)}"
    )


def _folder_insert(folder: Folder) -> str:
    expressions = ", ".join(
        _COMPUTED[name][1] if name in _COMPUTED else f"`{name}`" for name in (*folder.columns, *_PARTITIONS)
    )
    return f"INSERT INTO `archive {folder.name}` SELECT {expressions} FROM {folder.view}"  # noqa: S608  # our own names
