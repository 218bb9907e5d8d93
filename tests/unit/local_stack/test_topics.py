"""The topics, tables and their settings, as data."""

import pytest

from local.setup_ends import TABLES, by_key, recent_transactions
from local.topics import TOPICS, missing_topics
from udfs.clients.dynamodb import ACCOUNT_STATE

pytestmark = pytest.mark.unit

CONFIGS = {topic.name: topic.configs for topic in TOPICS}
READ = ("transactions", "customers", "labels", "inventory", "fx-rates")
WRITTEN = ("decisions", "alerts", "alerts-priority", "dead-letters", "late", "feature-quality")


def test_the_topics() -> None:
    """There are the five topics read, the five written by the job and the one by a command, each once."""
    assert sorted(topic.name for topic in TOPICS) == sorted(READ + WRITTEN)


@pytest.mark.parametrize("name", READ)
def test_a_topic_read_carries_event_time(name: str) -> None:
    """A topic read has the producer's time, at most 5 minutes ahead, and keeps history of any age."""
    assert CONFIGS[name]["message.timestamp.type"] == "CreateTime"
    assert CONFIGS[name]["message.timestamp.after.max.ms"] == "300000"
    assert CONFIGS[name]["retention.ms"] == "-1"


@pytest.mark.parametrize("name", WRITTEN)
def test_a_topic_written_carries_the_brokers_time(name: str) -> None:
    """A topic written has the broker's time, and so tells latency."""
    assert CONFIGS[name]["message.timestamp.type"] == "LogAppendTime"


def test_what_is_compacted() -> None:
    """Of profiles, articles, rates and features' figures the latest are kept; no other loses records."""
    compacted = {name for name, configs in CONFIGS.items() if "cleanup.policy" in configs}
    assert compacted == {"customers", "inventory", "fx-rates", "feature-quality"}
    assert {CONFIGS[name]["cleanup.policy"] for name in compacted} == {"compact"}


def test_only_what_is_missing_is_made() -> None:
    """A topic that exists is not made again."""
    names = [topic.name for topic in missing_topics({"transactions", "alerts", "other"})]
    assert names == [
        "customers",
        "labels",
        "inventory",
        "fx-rates",
        "decisions",
        "alerts-priority",
        "dead-letters",
        "late",
        "feature-quality",
    ]


def test_the_tables() -> None:
    """Account state is found by account, a profile by customer, transactions by account in their order."""
    keys = {table["TableName"]: [key["AttributeName"] for key in table["KeySchema"]] for table in TABLES}
    assert keys == {
        "account_state": ["account_id"],
        "customer_profile": ["customer_id"],
        "recent_transactions": ["account_id", "event_key"],
    }


def test_a_transaction_is_found_by_its_id() -> None:
    """Recent transactions have one index, whose key is the transaction's id, and it holds whole items."""
    [index] = recent_transactions()["GlobalSecondaryIndexes"]
    assert index["KeySchema"] == [{"AttributeName": "transaction_id", "KeyType": "HASH"}]
    assert index["Projection"] == {"ProjectionType": "ALL"}


def test_a_table_is_paid_by_request() -> None:
    """A table has one text key and no provisioned throughput."""
    assert by_key(ACCOUNT_STATE) == {
        "TableName": "account_state",
        "KeySchema": [{"AttributeName": "account_id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "account_id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
