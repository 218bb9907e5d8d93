"""An asyncio loop whose clock jumps to the next timer, and fakes of the remote ends that run on it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from udfs.clients.aws_http import Answer
from udfs.clients.sagemaker import Scores


class _Jump(selectors.DefaultSelector):
    """Instead of waiting, move the loop's clock on by as much."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("the test waits for something that never comes")
        if not ready and timeout:
            self.now_s += timeout
        return ready


class SteeredLoop(asyncio.SelectorEventLoop):
    """Hours pass in microseconds, always the same way."""

    def __init__(self) -> None:
        """The clock stands at zero."""
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        """Where the jumps have led, in seconds."""
        return self._jump.now_s


def steered[T](scenario: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What *scenario* returns, run on a loop of its own."""
    with asyncio.Runner(loop_factory=SteeredLoop) as runner:
        return runner.run(scenario())


class FakeEndpoint:
    """Answers 0.5 for each row after *behave* has let it; remembers when it was asked what."""

    def __init__(self, behave: Callable[[int], Awaitable[None]] | None = None) -> None:
        """Without *behave* all goes well; it is given the number of the call, from 1."""
        self.behave = behave
        self.calls: list[tuple[float, list[bytes]]] = []
        self.at_once = self.most_at_once = self.closed = 0

    async def invoke(self, rows: bytes, count: int) -> Scores:
        """0.5 for each row, by model v7."""
        self.calls.append((asyncio.get_running_loop().time(), rows.split(b"\n")))
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            if self.behave is not None:
                await self.behave(len(self.calls))
        finally:
            self.at_once -= 1
        return Scores([0.5] * count, "v7")

    async def close(self) -> None:
        """One more close is counted."""
        self.closed += 1


class FakeStore:
    """A table in memory with the version condition; *behave* may hold a write up, or raise."""

    def __init__(self, behave: Callable[[int], Awaitable[None]] | None = None) -> None:
        """Without *behave* all goes well; it is given the number of the call, from 1."""
        self.behave = behave
        self.table: dict[str, tuple[int, Any]] = {}
        self.puts: list[tuple[float, str, int]] = []
        self.at_once = self.most_at_once = self.closed = 0

    async def put(self, key: str, version: int, item: Mapping[str, Any]) -> bool:
        """The item is in the table unless one as new was."""
        self.puts.append((asyncio.get_running_loop().time(), key, version))
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            if self.behave is not None:
                await self.behave(len(self.puts))
        finally:
            self.at_once -= 1
        if key in self.table and self.table[key][0] >= version:
            return False
        self.table[key] = (version, item)
        return True

    async def close(self) -> None:
        """One more close is counted."""
        self.closed += 1


class FakeHttp:
    """Instead of posting, remember what was posted; answer, or raise, what the test says."""

    def __init__(self, answer: Answer | Exception) -> None:
        """Every post ends in *answer*."""
        self.answer = answer
        self.posts: list[tuple[str, dict[str, str], bytes, float]] = []

    async def post(self, path: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        """The answer, whatever is posted."""
        self.posts.append((path, dict(headers), body, timeout_s))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def close(self) -> None:
        """Nothing is held."""
