"""The clients against the local stack, and against an endpoint that misbehaves as only a network can."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Protocol

import boto3
import pytest

from local.setup_ends import create_tables
from schemas.decision import Score
from udfs.clients.aws_http import AwsAddress
from udfs.clients.dynamodb import ACCOUNT_STATE, CUSTOMER_PROFILE, RECENT_TRANSACTIONS, Table, dynamo_table
from udfs.clients.dynamodb_recent import INDEX, INDEXED, RecentTable
from udfs.clients.loop import get_loop, stop_loop
from udfs.clients.sagemaker import sagemaker_endpoint
from udfs.clients.scorer import ScorerSettings, ScoringHandle, attach_scorer
from udfs.clients.signing import Credentials
from udfs.clients.store import CoalescingWriter, WriterSettings
from udfs.scoring.row import COLUMNS

pytestmark = pytest.mark.e2e

ROW = b",".join([b"1"] * len(COLUMNS))


class Stack(Protocol):
    """The part of the stack that is used: where its services are."""

    endpoints: Mapping[str, str]


class FixedCredentials:
    """The local services take any; boto3 below uses the same."""

    async def get(self) -> Credentials:
        """The same for all."""
        return Credentials("local", "local", None)


@pytest.fixture(autouse=True)
def _own_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    yield
    stop_loop()


def dynamodb(stack: Stack) -> Any:
    """The official client, for what must be read back."""
    return boto3.client(
        "dynamodb",
        endpoint_url=stack.endpoints["dynamodb"],
        region_name="eu-central-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def item_of(stack: Stack, table: Table, key: str) -> dict[str, Any]:
    """The item of *key* as boto3 reads it."""
    return dict(dynamodb(stack).get_item(TableName=table.name, Key={table.key: {"S": key}})["Item"])


@pytest.fixture
def tables(stack: Stack) -> None:
    """The tables exist, whoever made them."""
    create_tables(stack.endpoints["dynamodb"])


def address(stack: Stack, service: str) -> AwsAddress:
    """Where *service* of the stack is."""
    return AwsAddress(endpoint_url=stack.endpoints[service])


@pytest.mark.usefixtures("tables")
def test_dynamodb_refuses_an_older_version(stack: Stack) -> None:
    """A newer version replaces the item; an older or equal one is refused and changes nothing."""
    key = str(uuid.uuid4())

    async def _scenario() -> list[bool]:
        table = dynamo_table(ACCOUNT_STATE, 5_000, address(stack, "dynamodb"), FixedCredentials())
        results = [await table.put(key, version, {"n": version}) for version in (2, 1, 2, 3)]
        await table.close()
        return results

    assert asyncio.run(_scenario()) == [True, False, False, True]
    assert item_of(stack, ACCOUNT_STATE, key) == {
        "account_id": {"S": key},
        "version": {"N": "3"},
        "n": {"N": "3"},
    }


@pytest.mark.usefixtures("tables")
def test_a_writer_leaves_the_latest_version(stack: Stack) -> None:
    """Submissions of many versions end, after a flush, as the latest of each key in the table."""
    run = str(uuid.uuid4())
    store = dynamo_table(CUSTOMER_PROFILE, 5_000, address(stack, "dynamodb"), FixedCredentials())
    writer = CoalescingWriter(store, WriterSettings(), get_loop().loop)
    for version in range(1, 4):
        for number in range(50):
            writer.submit(f"{run}-{number}", version, {"segment": "retail"}, promised_ms=1_000)
    assert writer.is_outstanding(1_000)
    assert writer.flush(timeout_ms=30_000)
    assert not writer.is_outstanding(1_000)
    assert writer.close()
    for number in range(50):
        assert item_of(stack, CUSTOMER_PROFILE, f"{run}-{number}")["updated_ms"] == {"N": "3"}


@pytest.mark.usefixtures("tables")
def test_recent_transactions_are_found_by_account_and_by_id(stack: Stack) -> None:
    """What is put, twice even, is found under its account in the order of event time, and by its own id."""
    account = str(uuid.uuid4())
    items = [recent(account, number) for number in (3, 1, 2)]

    async def _scenario() -> None:
        http = dynamo_table(RECENT_TRANSACTIONS, 5_000, address(stack, "dynamodb"), FixedCredentials())
        table = RecentTable(http, keep_s=60)
        for _ in range(2):
            await asyncio.gather(*(table.put(str(number), 1, item) for number, item in enumerate(items)))
        await table.close()

    asyncio.run(_scenario())
    assert found(stack, "account_id", account, None) == [f"{account}-{number}" for number in (1, 2, 3)]
    assert found(stack, INDEXED, f"{account}-2", INDEX) == [f"{account}-2"]


def recent(account: str, number: int) -> dict[str, Any]:
    """The item of a transaction, as far as its keys go."""
    transaction_id = f"{account}-{number}"
    key = f"{number:015d}#{transaction_id}"
    return {"account_id": account, "event_key": key, "transaction_id": transaction_id}


def found(stack: Stack, attribute: str, value: str, index: str | None) -> list[str]:
    """Ids of the recent transactions whose *attribute* is *value*, in DynamoDB's order."""
    query = {
        "TableName": RECENT_TRANSACTIONS.name,
        "KeyConditionExpression": f"{attribute} = :value",
        "ExpressionAttributeValues": {":value": {"S": value}},
        **({"IndexName": index} if index else {}),
    }
    answer = dynamodb(stack).query(**query)
    return [item["transaction_id"]["S"] for item in answer["Items"]]


