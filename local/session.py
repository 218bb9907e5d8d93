"""
A run or replay from start to end: services, job, traffic, what came back, and where it is.

Rules: whatever happens, what was started is stopped (unless it is to be kept);
if the job dies, feeding and waiting go on until `make up` has brought it back.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import flink_files, job, ports, setup_ends
from local.evaluation import evaluate
from local.export import export_archive, s3
from local.feeder import Feeder, Plan
from local.flink_files import JobPlan
from local.generator.plan import FeedReport
from local.generator.traffic import Source
from local.hot_state import settled_count, wait_for_hot_state
from local.patience import Patience
from local.progress import ProgressLine
from local.stack import Stack, tell
from local.summary import Outcome, summary_table, write_summary
from local.watcher import Watcher
from udfs.clients.dynamodb import RECENT_TRANSACTIONS

_POLL_S = 0.1
_QUIET_S = 60.0  # nothing more is decided for so long while the job runs: the rest never will be
_TICK_S = 3.0  # a job that restarts after the last tick needs another: watermarks are not in state
_END_S = 20.0  # from the savepoint to the end of the process


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """
    What is fed, and how the job takes it.

    Attributes:
        source: Where the transactions come from.
        plan: How they are fed.
        out: Folder that takes the outputs.
    """

    source: Source
    plan: Plan
    out: Path


def begin_anew(stack: Stack, plan: JobPlan) -> None:
    """Empty services and the job run, under *plan*; if they can't, all stays as it is."""
    _require_startable(stack, plan)
    stop(stack)
    stack.erase()
    run = stack.places.run
    for leftover in (flink_files.checkpoints(run), run / "tmp", run / "logs"):
        shutil.rmtree(leftover, ignore_errors=True)
    job.keep_plan(stack.places.run, plan)
    resume(stack)


def resume(stack: Stack) -> None:
    """Services and job run; the job goes on from its newest checkpoint, if there is one."""
    plan = job.kept_plan(stack.places.run)
    _require_startable(stack, plan)
    stack.start()
    setup_ends.create_ends(stack.endpoints)
    stack.add(job.job(stack.places, plan))


def _require_startable(stack: Stack, plan: JobPlan) -> None:
    """What can be known before anything is started: the settings are right, the job's port is free."""
    job.require_settings(stack.places, plan)
    if job.NAME not in stack.running():
        ports.require_free(job.NAME, "rest", stack.places.ports.rest)


def stop(stack: Stack) -> None:
    """Neither job nor services run."""
    stack.stop([job.NAME])
    stack.stop()


def stop_job(stack: Stack) -> None:
    """The job has stopped with a savepoint, and its process has ended."""
    job.stop_with_savepoint(stack.places)
    deadline = time.monotonic() + _END_S
    while job.NAME in stack.running() and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    stack.stop([job.NAME])


def restart_job(stack: Stack) -> None:
    """The job was stopped with a savepoint, and goes on from it."""
    stop_job(stack)
    resume(stack)


@contextmanager
def kept_or_stopped(stack: Stack, *, keep: bool) -> Iterator[None]:
    """Everything is stopped afterwards, unless all went well and it is to be kept."""
    try:
        yield
    except BaseException:
        stop(stack)
        raise
    if not keep:
        stop(stack)


def stream(stack: Stack, traffic: Traffic) -> Outcome:
    """
    Feed *traffic*, wait until all of it is decided and committed, and collect the outputs.

    Returns:
        What was sent and what came of it; `summary.json` and the tables are in `traffic.out`.
    """
    feeder = Feeder(stack.endpoints["kafka"])
    watcher = Watcher(stack.endpoints["kafka"], feeder.sent_ms).start()
    progress = ProgressLine(sys.stderr, lambda: feeder.progress, watcher.snapshot).start()
    began_s = time.monotonic()
    try:
        fed = _fed(stack, feeder, watcher, traffic)
        seconds = time.monotonic() - began_s
    finally:
        feeder.stop()
        progress.stop()
    _commit(stack, watcher)
    watcher.stop()
    return _collected(stack, traffic, watcher, fed, seconds)


def _fed(stack: Stack, feeder: Feeder, watcher: Watcher, traffic: Traffic) -> FeedReport:
    with ThreadPoolExecutor(max_workers=1) as pool:
        feeding = pool.submit(feeder.feed, traffic.source, traffic.plan)
        try:
            _wait_for_decisions(stack, feeder, watcher, feeding)
        except BaseException:
            feeder.stop()
            raise
        return feeding.result()


def _wait_for_decisions(stack: Stack, feeder: Feeder, watcher: Watcher, feeding: Future[FeedReport]) -> None:
    """Return when everything sent was answered, or nothing was for long although the job runs."""
    patience, ticks = Patience(_QUIET_S, time.monotonic), _Every(_TICK_S, feeder.tick_again)
    while True:
        decided, dead = watcher.counts()
        done = feeding.done()
        if done and (feeding.exception() is not None or decided + dead >= len(feeder.sent_ms)):
            return
        _tell_if_gone(stack)
        if done and not job.is_running(stack.places.ports.rest):
            patience.renew()
        elif done and patience.is_out(decided + dead):
            tell(f"\n{len(feeder.sent_ms) - decided - dead:,} of those sent were not decided (repeated ids?)")
            return
        if done:
            ticks.turn()
        time.sleep(_POLL_S)


class _Every:
    """Does something now and then."""

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self._seconds = seconds
        self._act = act
        self._due_s = time.monotonic() + seconds

    def turn(self) -> None:
        """Do it if it is time."""
        if time.monotonic() >= self._due_s:
            self._act()
            self._due_s = time.monotonic() + self._seconds


def _tell_if_gone(stack: Stack) -> None:
    if job.NAME not in stack.running():
        tell("\nthe job is gone; `make up` brings it back, and this goes on")
        while job.NAME not in stack.running():
            time.sleep(_POLL_S)


def _commit(stack: Stack, watcher: Watcher) -> None:
    """The hot state is written and the archive committed: the job has stopped with a savepoint."""
    tell("stopping the job with a savepoint")
    wait_for_hot_state(stack.endpoints["dynamodb"], watcher.versions())
    decided, _ = watcher.counts()
    settled_count(stack.endpoints["dynamodb"], RECENT_TRANSACTIONS.name, decided)
    stop_job(stack)


def _collected(stack: Stack, traffic: Traffic, watcher: Watcher, fed: FeedReport, seconds: float) -> Outcome:
    tell("collecting the outputs")
    out = traffic.out
    root = f"{setup_ends.BUCKET}/archive"
    files = s3(stack.endpoints["s3"], setup_ends.LOCAL_KEY, setup_ends.LOCAL_KEY)
    export_archive(files, root, out)
    outcome = Outcome(
        fed=fed,
        seen=watcher.snapshot(),
        evaluation=evaluate(watcher.decided(), fed.frauds) if fed.labelled else None,
        seconds=seconds,
        outputs={
            "decisions": f"{out}/decisions/*.parquet",
            "features": f"{out}/features/*.parquet",
            "transactions, labels": f"{out}/transactions, {out}/labels",
            "figures": f"{out}/summary.json",
        },
    )
    write_summary(out, outcome)
    print(summary_table(outcome))
    return outcome
