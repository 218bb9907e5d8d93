"""Puts that are begun together share one transaction, and each learns its own outcome."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from schemas.errors import Malformed, StoreUnavailable, Throttled
from tests.unit.clients.steered import steered
from udfs.clients.aws_http import Answer
from udfs.clients.dynamodb import ACCOUNT_STATE, DynamoTable
from udfs.clients.dynamodb_batch import MAX_ITEMS, BatchingTable

pytestmark = pytest.mark.unit

OK = Answer(200, {}, b"{}")


class ScriptedHttp:
    """Answers each post with the next of a list; remembers the targets and how many items each had."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = list(answers)
        self.calls: list[tuple[str, int]] = []

    async def post(self, path: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        operation = headers["X-Amz-Target"].partition(".")[2]
        self.calls.append((operation, len(json.loads(body).get("TransactItems", [None]))))
        return self._answers.pop(0)

    async def close(self) -> None:
        """Nothing is held."""


def cancelled(*codes: str) -> Answer:
    """A transaction that DynamoDB did not make, with what it says of each item."""
    reasons = [{"Code": code} for code in codes]
    said = {"__type": "x#TransactionCanceledException", "CancellationReasons": reasons}
    return Answer(400, {}, json.dumps(said).encode())


def outcomes(http: ScriptedHttp, *items: Mapping[str, Any]) -> list[Any]:
    """What comes of putting *items* at once, errors included."""

    async def _scenario() -> list[Any]:
        table = BatchingTable(DynamoTable(http, ACCOUNT_STATE, 1000))
        puts = (table.put(f"a-{number}", 1, item) for number, item in enumerate(items))
        return await asyncio.gather(*puts, return_exceptions=True)

    return steered(_scenario)


def test_puts_begun_together_are_one_call() -> None:
    """Three puts of one turn are one transaction of three, and each is written."""
    http = ScriptedHttp([OK])
    assert outcomes(http, {"x": 1}, {"x": 2}, {"x": 3}) == [True, True, True]
    assert http.calls == [("TransactWriteItems", 3)]


def test_a_put_alone_is_a_put() -> None:
    """One put is a PutItem, at half the write units of a transaction."""
    http = ScriptedHttp([OK])
    assert outcomes(http, {"x": 1}) == [True]
    assert http.calls == [("PutItem", 1)]


def test_no_call_is_longer_than_dynamodb_allows() -> None:
    """More puts than a transaction may have are several transactions."""
    http = ScriptedHttp([OK, OK])
    assert all(outcomes(http, *[{"x": 1}] * (MAX_ITEMS + 2)))
    assert http.calls == [("TransactWriteItems", MAX_ITEMS), ("TransactWriteItems", 2)]


def test_old_news_is_left_out_and_the_rest_sent_again() -> None:
    """A refused condition cancels the batch: that put is no news, the others are written at once."""
    http = ScriptedHttp([cancelled("None", "ConditionalCheckFailed", "None"), OK])
    assert outcomes(http, {"x": 1}, {"x": 2}, {"x": 3}) == [True, False, True]
    assert http.calls == [("TransactWriteItems", 3), ("TransactWriteItems", 2)]


def test_an_item_that_cant_be_encoded_fails_alone() -> None:
    """A put that is no item fails by itself; those begun with it are written."""
    first, second, third = outcomes(ScriptedHttp([OK]), {"x": object()}, {"x": 2}, {"x": 3})
    assert isinstance(first, Malformed)
    assert (second, third) == (True, True)


def test_a_refused_request_is_sent_item_by_item() -> None:
    """When DynamoDB refuses a whole transaction as invalid, each put goes alone and the bad one fails."""
    invalid = Answer(400, {}, json.dumps({"__type": "x#ValidationException"}).encode())
    first, second = outcomes(ScriptedHttp([invalid, invalid, OK]), {"x": 1}, {"x": 2})
    assert (type(first), second) == (Malformed, True)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (cancelled("ThrottlingError", "None"), Throttled),
        (cancelled("TransactionConflict", "None"), StoreUnavailable),
        (cancelled(), StoreUnavailable),
        (Answer(500, {}, b"oops"), StoreUnavailable),
    ],
)
def test_what_may_pass_is_told_to_all(answer: Answer, kind: type[Exception]) -> None:
    """A transaction that failed for a reason that may pass fails every put with an error to try again on."""
    assert [type(outcome) for outcome in outcomes(ScriptedHttp([answer]), {"x": 1}, {"x": 2})] == [kind, kind]
