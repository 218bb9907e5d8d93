"""
The settings of the job's ends: brokers, the key to card numbers, endpoint, tables, archive.

Rule: as `flink_app.settings`, which puts all groups together.
"""

from __future__ import annotations

from dataclasses import dataclass

from flink_app.properties import ADDRESS, FOLDER, HOSTS, SECRET, TOPIC, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """The broker and its topics."""

    bootstrap_servers: str = setting("Where the brokers are: host:port, separated by commas.", form=HOSTS)
    group_id: str = setting("Consumer group of the job.", default="fraudstream")
    security: str = setting(
        "How to speak to the brokers.",
        default="plaintext",
        choices=("plaintext", "msk-iam"),
        source="local stack; MSK wants msk-iam",
    )
    starting_offsets: str = setting(
        "Where to begin when there is no checkpoint.",
        default="earliest",
        choices=("earliest", "latest"),
        source="nothing is lost on a first start",
    )
    transactions_topic: str = setting("Transactions in.", default="transactions", form=TOPIC)
    customers_topic: str = setting("Customer profiles in; compacted.", default="customers", form=TOPIC)
    inventory_topic: str = setting(
        "Merchants' articles in; compacted. Read where merchants are observed.",
        default="inventory",
        form=TOPIC,
    )
    labels_topic: str = setting("Fraud labels in.", default="labels", form=TOPIC)
    rates_topic: str = setting(
        "Exchange rates in; compacted. Read where base/rates is on.", default="fx-rates", form=TOPIC
    )
    decisions_topic: str = setting("Every decision.", default="decisions", form=TOPIC)
    alerts_topic: str = setting("Decisions above approve.", default="alerts", form=TOPIC)
    priority_alerts_topic: str = setting(
        "Alerts of rules with a priority route.", default="alerts-priority", form=TOPIC
    )
    dead_letters_topic: str = setting("What intake refused.", default="dead-letters", form=TOPIC)
    late_topic: str = setting("Copies of decisions on late events.", default="late", form=TOPIC)
    fetch_wait_ms: int = setting(
        "How long a fetch waits for more.",
        default=5,
        unit="ms",
        low=0,
        high=1000,
        source="DESIGN: 18 ms p50 with 5",
    )
    linger_ms: int = setting(
        "How long a producer collects a batch.",
        default=1,
        unit="ms",
        low=0,
        high=1000,
        source="DESIGN: 18 ms p50 with 1",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The key that turns card numbers into tokens."""

    key_version: str = setting("Version written into each token.", default="v1")
    key_source: str = setting("Where the secret is: file:PATH, or secretsmanager:NAME.", form=SECRET)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSettings:
    """The model endpoint and what it is given of time."""

    endpoint_name: str = setting("SageMaker endpoint.", default="fraudstream")
    endpoint_url: str = setting(
        "Where InvokeEndpoint is; 'aws' is the region's own address.", default="aws", form=ADDRESS
    )
    region: str = setting("AWS region.", default="eu-central-1")
    deadline_ms: int = setting(
        "From submission to the fallback.", default=200, unit="ms", low=10, high=60_000, source="DESIGN"
    )
    max_rows: int = setting(
        "Transactions in one call at most.", default=64, low=1, high=1000, source="DESIGN"
    )
    max_wait_ms: int = setting(
        "How long after a call the next one waits for more transactions, three times as long while one is "
        "under way; one that comes alone goes at once.",
        default=5,
        unit="ms",
        low=0,
        high=1000,
        source="DESIGN, ADR-0032",
    )
    max_pending: int = setting(
        "Transactions in flight in one process before the source is held.",
        default=500,
        low=1,
        high=100_000,
        source="ADR-0019: 3,000 a second with a score in 170 ms, within the deadline",
    )
    fallback_value: float = setting(
        "Score without the endpoint; marked degraded.",
        default=0.0,
        low=0.0,
        high=1.0,
        source="rules decide alone when the model is away",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HotState:
    """DynamoDB: the latest state of each account and customer."""

    enabled: bool = setting("Whether accounts and profiles are written.", default=True)
    endpoint_url: str = setting(
        "Where DynamoDB is; 'aws' is the region's own address.", default="aws", form=ADDRESS
    )
    region: str = setting("AWS region.", default="eu-central-1")
    account_table: str = setting("Table of accounts.", default="account_state")
    customer_table: str = setting("Table of profiles.", default="customer_profile")
    recent_table: str = setting("Table of recent transactions.", default="recent_transactions")
    recent_keep_days: int = setting(
        "How long a recent transaction stays, from its decision.",
        default=7,
        unit="days",
        low=1,
        high=365,
        source="a choice: what a customer is asked about; all else is in the archive",
    )
    flush_ms: int = setting(
        "The latest version of an account is written at most this long after the change.",
        default=1_000,
        unit="ms",
        low=10,
        high=60_000,
        source="DESIGN: at most 1 s old",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Parquet, through Flink's own file sink."""

    path: str = setting("Folder of the archive: s3://bucket/prefix or file:///path.", form=FOLDER)
