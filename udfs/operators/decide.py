"""
The keyed operator in which every decision is made.

One packed value an account; scores are asked for beside the operator and
drained on any call. Rules a change must not break (ADR-0003, ADR-0005):

1. What is pending stands in state before the endpoint is asked.
2. A marker timer carries each promise: in normal life it finds nothing to do;
   after a restore the former life's timers alone ask again.
3. Memory (`Flights`) may be lost at any moment; state may not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext, TimeDomain
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from schemas.dead_letter import Source, dead_letter
from schemas.decision import Value
from schemas.errors import RecordError
from schemas.intake import read_customer, read_transaction
from schemas.transaction import Transaction
from udfs.clients.ends import Ends
from udfs.features.engine import is_duplicate
from udfs.features.profile import newer, profile_of
from udfs.operators import rows
from udfs.operators.account_state import (
    AccountState,
    Pending,
    Undecided,
    decode_state,
    decode_undecided,
    decode_waiting,
    encode_state,
    encode_undecided,
    encode_waiting,
    sort_out,
)
from udfs.operators.counters import Counters
from udfs.operators.flights import Flights, Landed
from udfs.operators.hot_items import account_item, customer_item
from udfs.operators.judgement import conclude, consider, recall
from udfs.operators.promises import Promises
from udfs.rules.book import load_book
from udfs.scoring.row import encode_row

_HOLD_S = 0.002  # a full operator looks for answers this often; the scorer always answers in time
_open: dict[int, Ends] = {}  # by subtask: thread mode does not call close() on failover


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideSettings:
    """
    What the operator needs to know.

    Attributes:
        wait_for_watermark: Hold events and take them in event-time order.
        marker_period_ms: Life of a promise's timer; outlasts score deadline and store flush.
        max_pending: Transactions in flight before the source is held.
        book: The rule book's text.
        transactions_topic: Where the transactions come from, for dead letters.
        customers_topic: Where the profiles come from, for dead letters.
    """

    wait_for_watermark: bool
    marker_period_ms: int
    max_pending: int
    book: str
    transactions_topic: str
    customers_topic: str


class Ask(NamedTuple):
    """An undecided transaction and the values its score is asked with."""

    undecided: Undecided
    values: dict[str, Value]


def now_ms() -> int:
    """The wall clock, UTC epoch ms; it decides nothing but when timers fire."""
    return int(time.time() * 1000)


class Decide(KeyedProcessFunction):
    """
    Every transaction of an account is decided once, in the account's order.

    Key, State: account; `account` (packed AccountState, bounded by the features'
    limits and by what is in flight), `waiting` (event time -> transactions, only
    under order.wait = watermark, emptied by the watermark).
    Emits: one `rows.DECIDED` row a transaction; dead letters on `rows.DEAD_LETTERS`.
    If an event is missing, nothing waits for it. If late, it is decided at once, marked.
    """

    def __init__(
        self, settings: DecideSettings, make_ends: Callable[[], Ends], clock: Callable[[], int] = now_ms
    ) -> None:
        self._settings = settings
        self._make_ends = make_ends
        self._clock = clock

    def open(self, runtime_context: RuntimeContext) -> None:
        """Connect the remote ends and read the rule book; nothing is asked yet."""
        packed = Types.PICKLED_BYTE_ARRAY()
        self._state = runtime_context.get_state(ValueStateDescriptor("account", packed))
        waiting = MapStateDescriptor("waiting", Types.LONG(), packed)
        self._waiting = runtime_context.get_map_state(waiting)
        self._ends = _opened(rows.subtask_of(runtime_context), self._make_ends)
        self._book = load_book(self._settings.book)
        self._counters = Counters(runtime_context.get_metrics_group())
        self._flights = Flights()
        self._promises = Promises(self._clock(), self._settings.marker_period_ms)

    def close(self) -> None:
        """Write what the stores are owed, and let the ends go."""
        self._counters.publish()
        self._ends.close()

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Any]:
        """Take one message: a transaction, a profile, or a tick of the clock."""
        yield from self._drain()
        yield from self._hold_back()
        message = rows.arrival(value)
        try:
            self._take(message, ctx)
        except RecordError as error:
            self._counters.refused()
            source = Source(
                self._topic(message), message.partition, message.offset, ctx.timestamp(), message.key
            )
            yield rows.DEAD_LETTERS, rows.dead_letter_row(dead_letter(error, source, message.raw))

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Row]:
        """Release what the watermark has passed, keep a promise, or merely drain."""
        yield from self._drain()
        if ctx.time_domain() == TimeDomain.EVENT_TIME:
            yield from self._hold_back()
            self._release(timestamp, ctx)
        elif self._promises.is_of_former_life(timestamp):
            self._recall(timestamp, ctx)
        elif self._promises.is_marker(timestamp):
            self._keep_promise(timestamp, ctx)
        self._tick(ctx)

    # --- what comes in

    def _take(self, message: rows.Arrival, ctx: Any) -> None:
        if message.partition == rows.FROM_PROFILES:
            self._learn(message, ctx)
        elif message.key != rows.CLOCK_KEY:
            self._receive(message, ctx)

    def _receive(self, message: rows.Arrival, ctx: Any) -> None:
        txn = read_transaction(message.raw, message.key, ctx.timestamp(), self._ends.card_key)
        self._counters.accepted()
        late = txn.event_time_ms <= ctx.timer_service().current_watermark()
        if self._settings.wait_for_watermark and not late:
            self._wait(txn, ctx)
        else:
            self._decide([txn], ctx, late=late)

    def _learn(self, message: rows.Arrival, ctx: Any) -> None:
        state = decode_state(self._state.value())
        profile = newer(state.profile, profile_of(read_customer(message.raw)))
        self._state.update(encode_state(state._replace(profile=profile)))
        item, marker_ms = customer_item(profile), self._promise(ctx)
        self._ends.customers.submit(profile.customer_id, profile.updated_ms, item, marker_ms)
        self._counters.add("profiles")

    def _topic(self, message: rows.Arrival) -> str:
        from_profiles = message.partition == rows.FROM_PROFILES
        return self._settings.customers_topic if from_profiles else self._settings.transactions_topic

    # --- order.wait = watermark

    def _wait(self, txn: Transaction, ctx: Any) -> None:
        waiting = decode_waiting(self._waiting.get(txn.event_time_ms))
        self._waiting.put(txn.event_time_ms, encode_waiting([*waiting, txn]))
        ctx.timer_service().register_event_time_timer(txn.event_time_ms)

    def _release(self, event_time_ms: int, ctx: Any) -> None:
        waiting = decode_waiting(self._waiting.get(event_time_ms))
        self._waiting.remove(event_time_ms)
        self._decide(sorted(waiting, key=_tie_break), ctx, late=False)

    # --- deciding

    def _decide(self, transactions: Sequence[Transaction], ctx: Any, *, late: bool) -> None:
        """Consider each transaction, write the packed value once, then ask for the scores."""
        marker_ms = self._promise(ctx)
        account_id = transactions[0].account_id
        state, asks = self._awake(account_id, decode_state(self._state.value()), marker_ms)
        for txn in transactions:
            if is_duplicate(state.history, txn):
                self._counters.add("duplicates")
                continue
            considered = consider(state, txn, self._book, late=late)
            pending = (*state.pending, self._pending(considered.undecided, marker_ms))
            state = state._replace(history=considered.history, pending=pending)
            asks.append(Ask(considered.undecided, considered.values))
        self._state.update(encode_state(state))
        self._ask(asks, marker_ms)
        self._tick(ctx)

    def _awake(self, account_id: str, state: AccountState, marker_ms: int) -> tuple[AccountState, list[Ask]]:
        """The state without what is finished, and what a former life left to be asked again."""
        if not state.pending:
            return state, []
        epoch_ms, open_from_ms = self._promises.epoch_ms, self._promises.open_from_ms
        again, flying = sort_out(state.pending, epoch_ms, self._flights.flying(account_id), open_from_ms)
        renewed = tuple(p._replace(epoch_ms=epoch_ms, marker_ms=marker_ms) for p in again)
        self._counters.add_many("rescored_after_restart", len(again))
        return state._replace(pending=(*renewed, *flying)), [_asked_again(p) for p in again]

    def _pending(self, undecided: Undecided, marker_ms: int) -> Pending:
        return Pending(
            epoch_ms=self._promises.epoch_ms,
            marker_ms=marker_ms,
            transaction_id=undecided.txn.transaction_id,
            body=encode_undecided(undecided),
        )

    def _ask(self, asks: Sequence[Ask], marker_ms: int) -> None:
        for ask in asks:
            ticket = self._flights.depart(ask.undecided, marker_ms)
            self._ends.scores.submit(ticket, encode_row(ask.values))

    # --- what goes out

    def _drain(self) -> Iterator[Row]:
        """Emit what has its score, of whichever accounts: an emission needs no key."""
        answers = self._ends.scores.answers
        while answers:
            for landed in self._flights.land(*answers.popleft()):
                yield self._concluded(landed)

    def _hold_back(self) -> Iterator[Row]:
        while len(self._flights) >= self._settings.max_pending:
            time.sleep(_HOLD_S)
            yield from self._drain()

    def _concluded(self, landed: Landed) -> Row:
        undecided, score, marker_ms = landed
        decision = conclude(undecided, score, self._book, self._promises.epoch_ms)
        item = account_item(decision, undecided)
        self._ends.accounts.submit(decision.account_id, decision.account_version, item, marker_ms)
        self._counters.decided(decision)
        return rows.decided_row(decision, undecided)

    # --- promises

    def _promise(self, ctx: Any) -> int:
        """A marker timer on the current account, which a checkpoint keeps."""
        marker_ms = self._promises.marker(self._clock())
        ctx.timer_service().register_processing_time_timer(marker_ms)
        return marker_ms

    def _recall(self, timer_ms: int, ctx: Any) -> None:
        """Ask again for what the former life left open on this account, and tell the stores again."""
        self._promises.recalled(timer_ms)
        marker_ms, state = self._promise(ctx), decode_state(self._state.value())
        awake, asks = self._awake(rows.key_of(ctx), state, marker_ms)
        if not asks and state.pending and state.pending[-1].epoch_ms != self._promises.epoch_ms:
            last = state.pending[-1]  # decided; its hot item may not have been written
            renewed = last._replace(epoch_ms=self._promises.epoch_ms, marker_ms=marker_ms)
            awake, asks = awake._replace(pending=(renewed,)), [_asked_again(last)]
        self._state.update(encode_state(awake))
        self._ask(asks, marker_ms)
        if state.profile is not None:
            profile = state.profile
            self._ends.customers.submit(
                profile.customer_id, profile.updated_ms, customer_item(profile), marker_ms
            )

    def _keep_promise(self, timer_ms: int, ctx: Any) -> None:
        """In normal life nothing is to do: what was promised has been decided and written."""
        self._promises.kept()
        if self._flights.outlasts(timer_ms):
            self._renew(ctx)
        ends = self._ends
        if ends.accounts.is_outstanding(timer_ms) or ends.customers.is_outstanding(timer_ms):
            self._look_again(ctx)

    def _renew(self, ctx: Any) -> None:
        """Rare: a score is out for longer than a marker's life; move this account's promises on."""
        account_id = rows.key_of(ctx)
        flying = self._flights.flying(account_id)
        if not flying:
            return
        marker_ms, state = self._promise(ctx), decode_state(self._state.value())
        pending = tuple(
            p._replace(marker_ms=marker_ms) if p.transaction_id in flying else p for p in state.pending
        )
        self._state.update(encode_state(state._replace(pending=pending)))
        self._flights.renew(account_id, marker_ms)

    def _look_again(self, ctx: Any) -> None:
        """A store has not taken a write in time: keep a timer on those whose write it is."""
        account_id = rows.key_of(ctx)
        profile = decode_state(self._state.value()).profile
        customer_owed = profile is not None and self._ends.customers.pending(profile.customer_id)
        if customer_owed or self._ends.accounts.pending(account_id):
            later_ms = self._promises.long_marker(self._clock())
            ctx.timer_service().register_processing_time_timer(later_ms)

    def _tick(self, ctx: Any) -> None:
        if len(self._flights):
            tick_ms = self._promises.next_tick(self._clock())
            if tick_ms is not None:
                ctx.timer_service().register_processing_time_timer(tick_ms)


def _asked_again(pending: Pending) -> Ask:
    undecided = decode_undecided(pending.body)
    return Ask(undecided, recall(undecided))


def _tie_break(txn: Transaction) -> tuple[int, str]:
    """Order of transactions at the same event time: by id, shorter ids (smaller numbers) first."""
    return len(txn.transaction_id), txn.transaction_id


def _opened(subtask: int, make_ends: Callable[[], Ends]) -> Ends:
    """New ends for *subtask*; those of its former life in this process stop answering."""
    former = _open.pop(subtask, None)
    if former is not None:
        former.scores.detach()
    _open[subtask] = make_ends()
    return _open[subtask]
