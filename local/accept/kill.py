"""
SIGKILL in the middle of a replay, twice: nothing is lost, and the end is the same as without.

The endpoint answers nothing at the moments of the kills, so that transactions are
pending when the job dies; how many is told for each kill.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from local import job, session
from local.accept.checks import Check, Report, Size, broken
from local.accept.endpoint import set_faults
from local.accept.sameness import Left, compare
from local.accept.stores import left_in
from local.feeder import Plan
from local.flink_files import in_event_time_order
from local.generator.engine import Generator
from local.generator.order import Order
from local.stack import Stack, tell
from local.summary import Outcome
from local.watcher import Watcher

_ROWS = {Size.FULL: 20_000, Size.SHORT: 2_000}
_ACCOUNTS = {Size.FULL: 2_000, Size.SHORT: 300}
_FED_S = 33.0  # so long is the killed run fed: some is still to come at its second kill
_START_MS = 1_704_067_200_000  # 2024-01-01
_MOMENTS = (0.3, 0.6)  # shares of the transactions that are decided when the job is killed
_DELAY_MS = 150  # of the endpoint; far below the deadline
_HOLD_MS = 4_000  # of the endpoint before a kill: under the replay's deadline of 5 s
_LATENESS_MS = 1_000


def kill(stack: Stack, size: Size) -> Report:
    """Replay the same traffic twice, once killed at two moments, and compare what is left."""
    with tempfile.TemporaryDirectory() as folder:
        tell("a replay that is left alone")
        whole, one = _replayed(stack, size, Path(folder, "whole"), None)
        tell("the same, killed twice")
        killer = _Killer(stack, [round(share * _ROWS[size]) for share in _MOMENTS])
        killed, other = _replayed(stack, size, Path(folder, "killed"), killer)
    differences = compare(one, other)
    figures: dict[str, object] = {
        "transactions": killed.fed.transactions,
        "decided, left alone": whole.seen.decisions,
        "decided, killed": killed.seen.decisions,
        "decided again": killed.seen.duplicates,
        "degraded": whole.seen.degraded + killed.seen.degraded,
        **{f"pending at kill {n}": count for n, count in enumerate(killer.pending, 1)},
        **differences.counts,
    }
    return Report(name="kill", figures=figures, faults=_faults(whole, killed, killer, differences.example))


def _faults(whole: Outcome, killed: Outcome, killer: _Killer, example: str) -> tuple[str, ...]:
    sent = killed.fed.transactions
    return broken(
        [
            (whole.seen.decisions == sent, f"left alone: {whole.seen.decisions:,} of {sent:,} decided"),
            (killed.seen.decisions == sent, f"killed: {killed.seen.decisions:,} of {sent:,} decided"),
            (
                len(killer.pending) == len(_MOMENTS),
                f"killed {len(killer.pending)} times, not {len(_MOMENTS)}",
            ),
            (any(killer.pending), "nothing was pending at any kill"),
            (not whole.seen.degraded + killed.seen.degraded, "some scores were degraded"),
            (not example, f"not the same: {example}"),
        ]
    )


def _replayed(stack: Stack, size: Size, out: Path, killer: _Killer | None) -> tuple[Outcome, Left]:
    session.begin_anew(stack, in_event_time_order(_LATENESS_MS))
    set_faults(stack, delay_ms=[_DELAY_MS, _DELAY_MS])
    source = Generator(seed=11, accounts=_ACCOUNTS[size], start_ms=_START_MS)
    rate = None if killer is None else _ROWS[size] / _FED_S
    plan = Plan(order=Order(limit=_ROWS[size]), rate=rate, lateness_ms=_LATENESS_MS)
    traffic = session.Traffic(source=source, plan=plan, out=out)
    if killer is not None:
        killer.start()
    outcome = session.stream(stack, traffic)
    return outcome, left_in(stack, out)


class _Killer:
    """Kills the job when so many are decided, starts it again as `make up` does, counts what was pending."""

    def __init__(self, stack: Stack, moments: Sequence[int]) -> None:
        self.pending: list[int] = []
        self._stack = stack
        self._moments = moments
        self._lost = 0  # asked in former lives and never answered

    def start(self) -> None:
        """The moments are waited for in a thread of its own."""
        threading.Thread(target=self._run, name="killer", daemon=True).start()

    def _run(self) -> None:
        watcher = Watcher(self._stack.endpoints["kafka"]).start(from_beginning=True)
        for moment in self._moments:
            while watcher.counts()[0] < moment:
                time.sleep(0.02)
            set_faults(self._stack, delay_ms=[_HOLD_MS, _HOLD_MS])
            self._wait_until_asked()
            self._stack.kill(job.NAME)
            set_faults(self._stack, delay_ms=[_DELAY_MS, _DELAY_MS])
            self.pending.append(self._count(watcher))
            tell(f"\nkilled with {self.pending[-1]:,} transactions pending; starting it again")
            session.resume(self._stack)
        watcher.stop()

    def _wait_until_asked(self) -> None:
        """Rows are asked for that the endpoint holds back; or none come any more."""
        asked, until = _rows_asked(self._stack), time.monotonic() + _HOLD_MS / 2_000
        while _rows_asked(self._stack) == asked and time.monotonic() < until:
            time.sleep(0.02)

    def _count(self, watcher: Watcher) -> int:
        time.sleep(1)  # what the broker has is read
        seen = watcher.snapshot()
        pending = _rows_asked(self._stack) - seen.decisions - seen.duplicates - self._lost
        self._lost += pending
        return pending


def _rows_asked(stack: Stack) -> int:
    """Rows that the endpoint was asked to score since it started."""
    url = f"{stack.endpoints['sagemaker']}/stats"
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  # loopback, ours
        return int(json.load(answer)["asked"])


CHECKS = (Check(name="kill", run=kill, plan=None),)
