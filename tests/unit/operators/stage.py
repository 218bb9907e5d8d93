"""The stage of merchants on fakes of Flink, for tests that tell a story of one."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pyflink.common import Row

from schemas.label import Label
from tests.builders import NOON_MS, ONE_DAY_MS, article, payment, rate
from tests.fakes import BEFORE_ALL_MS, FakeMapState, FakeMetricGroup, FakeValueState
from udfs.operators import rows
from udfs.operators.arrived import Arrived, decode_arrived, encode
from udfs.operators.in_base import ObserveInBase
from udfs.operators.observe import Observe


class Stage:
    """
    One life of a merchant's stage: it is runtime context, context and timer service at once.

    With a *base* it hears of rates, and converts.
    """

    def __init__(self, *, wait: bool = False, base: str | None = None, restored: Stage | None = None) -> None:
        self.states: dict[str, dict[str, Any]] = deepcopy(restored.states) if restored else {}
        self.broadcast: dict[str, bytes] = dict(restored.broadcast) if restored else {}
        self.timers: set[tuple[int, str]] = set(restored.timers) if restored else set()
        self.metrics = FakeMetricGroup()
        self.watermark_ms, self.key = BEFORE_ALL_MS, ""
        self.passed: list[Arrived] = []
        self.sent_to: list[str] = []
        observe = Observe(0, wait_for_watermark=wait)
        self.operator = observe if base is None else ObserveInBase(observe, base)
        self.operator.open(self)  # type: ignore[arg-type]

    def get_metrics_group(self) -> FakeMetricGroup:
        return self.metrics

    def get_state(self, descriptor: Any) -> FakeValueState:
        return FakeValueState(self.states.setdefault(descriptor.name, {}), lambda: self.key)

    def get_map_state(self, descriptor: Any) -> FakeMapState:
        return FakeMapState(self.states.setdefault(descriptor.name, {}), lambda: self.key)

    def get_broadcast_state(self, descriptor: Any) -> Stage:
        assert descriptor.name == "rates"
        return self

    def items(self) -> Any:
        return self.broadcast.items()

    def put(self, name: str, value: bytes) -> None:
        self.broadcast[name] = value

    def timer_service(self) -> Stage:
        return self

    def current_watermark(self) -> int:
        return self.watermark_ms

    def register_event_time_timer(self, timestamp: int) -> None:
        self.timers.add((timestamp, self.key))

    def get_current_key(self) -> str:
        return self.key

    # --- what the test does

    def pays(self, transaction_id: str, day: float = 0, **fields: Any) -> None:
        """A payment arrives, dated so many days after noon."""
        event_time_ms = NOON_MS + round(day * ONE_DAY_MS)
        txn = payment(transaction_id=transaction_id, event_time_ms=event_time_ms, **fields)
        self._take(txn.merchant_id or f"\x00{txn.account_id}", encode(Arrived(txn)), rows.STAGED)

    def label(self, transaction_id: str, day: float, *, fraud: bool = True) -> None:
        """A label arrives, reported so many days after noon."""
        reported_ms = NOON_MS + round(day * ONE_DAY_MS)
        label = Label(transaction_id, "a-1", is_fraud=fraud, reported_ms=reported_ms, merchant_id="m-1")
        self._take("m-1", encode(label), rows.FROM_LABELS)

    def sells(self, day: float, article_id: str = "r-1", **fields: Any) -> None:
        """A version of an article of m-1 arrives, updated so many days after noon."""
        told = article(article_id=article_id, updated_ms=NOON_MS + round(day * ONE_DAY_MS), **fields)
        self._take("m-1", encode(told), rows.FROM_INVENTORY)

    def removes(self, day: float, article_id: str = "r-1") -> None:
        """It is told that the article was removed so many days after noon."""
        self.sells(
            day, article_id, category=None, list_price_minor=None, currency=None, stock=None, removed=True
        )

    def hears(self, **fields: Any) -> None:
        """A rate arrives."""
        row = rows.passed_row("USD", encode(rate(**fields)), rows.FROM_RATES)
        assert isinstance(self.operator, ObserveInBase)
        assert self.operator.process_broadcast_element(row, self) == []  # type: ignore[arg-type]

    def in_base(self) -> dict[str, int | None]:
        """The base amount of each that left."""
        return {one.txn.transaction_id: one.txn.base_minor for one in self.passed}

    def watermark(self, day: float) -> None:
        """Event time has passed so many days after noon."""
        self.watermark_ms = NOON_MS + round(day * ONE_DAY_MS)
        while due := [timer for timer in self.timers if timer[0] <= self.watermark_ms]:
            timer = min(due)
            self.timers.remove(timer)
            self.key = timer[1]
            self._keep(self.operator.on_timer(timer[0], self))  # type: ignore[arg-type]

    def seen(self) -> list[tuple[str, Any, Any]]:
        """Of each that left: id, payments of the day a week ago, and the share of frauds among them."""
        return [
            (one.txn.transaction_id, one.features["merchant_count_1d"], one.features["merchant_risk_1d"])
            for one in self.passed
        ]

    def _take(self, key: str, body: bytes, what: int) -> None:
        self.key = key
        self._keep(self.operator.process_element(Row(key, body, what, 0), self))  # type: ignore[arg-type]

    def _keep(self, emitted: list[Any]) -> None:
        for row in emitted:
            message = rows.arrival(row[1])
            assert (row[0], message.partition) == (message.key, rows.STAGED)
            self.sent_to.append(message.key)
            self.passed.append(decode_arrived(message.raw))
