"""
The local job: the same `flink_app/main.py`, submitted with Flink's own client to a cluster in one process.

Rules: it is one more service of the stack, on the same record of processes; it
goes on from the newest retained checkpoint or savepoint unless told to begin anew.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from flink_app.settings import parse_settings
from local import artifacts, flink_files
from local.errors import StackError
from local.flink_files import JobPlan
from local.services import Places, Service
from schemas.errors import ConfigurationError

NAME = "job"
_READY_S = 120
_SAVEPOINT_S = 120
_PLAN = "job.json"


def job(places: Places, plan: JobPlan) -> Service:
    """
    The job under *plan*, restored from the newest checkpoint there is.

    Raises:
        StackError: If its settings are wrong.
    """
    require_settings(places, plan)
    jars = [word for jar in artifacts.job_jars(places.jars) for word in ("-C", jar.as_uri())]
    newest = newest_checkpoint(places.run)
    restore = () if newest is None else ("-s", newest.as_uri())
    main = Path(__file__).parents[1] / "flink_app" / "main.py"
    artifacts.flink_plugins(places.jars)
    return Service(
        name=NAME,
        ports=("rest",),
        command=(
            *("bash", str(flink_files.flink_home() / "bin" / "flink"), "run", "-t", "local"),
            *(*jars, *restore, "-py", str(main)),
            *("--properties", str(places.settings("application_properties.json"))),
        ),
        ready=partial(is_running, places.ports.rest),
        deadline_s=_READY_S,
        files=flink_files.files(places, plan),
        environment=tuple({**flink_files.environment(places, plan), "PATH": _path()}.items()),
    )


def require_settings(places: Places, plan: JobPlan) -> None:
    """
    The job takes the settings of *plan*; told before a JVM is started for them.

    Raises:
        StackError: With every fault that the job would find.
    """
    entries = json.loads(flink_files.properties_of(places, plan))
    try:
        parse_settings({entry["PropertyGroupId"]: entry["PropertyMap"] for entry in entries})
    except ConfigurationError as fault:
        raise StackError(str(fault)) from fault


def _path() -> str:
    """PATH with this interpreter's folder first: the embedded one asks `python` where its library is."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def newest_checkpoint(run: Path) -> Path | None:
    """The newest complete checkpoint or savepoint of a run folder, None when there is none."""
    complete = flink_files.checkpoints(run).glob("**/_metadata")
    newest = max(complete, key=lambda path: path.stat().st_mtime_ns, default=None)
    return None if newest is None else newest.parent


def keep_plan(run: Path, plan: JobPlan) -> None:
    """`make up` finds *plan*."""
    run.mkdir(parents=True, exist_ok=True)
    (run / _PLAN).write_text(json.dumps(asdict(plan), indent=2))


def kept_plan(run: Path) -> JobPlan:
    """The plan of the job that ran last here, or the default one."""
    try:
        return JobPlan(**json.loads((run / _PLAN).read_text()))
    except (OSError, ValueError, TypeError):
        return JobPlan()


def is_running(rest_port: int) -> bool:
    """Whether the job and all its tasks run."""
    try:
        job_id = _job_id(rest_port)
        vertices = _ask(rest_port, f"/jobs/{job_id}")["vertices"]
    except (OSError, LookupError, ValueError):
        return False
    return all(vertex["status"] == "RUNNING" for vertex in vertices)


def restarts(rest_port: int) -> int:
    """How often Flink has restarted the job since it was submitted."""
    path = f"/jobs/{_job_id(rest_port)}/metrics?get=numRestarts"
    return int(float(_ask(rest_port, path)[0]["value"]))


def stop_with_savepoint(places: Places) -> None:
    """
    The job has ended; all it decided is committed, and a savepoint is the newest checkpoint.

    Raises:
        StackError: If Flink does not manage within two minutes, and why.
    """
    port, target = places.ports.rest, flink_files.checkpoints(places.run) / "savepoints"
    before = set(target.glob("*"))
    request = {"drain": False, "targetDirectory": target.as_uri()}
    job_id = _job_id(port)
    trigger = _ask(port, f"/jobs/{job_id}/stop", request)["request-id"]
    deadline = time.monotonic() + _SAVEPOINT_S
    while time.monotonic() < deadline:
        if _has_stopped(port, f"/jobs/{job_id}/savepoints/{trigger}"):
            break
        time.sleep(0.1)
    if not any((path / "_metadata").exists() for path in set(target.glob("*")) - before):
        raise StackError(f"the job took no savepoint within {_SAVEPOINT_S} s; look into {places.log(NAME)}")


def _has_stopped(port: int, path: str) -> bool:
    """Whether the savepoint is done; the cluster goes away with its job, sometimes before it can say so."""
    try:
        answer = _ask(port, path)
    except OSError:
        return True
    if answer["status"]["id"] != "COMPLETED":
        return False
    _require_location(answer["operation"])
    return True


def _require_location(operation: dict[str, Any]) -> None:
    if "location" not in operation:
        cause = operation.get("failure-cause", {}).get("stack-trace", "no cause given")
        raise StackError(f"the job took no savepoint: {cause.splitlines()[0]}")


def _job_id(rest_port: int) -> str:
    running = [job["id"] for job in _ask(rest_port, "/jobs")["jobs"] if job["status"] == "RUNNING"]
    if not running:
        raise LookupError("no job runs")
    return str(running[0])


def _ask(rest_port: int, path: str, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(  # loopback, our own address
        f"http://127.0.0.1:{rest_port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # as above
        return json.load(answer)
