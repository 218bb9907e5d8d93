"""
Features of a file, each entity beside the others: a process an entity, fed lot by lot.

Rules: an entity's log needs nothing but what happened to it, so no lane waits for another; a lot
has enough rows for each key to have some together. Nothing is computed here (`local.observing`).
"""

from __future__ import annotations

import marshal
import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import batched
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from local.mapping import MappedSource
from local.observing import PLAIN, Logs, Seen, Step, marked, plain, steps_of
from udfs.features.blocks import Event
from udfs.features.catalogue import CATALOGUE, Entity, event_of
from udfs.features.engine import calendar_features

ROWS = 32_768  # at a time from process to process: enough for each key to have some together
CALENDAR = frozenset(calendar_features(0))
_AHEAD = 3  # of such lots, before the slowest is waited for
_END = b""  # no lot is empty


class Lot(NamedTuple):
    """Ids of transactions, and their features by name."""

    ids: list[str]
    columns: dict[str, list[Any]]


class _Lane:
    """An entity's process: lots of what it sees go in, lots of its features come out."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        self._ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_serve, args=(entity, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._thread = ThreadPoolExecutor(max_workers=1)

    def ask(self, lot: Sequence[tuple[Step, Event | None]]) -> Future[list[list[Any]]]:
        """A column a feature, a value a transaction of *lot*; lots are taken in their order."""
        return self._thread.submit(self._exchange, marshal.dumps([self._seen(*each) for each in lot]))

    def close(self) -> None:
        """The process has ended."""
        self._thread.shutdown()
        self._ours.send_bytes(_END)
        self._process.join()

    def _exchange(self, lot: bytes) -> list[list[Any]]:
        self._ours.send_bytes(lot)
        columns: list[list[Any]] = marshal.loads(self._ours.recv_bytes())  # noqa: S302  # from our own process
        return columns

    def _seen(self, step: Step, event: Event | None) -> Seen | None:
        if step.txn is None or event is None:
            return marked(step.label) if self.entity.name == "merchant" else None
        return (self.entity.key_of(step.txn), *self.entity.told(event, step.txn))


def _serve(entity: Entity, ends: Connection) -> None:
    logs = Logs(entity)
    while lot := ends.recv_bytes():
        ends.send_bytes(marshal.dumps(logs.take(marshal.loads(lot))))  # noqa: S302  # from our own process


def by_entity(source: MappedSource, names: frozenset[str]) -> Iterator[Lot]:
    """Lots of the catalogue's features and the calendar's, no more of them than *names*."""
    entries = [entry for entry in CATALOGUE if entry.name in names]
    lanes = [_Lane(Entity(name, entries)) for name in dict.fromkeys(entry.entity for entry in entries)]
    asked: deque[_Asked] = deque()
    with ExitStack() as stack:
        for lane in lanes:
            stack.enter_context(closing(lane))
        for lot in batched(steps_of(source.narrowed(PLAIN), plain), ROWS):
            told = [(step, event_of(step.txn) if step.txn else None) for step in lot]
            asked.append(_Asked(lot, [(lane.entity, lane.ask(told)) for lane in lanes]))
            if len(asked) == _AHEAD:
                yield _joined(asked.popleft())
        while asked:
            yield _joined(asked.popleft())


class _Asked(NamedTuple):
    """A lot, and what each entity will say of it."""

    lot: Sequence[Step]
    answers: list[tuple[Entity, Future[list[list[Any]]]]]


def _joined(asked: _Asked) -> Lot:
    transactions = [step.txn for step in asked.lot if step.txn is not None]
    columns: dict[str, list[Any]] = {}
    for entity, answer in asked.answers:
        told = answer.result() or [[] for _ in entity.entries]
        columns |= zip(entity.absent, told, strict=True)
    days = [calendar_features(txn.event_time_ms) for txn in transactions]
    columns |= {name: [day[name] for day in days] for name in CALENDAR}
    return Lot([txn.transaction_id for txn in transactions], columns)
