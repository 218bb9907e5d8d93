"""
`build/bench.json`: the cases of every kind of run, each as it was measured last.

Rule: a run replaces the cases whose names it measured and leaves the others; each case
says itself of which commit it is.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.artifacts import PROJECT
from local.bench.cases import Case
from local.bench.costs import stages
from local.bench.page import page

FOLDER = PROJECT / "build"
_FLOORS = {"throughput": "floor", "throughput_dynamodb": "floor"}
_GIB = 1024 * 1024  # of KiB, in which /proc counts


def load(folder: Path = FOLDER) -> dict[str, Any]:
    """The report that *folder* has, or an empty one."""
    try:
        report: dict[str, Any] = json.loads((folder / "bench.json").read_text())
    except (OSError, ValueError):
        return {"cases": []}
    return report


def save(report: Mapping[str, Any], folder: Path = FOLDER) -> tuple[Path, Path]:
    """`bench.json` and `bench.html` in *folder* show *report*."""
    folder.mkdir(parents=True, exist_ok=True)
    data, shown = folder / "bench.json", folder / "bench.html"
    data.write_text(json.dumps(report, indent=1) + "\n")
    shown.write_text(page(report))
    return data, shown


def merged(report: Mapping[str, Any], found: Mapping[str, Any], head: Mapping[str, Any]) -> dict[str, Any]:
    """
    *report* with what was *found*: its `cases` instead of those of the same names, all else as it is.

    The floors' figures stand beside the cases that they belong to, and the stages are told anew.
    """
    mine = {"commit": head["commit"], "dirty": head["dirty"], "date": head["date"]}
    new = [{**case, **mine} for case in found.get("cases", ())]
    names = {case["name"] for case in new}
    kept = [case for case in report.get("cases", ()) if case["name"] not in names]
    both = {**report, **found, **head, "cases": beside_floors([*kept, *new])}
    return {**both, "stages": stages(both)}


def beside_floors(cases: Sequence[Case]) -> list[Case]:
    """*cases* with the figures of their floors, where those were measured."""
    known = {case["name"]: case for case in cases}
    return [{**case, **_floor_of(case, known)} for case in cases]


def _floor_of(case: Case, known: Mapping[str, Case]) -> Case:
    floor = known.get(_FLOORS.get(case["name"], ""))
    if floor is not None:
        ratio = round(case["txn_per_s"] / floor["txn_per_s"], 4)
        return {"floor_txn_per_s": floor["txn_per_s"], "ratio": ratio}
    if case["name"].startswith("latency_"):
        paced = known.get(f"floor_{case['offered_per_s']:.0f}")
        return {"floor_latency_ms": paced["latency_ms"]} if paced else {}
    return {}


def head() -> dict[str, Any]:
    """Of which commit a run is, on which machine, and when."""
    return {
        "commit": _git("rev-parse", "--short", "HEAD") or "unknown",
        "dirty": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "machine": machine(Path("/proc/cpuinfo").read_text(), Path("/proc/meminfo").read_text()),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def machine(cpuinfo: str, meminfo: str) -> str:
    """The machine in a few words: cores, processor, memory."""
    model = next(_values(cpuinfo, "model name"), "unknown processor")
    memory_kib = int(next(_values(meminfo, "MemTotal"), "0").split()[0])
    return f"{os.cpu_count()} cores, {model}, {memory_kib / _GIB:.0f} GiB"


def _values(text: str, name: str) -> Iterator[str]:
    lines = (line.partition(":") for line in text.splitlines())
    return (value.strip() for found, _, value in lines if found.strip() == name)


def _git(*words: str) -> str:
    command = ["git", "-C", str(PROJECT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
