"""
The job on a standalone cluster: a JobManager and two TaskManagers, each a process of its own.

Rules: the settings are those of the local job, but for what processes of their own need;
all run on loopback, as services on the record of the stack.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import yaml

from local import flink_files, job
from local.flink_files import JobPlan
from local.ports import HOST
from local.services import Places, Service
from local.services.probes import http_answers

JOBMANAGER, TASKMANAGER = "jobmanager", "taskmanager"
_RPC_PORT = 16_123  # below the ephemeral range, as those of `local.ports`
_READY_S = 60.0
_TIMEOUT_S = 5.0
_JVM = "-XX:+UseG1GC"


def two_taskmanagers(places: Places, plan: JobPlan) -> list[Service]:
    """JobManager, two TaskManagers of one slot each, and the client that submits the job and waits for it."""
    client = job.job(places, plan)
    rest = places.ports.rest
    return [
        _daemon(client, (JOBMANAGER,), _files(places, plan), partial(_answers, rest)),
        _daemon(client, (TASKMANAGER, "1"), (), partial(_has_taskmanagers, rest, 1)),
        _daemon(client, (TASKMANAGER, "2"), (), partial(_has_taskmanagers, rest, 2)),
        replace(client, ports=(), command=_remote(client.command), files=()),
    ]


def cluster_settings(places: Places, plan: JobPlan) -> str:
    """`config.yaml`: that of the local job, with the addresses and sizes of processes of their own."""
    alone = yaml.safe_load(flink_files.cluster_settings(places, plan))
    return yaml.safe_dump(
        {
            **alone,
            "rest.port": places.ports.rest,
            "jobmanager.rpc.address": HOST,
            "jobmanager.rpc.port": _RPC_PORT,
            "jobmanager.bind-host": HOST,
            "jobmanager.memory.process.size": "1600m",
            "taskmanager.host": HOST,
            "taskmanager.bind-host": HOST,
            "taskmanager.memory.process.size": "2g",
            "taskmanager.numberOfTaskSlots": 1,
            "env.java.opts.jobmanager": _JVM,
            "env.java.opts.taskmanager": _JVM,
            "env.pid.dir": str(places.run / "tmp"),
        }
    )


def _daemon(
    client: Service, words: tuple[str, ...], files: tuple[tuple[Path, str], ...], ready: Callable[[], bool]
) -> Service:
    """One of Flink's own processes, in the foreground, with what the *client* has in its environment."""
    script = flink_files.flink_home() / "bin" / f"{words[0]}.sh"
    return Service(
        name="-".join(words),
        ports=("rest",) if words[0] == JOBMANAGER else (),
        command=("bash", str(script), "start-foreground"),
        ready=ready,
        deadline_s=_READY_S,
        files=files,
        environment=(*client.environment, ("JVM_ARGS", _JVM)),  # its heap is in the settings
    )


def _files(places: Places, plan: JobPlan) -> tuple[tuple[Path, str], ...]:
    """The files of the local job, with the cluster's settings; daemons look for their logging elsewhere."""
    files = dict(flink_files.files(places, plan))
    folder = places.settings("flink")
    files[folder / "config.yaml"] = cluster_settings(places, plan)
    files[folder / "log4j-console.properties"] = files[folder / "log4j-cli.properties"]
    return tuple(files.items())


def _remote(command: Sequence[str]) -> tuple[str, ...]:
    """*command*, for a cluster that runs already."""
    return tuple("remote" if word == "local" else word for word in command)


def _answers(rest_port: int) -> bool:
    return http_answers(rest_port, "/overview", frozenset({200}))


def _has_taskmanagers(rest_port: int, count: int) -> bool:
    """Whether *count* TaskManagers have registered."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{rest_port}/overview", timeout=_TIMEOUT_S) as answer:
            return bool(json.load(answer)["taskmanagers"] >= count)
    except (OSError, LookupError, ValueError):
        return False
