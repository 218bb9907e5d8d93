"""
The pure stages of the decide operator, each as a piece of work of any length.

Rule: what surrounds a stage is made before its time begins; a stage alone knows the
signatures of what it measures, so that a change of one is a change of one line here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle, islice
from typing import Any, NamedTuple

from local.bench.material import CARD_KEY, Account, account
from schemas.card import tokenise
from schemas.decision import Decision, Score, encode_alert, encode_decision
from schemas.intake import read_transaction
from schemas.wire_out import encode_avro, encode_json
from udfs.clients.ends import Ends, NoStore
from udfs.features.blocks import MemoryBlocks
from udfs.features.engine import observe
from udfs.operators.account_state import AccountState, Undecided, decode_state, encode_state
from udfs.operators.arrived import Arrived
from udfs.operators.counters import Counters
from udfs.operators.desk import Ask, Desk
from udfs.operators.hot_items import account_item
from udfs.operators.judgement import conclude
from udfs.operators.promises import Promises
from udfs.operators.rows import decided_row
from udfs.rules.book import RuleBook, built_in_text, load_book
from udfs.rules.evaluate import apply
from udfs.scoring.row import encode_row

USUAL, FULL = 20, 256  # payments in an account's history: a busy day's, and the most that is kept
_EPOCH_MS = 1_767_225_600_000
_MARKER_MS = _EPOCH_MS + 1_000
_CALM, _SURE = Score(0.03, "endpoint", "model-1"), Score(0.97, "endpoint", "model-1")

Prepare = Callable[[int], Callable[[], object]]


class Stage(NamedTuple):
    """A piece of work by its name; *prepare* makes that of so many transactions, ready to run once."""

    name: str
    prepare: Prepare


class Judged(NamedTuple):
    """What the desk makes of an account's next transactions: the work of the stages after it."""

    asks: list[Ask]
    states: list[AccountState]
    decisions: list[tuple[Decision, Undecided]]
    alerts: list[Decision]


def pure_stages() -> list[Stage]:
    """Every stage, in the order in which a transaction meets them."""
    book = load_book(built_in_text())
    usual, full = account(USUAL), account(FULL)
    judged, crowded = _judged(usual, book), _judged(full, book)
    return [
        *_intake_stages(usual),
        *_state_stages(USUAL, judged),
        *_state_stages(FULL, crowded),
        _observing(USUAL, usual),
        _observing(FULL, full),
        *_judging_stages(judged, book),
        *_outgoing_stages(judged),
        Stage("desk_consider", _considering(usual, book)),
        Stage("desk_conclude", _concluding(judged, book)),
    ]


def _intake_stages(usual: Account) -> list[Stage]:
    known = [(message["account_id"], message["event_time"], CARD_KEY) for message in usual.messages]
    as_json = [(encode_json(m), *k) for m, k in zip(usual.messages, known, strict=True)]
    as_avro = [(encode_avro("transaction", m), *k) for m, k in zip(usual.messages, known, strict=True)]
    return [
        Stage("intake_json", _calls(read_transaction, as_json)),
        Stage("intake_avro", _calls(read_transaction, as_avro)),
        Stage("tokenise", _calls(tokenise, [(m["card_number"], CARD_KEY) for m in usual.messages])),
    ]


def _state_stages(kept: int, judged: Judged) -> list[Stage]:
    packed = [(encode_state(state),) for state in judged.states]
    return [
        Stage(f"state_decode_{kept}", _calls(decode_state, packed)),
        Stage(f"state_encode_{kept}", _calls(encode_state, [(state,) for state in judged.states])),
    ]


def _observing(kept: int, whose: Account) -> Stage:
    """One event after the other: what happens once in many (a block is summed up) is not met each time."""
    events, history = [], whose.history
    for txn in whose.transactions:
        events.append((history, txn, whose.profile, MemoryBlocks()))
        history = observe(*events[-1]).history
    return Stage(f"features_{kept}", _calls(observe, events))


