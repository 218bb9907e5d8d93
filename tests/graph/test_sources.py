"""How topics are read."""

from __future__ import annotations

import pytest

from flink_app.end_settings import Kafka
from flink_app.settings import Order
from flink_app.sources import CALM, interval, source_options

pytestmark = pytest.mark.graph

KAFKA = Kafka(bootstrap_servers="broker:9092")
TOPICS = (
    KAFKA.transactions_topic,
    KAFKA.customers_topic,
    KAFKA.labels_topic,
    KAFKA.inventory_topic,
    KAFKA.rates_topic,
)


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize(("wait", "aligned"), [("none", None), ("watermark", "event time")])
def test_topics_are_read_side_by_side(topic: str, wait: str, aligned: str | None) -> None:
    """Where events wait for the watermark no topic is read far ahead of another; live, each on its own."""
    options = source_options(topic, KAFKA, Order(wait=wait), CALM)
    assert options.get("scan.watermark.alignment.group") == aligned


@pytest.mark.parametrize(
    ("duration_ms", "literal"),
    [(1, "0 00:00:00.001"), (5_000, "0 00:00:05.000"), (86_400_000 + 3_723_004, "1 01:02:03.004")],
)
def test_interval(duration_ms: int, literal: str) -> None:
    """A duration is one literal of days to milliseconds."""
    assert interval(duration_ms) == f"INTERVAL '{literal}' DAY TO SECOND(3)"
