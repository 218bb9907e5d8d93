"""The JVM in which graphs are built and engine tests run: one for the whole test process."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import grpc
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
    os.environ.update(
        PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        PYTHONPATH=str(PROJECT),
        HADOOP_CLASSPATH=os.pathsep.join(map(str, jars)),
        FLINK_LOG_DIR=str(LOGS),
    )
    return java_gateway.get_gateway()


def stop_servers() -> None:
    """Beam's servers, which a local run starts, are stopped while threads can still be started for it."""
    for thing in gc.get_objects():
        if type(thing) is grpc._server._Server:
            thing.stop(None).wait(5)
