"""
Puts under a condition that are begun together go to DynamoDB together, each under its own.

Rules: a put means what `DynamoTable.put` means; only the number of calls differs.
A transaction is the one batch call of DynamoDB's that takes conditions; one that
is cancelled because an item is no news is sent again without it. ADR-0014.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from schemas.errors import Malformed, OutOfRange, RecordError, StoreUnavailable, Throttled, TransientError
from udfs.clients.aws_http import Answer
from udfs.clients.dynamodb import CONDITION_FAILED, TARGET, DynamoTable, put_of
from udfs.clients.gathering import GatheringTable, Put, fail, settle, still_open

MAX_ITEMS = 100  # of one TransactWriteItems
_CANCELLED = "TransactionCanceledException"
_THROTTLES = ("ThrottlingError", "ProvisionedThroughputExceeded")


class BatchingTable(GatheringTable):
    """A table whose concurrent puts are transactions of at most 100 items."""

    def __init__(self, table: DynamoTable) -> None:
        super().__init__(table, MAX_ITEMS)

    async def _send(self, puts: Sequence[Put]) -> None:
        open_puts = still_open(puts)
        try:
            while len(open_puts) > 1:
                open_puts = await self._transact(open_puts)
        except RecordError:
            pass  # one of them is at fault and DynamoDB does not say which: each goes alone
        except TransientError as error:
            fail(open_puts, error)
        for put in still_open(open_puts):
            await self._send_alone(put)

    async def _send_alone(self, put: Put) -> None:
        try:
            settle(put, written=await self._table.put(put.key, put.version, put.item))
        except (RecordError, TransientError) as error:
            fail([put], error)

    async def _transact(self, puts: Sequence[Put]) -> list[Put]:
        """Write *puts* at once; those that are still open when it was cancelled because of others."""
        sound = [(put, request) for put in puts if (request := self._request(put)) is not None]
        body = {"TransactItems": [{"Put": request} for _, request in sound]}
        answer = await self._table.post(f"{TARGET}.TransactWriteItems", orjson.dumps(body))
        if answer.status == 200:
            for put, _ in sound:
                settle(put, written=True)
            return []
        if answer.error_type != _CANCELLED:
            raise self._table.refusal(answer)
        return _left_of([put for put, _ in sound], answer)

    def _request(self, put: Put) -> dict[str, object] | None:
        """The put's part of a transaction; None, and the put has failed, if its item can't be encoded."""
        try:
            return put_of(self._table.table, put.key, put.version, put.item)
        except (OutOfRange, Malformed) as error:
            fail([put], error)
            return None


def _left_of(puts: Sequence[Put], answer: Answer) -> list[Put]:
    """
    Those of *puts* that had no part in the cancellation; the culprits are settled.

    Raises:
        StoreUnavailable: If no culprit can be told, or it may pass: all are to be tried again later.
    """
    codes = [reason.get("Code") for reason in orjson.loads(answer.body).get("CancellationReasons", ())]
    if len(codes) != len(puts) or not (set(codes) <= {"None", CONDITION_FAILED, "ValidationError"}):
        kind = Throttled if set(codes) & set(_THROTTLES) else StoreUnavailable
        raise kind("transaction", f"cancelled: {sorted(map(str, set(codes)))}", "written")
    for put, code in zip(puts, codes, strict=True):
        if code == CONDITION_FAILED:
            settle(put, written=False)
        elif code == "ValidationError":
            fail([put], Malformed(f"item of {put.key}", "an item refused", "one DynamoDB takes"))
    return still_open(puts)
