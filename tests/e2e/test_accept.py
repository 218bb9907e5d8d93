"""The acceptance checks in their short form, one job for all, and what the flood left in every store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from local import job, session, setup_ends
from local.accept import flood, ordering, outage
from local.accept.checks import LIVE, Check, Size, table
from local.accept.flood import Flood
from local.accept.readback import Readback, Written
from local.export import finished_files, s3
from local.hot_state import items, wait_for_hot_state
from local.stack import Stack
from local.topics import TOPICS, WRITTEN

pytestmark = pytest.mark.e2e

FOLDERS = ("transactions", "features", "decisions")


@pytest.fixture(scope="module")
def live(stack: Stack) -> Iterator[Stack]:
    """The stack, emptied, with a job that decides on arrival; at the end the job is gone."""
    session.begin_anew(stack, LIVE)
    yield stack
    stack.stop([job.NAME])


@pytest.fixture(scope="module")
def flooded(live: Stack) -> Flood:
    """What was sent in the flood and what came of it."""
    return flood.run(live, Size.SHORT)


class Left(NamedTuple):
    """What is in the stores when the job has stopped."""

    archive: dict[str, pa.Table]
    accounts: dict[str, dict[str, Any]]
    written: list[Written]
    log: bytes


@pytest.fixture(scope="module")
def left(live: Stack, flooded: Flood) -> Left:
    """The stores after the flood, the archive committed."""
    ends = live.endpoints
    wait_for_hot_state(ends["dynamodb"], decided_by_account(flooded))
    session.stop_job(live)
    written_topics = [topic.name for topic in TOPICS if topic.configs == WRITTEN]
    return Left(
        archive={folder: archived(ends["s3"], folder) for folder in FOLDERS},
        accounts={item["account_id"]["S"]: item for item in items(ends["dynamodb"], "account_state")},
        written=Readback(ends["kafka"], written_topics, from_beginning=True).read(1),
        log=live.places.log(job.NAME).read_bytes(),
    )


def archived(endpoint: str, folder: str) -> pa.Table:
    """Every row of a folder of the archive, as pyarrow reads it from S3."""
    files = s3(endpoint, setup_ends.LOCAL_KEY, setup_ends.LOCAL_KEY)
    paths = finished_files(files, f"{setup_ends.BUCKET}/archive/{folder}")
    return ds.dataset(paths, filesystem=files, format="parquet").to_table()


def decided_by_account(flooded: Flood) -> dict[str, int]:
    """How many good messages each account sent."""
    return dict(Counter(message["account_id"] for message in flooded.good))


@pytest.mark.parametrize("check", [*outage.CHECKS, ordering.CHECKS[0]], ids=lambda check: check.name)
def test_steady_traffic(live: Stack, check: Check) -> None:
    """An endpoint that is away, or slow at random, breaks no promise about decisions and their order."""
    report = check.run(live, Size.SHORT)
    assert not report.faults, table(report)


def test_the_flood(flooded: Flood) -> None:
    """Each malformed message is one right dead letter, each good one is decided once, without a restart."""
    report = flood.judge(flooded)
    assert not report.faults, table(report)


@pytest.mark.parametrize("folder", FOLDERS)
def test_one_row_each(left: Left, flooded: Flood, folder: str) -> None:
    """Parquet holds one row of each good message and none of a malformed one."""
    rows = left.archive[folder].select(["transaction_id", "account_id"]).to_pylist()
    ours = decided_by_account(flooded)
    found = Counter(row["transaction_id"] for row in rows if row["account_id"] in ours)
    assert found == Counter(message["transaction_id"] for message in flooded.good)


def test_archived_as_sent(left: Left, flooded: Flood) -> None:
    """The archive has amount, currency and merchant as sent, and the card as a token and its last four."""
    columns = ["transaction_id", "amount_minor", "currency", "merchant_id", "card_last4", "card_token"]
    rows = {row["transaction_id"]: row for row in left.archive["transactions"].select(columns).to_pylist()}
    for message in flooded.good:
        row = rows[message["transaction_id"]]
        card = message.get("card_number")
        assert row == {
            **{name: message.get(name) for name in columns[:4]},
            "card_last4": card and card[-4:],
            "card_token": row["card_token"],
        }
        assert (row["card_token"] or "none").startswith("v1:" if card else "none")


def test_hot_state(left: Left, flooded: Flood) -> None:
    """DynamoDB has each account at the version that counts its decisions, and none of a malformed message."""
    versions = {
        account: int(item["version"]["N"])
        for account, item in left.accounts.items()
        if account.startswith("flood-")
    }
    assert versions == decided_by_account(flooded)


def test_topics_show_no_card(left: Left, flooded: Flood) -> None:
    """No record of any topic that the job writes shows a card number in key or value."""
    shown = [one for one in left.written if flooded.cards.found((one.key or b"") + b"\n" + one.value)]
    assert {one.topic for one in left.written} >= {"decisions", "alerts", "dead-letters"}
    assert shown == []


def test_stores_show_no_card(left: Left, flooded: Flood) -> None:
    """Neither DynamoDB nor Parquet shows a card number."""
    assert flooded.cards.found(str(left.accounts).encode()) == set()
    for rows in left.archive.values():
        assert flooded.cards.found(rows.to_pandas().to_csv().encode()) == set()


def test_the_log_shows_no_card(left: Left, flooded: Flood) -> None:
    """The job's log shows no card number, and no fault."""
    assert left.log
    assert flooded.cards.found(left.log) == set()
    assert b" ERROR " not in left.log
