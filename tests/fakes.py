"""
Stand-ins for what surrounds an operator: keyed state, timers, clock, metrics, and the remote ends.

Rules: no JVM, no thread, no sleeping; time moves when the test says so. What Flink
keeps across a crash (state and timers) is in a `Checkpoint`; everything else is lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from zlib import crc32

import orjson
from pyflink.datastream import TimeDomain

from schemas.decision import Score
from tests.builders import CARD_KEY, NOON_MS
from udfs.clients.ends import Ends
from udfs.clients.hot_state import WriterCounts
from udfs.operators import columns, rows
from udfs.operators.decide import Decide
from udfs.operators.decide_settings import DecideSettings
from udfs.rules.book import built_in_text

BEFORE_ALL_MS = -(2**63)  # Flink's watermark before the first one
PERIOD_MS = 1_000

type Timer = tuple[int, str]  # when, and the key it is of
type States = dict[str, dict[str, Any]]  # state name -> key -> value


class Checkpoint(NamedTuple):
    """What Flink keeps of a keyed operator."""

    states: States
    processing: frozenset[Timer]
    event: frozenset[Timer]


NOTHING = Checkpoint({}, frozenset(), frozenset())


class FakeValueState:
    """A value for each key."""

    def __init__(self, values: dict[str, Any], key: Callable[[], str]) -> None:
        self.values, self.key = values, key
        self.touched = 0

    def value(self) -> Any:
        self.touched += 1
        return self.values.get(self.key())

    def update(self, value: Any) -> None:
        self.touched += 1
        self.values[self.key()] = value

    def clear(self) -> None:
        self.values.pop(self.key(), None)


class FakeMapState:
    """A map for each key; one without entries is not kept, as in Flink."""

    def __init__(self, maps: dict[str, dict[Any, Any]], key: Callable[[], str]) -> None:
        self.maps, self.key = maps, key

    def get(self, name: Any) -> Any:
        return self.maps.get(self.key(), {}).get(name)

    def put(self, name: Any, value: Any) -> None:
        self.maps.setdefault(self.key(), {})[name] = value

    def remove(self, name: Any) -> None:
        entries = self.maps.get(self.key(), {})
        entries.pop(name, None)
        if not entries:
            self.maps.pop(self.key(), None)


class FakeCounter:
    """A count."""

    def __init__(self) -> None:
        self.count = 0

    def inc(self, by: int = 1) -> None:
        self.count += by


class FakeMetricGroup:
    """Counters by name; remembers the groups that lead to them."""

    def __init__(self) -> None:
        self.path: list[tuple[str, ...]] = []
        self.counters: dict[str, FakeCounter] = {}

    def add_group(self, *names: str) -> FakeMetricGroup:
        self.path.append(names)
        return self

    def counter(self, name: str) -> FakeCounter:
        return self.counters.setdefault(name, FakeCounter())


class FakeScores:
    """An endpoint that answers when, what and in which order the test says."""

    def __init__(self) -> None:
        self.answers: deque[tuple[int, Score]] = deque()
        self.rows: list[bytes] = []  # as submitted
        self.unanswered: dict[int, bytes] = {}  # by ticket, in the order of submission
        self.is_attached = True

    def submit(self, ticket: int, row: bytes) -> None:
        self.rows.append(row)
        self.unanswered[ticket] = row

    def detach(self) -> None:
        self.is_attached = False
        self.answers.clear()

    def answer(self, *places: int, value: float | None = None, degraded: bool = False) -> None:
        """Answer what stands at *places* among what is unanswered, in this order; all if none is named."""
        tickets = list(self.unanswered)
        for ticket in [tickets[place] for place in places] if places else tickets:
            row = self.unanswered.pop(ticket)
            if self.is_attached:
                self.answers.append((ticket, _fallback() if degraded else _score(row, value)))


def _score(row: bytes, value: float | None) -> Score:
    """*value*, or one that depends on the row alone."""
    return Score(crc32(row) / 2**32 if value is None else value, "endpoint", "model-1")


def _fallback() -> Score:
    return Score.unavailable("timeout", 0.0)


class FakeWriter:
    """A hot store that takes the latest version at once, unless it is away."""

    def __init__(self, table: dict[str, tuple[int, Any]]) -> None:
        self.table = table  # outlives the operator
        self.owed: dict[str, tuple[int, Any, int]] = {}
        self.is_away = False
        self.is_open = True
        self.behind: list[bool] = []  # what it says of itself when asked next, the last first
        self.counts = WriterCounts()

    def submit(self, key: str, version: int, item: Any, promised_ms: int) -> None:
        if key not in self.owed or version > self.owed[key][0]:
            self.owed[key] = (version, item, promised_ms)
        self.write()

    def write(self) -> None:
        """Everything owed is in the table, if the store is there."""
        while self.owed and not self.is_away:
            key, (version, item, _) = self.owed.popitem()
            if key not in self.table or self.table[key][0] < version:
                self.table[key] = (version, item)
                self.counts.written += 1

    @property
    def is_behind(self) -> bool:
        return self.behind.pop() if self.behind else False

    def pending(self, key: str) -> bool:
        return key in self.owed

    def is_outstanding(self, promised_ms: int) -> bool:
        return any(promised <= promised_ms for _, _, promised in self.owed.values())

    def flush(self, timeout_ms: int) -> bool:
        self.write()
        return not self.owed

    def close(self) -> bool:
        self.is_open = False
        return True


def decide_settings(**fields: Any) -> DecideSettings:
    """Settings of a live operator with the built-in book."""
    defaults: dict[str, Any] = {
        "wait_for_watermark": False,
        "profile_wait_ms": 0,
        "idle_days": 400,
        "marker_period_ms": PERIOD_MS,
        "one_core": False,
        "max_pending": 100,
        "book": built_in_text(),
        "transactions_topic": "transactions",
        "customers_topic": "customers",
    }
    return DecideSettings(**(defaults | fields))


class Bench:
    """One life of a `Decide` operator: messages and time go in, what it emits is kept."""

    def __init__(
        self,
        *,
        restored: Checkpoint = NOTHING,
        now_ms: int = NOON_MS,
        tables: tuple[dict[str, Any], dict[str, Any], dict[str, Any]] | None = None,
        **settings: Any,
    ) -> None:
        self.now_ms, self.watermark_ms, self.key = now_ms, BEFORE_ALL_MS, ""
        self.states: States = {name: _copied(kept) for name, kept in restored.states.items()}
        self.processing, self.event = set(restored.processing), set(restored.event)
        self.tables = tables or ({}, {}, {})
        self.scores = FakeScores()
        self.accounts, self.customers, self.recent = (FakeWriter(table) for table in self.tables)
        self.metrics = FakeMetricGroup()
        self.decided: list[dict[str, Any]] = []  # what the topics and what the archive is told, together
        self._answer: dict[str, Any] = {}
        self.dead: list[dict[str, Any]] = []
        self.sent = 0
        self.operator = Decide(decide_settings(**settings), self._ends, lambda: self.now_ms)
        self.operator.open(self)  # type: ignore[arg-type]  # the bench is the runtime context too

    def _ends(self) -> Ends:
        return Ends(CARD_KEY, self.scores, self.accounts, self.customers, self.recent)

    # --- the runtime context

    def get_index_of_this_subtask(self) -> int:
        return 0

    def get_metrics_group(self) -> FakeMetricGroup:
        return self.metrics

    def get_state(self, descriptor: Any) -> FakeValueState:
        self.account = FakeValueState(self.states.setdefault(descriptor.name, {}), lambda: self.key)
        return self.account

    def get_map_state(self, descriptor: Any) -> FakeMapState:
        return FakeMapState(self.states.setdefault(descriptor.name, {}), lambda: self.key)

    # --- what the test does

    def send(self, raw: bytes | None, key: str = "a-1", partition: int = 0, record_ms: int = NOON_MS) -> None:
        """A message of *key* arrives."""
        self.key, self.sent = key, self.sent + 1
        context = FakeContext(self, record_ms)
        self._keep(self.operator.process_element((key, raw, partition, self.sent), context))

    def advance(self, ms: int) -> None:
        """Time passes, and the timers that are due by then fire in their order."""
        until_ms = self.now_ms + ms
        while due := [timer for timer in self.processing if timer[0] <= until_ms]:
            timer = min(due)
            self.now_ms = max(self.now_ms, timer[0])
            self.processing.remove(timer)
            self._fire(timer, TimeDomain.PROCESSING_TIME)
        self.now_ms = until_ms

    def watermark(self, event_time_ms: int) -> None:
        """Event time has passed *event_time_ms*; the timers up to it fire in their order."""
        self.watermark_ms = event_time_ms
        while due := [timer for timer in self.event if timer[0] <= event_time_ms]:
            self.event.remove(min(due))
            self._fire(min(due), TimeDomain.EVENT_TIME)

    def checkpoint(self) -> Checkpoint:
        """What Flink keeps if the operator dies now, or later before the next checkpoint."""
        states = {name: _copied(kept) for name, kept in self.states.items()}
        return Checkpoint(states, frozenset(self.processing), frozenset(self.event))

    def ids(self) -> list[str]:
        """The transactions decided so far, in the order of their decisions."""
        return [row["transaction_id"] for row in self.decided]

    def count(self, name: str) -> int:
        """What the operator has counted under *name*."""
        self.operator._counters.publish()
        return self.metrics.counters[name].count

    def _fire(self, timer: Timer, domain: TimeDomain) -> None:
        self.key = timer[1]
        self._keep(self.operator.on_timer(timer[0], FakeContext(self, timer[0], domain)))  # type: ignore[arg-type]

    def _keep(self, emitted: Iterable[Any]) -> None:
        for row in emitted:
            if not isinstance(row, tuple):
                self.decided.append(self._answer | named(columns.DECIDED, row))
            elif row[0] is rows.ANSWERS:
                self._answer = named(columns.ANSWER, row[1])
            else:
                assert row[0] is rows.DEAD_LETTERS
                self.dead.append(orjson.loads(row[1][1]))


class FakeContext:
    """A keyed function's context, for a message or a timer; it is its own timer service."""

    def __init__(self, bench: Bench, timestamp: int, domain: TimeDomain | None = None) -> None:
        self._bench, self._timestamp, self._domain = bench, timestamp, domain

    def timestamp(self) -> int:
        return self._timestamp

    def time_domain(self) -> TimeDomain | None:
        return self._domain

    def get_current_key(self) -> str:
        return self._bench.key

    def timer_service(self) -> FakeContext:
        return self

    def current_watermark(self) -> int:
        return self._bench.watermark_ms

    def register_processing_time_timer(self, timestamp: int) -> None:
        self._bench.processing.add((timestamp, self._bench.key))

    def register_event_time_timer(self, timestamp: int) -> None:
        self._bench.event.add((timestamp, self._bench.key))


def named(declared: list[columns.Column], row: Any) -> dict[str, Any]:
    """A row's values by the names of its columns, as *declared*; the decision's JSON is opened."""
    values = dict(zip([column.name for column in declared], list(row), strict=True))
    return {
        name: orjson.loads(value) if isinstance(value, bytes) else value for name, value in values.items()
    }


def _copied(kept: dict[str, Any]) -> dict[str, Any]:
    return {key: dict(value) if isinstance(value, dict) else value for key, value in kept.items()}
