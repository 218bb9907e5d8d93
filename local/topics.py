"""
The topics of the job, as data, and their making.

* On the topics read, a record's timestamp is event time as the producer knows it; the
  broker refuses what is more than 5 minutes ahead of its clock, and keeps history whatever
  its age. On the topics written it is the broker's clock, so that latency can be measured.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from typing import NamedTuple

from kafka.admin import KafkaAdminClient, NewTopic

PARTITIONS = 4
AHEAD_MS = 300_000

READ = {
    "message.timestamp.type": "CreateTime",
    "message.timestamp.after.max.ms": str(AHEAD_MS),
    "retention.ms": "-1",
}
WRITTEN = {"message.timestamp.type": "LogAppendTime"}


class Topic(NamedTuple):
    """A topic's name and what differs from the broker's defaults."""

    name: str
    configs: dict[str, str]


TOPICS = (
    Topic("transactions", READ),
    Topic("customers", {**READ, "cleanup.policy": "compact"}),
    Topic("labels", READ),
    Topic("inventory", {**READ, "cleanup.policy": "compact"}),
    Topic("fx-rates", {**READ, "cleanup.policy": "compact"}),
    Topic("decisions", WRITTEN),
    Topic("alerts", WRITTEN),
    Topic("alerts-priority", WRITTEN),
    Topic("dead-letters", WRITTEN),
    Topic("late", WRITTEN),
    Topic("feature-quality", {**WRITTEN, "cleanup.policy": "compact"}),
)


def missing_topics(existing: Collection[str]) -> list[Topic]:
    """The topics of `TOPICS` that are not among *existing*."""
    return [topic for topic in TOPICS if topic.name not in existing]


def create_topics(bootstrap: str) -> list[str]:
    """
    Every topic of `TOPICS` exists on the broker at *bootstrap* and can be written.

    A topic that exists keeps the configuration that it has.

    Returns:
        The names of those that this call made.

    Raises:
        KafkaError: If the broker does not answer or refuses.
    """
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        missing = missing_topics(admin.list_topics())
        if missing:
            admin.create_topics([_new(topic) for topic in missing], wait_for_metadata=True)
    return [topic.name for topic in missing]


def _new(topic: Topic) -> NewTopic:
    return NewTopic(topic.name, PARTITIONS, 1, topic_configs=topic.configs)
