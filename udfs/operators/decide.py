"""
The keyed operator in which every decision is made.

One packed value an account; scores are asked for beside the operator and
drained on any call. Rules a change must not break (ADR-0003, ADR-0005):

1. What is pending stands in state before the endpoint is asked.
2. A marker timer carries each promise: in normal life it finds nothing to do;
   after a restore the former life's timers alone ask again.
3. This is the shell: state, timers and rows. What happens is the `Desk`'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from pyflink.common import Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext, TimeDomain
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from schemas.errors import RecordError
from schemas.intake import read_customer
from schemas.record import replace
from udfs import interpreter, one_core
from udfs.clients.ends import Ends, opened
from udfs.features.profile import profile_of
from udfs.operators import rows
from udfs.operators.account_state import AccountState, decode_waiting, encode_waiting
from udfs.operators.accounts import Accounts
from udfs.operators.arrived import Arrived, Waiting, in_order
from udfs.operators.blocks import StateBlocks
from udfs.operators.counters import Counters
from udfs.operators.decide_settings import DecideSettings
from udfs.operators.desk import Concluded, Desk
from udfs.operators.idle import forget_at, may_be_forgotten_at
from udfs.operators.keeper import Keeper
from udfs.operators.promises import Promises
from udfs.operators.reading import Reading
from udfs.rules.book import load_book

_MOST_HELD = 64  # of an account, for its first profile: its packed value is written whole each time
_HOLD_S = 0.002  # a full operator looks for answers this often; the scorer always answers in time


def now_ms() -> int:
    """The wall clock, UTC epoch ms; it decides nothing but when timers fire."""
    return int(time.time() * 1000)


class Decide(KeyedProcessFunction):
    """
    Every transaction of an account is decided once, in the account's order.

    Key, State: account; `account` (packed AccountState, bounded by the features'
    limits, by what is in flight, and by `_MOST_HELD`), `blocks` (day -> older events, as far back as
    the longest window), `waiting` (event time -> transactions, only under
    order.wait = watermark, emptied by the watermark).
    Emits: a transaction's `rows.ANSWERS` and `columns.DECIDED` row; dead letters on `rows.DEAD_LETTERS`.
    If an event is missing, nothing waits for it, but an account's first profile may be
    waited for (ADR-0022). If late, it is decided at once.
    """

    def __init__(
        self, settings: DecideSettings, make_ends: Callable[[], Ends], clock: Callable[[], int] = now_ms
    ) -> None:
        self._settings = settings
        self._make_ends = make_ends
        self._clock = clock

    def open(self, runtime_context: RuntimeContext) -> None:
        """Connect the remote ends and read the rule book; nothing is asked yet."""
        interpreter.settle()
        one_core.join()
        packed = Types.PICKLED_BYTE_ARRAY()
        self._accounts = Accounts(runtime_context.get_state(ValueStateDescriptor("account", packed)))
        waiting = MapStateDescriptor("waiting", Types.LONG(), packed)
        self._waiting = runtime_context.get_map_state(waiting)
        blocks = MapStateDescriptor("blocks", Types.LONG(), packed)
        self._blocks = StateBlocks(runtime_context.get_map_state(blocks))
        self._counters = Counters(runtime_context.get_metrics_group())
        self._promises = Promises(self._clock(), self._settings.marker_period_ms)
        ends = opened(rows.subtask_of(runtime_context), self._make_ends)
        self._desk = Desk(load_book(self._settings.book), ends, self._promises, self._counters)
        self._keeper = Keeper(self._accounts, self._desk, self._clock)
        topics = self._settings.transactions_topic, self._settings.customers_topic
        self._reading = Reading(*topics, ends.card_key, self._counters)

    def close(self) -> None:
        """Write what the stores are owed, and let the ends go."""
        self._desk.ends.close()
        self._desk.count_writes()
        self._counters.publish()

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> list[Any]:
        """Take one message: a transaction, a profile, or a tick of the clock."""
        emitted = self._drained()
        message = rows.arrival(value)
        try:
            self._take(message, ctx)
        except RecordError as error:
            emitted.append((rows.DEAD_LETTERS, self._reading.refused(message, error, ctx)))
        return emitted

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> list[Any]:
        """Release what the watermark has passed, keep a promise, or merely drain."""
        emitted = self._drained()
        if ctx.time_domain() is TimeDomain.EVENT_TIME:
            self._release(timestamp, ctx)
        elif self._promises.is_of_former_life(timestamp):
            self._keeper.recall(timestamp, ctx)
        elif self._promises.is_marker(timestamp):
            self._keeper.keep(timestamp, ctx)
            if self._counters.is_due(timestamp):
                self._desk.count_writes()
                self._counters.publish()
        elif self._promises.is_hold(timestamp):
            self._let_go(ctx)
        now_ms = self._clock()
        self._keeper.tick(ctx, now_ms)
        if self._settings.one_core:
            one_core.keep(now_ms)
        return emitted

    # --- what comes in

    def _take(self, message: rows.Arrival, ctx: Any) -> None:
        if message.partition == rows.FROM_PROFILES:
            self._learn(message, ctx)
        elif message.key != rows.CLOCK_KEY:
            self._receive(message, ctx)

    def _receive(self, message: rows.Arrival, ctx: Any) -> None:
        arrived = self._reading.transaction(message, ctx)
        late = arrived.late or arrived.txn.event_time_ms <= ctx.timer_service().current_watermark()
        if self._settings.wait_for_watermark and not late:
            self._wait(arrived, ctx)
        else:
            self._decide([replace(arrived, late=True) if late else arrived], ctx)

    def _learn(self, message: rows.Arrival, ctx: Any) -> None:
        told = profile_of(read_customer(message.raw))
        marker_ms = self._keeper.promise(ctx, self._clock())
        state = self._desk.learn(self._accounts.read(message.key), told, marker_ms)
        if state.held:
            self._judge(message.key, state, (), ctx)
        else:
            self._accounts.write(message.key, state)

    # --- order.wait = watermark

    def _wait(self, arrived: Arrived, ctx: Any) -> None:
        at_ms = arrived.txn.event_time_ms
        waiting = decode_waiting(self._waiting.get(at_ms)).arrived
        self._waiting.put(at_ms, encode_waiting(Waiting((*waiting, arrived))))
        ctx.timer_service().register_event_time_timer(at_ms)

    def _release(self, event_time_ms: int, ctx: Any) -> None:
        packed = self._waiting.get(event_time_ms)
        if packed is None:
            self._forget(event_time_ms, rows.key_of(ctx), ctx)
            return
        waiting = decode_waiting(packed)
        self._waiting.remove(event_time_ms)
        self._decide(sorted(waiting.arrived, key=in_order), ctx)
        account_id = waiting.arrived[0].txn.account_id
        if may_be_forgotten_at(event_time_ms, account_id):
            self._forget(event_time_ms, account_id, ctx)

    def _forget(self, event_time_ms: int, account_id: str, ctx: Any) -> None:
        """Forget the account's past if it is long over; else, as long as it has one, look again."""
        state = self._accounts.read(account_id)
        if state.history.newest_ms is None:
            return
        if forget_at(state.history.newest_ms, self._settings.idle_days, account_id) > event_time_ms:
            self._watch(account_id, state, ctx)
        else:
            self._accounts.write(account_id, self._desk.forget(account_id, state, self._blocks))

    # --- an account's first profile

    def _hold(self, account_id: str, state: AccountState, arrived: Sequence[Arrived], ctx: Any) -> None:
        """Keep *arrived* behind what is held; one timer lets all go, so that none overtakes."""
        if not state.held:
            due_ms = self._promises.hold(self._clock(), self._settings.profile_wait_ms)
            ctx.timer_service().register_processing_time_timer(due_ms)
        self._counters.add_many("held_for_profile", len(arrived))
        self._accounts.write(account_id, replace(state, held=(*state.held, *arrived)))

    def _let_go(self, ctx: Any) -> None:
        """No profile has come in time: what is held goes on without one."""
        account_id = rows.key_of(ctx)
        state = self._accounts.read(account_id)
        if state.held:
            self._judge(account_id, state, (), ctx)

    # --- deciding

    def _decide(self, arrived: Sequence[Arrived], ctx: Any) -> None:
        """Judge *arrived*, unless their account is to wait for its first profile."""
        account_id = arrived[0].txn.account_id
        state = self._accounts.read(account_id)
        waits = self._settings.profile_wait_ms and state.profile is None
        if waits and len(state.held) + len(arrived) <= _MOST_HELD:
            self._hold(account_id, state, arrived, ctx)
        else:
            self._judge(account_id, state, arrived, ctx)

    def _judge(self, account_id: str, state: AccountState, arrived: Sequence[Arrived], ctx: Any) -> None:
        """Consider what is held, then *arrived*; write the packed value once, then ask for the scores."""
        now_ms = self._clock()
        marker_ms = self._keeper.promise(ctx, now_ms)
        if state.held:
            arrived, state = (*state.held, *arrived), replace(state, held=())
        work = self._desk.consider(state, arrived, marker_ms, self._blocks)
        self._accounts.write(account_id, work.state)
        if state.history.newest_ms is None:  # its first: the one timer that an account keeps
            self._watch(account_id, work.state, ctx)
        self._desk.ask(work.asks, marker_ms)
        self._keeper.tick(ctx, now_ms)

    def _watch(self, account_id: str, state: AccountState, ctx: Any) -> None:
        if state.history.newest_ms is not None:
            due_ms = forget_at(state.history.newest_ms, self._settings.idle_days, account_id)
            ctx.timer_service().register_event_time_timer(due_ms)

    # --- what goes out

    def _drained(self) -> list[Any]:
        """What has its score, of whichever accounts (no key is needed), once there is room for more."""
        concluded = self._desk.conclude()
        while self._is_full():
            time.sleep(_HOLD_S)
            concluded += self._desk.conclude()
        return [row for each in concluded for row in _rows_of(each)]

    def _is_full(self) -> bool:
        """Whether too much is in flight, or, where nobody waits for a decision, owed to the hot store."""
        owes = self._settings.wait_for_watermark and self._desk.ends.recent.is_behind
        return owes or len(self._desk.flights) >= self._settings.max_pending


def _rows_of(concluded: Concluded) -> tuple[Any, Any]:
    """The answer first: an archive that is behind holds up what comes after."""
    decision, undecided = concluded
    return (rows.ANSWERS, rows.answer_row(decision)), rows.decided_row(decision, undecided)
