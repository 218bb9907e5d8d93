"""
The columns of what leaves: each output's names, SQL types and Flink types, declared once.

Rule: `rows` fills them in this order, and the sinks' SQL is made from them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pyflink.common import Types

from schemas.transaction import Transaction
from udfs.features.names import FEATURES

BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())


class Column(NamedTuple):
    """A column of what leaves: its name, its SQL type, and how Flink's Python API calls that."""

    name: str
    sql: str
    type: Any


def _text(*names: str) -> list[Column]:
    return [Column(name, "STRING", Types.STRING()) for name in names]


def _long(*names: str) -> list[Column]:
    return [Column(name, "BIGINT", Types.LONG()) for name in names]


def _double(*names: str) -> list[Column]:
    return [Column(name, "DOUBLE", Types.DOUBLE()) for name in names]


def _boolean(*names: str) -> list[Column]:
    return [Column(name, "BOOLEAN", Types.BOOLEAN()) for name in names]


_OF_FEATURE = {"int": _long, "float": _double, "bool": _boolean, "text": _text}

# Of every archived row: what it is about, which attempt it is, and where it goes.
IDENTITY = [
    *_text("transaction_id", "account_id"),
    *_long("event_time_ms", "attempt"),
    *_text("event_date", "event_hour"),
]
# What the topics are told; apart from the archive's row, which is large and may wait (ADR-0018).
ANSWER = [
    *_text("account_id"),
    Column("decision", "BYTES", BYTES),
    Column("alert", "BYTES", BYTES),
    *_boolean("priority", "late"),
]
DECISION = [
    *_text("amount"),
    *_long("amount_minor"),
    *_text("currency", "verdict"),
    *_double("score"),
    *_text("score_source"),
    *_boolean("degraded"),
    *_text("degraded_reason"),
    *_boolean("late", "out_of_order"),
    *_long("account_version"),
    *_text("reasons", "missing", "rules_version", "model_version"),
]
_ELSEWHERE = {column.name for column in (*IDENTITY, *DECISION)}
TRANSACTION = [
    *_text(
        *(
            name
            for name in Transaction.__struct_fields__
            if name not in {*_ELSEWHERE, "latitude", "longitude", "base_minor"}
        )
    ),
    *_double("latitude", "longitude"),
    *_long("base_minor"),
]
FEATURE = [_OF_FEATURE[feature.type](feature.name)[0] for feature in FEATURES]
DECIDED = [*IDENTITY, *DECISION, *TRANSACTION, *FEATURE]
LABEL = [
    *_text("transaction_id", "account_id"),
    *_boolean("is_fraud"),
    *_long("reported_ms"),
    *_text("card_token", "merchant_id", "kind", "event_date", "event_hour"),
]
DEAD_LETTER = [*_text("account_id"), Column("dead_letter", "BYTES", BYTES)]


def row_type(columns: list[Column]) -> Any:
    """Flink's type of a Row with *columns*."""
    return Types.ROW_NAMED([column.name for column in columns], [column.type for column in columns])
