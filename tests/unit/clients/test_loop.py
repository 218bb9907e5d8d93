"""The loop's thread, and the way into it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from udfs.clients.loop import Inbox, LoopThread, get_loop, stop_loop

pytestmark = pytest.mark.unit


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts the wake-ups from outside, and performs them when told."""

    def __init__(self) -> None:
        """Nobody has woken it."""
        super().__init__()
        self.wakes: list[Callable[..., object]] = []

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: object, context: object = None
    ) -> None:
        """The wake-up is noted and not performed."""
        self.wakes.append(callback)


def test_the_loop_is_started_once() -> None:
    """Everyone who asks gets the same running loop; after stop_loop a new one."""
    first = get_loop()
    assert get_loop() is first
    stop_loop()
    assert not first.is_alive
    assert get_loop() is not first
    stop_loop()


def test_work_runs_on_the_loops_thread() -> None:
    """Run performs work in the loop's thread and returns its result to the caller's."""

    async def _where() -> int:
        return threading.get_ident()

    thread = LoopThread()
    assert thread.run(_where(), timeout_s=5) not in {0, threading.get_ident()}
    thread.stop()


def test_stop_cancels_what_runs() -> None:
    """Stopping ends the thread and cancels its tasks; stopping again is harmless."""
    thread, started, cancelled = LoopThread(), threading.Event(), threading.Event()

    async def _endless() -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    future = asyncio.run_coroutine_threadsafe(_endless(), thread.loop)
    assert started.wait(5)
    thread.stop()
    thread.stop()
    assert cancelled.is_set()
    assert future.cancelled()
    assert not thread.is_alive


def test_run_gives_up_in_time() -> None:
    """Work that outlasts its limit is cancelled and raises TimeoutError."""

    async def _endless() -> None:
        await asyncio.Event().wait()

    thread = LoopThread()
    with pytest.raises(TimeoutError):
        thread.run(_endless(), timeout_s=0.01)
    thread.stop()


def test_many_puts_cost_one_wake_up() -> None:
    """The loop is woken by the first put after each take, and by no other."""
    loop = CountingLoop()
    inbox = Inbox[int](loop, lambda: None)
    for number in range(3):
        inbox.put(number)
    assert len(loop.wakes) == 1
    assert inbox.take() == [0, 1, 2]
    inbox.put(3)
    assert len(loop.wakes) == 2
    assert inbox.take() == [3]
    loop.close()


def test_nothing_put_is_forgotten() -> None:
    """Items put from several threads at once all reach the loop, each thread's in its order."""
    taken: list[tuple[int, int]] = []
    everything = threading.Event()
    thread = LoopThread()

    def wake() -> None:
        taken.extend(inbox.take())
        if len(taken) == 4 * 2_000:
            everything.set()

    inbox = Inbox[tuple[int, int]](thread.loop, wake)
    producers = [
        threading.Thread(target=lambda who=who: [inbox.put((who, n)) for n in range(2_000)])
        for who in range(4)
    ]
    for producer in producers:
        producer.start()
    for producer in producers:
        producer.join()
    assert everything.wait(10)
    for who in range(4):
        assert [n for w, n in taken if w == who] == list(range(2_000))
    thread.stop()
