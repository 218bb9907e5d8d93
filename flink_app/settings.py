"""
Every setting of the job: one frozen dataclass a property group, one field a property.

Rule: operators get the values they use, never `Settings`. A property that is not
declared is a fault, and all faults are reported together. The groups of what the job
is connected to stand in `flink_app.end_settings`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from flink_app.end_settings import Archive, Card, HotState, Kafka, ScoreSettings
from flink_app.properties import CURRENCY, Faults, Groups, load_groups, parse_group, setting, unknown_names
from schemas.errors import BadSetting, ConfigurationError

PROPERTIES_PATH = Path("/etc/flink/application_properties.json")
# Managed Flink's own group: where it finds main.py and the jar. Known, and not ours to read.
RUN_OPTIONS = "kinesis.analytics.flink.run.options"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """In which order events are taken, and what is late."""

    wait: str = setting(
        "none: decide on arrival. watermark: hold until the watermark passes, then event-time order.",
        default="none",
        choices=("none", "watermark"),
        source="live payments may not wait",
    )
    lateness_ms: int = setting(
        "How far an event may lag behind the newest of its partition.",
        default=5_000,
        unit="ms",
        low=1,
        high=86_400_000,
        source="feature contract; a choice, not a measurement",
    )
    idle_timeout_ms: int = setting(
        "After how long a silent partition no longer holds the watermark back; 0 is never.",
        default=1_000,
        unit="ms",
        low=0,
        high=3_600_000,
        source="live; a replay sends clock ticks and sets 0",
    )
    drift_ms: int = setting(
        "How far one topic's event time may run ahead of another's where events wait for the watermark.",
        default=43_200_000,
        unit="ms",
        low=7_200_000,
        high=864_000_000,
        source="ADR-0021: labels read far ahead of their payments fill the state; clock ticks come hourly",
    )
    profile_wait_ms: int = setting(
        "How long, with wait = none, an account without a profile waits for its first; 0: it goes on marked.",
        default=0,
        unit="ms",
        low=0,
        high=60_000,
        source="ADR-0022: live payments may not wait unless somebody says so",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The one currency in which payments of all others are seen as well."""

    currency: str = setting(
        "Base currency; fixed for the life of the state.", default="EUR", form=CURRENCY, source="a choice"
    )
    rates: str = setting(
        "on: payments are converted at the rates of kafka/rates.topic. off: features in base are missing.",
        default="off",
        choices=("on", "off"),
        source="ADR-0025: without the topic a job that reads it does not start",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """How the operators run."""

    execution_mode: str = setting(
        "thread: Python inside the JVM. process: beside it.",
        default="thread",
        choices=("thread", "process"),
        source="reference: 76 us against 425-3,400 us a keyed update",
    )
    python_cores: str = setting(
        "one: all threads that run Python stay on one core of the machine. all: the kernel spreads them.",
        default="one",
        choices=("one", "all"),
        source="ADR-0028: 1.6 to 1.8 times as fast with the merchants' stage; thread mode only",
    )
    entity_stages: str = setting(
        "on: merchants and other entities are observed before the account. off: their features are missing.",
        default="on",
        choices=("on", "off"),
        source="ADR-0021; measured: a stage takes a quarter of what the job spends in Python",
    )
    buffer_timeout_ms: int = setting(
        "How long a record waits in a network buffer.",
        default=1,
        unit="ms",
        low=0,
        high=1000,
        source="DESIGN",
    )
    max_parallelism: int = setting(
        "Key groups; fixed for the life of the state.",
        default=512,
        low=1,
        high=32_768,
        source="reference, section 10",
    )
    account_idle_days: int = setting(
        "After so long without an event an account's past is forgotten, but for its version and profile.",
        default=400,
        unit="days",
        low=31,
        high=3_650,
        source="ADR-0026: no window is longer",
    )
    marker_period_ms: int = setting(
        "How long a promise stays in a checkpointed timer; outlasts deadline and store flush.",
        default=2_000,
        unit="ms",
        low=100,
        high=60_000,
        source="ADR-0005",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All property groups of the job, checked."""

    kafka: Kafka
    order: Order
    base: Base
    card: Card
    score: ScoreSettings
    hot_state: HotState
    archive: Archive
    engine: Engine


GROUPS: Mapping[str, tuple[str, type[Any]]] = {
    "kafka": ("kafka", Kafka),
    "order": ("order", Order),
    "base": ("base", Base),
    "card": ("card", Card),
    "score": ("score", ScoreSettings),
    "hot.state": ("hot_state", HotState),
    "archive": ("archive", Archive),
    "engine": ("engine", Engine),
}


def load_settings(path: Path = PROPERTIES_PATH) -> Settings:
    """Settings of the file at *path*, checked whole."""
    return parse_settings(load_groups(path))


def parse_settings(groups: Groups) -> Settings:
    """
    Check *groups* and make them typed.

    Raises:
        Faults: With every fault found: unknown groups and properties, missing or bad values.
    """
    parsed: dict[str, Any] = {}
    faults = unknown_names("property groups", groups, [*GROUPS, RUN_OPTIONS])
    for group_id, (name, kind) in GROUPS.items():
        parsed[name], found = parse_group(kind, group_id, groups.get(group_id))
        faults += found
    if not faults:
        faults = _cross_checks(parsed)
    if faults:
        raise Faults(*faults)
    return Settings(**parsed)


def _cross_checks(parsed: Mapping[str, Any]) -> list[ConfigurationError]:
    return [
        *_marker_faults(parsed["score"], parsed["hot_state"], parsed["engine"]),
        *_twins(parsed["kafka"]),
        *_waits_twice(parsed["order"]),
        *_nowhere_converted(parsed["base"], parsed["engine"]),
    ]


def _marker_faults(score: ScoreSettings, store: HotState, engine: Engine) -> list[ConfigurationError]:
    needed = score.deadline_ms + (store.flush_ms if store.enabled else 0)
    if engine.marker_period_ms >= needed:
        return []
    expected = f"at least {needed} ms, score deadline and store flush together"
    return [BadSetting("engine/marker.period.ms", f"{engine.marker_period_ms} ms", expected)]


def _twins(kafka: Kafka) -> list[ConfigurationError]:
    names = [field.name for field in fields(kafka) if field.name.endswith("_topic")]
    topics = Counter(getattr(kafka, name) for name in names)
    twice = [name for name in names if topics[getattr(kafka, name)] > 1]
    expected = "a topic of its own"
    return [BadSetting(f"kafka/{name.replace('_', '.')}", getattr(kafka, name), expected) for name in twice]


def _waits_twice(order: Order) -> list[ConfigurationError]:
    if order.wait == "none" or not order.profile_wait_ms:
        return []
    expected = "0 where order/wait is watermark: there event time tells which profile is in force"
    return [BadSetting("order/profile.wait.ms", f"{order.profile_wait_ms} ms", expected)]


def _nowhere_converted(base: Base, engine: Engine) -> list[ConfigurationError]:
    if base.rates == "off" or engine.entity_stages == "on":
        return []
    return [BadSetting("base/rates", "on", "off where engine/entity.stages is: the first stage converts")]
