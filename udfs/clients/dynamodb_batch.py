"""
Puts that are begun together go to DynamoDB together, each under its own condition.

Rules: a put means what `DynamoTable.put` means; only the number of calls differs.
A transaction is the one batch call of DynamoDB's that takes conditions; one that
is cancelled because an item is no news is sent again without it. ADR-0014.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import NamedTuple

from schemas.errors import Malformed, OutOfRange, RecordError, StoreUnavailable, Throttled, TransientError
from udfs.clients.aws_http import Answer
from udfs.clients.dynamodb import CONDITION_FAILED, TARGET, DynamoTable, put_of
from udfs.clients.hot_state import Item

MAX_ITEMS = 100  # of one TransactWriteItems
_CANCELLED = "TransactionCanceledException"
_THROTTLES = ("ThrottlingError", "ProvisionedThroughputExceeded")


class _Put(NamedTuple):
    key: str
    version: int
    item: Item
    outcome: asyncio.Future[bool]


class BatchingTable:
    """A table whose concurrent puts share calls: those of one turn of the loop, at most 100 each."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table
        self._waiting: list[_Put] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def put(self, key: str, version: int, item: Item) -> bool:
        """Make *item* the one of *key*, as `DynamoTable.put` does, with its errors."""
        outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._send_waiting)
        self._waiting.append(_Put(key, version, item, outcome))
        return await outcome

    async def close(self) -> None:
        """Close the connections."""
        await self._table.close()

    def _send_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), MAX_ITEMS):
            task = asyncio.get_running_loop().create_task(self._send(waiting[start : start + MAX_ITEMS]))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, puts: Sequence[_Put]) -> None:
        """Settle every one of *puts*: written, no news, or failed."""
        open_puts = [put for put in puts if not put.outcome.done()]
        try:
            while len(open_puts) > 1:
                open_puts = await self._transact(open_puts)
        except RecordError:
            pass  # one of them is at fault and DynamoDB does not say which: each goes alone
        except TransientError as error:
            _fail(open_puts, error)
        for put in open_puts:
            if not put.outcome.done():
                await self._send_alone(put)

    async def _send_alone(self, put: _Put) -> None:
        try:
            _settle(put, await self._table.put(put.key, put.version, put.item))
        except (RecordError, TransientError) as error:
            _fail([put], error)

    async def _transact(self, puts: Sequence[_Put]) -> list[_Put]:
        """Write *puts* at once; those that are still open when it was cancelled because of others."""
        sound = [(put, request) for put in puts if (request := self._request(put)) is not None]
        body = {"TransactItems": [{"Put": request} for _, request in sound]}
        encoded = json.dumps(body, separators=(",", ":")).encode()
        answer = await self._table.post(f"{TARGET}.TransactWriteItems", encoded)
        if answer.status == 200:
            for put, _ in sound:
                _settle(put, written=True)
            return []
        if answer.error_type != _CANCELLED:
            raise self._table.refusal(answer)
        return _still_open([put for put, _ in sound], answer)

    def _request(self, put: _Put) -> dict[str, object] | None:
        """The put's part of a transaction; None, and the put has failed, if its item can't be encoded."""
        try:
            return put_of(self._table.table, put.key, put.version, put.item)
        except (OutOfRange, Malformed) as error:
            put.outcome.set_exception(error)
            return None


def _settle(put: _Put, written: bool) -> None:  # noqa: FBT001  # the outcome itself
    if not put.outcome.done():  # its writer may have been closed meanwhile
        put.outcome.set_result(written)


def _fail(puts: Sequence[_Put], error: Exception) -> None:
    for put in puts:
        if not put.outcome.done():
            put.outcome.set_exception(error)


def _still_open(puts: Sequence[_Put], answer: Answer) -> list[_Put]:
    """
    Those of *puts* that had no part in the cancellation; the culprits are settled.

    Raises:
        StoreUnavailable: If no culprit can be told, or it may pass: all are to be tried again later.
    """
    codes = [reason.get("Code") for reason in json.loads(answer.body).get("CancellationReasons", ())]
    if len(codes) != len(puts) or not (set(codes) <= {"None", CONDITION_FAILED, "ValidationError"}):
        kind = Throttled if set(codes) & set(_THROTTLES) else StoreUnavailable
        raise kind("transaction", f"cancelled: {sorted(map(str, set(codes)))}", "written")
    for put, code in zip(puts, codes, strict=True):
        if code == CONDITION_FAILED:
            _settle(put, written=False)
        elif code == "ValidationError":
            put.outcome.set_exception(
                Malformed(f"item of {put.key}", "an item refused", "one DynamoDB takes")
            )
    return [put for put in puts if not put.outcome.done()]
