"""Our own small data set through the real job: every feature as the slow, plain oracle has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow.dataset as ds
import pytest

from local import job, session
from local.accept.sameness import rows_of
from local.feeder import Plan
from local.flink_files import in_base, in_event_time_order
from local.hot_state import items
from local.mapping import MappedSource, open_source
from local.mappings.spec import Renamed
from local.skew import skew
from local.stack import Stack
from local.summary import Outcome
from local.training import write_features
from schemas.article import Article
from schemas.intake import read_article, read_customer, read_rate, read_transaction
from schemas.transaction import Transaction
from schemas.wire_out import encode_json
from tests.builders import CARD_KEY
from tests.oracle import Oracle
from udfs.features.listing import UNKNOWN
from udfs.features.names import BY_NAME, FEATURES
from udfs.features.profile import Profile, profile_of
from udfs.features.rates import Rates
from udfs.rules.book import built_in_text, load_book

pytestmark = pytest.mark.e2e

SMALL = Path(__file__).parents[1] / "fixtures" / "small" / "transactions.csv"
LATENESS_MS = 1_000
DECISION_COLUMNS = {
    "transaction_id", "account_id", "event_time", "amount", "currency", "verdict", "score", "score_source",
    "degraded", "late", "out_of_order", "attempt", "reasons", "rules_version", "model_version",
}  # fmt: skip


class Replayed(NamedTuple):
    """A finished replay: what was fed, what came of it, and where its outputs are."""

    source: MappedSource
    outcome: Outcome
    out: Path
    stack: Stack


@pytest.fixture(scope="module")
def replayed(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    """The small data set, replayed by two subtasks and with a restart from a savepoint in the middle."""
    out = tmp_path_factory.mktemp("replay")
    source = open_source(SMALL, "generated")
    session.begin_anew(stack, in_base(in_event_time_order(LATENESS_MS, parallelism=2), source.base))
    plan = Plan(lateness_ms=LATENESS_MS, pause_at=900, on_pause=lambda: session.restart_job(stack))
    outcome = session.stream(stack, session.Traffic(source=source, plan=plan, out=out))
    yield Replayed(source, outcome, out, stack)
    stack.stop([job.NAME])


def transactions(source: MappedSource) -> list[Transaction]:
    """What intake and the first stage make of the source, in the order in which the job takes it."""
    messages = [sample.transaction for sample in source.samples()]
    read = [
        read_transaction(encode_json(message), message["account_id"], message["event_time"], CARD_KEY)
        for message in messages
    ]
    rates = Rates("EUR", (read_rate(encode_json(message)) for message in source.rates()))
    return sorted(
        map(rates.in_base, read),
        key=lambda txn: (txn.event_time_ms, len(txn.transaction_id), txn.transaction_id),
    )


def profiles(source: MappedSource) -> Mapping[str, Profile]:
    """The profile of each account; the feeder dates those that say nothing, which no feature sees."""
    read = [read_customer(encode_json({"updated": 0, **message})) for message in source.customers()]
    return {account_id: profile_of(customer) for customer in read for account_id in customer.account_ids}


def articles(source: MappedSource) -> list[Article]:
    """What intake makes of the inventory, in the order in which it is told of each article."""
    return [
        read_article(
            None if message.get("removed") else encode_json({"updated": 0, **message}),
            f"{message['merchant_id']}/{message['article_id']}",
            message.get("updated", 0),
        )
        for message in source.articles()
    ]


def test_every_transaction_is_decided_once(replayed: Replayed) -> None:
    """Decisions, features and transactions have one row for each transaction, with its own id."""
    expected = Counter(txn.transaction_id for txn in transactions(replayed.source))
    for folder in ("decisions", "features", "transactions"):
        rows = ds.dataset(replayed.out / folder, format="parquet").to_table()
        assert Counter(rows.column("transaction_id").to_pylist()) == expected
    assert replayed.outcome.seen.decisions == len(expected)


def test_every_feature_is_as_the_oracle_has_it(replayed: Replayed) -> None:
    """Each of the features of each row equals the oracle's, across workers and a restart."""
    labels = [sample.label for sample in replayed.source.samples() if sample.label]
    frauds = {label["transaction_id"]: label["reported"] for label in labels if label["is_fraud"]}
    oracle = Oracle(frauds=frauds, articles=articles(replayed.source))
    found = rows_of(replayed.out / "features")
    known = profiles(replayed.source)
    for txn in transactions(replayed.source):
        expected = oracle.describe(txn, known.get(txn.account_id))
        row = found[txn.transaction_id]
        assert {name: row[name] for name in expected} == {
            name: value if value is None or isinstance(value, (bool, int)) else pytest.approx(value)
            for name, value in expected.items()
        }, txn.transaction_id
    assert {feature.name for feature in FEATURES} <= set(next(iter(found.values())))
    for name in UNKNOWN:  # articles were joined at all: said of some, and of payments for what is gone not
        assert {row[name] is None for row in found.values()} == {True, False}


