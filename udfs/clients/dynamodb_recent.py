"""
DynamoDB: recent transactions, one item each, which expire.

Rules: an item is a function of its decision, so it is put whole and without a condition, and
writing it again changes nothing but when it expires; an attempt's items are written after
those of the attempts before it. Layout: docs/dynamodb.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import orjson

from schemas.errors import RecordError, Throttled, TransientError
from udfs.clients.dynamodb import TARGET, AttributeValue, DynamoTable, encode
from udfs.clients.gathering import GatheringTable, Put, fail, settle, still_open

MAX_ITEMS = 25  # of one BatchWriteItem
PARTITION, SORT = "account_id", "event_key"
INDEX, INDEXED = "by_transaction_id", "transaction_id"
EXPIRES = "expires_s"


class RecentTable(GatheringTable):
    """A table whose concurrent puts share BatchWriteItem calls; an item expires *keep_s* after it is put."""

    def __init__(self, table: DynamoTable, keep_s: int, clock: Callable[[], float] = time.time) -> None:
        super().__init__(table, MAX_ITEMS)
        self._keep_s = keep_s
        self._clock = clock

    async def _send(self, puts: Sequence[Put]) -> None:
        open_puts = still_open(puts)
        try:
            await self._write(open_puts)
        except RecordError as error:
            await self._send_each(open_puts, error)
        except TransientError as error:
            fail(open_puts, error)

    async def _send_each(self, puts: Sequence[Put], error: RecordError) -> None:
        """One of *puts* can't be written, and DynamoDB does not say which: each goes alone."""
        if len(puts) == 1:
            fail(puts, error)
            return
        for put in puts:
            await self._send([put])

    async def _write(self, puts: Sequence[Put]) -> None:
        """Those of *puts* that DynamoDB took are settled, and the others have failed for now."""
        expires = {EXPIRES: int(self._clock()) + self._keep_s}
        items = [encode({**put.item, **expires}) for put in puts]
        requests = {self._table.table.name: [{"PutRequest": {"Item": item}} for item in items]}
        answer = await self._table.post(f"{TARGET}.BatchWriteItem", orjson.dumps({"RequestItems": requests}))
        if answer.status != 200:
            raise self._table.refusal(answer)
        left = self._unprocessed(answer.body)
        for put, item in zip(puts, items, strict=True):
            if _key_of(item) in left:
                fail([put], Throttled(f"table {self._table.table.name}", "not processed", "written"))
            else:
                settle(put, written=True)

    def _unprocessed(self, body: bytes) -> set[str]:
        """The keys of what DynamoDB had no capacity for."""
        requests = orjson.loads(body).get("UnprocessedItems", {}).get(self._table.table.name, ())
        return {_key_of(request["PutRequest"]["Item"]) for request in requests}


def _key_of(item: Mapping[str, AttributeValue]) -> str:
    return f"{item[PARTITION]} {item[SORT]}"
