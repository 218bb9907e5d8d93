"""The lock of the local cluster, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from flink_app.settings import parse_settings
from local.flink_files import JobPlan, cluster_settings, in_base, in_event_time_order, properties_of
from local.msf import ALLOWED_KEYS, LOCK
from local.ports import Ports
from local.services import Places

pytestmark = pytest.mark.unit

PLACES = Places(run=Path("/run/folder"), jars=Path("/jars"), ports=Ports())


def cluster(plan: JobPlan) -> dict[str, Any]:
    """The settings of the cluster that runs *plan*."""
    settings: dict[str, Any] = yaml.safe_load(cluster_settings(PLACES, plan))
    return settings


def test_a_job_converts_what_has_rates() -> None:
    """Traffic with rates makes the job read them, in their base; without, it is left as it was."""
    plan = in_event_time_order(1_000)
    assert in_base(plan, None) == plan
    groups = {
        group["PropertyGroupId"]: group for group in orjson.loads(properties_of(PLACES, in_base(plan, "GBP")))
    }
    settings = parse_settings({name: group["PropertyMap"] for name, group in groups.items()})
    assert (settings.base.rates, settings.base.currency, settings.order.wait) == ("on", "GBP", "watermark")


def test_no_key_is_listed_twice() -> None:
    """Each key stands on MSF's list once."""
    assert len(set(ALLOWED_KEYS)) == len(ALLOWED_KEYS)


@pytest.mark.parametrize(
    "key",
    [
        "execution.buffer-timeout.interval",
        "execution.checkpointing.interval",
        "parallelism.default",
        "python.fn-execution.bundle.time",
        "python.state.cache-size",
        "restart-strategy.type",
        "state.backend.type",
    ],
)
def test_what_is_msfs_to_set(key: str) -> None:
    """What MSF keeps to itself is not on the list."""
    assert key not in ALLOWED_KEYS


def test_the_local_cluster_is_locked() -> None:
    """The cluster that runs any plan takes from a job's code nothing but MSF's list."""
    assert LOCK.items() <= cluster(JobPlan()).items()
    assert LOCK["execution.program-config.enabled"] == "false"


@pytest.mark.parametrize(
    ("checkpoint_ms", "written"),
    [
        (300, "300 ms"),
        (1_250, "1250 ms"),
        (5_000, "5 s"),
        (90_000, "90 s"),
        (60_000, "1 min"),
        (7_200_000, "2 h"),
    ],
)
def test_durations_as_flink_writes_them(checkpoint_ms: int, written: str) -> None:
    """A duration is in the largest unit that divides it, as Flink writes it back: the lock compares texts."""
    assert cluster(JobPlan(checkpoint_ms=checkpoint_ms))["execution.checkpointing.interval"] == written
