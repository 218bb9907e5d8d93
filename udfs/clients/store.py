"""
Hot state leaves the job: absolute items, the latest version of a key wins.

Rules: `submit` never waits for the store. A write that may succeed later is
tried until it does; one that never can is counted and dropped. The operator's
thread owns the ledger, the loop owns the pump; two deques join them.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import math
from collections.abc import Coroutine

from udfs.clients.hot_state import HotStateStore, Item, Write, WriterCounts, WriterSettings
from udfs.clients.ledger import Ledger
from udfs.clients.loop import Inbox
from udfs.clients.pump import Pump

__all__ = ["CoalescingWriter", "HotStateStore", "Item", "WriterCounts", "WriterSettings"]


_log = logging.getLogger(__name__)
# Writes fall due together, so that they share calls (dynamodb_batch); well within `lead_ms`.
_GRID_S = 0.1
_BEHIND = 10  # this part of what may be owed is more than a store that keeps up leaves (ADR-0016)


def _on_grid(due_s: float) -> float:
    return math.ceil(due_s / _GRID_S) * _GRID_S


class CoalescingWriter:
    """
    Writes each key's latest item within `flush_ms`, and knows what is still owed.

    One writer belongs to one operator's thread, which calls everything here but
    `drain`. Nothing submitted is lost while the process lives: a throttled or
    absent store is tried for ever; `len(writer)` is the back-pressure signal.
    """

    def __init__(
        self, store: HotStateStore, settings: WriterSettings, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._loop = loop
        self._settings = settings
        self._wait_s = settings.wait_ms / 1000
        self._ledger = Ledger()
        self._settled: collections.deque[tuple[str, int]] = collections.deque()
        self._pump = Pump(store, settings, loop, self._settled.append)
        self._inbox = Inbox[Write](loop, self._collect)

    def __len__(self) -> int:
        """Keys whose latest version is not yet in the store."""
        self._settle()
        return len(self._ledger)

    def __bool__(self) -> bool:
        """A writer is there, owing something or not."""
        return True

    @property
    def counts(self) -> WriterCounts:
        """What was written, tried again and refused so far."""
        return self._pump.counts

    @property
    def oldest_dirty_ms(self) -> int:
        """How long the longest owed key has been waiting, ms; 0 if nothing is owed."""
        self._settle()
        since_ms = self._ledger.oldest_since_ms()
        return 0 if since_ms is None else self._now_ms() - since_ms

    def submit(self, key: str, version: int, item: Item, promised_ms: int) -> None:
        """
        Owe *item* as *version* of *key*: it is written soon, or a newer version in its place.

        Args:
            key: The account, or customer.
            version: Grows with every change of the key.
            item: Its whole state, flat; the caller changes it no more.
            promised_ms: When the marker timer that carries this promise fires, UTC epoch ms.
        """
        if self._is_full(key):
            self.counts.skipped += 1
            return
        self._ledger.add(key, version, promised_ms, self._now_ms())
        self._inbox.put(Write(key, version, item, _on_grid(self._loop.time() + self._wait_s)))

    def _is_full(self, key: str) -> bool:
        """Whether so much is owed that *key*, which is not, can't be; said in the log when it begins."""
        most = self._settings.max_owed
        if not most or len(self._ledger) < most or len(self) < most or key in self._ledger:
            return False
        if not self.counts.skipped:
            _log.error("%d writes are owed to the store; further ones are skipped until some are done", most)
        return True

    @property
    def is_behind(self) -> bool:
        """Whether so much is owed to a store that takes it that who need not hurry should wait."""
        enough = self._settings.max_owed // _BEHIND
        return (
            bool(enough) and len(self._ledger) >= enough and len(self) >= enough and not self._pump.is_failing
        )

    def pending(self, key: str) -> bool:
        """Whether the latest version of *key* is not yet in the store."""
        self._settle()
        return key in self._ledger

    def is_outstanding(self, promised_ms: int) -> bool:
        """Whether any write promised at or before *promised_ms* is not yet in the store. Costs under 1 us."""
        self._settle()
        return self._ledger.is_outstanding(promised_ms)

    def flush(self, timeout_ms: int) -> bool:
        """Block until all that is owed is written, not waiting for its time; False if not in *timeout_ms*."""
        return self._block(self.drain(), timeout_ms)

    def close(self, timeout_ms: int = 2000) -> bool:
        """Stop writing and release the store; what is owed is forgotten here, but not in Flink's state."""
        return self._block(self._pump.close(), timeout_ms)

    async def drain(self) -> None:
        """Write all that is owed, now and not at its time; runs on the loop."""
        self._collect()
        await self._pump.drain()

    def _block(self, work: Coroutine[object, object, None], timeout_ms: int) -> bool:
        if not self._loop.is_running():
            work.close()
            return False
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            future.result(timeout_ms / 1000)
        except TimeoutError:
            future.cancel()
            return False
        return True

    def _now_ms(self) -> int:
        return int(self._loop.time() * 1000)

    def _settle(self) -> None:
        settled = self._settled
        while settled:
            key, version = settled.popleft()
            self._ledger.settle(key, version, self._now_ms())

    def _collect(self) -> None:
        for write in self._inbox.take():
            self._pump.take(write)
        self._pump.turn()