def answers_of(handle: ScoringHandle, count: int) -> dict[int, Score]:
    """The next *count* answers, all there within 5 s."""
    end_s = time.monotonic() + 5
    while len(handle.answers) < count:
        assert time.monotonic() < end_s, f"{len(handle.answers)} answers of {count}"
        time.sleep(0.005)  # as the operator: nothing tells it of an answer
    return dict(handle.answers)


def test_the_model_server_scores_rows(stack: Stack) -> None:
    """Through the shared scorer the stack's model server gives every ticket a real score."""
    handle = attach_scorer(ScorerSettings(deadline_ms=5_000), address(stack, "sagemaker"))
    for ticket in range(200):
        handle.submit(ticket, ROW)
    answers = answers_of(handle, 200)
    assert {score.source for score in answers.values()} == {"endpoint"}
    assert all(0 <= score.value <= 1 for score in answers.values())
    handle.detach()


type Manner = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return await reader.readexactly(length)


async def well(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One score a row."""
    scores = b"\n".join(b"0.5" for _ in (await _request(reader)).split(b"\n"))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n"
    writer.write(head % len(scores) + scores)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The connection breaks in the middle of the answer."""
    await _request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0.5")
    await writer.drain()
    writer.transport.abort()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The answer comes at a byte every 20 ms."""
    await _request(reader)
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\n" + b"0" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """There is no answer until the caller has gone."""
    await _request(reader)
    await reader.read()


async def no_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What is answered is no HTTP."""
    await _request(reader)
    writer.write(b"\x16\x03\x01 what?\r\n\r\n")


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The answer has no end."""
    await _request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"0.5\n" * 10_000)
        await writer.drain()


class LoopbackEndpoint:
    """A server on the clients' own loop that behaves as it is told."""

    def __init__(self, manner: Manner) -> None:
        """It listens on a free port of loopback."""
        self.manner = manner
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = get_loop().run(asyncio.start_server(self._serve, "127.0.0.1", 0), timeout_s=5)
        self.address = AwsAddress(endpoint_url=f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}")

    def close(self) -> None:
        """Nobody listens any more."""
        get_loop().run(self._close(), timeout_s=5)

    async def _close(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                await self.manner(reader, writer)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()


@pytest.mark.parametrize("manner", [reset, drip, hang, no_http, endless])
def test_a_broken_endpoint_costs_a_row_its_deadline_at_most(manner: Manner) -> None:
    """Whatever comes over the wire, every row has its fallback; a good endpoint is used again after it."""
    server = LoopbackEndpoint(manner)
    handle = attach_scorer(ScorerSettings(deadline_ms=300), server.address)
    begin_s = time.monotonic()
    for ticket in range(10):
        handle.submit(ticket, ROW)
    answers = answers_of(handle, 10)
    assert time.monotonic() - begin_s < 1  # the deadline is 0.3 s; the rest is a busy machine's
    assert all(score.degraded for score in answers.values())
    server.manner = well
    handle.answers.clear()
    handle.submit(11, ROW)
    assert not answers_of(handle, 1)[11].degraded
    handle.detach()
    server.close()


def test_connections_are_kept() -> None:
    """A hundred calls one after the other use one connection."""
    peers: set[Any] = set()

    async def _remember(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.add(writer.get_extra_info("peername"))
        await well(reader, writer)

    async def _scenario(at: AwsAddress) -> None:
        endpoint = sagemaker_endpoint("cards", 2_000, at, FixedCredentials())
        for _ in range(100):
            assert (await endpoint.invoke(ROW, 1)).values == [0.5]
        await endpoint.close()

    server = LoopbackEndpoint(_remember)
    get_loop().run(_scenario(server.address), timeout_s=30)
    assert len(peers) == 1
    server.close()


def test_nobody_listening_is_answered_for_at_once() -> None:
    """A refused connection gives the fallback long before the deadline."""
    server = LoopbackEndpoint(well)
    server.close()
    handle = attach_scorer(ScorerSettings(deadline_ms=4_000), server.address)
    handle.submit(1, ROW)
    assert answers_of(handle, 1)[1].reason == "unavailable"
    handle.detach()
