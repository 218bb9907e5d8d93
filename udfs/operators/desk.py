"""
What decides between an account's state and the world, for one life of one operator.

State comes in and goes out as values; scores are asked for beside the operator.
Rules a change must not break (ADR-0003, ADR-0005):

1. A caller stores the state it is given before it asks for the scores.
2. Memory (`Flights`) may be lost at any moment; what is pending stands in state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from schemas.decision import Decision, Value
from schemas.record import replace
from udfs.clients.ends import Ends
from udfs.features.blocks import Blocks
from udfs.features.catalogue import ACCOUNT
from udfs.features.engine import is_duplicate
from udfs.features.history import AccountHistory
from udfs.features.log import Log
from udfs.features.profile import Profile, learned
from udfs.operators.account_state import (
    AccountState,
    Pending,
    Undecided,
    decode_undecided,
    encode_undecided,
    sort_out,
)
from udfs.operators.arrived import Arrived
from udfs.operators.counters import Counters
from udfs.operators.flights import Flights, Landed
from udfs.operators.hot_items import account_item, customer_item, recent_item, recent_key
from udfs.operators.judgement import Consideration, conclude, consider, recall
from udfs.operators.promises import Promises
from udfs.rules.book import RuleBook
from udfs.scoring.row import encode_row

_WRITES = {  # of WriterCounts: its metric
    "written": "store_writes",
    "stale": "store_stale",
    "retries": "store_retries",
    "refused": "store_refused",
    "skipped": "store_skipped",
}


class Ask(NamedTuple):
    """An undecided transaction and the values its score is asked with."""

    undecided: Undecided
    values: dict[str, Value]


class Work(NamedTuple):
    """The state to store, and the scores to ask for when it is."""

    state: AccountState
    asks: list[Ask]


class Concluded(NamedTuple):
    """A decision, and what it was made of."""

    decision: Decision
    undecided: Undecided


class Desk:
    """The rule book, the remote ends, and the memory of what is out for a score."""

    def __init__(self, book: RuleBook, ends: Ends, promises: Promises, counters: Counters) -> None:
        self.ends = ends
        self.promises = promises
        self.counters = counters
        self.flights = Flights()
        self._carried_ms: dict[str, int] = {}  # of accounts that the store was late for: their later timer
        self._book = book

    def consider(
        self, state: AccountState, arrived: Sequence[Arrived], marker_ms: int, blocks: Blocks
    ) -> Work:
        """Observe each transaction of an account, but for duplicates, and judge it but for its score."""
        work = awake = self.awake(arrived[0].txn.account_id, state, marker_ms)
        for each in arrived:
            if is_duplicate(work.state.history, each.txn):
                self.counters.add("duplicates")
            else:
                considered = consider(work.state, each, self._book, blocks, late=each.late)
                work = self._promised(work, considered, marker_ms)
        return self._with_last(work, state, marker_ms) if work is awake else work

    def awake(self, account_id: str, state: AccountState, marker_ms: int) -> Work:
        """The state without what is finished, and what a former life left to be asked again."""
        if self._is_finished(account_id, state.pending):
            return Work(replace(state, pending=()), [])
        epoch_ms, open_from_ms = self.promises.epoch_ms, self.promises.open_from_ms
        unfinished = self.flights.flying(account_id) | self._unwritten(account_id, state.pending)
        again, flying = sort_out(state.pending, epoch_ms, unfinished, open_from_ms)
        self.counters.add_many("rescored_after_restart", len(again))
        renewed = tuple(self._renewed(pending, marker_ms) for pending in again)
        return Work(replace(state, pending=(*renewed, *flying)), [_asked_again(p) for p in again])

    def recall(self, account_id: str, state: AccountState, marker_ms: int) -> Work:
        """
        Take up what a former life promised: open scores are asked again, the stores told again.

        So is the last transaction even where it was decided: see `_with_last`.
        """
        if state.profile is not None:
            self.tell(state.profile, marker_ms)
        return self._with_last(self.awake(account_id, state, marker_ms), state, marker_ms)

    def learn(self, state: AccountState, told: Profile, marker_ms: int) -> AccountState:
        """The state with *told* among the profile's versions; the hot store is told of the newest."""
        known = state.earlier if state.profile is None else (*state.earlier, state.profile)
        *earlier, newest = learned(known, told)
        self.tell(newest, marker_ms)
        self.counters.add("profiles")
        return replace(state, profile=newest, earlier=tuple(earlier))

    def tell(self, profile: Profile, marker_ms: int) -> None:
        """Owe the hot store *profile*."""
        item = customer_item(profile)
        self.ends.customers.submit(profile.customer_id, profile.updated_ms, item, marker_ms)

    def ask(self, asks: Sequence[Ask], marker_ms: int) -> None:
        """Every one of *asks* is on its way to the endpoint; its state must be stored by now."""
        for ask in asks:
            ticket = self.flights.depart(ask.undecided, ask.values, marker_ms)
            self.ends.scores.submit(ticket, encode_row(ask.values))

    def conclude(self) -> list[Concluded]:
        """Decide what has its score, of whichever accounts, each account's in order."""
        answers = self.ends.scores.answers
        concluded: list[Concluded] = []
        while answers:
            concluded += [self._concluded(landed) for landed in self.flights.land(*answers.popleft())]
        return concluded

    def renew(self, account_id: str, state: AccountState, marker_ms: int) -> AccountState:
        """The state with the promises of what still flies hung on a later marker."""
        flying = self.flights.flying(account_id)
        self.flights.renew(account_id, marker_ms)
        return _promised_later(state, flying, marker_ms)

    def forget(self, account_id: str, state: AccountState, blocks: Blocks) -> AccountState:
        """
        What is left of an account that was not seen for long: its version, its profiles, what is not done.

        The version goes on counting, because the hot store refuses one that is not newer.
        """
        Log(ACCOUNT.plan, blocks, state.history.log).clear()
        self.counters.add("accounts_forgotten")
        pending = () if self._is_finished(account_id, state.pending) else state.pending
        return replace(state, history=AccountHistory(decided=state.history.decided), pending=pending)

    def owes(self, account_id: str, state: AccountState) -> bool:
        """Whether the hot store has not yet taken the account's item, its customer's, or a transaction's."""
        profile = state.profile
        customer_owed = profile is not None and self.ends.customers.pending(profile.customer_id)
        owed = customer_owed or self.ends.accounts.pending(account_id)
        return owed or bool(self._unwritten(account_id, state.pending))

    def is_put_off(self, account_id: str, state: AccountState, timer_ms: int) -> bool:
        """Whether a later timer than *timer_ms* carries all that the store is owed of the account."""
        if self._carried_ms.get(account_id, 0) <= timer_ms:
            self._carried_ms.pop(account_id, None)
            return False
        due = [each for each in state.pending if each.marker_ms <= timer_ms]
        return not self._unwritten(account_id, due)

    def put_off(self, account_id: str, state: AccountState, marker_ms: int) -> AccountState:
        """The state with the promises of transactions that are still owed to the store on a later marker."""
        self._carried_ms[account_id] = marker_ms
        unwritten = self._unwritten(account_id, state.pending)
        return _promised_later(state, unwritten, marker_ms)

    def owes_since(self, marker_ms: int) -> bool:
        """Whether anything promised by *marker_ms* is not yet in the hot store, of whichever accounts."""
        return any(writer.is_outstanding(marker_ms) for writer in self.ends.writers)

    def count_writes(self) -> None:
        """The hot store's counts are among the operator's own."""
        counts = [writer.counts for writer in self.ends.writers]
        for field, name in _WRITES.items():
            self.counters.reached(name, sum(getattr(each, field) for each in counts))

    def _is_finished(self, account_id: str, pending: Sequence[Pending]) -> bool:
        """Whether all of *pending* was asked in this life, decided and written, as mostly."""
        epoch_ms = self.promises.epoch_ms
        asked = self.flights.is_idle(account_id) and all(each.epoch_ms == epoch_ms for each in pending)
        return asked and not self._unwritten(account_id, pending)

    def _unwritten(self, account_id: str, pending: Sequence[Pending]) -> frozenset[str]:
        """Ids of *pending* that were decided and are not yet among the recent transactions."""
        is_owed = self.ends.recent.pending
        ids = (each.transaction_id for each in pending)
        return frozenset(each for each in ids if is_owed(recent_key(account_id, each)))

    def _promised(self, work: Work, considered: Consideration, marker_ms: int) -> Work:
        pending = Pending(
            epoch_ms=self.promises.epoch_ms,
            marker_ms=marker_ms,
            transaction_id=considered.undecided.txn.transaction_id,
            body=encode_undecided(considered.undecided),
        )
        state = replace(work.state, history=considered.history, pending=(*work.state.pending, pending))
        return Work(state, [*work.asks, Ask(considered.undecided, considered.values)])

    def _with_last(self, work: Work, state: AccountState, marker_ms: int) -> Work:
        """
        *work*, and the last transaction of *state* is asked again if a former life asked it.

        Its hot item, which is the account's newest, may not have been written, whatever was.
        """
        if not state.pending or state.pending[-1].epoch_ms == self.promises.epoch_ms:
            return work
        last, taken_up = state.pending[-1], work.state.pending
        if taken_up and taken_up[-1].transaction_id == last.transaction_id:
            return work
        kept = replace(work.state, pending=(*taken_up, self._renewed(last, marker_ms)))
        return Work(kept, [*work.asks, _asked_again(last)])

    def _renewed(self, pending: Pending, marker_ms: int) -> Pending:
        return replace(pending, epoch_ms=self.promises.epoch_ms, marker_ms=marker_ms)

    def _concluded(self, landed: Landed) -> Concluded:
        undecided, values, score, marker_ms = landed
        decision = conclude(undecided, values, score, self._book, self.promises.epoch_ms)
        item = account_item(decision, undecided)
        self.ends.accounts.submit(decision.account_id, decision.account_version, item, marker_ms)
        key = recent_key(decision.account_id, decision.transaction_id)
        self.ends.recent.submit(key, decision.attempt, recent_item(decision, undecided), marker_ms)
        self.counters.decided(decision)
        return Concluded(decision, undecided)


def _promised_later(state: AccountState, ids: frozenset[str], marker_ms: int) -> AccountState:
    pending = (replace(p, marker_ms=marker_ms) if p.transaction_id in ids else p for p in state.pending)
    return replace(state, pending=tuple(pending))


def _asked_again(pending: Pending) -> Ask:
    undecided = decode_undecided(pending.body)
    return Ask(undecided, recall(undecided))
