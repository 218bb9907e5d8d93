"""
What the job's time is held against: the same ends, with nothing decided between them.

`--identity`: the same sources, key exchange and sinks, and a keyed Python operator that
passes on what it gets: no state, no checks, no score. `--jvm`: from Kafka to Kafka
without Python. Submitted to Flink as `flink_app/main.py` is.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from pyflink.common import Configuration, Row
from pyflink.datastream import DataStream, KeyedProcessFunction
from pyflink.table import StreamTableEnvironment

from flink_app.environment import forget_planning, make_environment
from flink_app.job import Streams, Ways, by_key, side_output
from flink_app.settings import Settings, load_settings
from flink_app.sinks import attach_sinks
from flink_app.sources import CALM, client_options, live_pace, read_topic, with_clause
from flink_app.uids import name_planned_operators
from flink_app.ways import ways_of
from udfs.operators import columns, rows
from udfs.operators.check_labels import CheckLabels

_VALUES = {"STRING": "1.00", "BIGINT": 1, "DOUBLE": 1.0, "BOOLEAN": False}
_ID_AT = len(b'{"transaction_id":"')  # the bench writes its messages so
_HEAD = 3  # columns of one's own: id, account, event time


class PassOn(KeyedProcessFunction):  # type: ignore[misc]  # PyFlink ships no py.typed
    """
    Every message leaves as its own decision, in rows as wide as the job's.

    Key, State: account; none. Emits: a `rows.ANSWERS` row a message, which holds the message
    itself, and a `columns.DECIDED` row, whose values are constant but for id, account and time.
    """

    def open(self, _runtime_context: Any) -> None:
        """The constant values are at hand."""
        values = [_VALUES[column.sql] for column in columns.DECIDED]
        values[4:6] = ["2026-01-01", "00"]  # the archive's folder
        self._behind = values[_HEAD:]

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> list[Any]:
        """Pass one message on."""
        message = rows.arrival(value)
        raw = message.raw
        transaction_id = raw[_ID_AT : raw.index(b'"', _ID_AT)].decode()
        return [
            (rows.ANSWERS, Row(message.key, raw, None, False, False)),
            Row(transaction_id, message.key, ctx.timestamp(), *self._behind),
        ]


def identity(transactions: DataStream, labels: DataStream, ways: Ways) -> Streams:
    """The job's graph with `PassOn` for `Decide`, and without profiles."""
    decided = (
        by_key(transactions).process(PassOn(), output_type=rows.DECIDED_TYPE).name("decide").uid("pass-on-v1")
    )
    checked = (
        labels.process(CheckLabels(ways.labels_topic, ways.read_card_key), output_type=rows.LABEL_TYPE)
        .name("check labels")
        .uid("check-labels-v1")
    )
    return Streams(
        decided=decided,
        answers=side_output(decided, rows.ANSWERS),
        labels=checked,
        dead_letters=side_output(checked, rows.DEAD_LETTERS),
    )


def run_identity(settings: Settings) -> None:
    """The floor runs until it is stopped."""
    env, tables = make_environment(settings)
    transactions = _transactions(tables, settings)
    labels = read_topic(tables, settings.kafka.labels_topic, settings.kafka, settings.order, CALM)
    attach_sinks(tables, identity(transactions, labels, ways_of(settings)), settings)
    name_planned_operators(env)
    forget_planning(env)
    env.execute("floor")


def run_jvm(settings: Settings) -> None:
    """The floor without Python runs until it is stopped."""
    env, tables = make_environment(settings)
    any_uids = Configuration()
    any_uids.set_string("pipeline.auto-generate-uids", "true")  # nothing of it is ever restored
    env.configure(any_uids)
    read = _transactions(tables, settings)
    options = client_options(settings.kafka) | {
        "topic": settings.kafka.decisions_topic,
        "properties.linger.ms": str(settings.kafka.linger_ms),
        "properties.acks": "all",
        "properties.compression.type": "lz4",
        "sink.delivery-guarantee": "at-least-once",
        "key.format": "raw",
        "key.fields": "k",
        "value.format": "raw",
        "value.fields-include": "EXCEPT_KEY",
    }
    tables.execute_sql(f"CREATE TEMPORARY TABLE `out` (k STRING, v BYTES) {with_clause(options)}")
    tables.create_temporary_view("read", tables.from_data_stream(read))
    statements = tables.create_statement_set()
    statements.add_insert_sql("INSERT INTO `out` SELECT f0, f1.f1 FROM `read`")
    statements.attach_as_datastream()
    forget_planning(env)
    env.execute("floor without Python")


def _transactions(tables: StreamTableEnvironment, settings: Settings) -> DataStream:
    kafka = settings.kafka
    return read_topic(tables, kafka.transactions_topic, kafka, settings.order, live_pace(settings))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="local.bench.floor_job", description=__doc__)
    parser.add_argument("--properties", type=Path, required=True, help="file of property groups")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--identity", dest="run", action="store_const", const=run_identity)
    kind.add_argument("--jvm", dest="run", action="store_const", const=run_jvm)
    options = parser.parse_args()
    options.run(load_settings(options.properties))
    sys.stdout.flush()
    os._exit(0)  # as in `flink_app/main.py`
