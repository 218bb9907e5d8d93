"""What Flink says of its checkpoints, over its own REST address."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

from local.bench.times import Span

_TIMEOUT_S = 10


def checkpoints(rest_port: int) -> list[Span]:
    """The last complete checkpoints of the job that runs, from trigger to end; Flink remembers ten."""
    jobs = _ask(rest_port, "/jobs")["jobs"]
    job_id = next(job["id"] for job in jobs if job["status"] == "RUNNING")
    return spans(_ask(rest_port, f"/jobs/{job_id}/checkpoints"))


def spans(said: Mapping[str, Any]) -> list[Span]:
    """The complete checkpoints in what Flink *said* of them, oldest first."""
    complete = (each for each in said["history"] if each["status"] == "COMPLETED")
    found = ((each["trigger_timestamp"], each["end_to_end_duration"]) for each in complete)
    return sorted(Span(began_ms, began_ms + took_ms) for began_ms, took_ms in found)


def _ask(rest_port: int, path: str) -> Any:
    address = f"http://127.0.0.1:{rest_port}{path}"
    with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:  # loopback, our own
        return json.load(answer)