def test_training_set_is_what_the_stream_saw(replayed: Replayed, tmp_path: Path) -> None:
    """`make features` gives every feature of every row as the job had it when it decided."""
    write_features(replayed.source, {name: Renamed(name) for name in BY_NAME}, tmp_path)
    ours, stream = rows_of(tmp_path / "features"), rows_of(replayed.out / "features")
    assert ours.keys() == stream.keys()
    assert {key: {name: row[name] for name in BY_NAME} for key, row in stream.items()} == {
        key: {name: row[name] for name in BY_NAME} for key, row in ours.items()
    }


def test_nothing_is_skewed(replayed: Replayed) -> None:
    """The archive's features are those computed anew from its own transactions and labels."""
    told = skew(replayed.out)
    assert (told.rows, dict(told.differing)) == (len(transactions(replayed.source)), {})


def test_nothing_is_degraded_or_late(replayed: Replayed) -> None:
    """With a well endpoint and an ordered file every decision has a score and came in time."""
    assert (replayed.outcome.seen.degraded, replayed.outcome.seen.late) == (0, 0)


def test_decisions_have_their_columns_and_versions(replayed: Replayed) -> None:
    """A row of decisions has every promised column, the book's version and reasons that parse."""
    rows = ds.dataset(replayed.out / "decisions", format="parquet").to_table().to_pylist()
    assert set(rows[0]) >= DECISION_COLUMNS
    assert {row["rules_version"] for row in rows} == {load_book(built_in_text()).version}
    reasons = [reason for row in rows for reason in orjson.loads(row["reasons"])]
    assert reasons
    assert all({"rule", "version", "severity", "outcome", "values"} <= set(reason) for reason in reasons)


def test_hot_state_is_the_last_decision(replayed: Replayed) -> None:
    """DynamoDB holds every account at the version of its last decision, and every customer."""
    expected = Counter(txn.account_id for txn in transactions(replayed.source))
    ends = replayed.stack.endpoints
    versions = {
        item["account_id"]["S"]: int(item["version"]["N"])
        for item in items(ends["dynamodb"], "account_state")
    }
    assert versions == dict(expected)
    customers = {item["customer_id"]["S"] for item in items(ends["dynamodb"], "customer_profile")}
    assert customers == {message["customer_id"] for message in replayed.source.customers()}


def test_labels_are_archived(replayed: Replayed) -> None:
    """Each label that was sent is a row of the archive."""
    rows = ds.dataset(replayed.out / "labels", format="parquet").to_table()
    assert rows.num_rows == replayed.outcome.fed.labels


def test_the_summary_is_for_programs(replayed: Replayed) -> None:
    """summary.json has exactly the promised keys, and counts what was decided."""
    summary: dict[str, Any] = orjson.loads((replayed.out / "summary.json").read_bytes())
    assert list(summary) == [
        "transactions", "decisions", "dead_letters", "late", "alerts", "degraded", "seconds", "latency_ms",
    ]  # fmt: skip
    assert set(summary["latency_ms"]) == {"p50", "p99", "p999"}
    assert summary["decisions"] == summary["transactions"] == len(transactions(replayed.source))
