"""The JVM in which graphs are built and engine tests run: one for the whole test process."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyflink import java_gateway

from local import artifacts

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore"
    )  # PyFlink deprecates a class of its own, Beam calls what others deprecated
    import pyflink.fn_execution.beam.beam_worker_pool_service
    import pyflink.table  # noqa: F401  # imported here first, so that nobody else is warned

PROJECT = Path(__file__).parents[2]
LOGS = PROJECT / ".run" / "logs"


def start() -> Any:
    """
    PyFlink's gateway, with the job's jars on its class path and this environment's Python first on PATH.

    The embedded interpreter asks `python` where its library is, and imports the job and the engine
    tests' fakes from PYTHONPATH. Started once; it ends with the test process, which it watches.
    """
    jars = artifacts.job_jars(artifacts.resolve(print))
    LOGS.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as environment:  # the JVM keeps it; other tiers' processes don't see it
        environment.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        environment.setenv("PYTHONPATH", str(PROJECT))
        environment.setenv("HADOOP_CLASSPATH", os.pathsep.join(map(str, jars)))
        environment.setenv("FLINK_LOG_DIR", str(LOGS))
        return java_gateway.get_gateway()


@contextmanager
def python_beside_it() -> Iterator[None]:
    """Python workers of process mode are processes of their own: their servers in ours would outlive it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("_python_worker_execution_mode", "process")
        yield
