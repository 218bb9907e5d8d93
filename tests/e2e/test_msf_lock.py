"""
MSF's lock: a job that sets a key in code which MSF does not allow is refused (ADR-0017).

Both tests submit as `make run` does; every other job of this tier runs under the same lock.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local import artifacts, job, session
from local.errors import ServiceDied
from local.flink_files import JobPlan
from local.msf import LOCK
from local.stack import Stack

pytestmark = pytest.mark.e2e

MAIN = str(artifacts.PROJECT / "flink_app" / "main.py")
WITH_A_KEY_MORE = str(Path(__file__).with_name("unlisted_key.py"))
NAMED = re.compile(r"^ - Configuration (\S+?):", re.MULTILINE)


@pytest.fixture
def locked(stack: Stack) -> Iterator[dict[str, str]]:
    """What the cluster says of itself that runs the job as it is."""
    session.resume(stack)
    url = f"http://127.0.0.1:{stack.places.ports.rest}/jobmanager/config"
    with urllib.request.urlopen(url, timeout=10) as answer:
        yield {entry["key"]: entry["value"] for entry in json.load(answer)}
    stack.stop([job.NAME])


def test_the_job_is_accepted(locked: dict[str, str]) -> None:
    """The job runs on a cluster that takes no keys from its code but those on MSF's list."""
    assert locked["execution.program-config.enabled"] == "false"
    allowed = LOCK["execution.program-config.wildcards"]
    assert locked["execution.program-config.wildcards"] == f"[{', '.join(allowed)}]"


def test_an_unlisted_key_is_refused(stack: Stack) -> None:
    """The same job with one key more is refused, and Flink names that key and no other."""
    as_it_is = job.job(stack.places, JobPlan())
    command = tuple(WITH_A_KEY_MORE if word == MAIN else word for word in as_it_is.command)
    assert command != as_it_is.command
    with pytest.raises(ServiceDied):
        stack.add(replace(as_it_is, name="refused", command=command))
    told = stack.places.log("refused").read_text()
    assert "MutatedConfigurationException: Not allowed configuration change(s) were detected" in told
    assert set(NAMED.findall(told)) == {"python.fn-execution.bundle.time"}
