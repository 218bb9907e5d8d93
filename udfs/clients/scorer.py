"""
Scores for feature rows: many rows a call, one answer a ticket, always in time.

Rules: every ticket gets exactly one answer, at the latest at its deadline: the
calls answer when they can, the watch answers what is left, whoever comes first.
The operator's thread only submits and empties `answers`; all else is the loop's.
"""

from __future__ import annotations

import asyncio
import collections
import functools
import logging
import math
import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.decision import Score
from udfs.clients.aws_http import AwsAddress
from udfs.clients.calling import BREAKER_OPEN, TIMEOUT, UNAVAILABLE, ScorerSettings, call
from udfs.clients.loop import Inbox, get_loop
from udfs.clients.sagemaker import ModelEndpoint, Scores, sagemaker_endpoint
from udfs.scoring.breaker import Breaker, admits, record

__all__ = ["Scorer", "ScorerCounts", "ScorerSettings", "ScoringHandle", "attach_scorer"]

_log = logging.getLogger(__name__)
_LONG_WAIT = 3  # times max_wait_ms: how long rows wait for calls that are under way (ADR-0032)


class _Row:
    """A submitted row until it is answered."""

    __slots__ = ("answered", "deadline_s", "handle", "line", "ticket")

    def __init__(self, handle: ScoringHandle, ticket: int, line: bytes, deadline_s: float) -> None:
        self.handle = handle
        self.ticket = ticket
        self.line = line
        self.deadline_s = deadline_s
        self.answered = False


class ScoringHandle:
    """One operator's way to the process's scorer; its two ends belong to the operator's thread."""

    def __init__(self, scorer: Scorer) -> None:
        self.answers: collections.deque[tuple[int, Score]] = collections.deque()
        self.is_attached = True
        self._scorer = scorer
        self._put = scorer.inbox.put
        self._time = scorer.loop.time
        self._wait_s = scorer.settings.deadline_ms / 1000

    def submit(self, ticket: int, row: bytes) -> None:
        """
        Ask for the score of *row*, a CSV line without its newline; costs about 1 us.

        `answers` receives (*ticket*, score) exactly once, within `deadline_ms`
        and a few ms, in no order: a real score, or `Score.unavailable` and why.
        """
        self._put(_Row(self, ticket, row, self._time() + self._wait_s))

    def detach(self) -> None:
        """Drop what is not answered yet; the last handle to leave closes the connections."""
        if self.is_attached:
            self.is_attached = False
            self.answers.clear()
            self._scorer.release()


@dataclass(slots=True)
class ScorerCounts:
    """What a scorer did so far; written on the loop, read anywhere."""

    calls: int = 0
    rows: int = 0  # answered, either way
    degraded: collections.Counter[str] = field(default_factory=collections.Counter)  # rows, by reason


