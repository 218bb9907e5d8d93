"""
The first stage, where exchange rates are on: it hears of every rate in each of its subtasks.

Rules (ADR-0025): what is known is in broadcast state, which a checkpoint keeps; memory has it
beside, because a look into state costs more than a whole conversion. Nothing is emitted here.
"""

from __future__ import annotations

from typing import Any

from pyflink.common import Types
from pyflink.datastream import KeyedBroadcastProcessFunction, RuntimeContext
from pyflink.datastream.state import MapStateDescriptor

from udfs.features.rates import Rates
from udfs.operators import rows
from udfs.operators.account_state import decode_rates, encode_rates
from udfs.operators.arrived import decode_rate
from udfs.operators.observe import Observe

KNOWN = MapStateDescriptor("rates", Types.STRING(), Types.PICKLED_BYTE_ARRAY())


class ObserveInBase(KeyedBroadcastProcessFunction):
    """
    *observe*, with each transaction's base amount.

    Key, State: those of *observe*, and `rates` (currency -> its newest versions), the same in each
    subtask. Emits: as *observe*. If a rate is missing, what it is for has no base amount.
    """

    def __init__(self, observe: Observe, base: str) -> None:
        self._observe = observe
        self._base = base
        self._is_open = False

    def open(self, runtime_context: RuntimeContext) -> None:
        """State is at hand; what is known of rates is read with the first message."""
        self._observe.open(runtime_context)
        self._rates = self._observe.rates = Rates(self._base)
        self._is_restored = False
        self._is_open = True

    def close(self) -> None:
        """What was counted is told; an operator of two inputs is closed even if it was never opened."""
        if self._is_open:
            self._observe.close()

    def process_element(self, value: Any, ctx: KeyedBroadcastProcessFunction.ReadOnlyContext) -> list[Any]:
        """Take a transaction, a label or an article."""
        self._restore(ctx)
        return self._observe.process_element(value, ctx)

    def on_timer(self, timestamp: int, ctx: KeyedBroadcastProcessFunction.OnTimerContext) -> list[Any]:
        """Take what the watermark has passed: every rate with an older record has come."""
        self._restore(ctx)
        return self._observe.on_timer(timestamp, ctx)

    def process_broadcast_element(self, value: Any, ctx: KeyedBroadcastProcessFunction.Context) -> list[Any]:
        """Know a rate."""
        self._restore(ctx)
        told = decode_rate(rows.arrival(value[1]).raw)
        ctx.get_broadcast_state(KNOWN).put(told.currency, encode_rates(self._rates.learn(told)))
        return []

    def _restore(self, ctx: Any) -> None:
        """Memory has what state has; open() has no way to it."""
        if not self._is_restored:
            self._is_restored = True
            for _, packed in ctx.get_broadcast_state(KNOWN).items():  # noqa: PERF102  # thread mode has no values()
                for rate in decode_rates(packed):
                    self._rates.learn(rate)
