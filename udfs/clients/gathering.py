"""
Puts that are begun together, in groups: what is alike in DynamoDB's calls of many items.

Rule: a put means what it means alone; only the number of calls differs. How a group
is sent is a table's own.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from udfs.clients.dynamodb import DynamoTable
from udfs.clients.hot_state import Item


class Put(NamedTuple):
    """A put that waits for its outcome."""

    key: str
    version: int
    item: Item
    outcome: asyncio.Future[bool]


class GatheringTable(ABC):
    """A table whose concurrent puts share calls: those of one turn of the loop, at most *most* each."""

    def __init__(self, table: DynamoTable, most: int) -> None:
        self._table = table
        self._most = most
        self._waiting: list[Put] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def put(self, key: str, version: int, item: Item) -> bool:
        """Make *item* the one of *key*, as `DynamoTable.put` does, with its errors."""
        outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._send_waiting)
        self._waiting.append(Put(key, version, item, outcome))
        return await outcome

    async def close(self) -> None:
        """Close the connections."""
        await self._table.close()

    @abstractmethod
    async def _send(self, puts: Sequence[Put]) -> None:
        """Settle every one of *puts*: written, no news, or failed."""

    def _send_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), self._most):
            group = waiting[start : start + self._most]
            task = asyncio.get_running_loop().create_task(self._send(group))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)


def still_open(puts: Sequence[Put]) -> list[Put]:
    """Those of *puts* that have no outcome; a writer that was closed meanwhile wants none."""
    return [put for put in puts if not put.outcome.done()]


def settle(put: Put, *, written: bool) -> None:
    """*put* is written, or was no news."""
    if not put.outcome.done():
        put.outcome.set_result(written)


def fail(puts: Sequence[Put], error: Exception) -> None:
    """None of *puts* that is open was written, because of *error*."""
    for put in still_open(puts):
        put.outcome.set_exception(error)
