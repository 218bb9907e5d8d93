"""Recent transactions: whole items, 25 a call, each with its own outcome and its time to go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from schemas.errors import Malformed, OutOfRange, StoreUnavailable, Throttled
from tests.unit.clients.steered import steered
from udfs.clients.aws_http import Answer
from udfs.clients.dynamodb import RECENT_TRANSACTIONS, DynamoTable
from udfs.clients.dynamodb_recent import MAX_ITEMS, RecentTable

pytestmark = pytest.mark.unit

NOW_S, KEEP_S = 1_775_044_800, 86_400
TABLE = RECENT_TRANSACTIONS.name


class ScriptedHttp:
    """Answers each post with the next of a list, the last for ever; remembers what was put."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.calls: list[list[dict[str, Any]]] = []

    async def post(self, path: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        assert headers["X-Amz-Target"].endswith(".BatchWriteItem")
        requests = json.loads(body)["RequestItems"][TABLE]
        self.calls.append([request["PutRequest"]["Item"] for request in requests])
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    async def close(self) -> None:
        """Nothing is held."""


def item(number: int, **fields: Any) -> dict[str, Any]:
    """The item of transaction *number*."""
    return {"account_id": "a-1", "event_key": f"{number:03}", **fields}


def taken(*left: int) -> Answer:
    """DynamoDB took all but what is *left*."""
    keys = [{"account_id": {"S": "a-1"}, "event_key": {"S": f"{number:03}"}} for number in left]
    said = {TABLE: [{"PutRequest": {"Item": key}} for key in keys]} if keys else {}
    return Answer(200, {}, json.dumps({"UnprocessedItems": said}).encode())


def refused(kind: str) -> Answer:
    """DynamoDB did nothing, because of *kind*."""
    return Answer(400, {}, json.dumps({"__type": f"x#{kind}"}).encode())


def outcomes(http: ScriptedHttp, items: Sequence[Mapping[str, Any]]) -> list[Any]:
    """What comes of putting *items* at once: True, or the kind of error."""

    async def _scenario() -> list[Any]:
        table = RecentTable(DynamoTable(http, RECENT_TRANSACTIONS, 1000), KEEP_S, lambda: NOW_S)  # type: ignore[arg-type]
        puts = (table.put(f"key-{number}", 1, one) for number, one in enumerate(items))
        return await asyncio.gather(*puts, return_exceptions=True)

    return [one if one is True else type(one) for one in steered(_scenario)]


def test_puts_begun_together_share_calls() -> None:
    """Of 60 puts of one turn 25 go in a call, and each is written."""
    http = ScriptedHttp(taken())
    assert outcomes(http, [item(number) for number in range(60)]) == [True] * 60
    assert [len(call) for call in http.calls] == [MAX_ITEMS, MAX_ITEMS, 10]


def test_an_item_expires() -> None:
    """An item says when it may go: its keeping time from when it is put, in epoch seconds."""
    http = ScriptedHttp(taken())
    outcomes(http, [item(1, amount_minor=5)])
    assert http.calls[0][0]["expires_s"] == {"N": str(NOW_S + KEEP_S)}


def test_what_was_not_processed_is_to_be_tried_again() -> None:
    """An item for which DynamoDB had no capacity fails for now, its neighbours are written."""
    assert outcomes(ScriptedHttp(taken(1)), [item(0), item(1), item(2)]) == [True, Throttled, True]


@pytest.mark.parametrize(
    ("kind", "error"),
    [("ProvisionedThroughputExceededException", Throttled), ("InternalServerError", StoreUnavailable)],
)
def test_a_call_that_may_pass_later_fails_all(kind: str, error: type) -> None:
    """A refusal that may pass writes nothing, and all is to be tried again."""
    assert outcomes(ScriptedHttp(refused(kind)), [item(0), item(1)]) == [error, error]


def test_a_hopeless_item_does_not_hold_up_the_others() -> None:
    """Of a call that DynamoDB can't take each item goes alone; the one at fault is refused."""
    http = ScriptedHttp(refused("ValidationException"), taken(), refused("ValidationException"), taken())
    assert outcomes(http, [item(0), item(1), item(2)]) == [True, Malformed, True]


def test_what_has_no_form_is_refused() -> None:
    """A number that DynamoDB has not is refused before it is sent, and its neighbour is written."""
    http = ScriptedHttp(taken())
    assert outcomes(http, [item(0, score=float("nan")), item(1)]) == [OutOfRange, True]
