"""
One asyncio loop in a daemon thread for each process; scorer and store live on it.

Rules: what runs on the loop never blocks; an operator's thread reaches the loop
only through `Inbox` (many things, one wake-up) or `LoopThread.run` (close only).
"""

from __future__ import annotations

import asyncio
import collections
import threading
from collections.abc import Callable, Coroutine

from udfs import one_core

_STOP_TIMEOUT_S = 5.0


class LoopThread:
    """A running asyncio loop whose thread ends with the process, or at `stop`."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True, name="clients-loop")
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the loop still takes work."""
        return self._thread.is_alive() and not self.loop.is_closed()

    def run[T](self, work: Coroutine[object, object, T], timeout_s: float) -> T:
        """
        Return what *work* returns; blocks the calling thread, which is never the loop's.

        Raises:
            TimeoutError: If it takes longer than *timeout_s* seconds; *work* is cancelled.
        """
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            raise

    def stop(self) -> None:
        """Cancel what runs on the loop and end its thread; harmless when repeated."""
        if self.is_alive:
            self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_STOP_TIMEOUT_S)

    def _run(self) -> None:
        one_core.join(urgent=True)
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            self.loop.run_until_complete(_cancel_all())
        finally:
            self.loop.close()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Inbox[T]:
    """
    Hands things from any thread to the loop, waking it once for many.

    *wake* runs on the loop after the first `put` since the last `take`. An item
    put before `take` returns is either taken by it or causes another wake-up:
    `take` lowers the flag first and empties the deque second.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        self._loop = loop
        self._wake = wake
        self._items: collections.deque[T] = collections.deque()
        self._awake = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> None:
        """Leave *item* for the loop; costs about 0.3 us, a wake-up more when the loop is idle."""
        self._items.append(item)
        if not self._awake:
            self._awake = True
            self._loop.call_soon_threadsafe(self._wake)

    def take(self) -> list[T]:
        """Return everything put so far, oldest first; called on the loop only."""
        self._awake = False
        items = self._items
        taken = []
        while items:
            taken.append(items.popleft())
        return taken


_lock = threading.Lock()
_running: list[LoopThread] = []


def get_loop() -> LoopThread:
    """Return the process's loop, started by the first call and by the first after `stop_loop`."""
    with _lock:
        if not _running or not _running[0].is_alive:
            _running[:] = [LoopThread()]
        return _running[0]


def stop_loop() -> None:
    """End the process's loop, if any; what was in flight on it is cancelled."""
    with _lock:
        while _running:
            _running.pop().stop()
