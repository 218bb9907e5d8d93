"""Transactions are checked and tokenised before the stages that see them by other keys than the account's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pyflink.datastream import ProcessFunction, RuntimeContext

from schemas.card import CardKey
from schemas.errors import RecordError
from schemas.intake import read_transaction
from udfs import one_core
from udfs.features.catalogue import STAGES
from udfs.operators import rows
from udfs.operators.arrived import Arrived, encode
from udfs.operators.counters import Counters
from udfs.operators.observe import key_in
from udfs.operators.reading import refusal


class Intake(ProcessFunction):
    """
    Every transaction is decoded, checked, tokenised, and sent to its first entity.

    Key, State: none. Emits: one `rows.passed_row` a transaction; dead letters on
    `rows.DEAD_LETTERS`. Nothing waits here, and nothing is late yet.
    """

    def __init__(self, topic: str, read_key: Callable[[], CardKey]) -> None:
        self._topic = topic
        self._read_key = read_key

    def open(self, runtime_context: RuntimeContext) -> None:
        """Read the tokenisation key."""
        one_core.join()
        self._card_key = self._read_key()
        self._counters = Counters(runtime_context.get_metrics_group())

    def close(self) -> None:
        """What was counted is told."""
        self._counters.publish()

    def process_element(self, value: Any, ctx: ProcessFunction.Context) -> Iterator[Any]:
        """Check one transaction; a clock tick goes no further."""
        message = rows.arrival(value[1])
        if message.key == rows.CLOCK_KEY:
            return
        try:
            txn = read_transaction(message.raw, message.key, ctx.timestamp(), self._card_key)
        except RecordError as error:
            self._counters.refused()
            yield rows.DEAD_LETTERS, refusal(self._topic, message, error, ctx)
            return
        self._counters.accepted()
        yield rows.passed_row(key_in(STAGES[0], txn), encode(Arrived(txn)), rows.STAGED)
