"""
What Managed Flink gives a job, as files for the local one: cluster settings, logging, properties.

Rule: nothing in here is the job's own choice; it is what MSF has (RocksDB, checkpoints,
restarts, its lock) with shorter times, and the addresses of the local services.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from local import msf
from local.services import Places
from local.setup_ends import BUCKET, LOCAL_KEY, REGION

_CARD_KEY = "local-card-key-not-a-secret-0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """
    How the local job runs; kept in the run folder, so that `make up` goes on with the same.

    Attributes:
        parallelism: Subtasks of each operator.
        backend: State backend, rocksdb as on MSF, or hashmap.
        checkpoint_ms: Time between checkpoints; MSF's default is 60,000.
        jvm: What the JVM is told beside Flink's own options. Local runs are short: one compiler.
        properties: What differs from the job's defaults: group to property to value.
    """

    parallelism: int = 1
    backend: str = "rocksdb"
    checkpoint_ms: int = 5_000
    jvm: str = "-Xmx2g -XX:+UseG1GC -XX:TieredStopAtLevel=1"
    properties: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def in_event_time_order(lateness_ms: int, parallelism: int = 1) -> JobPlan:
    """The plan under which results depend on event time alone, and no slow score degrades one (DESIGN)."""
    return JobPlan(
        parallelism=parallelism,
        properties={
            "order": {"wait": "watermark", "idle.timeout.ms": "0", "lateness.ms": str(lateness_ms)},
            "score": {"deadline.ms": "5000"},
            "engine": {"marker.period.ms": "8000"},
        },
    )


def on_arrival(lateness_ms: int, parallelism: int = 1) -> JobPlan:
    """The plan of live traffic: each event is decided when it comes."""
    order = {"wait": "none", "lateness.ms": str(lateness_ms)}
    return JobPlan(parallelism=parallelism, properties={"order": order})


def in_base(plan: JobPlan, base: str | None) -> JobPlan:
    """*plan*, and what is fed converted to *base*; as it is where the traffic has no rates."""
    if base is None:
        return plan
    return replace(plan, properties={**plan.properties, "base": {"currency": base, "rates": "on"}})


def flink_home() -> Path:
    """The Flink that comes with PyFlink."""
    spec = importlib.util.find_spec("pyflink")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pyflink is not installed: run `make setup`")
    return Path(spec.origin).parent


def cluster_settings(places: Places, plan: JobPlan) -> str:
    """`config.yaml` of the local cluster: PyFlink's own, with what MSF has."""
    stock: dict[str, Any] = yaml.safe_load((flink_home() / "conf" / "config.yaml").read_text())
    opens: str = stock["env"]["java"]["opts"]["all"]
    return yaml.safe_dump(
        {
            "env.java.opts.all": opens,
            "parallelism.default": plan.parallelism,
            "rest.address": "127.0.0.1",
            "rest.bind-address": "127.0.0.1",
            "rest.bind-port": str(places.ports.rest),
            "python.executable": sys.executable,  # else PyFlink sets it, for a local cluster only
            **msf.LOCK,
            "state.backend.type": plan.backend,
            "execution.checkpointing.interval": _duration(plan.checkpoint_ms),
            "execution.checkpointing.min-pause": _duration(plan.checkpoint_ms // 4),
            "execution.checkpointing.incremental": "true",
            "execution.checkpointing.dir": checkpoints(places.run).as_uri(),
            "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
            "execution.checkpointing.num-retained": 2,
            "restart-strategy.type": "fixed-delay",
            "restart-strategy.fixed-delay.attempts": 3,
            "restart-strategy.fixed-delay.delay": "1 s",
            "taskmanager.memory.managed.size": "256m",
            "taskmanager.numberOfTaskSlots": plan.parallelism,
            "io.tmp.dirs": str(places.run / "tmp"),
            "s3.endpoint": places.ports.endpoints()["s3"],
            "s3.path.style.access": "true",
            "s3.directory.marker.retention": "keep",  # else each file costs a look at all its folders
            "s3.access-key": LOCAL_KEY,
            "s3.secret-key": LOCAL_KEY,
        }
    )


def _duration(duration_ms: int) -> str:
    """*duration_ms* as Flink writes it back: the lock takes another spelling for a change."""
    units = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1))
    unit, unit_ms = next(each for each in units if duration_ms % each[1] == 0)
    return f"{duration_ms // unit_ms} {unit}"


def checkpoints(run: Path) -> Path:
    """Where checkpoints and savepoints are kept."""
    return run / "checkpoints"


def properties_of(places: Places, plan: JobPlan) -> str:
    """`application_properties.json` in MSF's shape, for the local services."""
    addresses = places.ports.endpoints()
    groups: dict[str, dict[str, str]] = {
        "kafka": {"bootstrap.servers": addresses["kafka"]},
        "card": {"key.source": f"file:{card_key_file(places)}"},
        "score": {"endpoint.url": addresses["sagemaker"], "region": REGION},
        "hot.state": {"endpoint.url": addresses["dynamodb"], "region": REGION},
        "archive": {"path": f"s3://{BUCKET}/archive"},
    }
    for group, values in plan.properties.items():
        groups[group] = {**groups.get(group, {}), **values}
    return json.dumps(
        [{"PropertyGroupId": group, "PropertyMap": values} for group, values in groups.items()], indent=2
    )


def card_key_file(places: Places) -> Path:
    """The file that stands in for Secrets Manager."""
    return places.settings("card.key")


def files(places: Places, plan: JobPlan) -> tuple[tuple[Path, str], ...]:
    """Every file that the job finds at its start: path and text."""
    return (
        (places.settings("flink/config.yaml"), cluster_settings(places, plan)),
        (places.settings("flink/log4j-cli.properties"), _LOGGING),
        (places.settings("application_properties.json"), properties_of(places, plan)),
        (card_key_file(places), _CARD_KEY),
        (places.run / "tmp" / ".keep", ""),
    )


def environment(places: Places, plan: JobPlan) -> dict[str, str]:
    """What the job's process finds in its environment; the virtual environment is first on PATH."""
    project = str(Path(__file__).parents[1])
    return {
        "FLINK_HOME": str(flink_home()),
        "FLINK_CONF_DIR": str(places.settings("flink")),
        "FLINK_LOG_DIR": str(places.run / "logs"),
        "FLINK_PLUGINS_DIR": str(places.jars / "plugins"),
        "JVM_ARGS": plan.jvm,
        "PYTHONPATH": project,
        "PYFLINK_CLIENT_EXECUTABLE": sys.executable,
        # Process mode starts processes, as on MSF. On a local cluster PyFlink would serve from its own, and
        # set a key for it that the lock refuses.
        "_python_worker_execution_mode": "process",
        "AWS_ACCESS_KEY_ID": LOCAL_KEY,
        "AWS_SECRET_ACCESS_KEY": LOCAL_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


_LOGGING = """\
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = console
appender.console.name = console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss,SSS} %-5p %-40.40c{1.} %m%n
logger.kafka.name = org.apache.kafka
logger.kafka.level = WARN
logger.shaded.name = org.apache.flink.kafka.shaded
logger.shaded.level = WARN
logger.hadoop.name = org.apache.hadoop
logger.hadoop.level = WARN
logger.parquet.name = org.apache.parquet
logger.parquet.level = WARN
"""