def _judging_stages(judged: Judged, book: RuleBook) -> list[Stage]:
    values = [{**ask.values, "score": _CALM.value, "degraded": _CALM.degraded} for ask in judged.asks]
    undecided = [(ask.undecided, ask.values, _CALM, book, _EPOCH_MS) for ask in judged.asks]
    return [
        Stage("rules", _calls(lambda one: (apply(book.before, one), apply(book.after, one)), _each(values))),
        Stage("encode_row", _calls(encode_row, _each(values))),
        Stage("conclude", _calls(conclude, undecided)),
    ]


def _outgoing_stages(judged: Judged) -> list[Stage]:
    decided = [decision for decision, _ in judged.decisions]
    return [
        Stage("encode_decision", _calls(encode_decision, _each(decided))),
        Stage(
            "encode_alert", _calls(encode_alert, [(each, encode_decision(each)) for each in judged.alerts])
        ),
        Stage("decided_row", _calls(decided_row, judged.decisions)),
        Stage("hot_item", _calls(account_item, judged.decisions)),
    ]


def _considering(usual: Account, book: RuleBook) -> Prepare:
    desk, state = _desk(book), AccountState(usual.history, usual.profile)
    arrivals = [(desk, state, txn) for txn in usual.transactions]
    return _calls(_consider, arrivals)


def _concluding(judged: Judged, book: RuleBook) -> Prepare:
    """A desk with so many answers; the time is that of deciding on them."""

    def prepare(count: int) -> Callable[[], object]:
        desk = _desk(book)
        desk.ask(list(islice(cycle(judged.asks), count)), _MARKER_MS)
        return lambda: deque(desk.conclude(), maxlen=0)

    return prepare


def _consider(desk: Desk, state: AccountState, txn: Any) -> Any:
    return desk.consider(state, [Arrived(txn)], _MARKER_MS, MemoryBlocks())


def _judged(whose: Account, book: RuleBook) -> Judged:
    desk, state = _desk(book), AccountState(whose.history, whose.profile)
    works = [_consider(desk, state, txn) for txn in whose.transactions]
    asks = [ask for work in works for ask in work.asks]
    return Judged(
        asks=asks,
        states=[work.state for work in works],
        decisions=_decided(asks, book, _CALM),
        alerts=[decision for decision, _ in _decided(asks, book, _SURE)],
    )


def _decided(asks: Sequence[Ask], book: RuleBook, score: Score) -> list[tuple[Decision, Undecided]]:
    desk = _desk(book, score)
    desk.ask(asks, _MARKER_MS)
    return [(concluded.decision, concluded.undecided) for concluded in desk.conclude()]


def _desk(book: RuleBook, score: Score = _CALM) -> Desk:
    ends = Ends(CARD_KEY, _AnswersAtOnce(score), NoStore(), NoStore(), NoStore())
    return Desk(book, ends, Promises(_EPOCH_MS, 1_000), Counters(_Uncounted()))


class _AnswersAtOnce:
    """A scorer that has answered when it is asked, always with *score*."""

    def __init__(self, score: Score) -> None:
        self.answers: deque[tuple[int, Score]] = deque()
        self._score = score

    def submit(self, ticket: int, _row: bytes) -> None:
        self.answers.append((ticket, self._score))

    def detach(self) -> None:
        self.answers.clear()


class _Uncounted:
    """Flink's metrics, where counting costs nothing: group and counter at once."""

    def add_group(self, *_names: str) -> _Uncounted:
        return self

    def counter(self, _name: str) -> _Uncounted:
        return self

    def inc(self, by: int) -> None:
        """Forget *by*."""


def _calls(function: Callable[..., object], arguments: Sequence[Iterable[Any]]) -> Prepare:
    """*function* on each of *arguments*, round and round: each piece of work goes on where the last ended."""
    endless = cycle(arguments)

    def prepare(count: int) -> Callable[[], object]:
        batch = list(islice(endless, count))

        def run() -> None:
            for one in batch:
                function(*one)

        return run

    return prepare


def _each(values: Iterable[Any]) -> list[tuple[Any]]:
    return [(value,) for value in values]
