"""
The loop's half of the writer: what is dirty, what is being written, when to go on.

Rules: everything here runs on the loop; a key is never written twice at once;
each dirty key stands exactly once in the heap, or in `_behind` while an elder
version of it is being written.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import random
from collections.abc import Callable

from schemas.errors import RecordError, TransientError
from udfs.clients.hot_state import HotStateStore, Write, WriterCounts, WriterSettings

_log = logging.getLogger(__name__)


class Pump:
    """Puts the newest version of each key when it is due; *settled* hears (key, version) of each outcome."""

    def __init__(
        self,
        store: HotStateStore,
        settings: WriterSettings,
        loop: asyncio.AbstractEventLoop,
        settled: Callable[[tuple[str, int]], None],
    ) -> None:
        self.counts = WriterCounts()
        self._store = store
        self._settings = settings
        self._loop = loop
        self._settled = settled
        self._dirty: dict[str, Write] = {}
        self._due: list[tuple[float, str]] = []  # heap
        self._behind: set[str] = set()
        self._writing: dict[str, asyncio.Task[bool]] = {}
        self._resume_at_s = 0.0
        self._failures = 0  # rounds of failures in a row
        self._timer: asyncio.TimerHandle | None = None
        self._turned = asyncio.Event()
        self._draining = self._closed = False

    @property
    def is_failing(self) -> bool:
        """Whether the last writes failed, and will be tried again."""
        return self._failures > 0

    def take(self, write: Write) -> None:
        """Make *write* dirty; it takes the place, and the time, of an elder version that waits."""
        waiting = self._dirty.get(write.key)
        if waiting is None:
            self._dirty[write.key] = write
            heapq.heappush(self._due, (write.due_s, write.key))
        elif write.version > waiting.version:
            self._dirty[write.key] = write._replace(due_s=waiting.due_s)

    def turn(self) -> None:
        """Start every write that is due and has room, and be called again when the next one is."""
        while self._has_room() and (key := self._next_due()) is not None:
            self._start(self._dirty.pop(key))
        self._arm()

    async def drain(self) -> None:
        """Write everything dirty without waiting for its time; returns when nothing is left."""
        self._draining = True
        try:
            self.turn()
            while self._dirty or self._writing:
                self._turned.clear()
                await self._turned.wait()
        finally:
            self._draining = False

    async def close(self) -> None:
        """Give up what is being written and start nothing more."""
        self._closed = True
        self._arm()
        tasks = list(self._writing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._store.close()

    def _has_room(self) -> bool:
        full = len(self._writing) >= self._settings.max_in_flight
        return not (self._closed or full or self._loop.time() < self._resume_at_s)

    def _next_due(self) -> str | None:
        now_s = self._loop.time()
        while self._due and (self._draining or self._due[0][0] <= now_s):
            key = heapq.heappop(self._due)[1]
            if key not in self._writing:
                return key
            self._behind.add(key)
        return None

    def _start(self, write: Write) -> None:
        task = self._loop.create_task(self._store.put(write.key, write.version, write.item))
        self._writing[write.key] = task
        task.add_done_callback(lambda done: self._finish(write, done))

    def _finish(self, write: Write, task: asyncio.Task[bool]) -> None:
        del self._writing[write.key]
        if not task.cancelled():
            self._judge(write, task)
        if write.key in self._behind:
            self._behind.discard(write.key)
            heapq.heappush(self._due, (self._dirty[write.key].due_s, write.key))
        self.turn()
        self._turned.set()

    def _judge(self, write: Write, task: asyncio.Task[bool]) -> None:
        error = task.exception()
        if error is None:
            self._succeed(write, is_newest=task.result())
        elif isinstance(error, RecordError):
            self._refuse(write, error)
        else:
            self._retry(write, error)

    def _succeed(self, write: Write, *, is_newest: bool) -> None:
        self._failures = 0
        self.counts.written += is_newest
        self.counts.stale += not is_newest
        self._settled((write.key, write.version))

    def _refuse(self, write: Write, error: RecordError) -> None:
        self.counts.refused += 1
        _log.error("item of %s can never be written: %s", write.key, error)
        self._settled((write.key, write.version))

    def _retry(self, write: Write, error: BaseException) -> None:
        self.counts.retries += 1
        if not isinstance(error, TransientError):
            _log.error("write of %s failed in a way nobody foresaw", write.key, exc_info=error)
        if self._loop.time() >= self._resume_at_s:  # the first of those that failed together
            self._failures += 1
            self._resume_at_s = self._loop.time() + self._backoff_s()
        if write.key not in self._dirty:
            self.take(write)

    def _backoff_s(self) -> float:
        doublings = min(self._failures - 1, 20)  # beyond that any pause is the longest
        pause_ms = min(self._settings.max_backoff_ms, self._settings.first_backoff_ms << doublings)
        return pause_ms / 1000 * random.uniform(0.5, 1)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        full = len(self._writing) >= self._settings.max_in_flight
        if self._due and not self._closed and not full:
            due_s = 0.0 if self._draining else self._due[0][0]
            self._timer = self._loop.call_at(max(due_s, self._resume_at_s), self.turn)
