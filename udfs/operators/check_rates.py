"""Exchange rates are checked once, before each subtask of the first stage is told of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyflink.datastream import ProcessFunction, RuntimeContext

from schemas.errors import RecordError
from schemas.intake import read_rate
from udfs.operators import rows
from udfs.operators.arrived import encode
from udfs.operators.counters import Counters
from udfs.operators.reading import refusal


class CheckRates(ProcessFunction):
    """
    Every rate is checked; those of another base than the job's are passed over.

    Key, State: none. Emits: one `rows.passed_row` a rate; dead letters on `rows.DEAD_LETTERS`. If
    a rate is missing or late, payments keep the rate before it, or have no base amount.
    """

    def __init__(self, topic: str, base: str) -> None:
        self._topic = topic
        self._base = base

    def open(self, runtime_context: RuntimeContext) -> None:
        """Rates are few: each is counted at once."""
        self._counters = Counters(runtime_context.get_metrics_group(), publish_every=1)

    def process_element(self, value: Any, ctx: ProcessFunction.Context) -> Iterator[Any]:
        """Check one rate; a clock tick goes no further."""
        message = rows.arrival(value[1])
        if message.key == rows.CLOCK_KEY:
            return
        try:
            rate = read_rate(message.raw)
        except RecordError as error:
            self._counters.refused()
            yield rows.DEAD_LETTERS, refusal(self._topic, message, error, ctx)
            return
        self._counters.accepted()
        if rate.base == self._base:
            self._counters.add("rates")
            yield rows.passed_row(rate.currency, encode(rate), rows.FROM_RATES)
        else:
            self._counters.add("rates_of_another_base")
