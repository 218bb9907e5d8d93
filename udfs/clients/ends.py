"""
The remote ends of one deciding operator, made together and let go together.

Rule: made in `open()`, never at import or per record; what is made is given by a
factory that pickles, so that tests give their own.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import boto3

from schemas.card import CardKey
from schemas.decision import Score
from schemas.errors import BadSetting
from udfs.clients.aws_http import AwsAddress
from udfs.clients.dynamodb import Table, dynamo_table
from udfs.clients.dynamodb_batch import BatchingTable
from udfs.clients.dynamodb_recent import RecentTable
from udfs.clients.hot_state import Item, WriterCounts, WriterSettings
from udfs.clients.loop import get_loop
from udfs.clients.scorer import ScorerSettings, attach_scorer
from udfs.clients.store import CoalescingWriter

_log = logging.getLogger(__name__)
_FLUSH_TIMEOUT_MS = 10_000  # how long a stopping job waits for its last writes
# Nothing is won by waiting: no version takes another's place, and what is owed stays in the account's state.
# 20,000 are about 20 MB; a store that is away for longer gets the rest from the archive.
RECENT_WRITES = WriterSettings(flush_ms=200, lead_ms=100, max_owed=20_000)
_open: dict[int, Ends] = {}  # by subtask: thread mode does not call close() on failover
_WRITE_TIMEOUT_MS = 5_000  # one transaction of up to 100 items; a slower one is tried again


class Scores(Protocol):
    """Where feature rows are submitted and answers are found."""

    answers: deque[tuple[int, Score]]

    def submit(self, ticket: int, row: bytes) -> None:
        """Ask for the score of *row*; exactly one answer comes."""
        ...

    def detach(self) -> None:
        """Drop what is not answered yet."""
        ...


class Writer(Protocol):
    """Where absolute items go; the latest version of a key wins."""

    @property
    def counts(self) -> WriterCounts:
        """What was done so far."""
        ...

    def submit(self, key: str, version: int, item: Item, promised_ms: int) -> None:
        """Owe *item*; promised by the marker timer at *promised_ms*."""
        ...

    @property
    def is_behind(self) -> bool:
        """Whether a store that is well is so far behind that who need not hurry should wait."""
        ...

    def pending(self, key: str) -> bool:
        """Whether *key*'s latest version is still owed."""
        ...

    def is_outstanding(self, promised_ms: int) -> bool:
        """Whether anything promised by then is still owed."""
        ...

    def flush(self, timeout_ms: int) -> bool:
        """Write all that is owed; False if the time was too short."""
        ...

    def close(self) -> bool:
        """Stop writing and let the connections go; False if they would not in time."""
        ...


class NoStore:
    """The writer of a job without a hot store: nothing is written, nothing is owed."""

    is_behind = False

    def __init__(self) -> None:
        self.counts = WriterCounts()

    def submit(self, key: str, version: int, item: Item, promised_ms: int) -> None:
        """Forget *item*."""

    def pending(self, key: str) -> bool:  # noqa: ARG002  # the Protocol's signature
        """Nothing is owed."""
        return False

    def is_outstanding(self, promised_ms: int) -> bool:  # noqa: ARG002  # the Protocol's signature
        """Nothing is owed."""
        return False

    def flush(self, timeout_ms: int) -> bool:  # noqa: ARG002  # the Protocol's signature
        """Nothing is owed."""
        return True

    def close(self) -> bool:
        """Nothing is held."""
        return True


@dataclass(slots=True)
class Ends:
    """What one subtask of the deciding operator talks to."""

    card_key: CardKey
    scores: Scores
    accounts: Writer
    customers: Writer
    recent: Writer

    @property
    def writers(self) -> tuple[Writer, ...]:
        """Every writer of the hot store."""
        return self.accounts, self.customers, self.recent

    def close(self) -> None:
        """Write what is owed, and leave the process's scorer to the others."""
        self.scores.detach()
        for writer in self.writers:
            if not writer.flush(_FLUSH_TIMEOUT_MS):
                _log.warning("hot state: not all written before closing; a restore writes it again")
            writer.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardKeySource:
    """Where the tokenisation secret is: `file:PATH` or `secretsmanager:NAME`."""

    version: str
    source: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HotTables:
    """DynamoDB's tables, and how their writes are gathered."""

    address: AwsAddress
    accounts: Table
    customers: Table
    recent: Table
    recent_keep_s: int
    writer: WriterSettings

    def writer_of(self, table: Table) -> Writer:
        """A writer of *table* of its own, for one operator's thread."""
        store = BatchingTable(dynamo_table(table, _WRITE_TIMEOUT_MS, self.address))
        return CoalescingWriter(store, self.writer, get_loop().loop)

    def recent_writer(self) -> Writer:
        """A writer of recent transactions."""
        store = RecentTable(dynamo_table(self.recent, _WRITE_TIMEOUT_MS, self.address), self.recent_keep_s)
        return CoalescingWriter(store, RECENT_WRITES, get_loop().loop)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsEnds:
    """Connects to SageMaker, DynamoDB and the secret; pickles, because it holds settings alone."""

    card: CardKeySource
    scorer: ScorerSettings
    endpoint: AwsAddress
    tables: HotTables | None

    def __call__(self) -> Ends:
        """The ends, connected on first use."""
        tables = self.tables
        return Ends(
            card_key=read_card_key(self.card),
            scores=attach_scorer(self.scorer, self.endpoint),
            accounts=tables.writer_of(tables.accounts) if tables else NoStore(),
            customers=tables.writer_of(tables.customers) if tables else NoStore(),
            recent=tables.recent_writer() if tables else NoStore(),
        )


def opened(subtask: int, make_ends: Callable[[], Ends]) -> Ends:
    """New ends for *subtask*; those of its former life in this process stop answering."""
    former = _open.pop(subtask, None)
    if former is not None:
        former.scores.detach()
    _open[subtask] = make_ends()
    return _open[subtask]


def read_card_key(card: CardKeySource) -> CardKey:
    """
    The tokenisation key, its secret read now.

    Raises:
        BadSetting: If the source is of no known kind, or the file can't be read.
    """
    kind, _, name = card.source.partition(":")
    readers = {"file": _read_file, "secretsmanager": _read_secret}
    if kind not in readers or not name:
        raise BadSetting("card/key.source", repr(card.source), "file:PATH or secretsmanager:NAME")
    return CardKey(card.version, readers[kind](name, card.region))


def _read_file(name: str, _region: str) -> bytes:
    try:
        return Path(name).read_bytes().strip()
    except OSError as error:
        raise BadSetting("card/key.source", f"no readable file {name}", "a file with the secret") from error


def _read_secret(name: str, region: str) -> bytes:
    answer = boto3.client("secretsmanager", region_name=region).get_secret_value(SecretId=name)
    secret = answer.get("SecretBinary") or answer["SecretString"].encode()
    return bytes(secret)
