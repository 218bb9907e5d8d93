"""Fraud labels are checked on their way to the archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pyflink.datastream import ProcessFunction, RuntimeContext

from schemas.card import CardKey
from schemas.errors import RecordError
from schemas.intake import read_label
from udfs.operators import rows
from udfs.operators.arrived import encode
from udfs.operators.reading import refusal


class CheckLabels(ProcessFunction):
    """
    Every label is checked and its card number tokenised.

    Key, State: none. Emits: one `columns.LABEL` row a label; the label on `rows.LABELLED` for the
    merchant that it names; dead letters on `rows.DEAD_LETTERS`. A label may be repeated, late, or never come.
    """

    def __init__(self, topic: str, read_key: Callable[[], CardKey]) -> None:
        self._topic = topic
        self._read_key = read_key

    def open(self, runtime_context: RuntimeContext) -> None:  # noqa: ARG002  # Flink's signature
        """Read the tokenisation key."""
        self._card_key = self._read_key()

    def process_element(self, value: Any, ctx: ProcessFunction.Context) -> Iterator[Any]:
        """Check one label; a clock tick goes no further."""
        message = rows.arrival(value[1])
        if message.key == rows.CLOCK_KEY:
            return
        try:
            label = read_label(message.raw, self._card_key)
        except RecordError as error:
            yield rows.DEAD_LETTERS, refusal(self._topic, message, error, ctx)
            return
        yield rows.label_row(label)
        if label.merchant_id is not None:
            yield rows.LABELLED, rows.passed_row(label.merchant_id, encode(label), rows.FROM_LABELS)
