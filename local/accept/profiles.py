"""
The same traffic in thread and in process mode leaves the same.

Promised: every decision, feature, archived transaction and hot item of the process
profile, whose Python runs beside the JVM, is that of the thread profile.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import orjson

from local import session
from local.accept.checks import Check, Report, Size, broken
from local.accept.sameness import Left, Rows, compare
from local.accept.stores import left_in
from local.feeder import Plan
from local.flink_files import JobPlan, in_event_time_order
from local.generator.engine import Generator
from local.generator.order import Order
from local.stack import Stack, tell
from local.watcher import Seen

MODES = ("thread", "process")
_ROWS = {Size.FULL: 20_000, Size.SHORT: 1_000}
_ACCOUNTS = {Size.FULL: 2_000, Size.SHORT: 150}
_START_MS = 1_704_067_200_000  # 2024-01-01
_LATENESS_MS = 1_000
_SEED = 12
_DIGITS = 16  # of a digest, in hexadecimal


class Run(NamedTuple):
    """What was seen of one profile's replay, how long it took, and what it left."""

    seen: Seen
    seconds: float
    left: Left


def profiles(stack: Stack, size: Size) -> Report:
    """Replay the same traffic in each mode, and compare what is left."""
    return judge({mode: _replayed(stack, size, mode) for mode in MODES}, _ROWS[size])


def judge(runs: Mapping[str, Run], sent: int) -> Report:
    """What *runs*, by mode, say about the promise; *sent* transactions went into each."""
    thread, process = (runs[mode] for mode in MODES)
    differences = compare(thread.left, process.left)
    figures: dict[str, object] = {"transactions": sent}
    for mode, run in runs.items():
        figures |= {f"{mode}: {name}": figure for name, figure in _figures(run).items()}
    faults = [fault for mode, run in runs.items() for fault in _faults(mode, run.seen, sent)]
    faults += broken([(not differences.example, f"not the same: {differences.example}")])
    return Report(name="profiles", figures=figures | differences.counts, faults=tuple(faults))


def digest(rows: Rows) -> str:
    """A short name for *rows*: equal for equal ones, in whichever order they were read."""
    lines = (orjson.dumps([key, rows[key]], default=str, option=orjson.OPT_SORT_KEYS) for key in sorted(rows))
    return hashlib.sha256(b"\n".join(lines)).hexdigest()[:_DIGITS]


def plan_of(mode: str) -> JobPlan:
    """The plan under which runs can be compared, in execution mode *mode*."""
    plan = in_event_time_order(_LATENESS_MS)
    engine = {**plan.properties["engine"], "execution.mode": mode}
    return replace(plan, properties={**plan.properties, "engine": engine})


CHECKS = (Check(name="profiles", run=profiles, plan=None),)


def _figures(run: Run) -> dict[str, object]:
    return {
        "decided": run.seen.decisions,
        "alerts": run.seen.alerts,
        "decided again": run.seen.duplicates,
        "degraded": run.seen.degraded,
        "late": run.seen.late,
        "digest of decisions": digest(run.left.decisions),
        "seconds": f"{run.seconds:.1f}",
        "decisions a second": round(run.seen.decisions / run.seconds),
    }


def _faults(mode: str, seen: Seen, sent: int) -> tuple[str, ...]:
    return broken(
        [
            (seen.decisions == sent, f"{mode}: {seen.decisions:,} of {sent:,} decided"),
            (not seen.degraded, f"{mode}: {seen.degraded:,} scores were degraded"),
            (not seen.late, f"{mode}: {seen.late:,} came late"),
        ]
    )


def _replayed(stack: Stack, size: Size, mode: str) -> Run:
    tell(f"a replay in {mode} mode")
    session.begin_anew(stack, plan_of(mode))
    source = Generator(seed=_SEED, accounts=_ACCOUNTS[size], start_ms=_START_MS)
    plan = Plan(order=Order(limit=_ROWS[size]), lateness_ms=_LATENESS_MS)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        outcome = session.stream(stack, session.Traffic(source=source, plan=plan, out=out))
        return Run(outcome.seen, outcome.seconds, left_in(stack, out))
