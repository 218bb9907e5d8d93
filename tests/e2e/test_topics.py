"""The job's topics on a real broker."""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import InvalidTimestampError

from local.setup_ends import create_ends
from local.stack import Stack
from local.topics import AHEAD_MS, PARTITIONS, TOPICS, create_topics

pytestmark = pytest.mark.e2e

MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def broker(stack: Stack) -> str:
    """The address of a broker that has the job's topics."""
    create_ends(stack.endpoints)
    return stack.endpoints["kafka"]


@pytest.fixture
def producer(broker: str) -> Iterator[KafkaProducer]:
    """A producer that sends each record at once."""
    with closing(KafkaProducer(bootstrap_servers=broker)) as made:
        yield made


def now_ms() -> int:
    """What the broker's clock says, give or take a second: both run on this machine."""
    return int(time.time() * 1000)


def test_all_are_there_with_their_partitions(broker: str) -> None:
    """Every topic of the contract exists with four partitions."""
    with closing(KafkaAdminClient(bootstrap_servers=broker)) as admin:
        found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
    assert {topic.name: found[topic.name] for topic in TOPICS} == dict.fromkeys(
        (topic.name for topic in TOPICS), PARTITIONS
    )


def test_making_them_again(broker: str) -> None:
    """Making the topics again makes none."""
    assert create_topics(broker) == []


def test_the_future_is_refused(producer: KafkaProducer) -> None:
    """A transaction more than five minutes ahead of the broker's clock is refused."""
    with pytest.raises(InvalidTimestampError):
        producer.send("transactions", b"{}", timestamp_ms=now_ms() + AHEAD_MS + MINUTE_MS).get(timeout=30)


def test_the_past_is_taken(producer: KafkaProducer) -> None:
    """A transaction of years ago is taken, with its own time."""
    sent = producer.send("transactions", b"{}", key=b"__clock__", timestamp_ms=1_500_000_000_000).get(
        timeout=30
    )
    assert sent.timestamp == 1_500_000_000_000


def test_a_decision_has_the_brokers_time(producer: KafkaProducer) -> None:
    """A decision's timestamp is the broker's, whatever its producer says."""
    before = now_ms() - MINUTE_MS
    sent = producer.send("decisions", b"{}", timestamp_ms=1_500_000_000_000).get(timeout=30)
    assert sent.timestamp > before