class Scorer:
    """Gathers rows of all its handles, calls the endpoint, and answers; lives on *loop*."""

    def __init__(
        self, endpoint: ModelEndpoint, settings: ScorerSettings, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.settings = settings
        self.loop = loop
        self.counts = ScorerCounts()
        self.inbox = Inbox[_Row](loop, self._gather)
        self._endpoint = endpoint
        self._breaker = Breaker(settings.breaker)
        self._queue: collections.deque[_Row] = collections.deque()  # to be sent
        self._watched: collections.deque[_Row] = collections.deque()  # to be answered, by deadline
        self._watch: asyncio.TimerHandle | None = None
        self._collected_s = -math.inf  # of the loop's clock: when rows were collected last
        self._collecting: asyncio.TimerHandle | None = None  # while rows wait to be
        self._calls: set[asyncio.Task[Scores | str]] = set()
        self._lock = threading.Lock()
        self._handles = 0

    def attach(self) -> ScoringHandle:
        """Return a handle of its own for one operator; any thread."""
        with self._lock:
            self._handles += 1
        return ScoringHandle(self)

    def release(self) -> None:
        """One handle fewer; without any, the connections are closed and opened again when needed."""
        with self._lock:
            self._handles -= 1
            unused = self._handles == 0
        if unused and self.loop.is_running():
            self.loop.call_soon_threadsafe(self._close_if_unused)

    def _close_if_unused(self) -> None:
        if self._handles == 0:
            closing = self.loop.create_task(self._endpoint.close())
            closing.add_done_callback(_see)

    def _gather(self) -> None:
        """A row that comes alone goes at once; those that follow wait for the calls under way (ADR-0032)."""
        waits = _LONG_WAIT if self._calls else 1
        due_s = self._collected_s + waits * self.settings.max_wait_ms / 1000
        self._collecting = self.loop.call_at(due_s, self._collect)

    def _collect(self) -> None:
        rows = self.inbox.take()
        self._collecting, self._collected_s = None, self.loop.time()
        self._queue.extend(rows)
        self._watched.extend(rows)
        self._dispatch()
        if self._watch is None:
            self._answer_expired()

    def _dispatch(self) -> None:
        while len(self._calls) < self.settings.max_in_flight_calls and (batch := self._next_batch()):
            self._breaker, admitted = admits(self._breaker, self._now_ms())
            if admitted:
                self._start(batch)
            else:
                self._fall_back(batch, BREAKER_OPEN)

    def _next_batch(self) -> list[_Row]:
        batch: list[_Row] = []
        while self._queue and len(batch) < self.settings.max_rows:
            row = self._queue.popleft()
            if not row.answered:
                batch.append(row)
        return batch

    def _start(self, batch: list[_Row]) -> None:
        self.counts.calls += 1
        lines = [row.line for row in batch]
        deadline_s = max(row.deadline_s for row in batch)
        task = self.loop.create_task(call(self._endpoint, lines, deadline_s, self.settings))
        self._calls.add(task)
        task.add_done_callback(functools.partial(self._finish, batch, self._now_ms()))

    def _finish(self, batch: list[_Row], began_ms: int, task: asyncio.Task[Scores | str]) -> None:
        self._calls.discard(task)
        outcome = _outcome(task)
        self._record(began_ms, ok=isinstance(outcome, Scores))
        if isinstance(outcome, Scores):
            for row, value in zip(batch, outcome.values, strict=True):
                self._answer(row, Score(value, "endpoint", outcome.model_version))
        else:
            self._fall_back(batch, outcome)
        self._dispatch()
        if self._collecting is not None and not self._calls:
            self._collecting.cancel()
            self._gather()

    def _record(self, began_ms: int, *, ok: bool) -> None:
        jitter_ms = int(random.uniform(0, self.settings.breaker_jitter_ms))
        now_ms = self._now_ms()
        self._breaker = record(self._breaker, now_ms, ok=ok, began_ms=began_ms, jitter_ms=jitter_ms)

    def _answer_expired(self) -> None:
        """Answer every row whose deadline has come, and come back at the next one's."""
        watched, now_s = self._watched, self.loop.time()
        while watched and (watched[0].answered or watched[0].deadline_s <= now_s):
            self._fall_back((watched.popleft(),), TIMEOUT)
        self._watch = self.loop.call_at(watched[0].deadline_s, self._answer_expired) if watched else None

    def _fall_back(self, rows: Iterable[_Row], reason: str) -> None:
        score = Score.unavailable(reason, self.settings.fallback_value)
        for row in rows:
            self._answer(row, score)

    def _answer(self, row: _Row, score: Score) -> None:
        if row.answered:
            return
        row.answered = True
        self.counts.rows += 1
        if score.reason is not None:
            self.counts.degraded[score.reason] += 1
        if row.handle.is_attached:
            row.handle.answers.append((row.ticket, score))

    def _now_ms(self) -> int:
        return int(self.loop.time() * 1000)


def _outcome(task: asyncio.Task[Scores | str]) -> Scores | str:
    if task.cancelled():
        return UNAVAILABLE
    error = task.exception()
    if error is not None:
        _log.error("scoring failed in a way nobody foresaw", exc_info=error)
        return UNAVAILABLE
    return task.result()


def _see(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.warning("the endpoint's connections did not close", exc_info=task.exception())


_lock = threading.Lock()
_scorers: dict[tuple[object, ScorerSettings, AwsAddress], Scorer] = {}


def attach_scorer(settings: ScorerSettings, address: AwsAddress) -> ScoringHandle:
    """Return a handle on the process's scorer for *settings* and *address*, made at the first call."""
    thread = get_loop()
    key = (thread, settings, address)
    with _lock:
        if key not in _scorers:
            endpoint = sagemaker_endpoint(settings.endpoint, settings.longest_attempt_ms, address)
            _scorers[key] = Scorer(endpoint, settings, thread.loop)
        return _scorers[key].attach()
