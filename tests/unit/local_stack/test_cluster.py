"""The standalone cluster, as far as it is data."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from local.cluster import cluster_settings
from local.flink_files import JobPlan
from local.flink_files import cluster_settings as alone
from local.ports import Ports
from local.services import Places

pytestmark = pytest.mark.unit

PLACES = Places(run=Path("/run-folder"), jars=Path("/jars"), ports=Ports(rest=18_181))


def test_the_cluster_has_what_the_local_job_has() -> None:
    """State backend, checkpoints, restarts and all else are the same; a TaskManager has one slot."""
    plan = JobPlan(parallelism=2, backend="hashmap")
    expected, found = (yaml.safe_load(made(PLACES, plan)) for made in (alone, cluster_settings))
    differing = {name for name in expected if expected[name] != found[name]}
    assert differing <= {"taskmanager.numberOfTaskSlots"}
    assert found["taskmanager.numberOfTaskSlots"] == 1


def test_the_cluster_stays_on_loopback() -> None:
    """Every address of the cluster is this machine's own, and its REST port is the stack's."""
    found = yaml.safe_load(cluster_settings(PLACES, JobPlan()))
    addresses = {value for name, value in found.items() if name.endswith(("host", "address"))}
    assert addresses == {"127.0.0.1"}
    assert (found["rest.port"], found["rest.bind-port"]) == (18_181, "18181")
