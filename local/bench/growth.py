"""
What becomes of the job when something grows: accounts, one account's share, its past, subtasks.

Rules: each case is its throughput, and its latency at half of that (at most the typical
rate). Warming up happens long before the windows measured, so that few accounts have not
many more payments each to be looked through than many accounts have: one thing grows at a time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from local.bench import cases
from local.bench.cases import TYPICAL, Case
from local.bench.jobs import JobUnderTest, bench_plan
from local.bench.load import LONG_AGO_MS, Pool, Spread
from local.bench.measure import Rig, rig
from local.cluster import two_taskmanagers
from local.stack import Stack, tell

_POOL = 50_000
_COUNT, _SECONDS = 30_000, 15.0
_STEP = 50_000  # of filling
_FILL_S = 480.0
_HOT_RATIO, _HOT_FIRST = 0.3, 3_000
_USUAL, _FULL = (3_000, 15), (200, 260)  # accounts, and payments of each before it is measured


def one_job(stack: Stack) -> Iterator[Case]:
    """50,000 accounts; then one of them with 30 % of the traffic; then few and many payments each."""
    pool = Pool(_POOL)
    with rig(stack, JobUnderTest(plan=bench_plan()), pool) as running:
        _warm(running, Spread(pool=pool, accounts=_POOL))
        yield (base := both(running, f"accounts_{_POOL}"))
        yield {**base, "name": "parallelism_1"}
        running.sender.mix = Spread(pool=pool, accounts=_POOL, hot_ratio=_HOT_RATIO)
        running.pass_on(_HOT_FIRST)
        yield both(running, "hot_account")
        for name, (accounts, entries) in {"entries_20": _USUAL, "entries_256": _FULL}.items():
            running.sender.mix = Spread(pool=pool, accounts=accounts, prefix=f"{name}-")
            running.pass_on(accounts * entries)
            yield both(running, name, entries)


def few_accounts(stack: Stack) -> Iterator[Case]:
    """1,000 accounts in state."""
    pool = Pool(_POOL)
    with rig(stack, JobUnderTest(plan=bench_plan()), pool) as running:
        _warm(running, Spread(pool=pool, accounts=1_000))
        yield both(running, "accounts_1000")


def many_accounts(stack: Stack) -> Iterator[Case]:
    """1,000,000 accounts in state, or as many as there was time for."""
    pool = Pool(_POOL)
    with rig(stack, JobUnderTest(plan=bench_plan()), pool) as running:
        mix = Spread(pool=pool, accounts=1_000_000)
        running.sender.mix, running.sender.age_ms = mix, LONG_AGO_MS
        running.sender.profiles()
        seen = _fill(running, mix.accounts)
        running.sender.age_ms = 0
        yield {**both(running, "accounts_1000000"), **_met(seen, mix.accounts)}


def subtasks(stack: Stack) -> Iterator[Case]:
    """Two and four subtasks in one process, which share one interpreter lock."""
    for parallelism in (2, 4):
        under_test = JobUnderTest(plan=bench_plan(parallelism=parallelism))
        yield _spread_out(stack, under_test, f"parallelism_{parallelism}")


def taskmanagers(stack: Stack) -> Iterator[Case]:
    """Two TaskManagers of one slot each, as MSF would run it."""
    under_test = JobUnderTest(plan=bench_plan(parallelism=2), services=two_taskmanagers)
    yield _spread_out(stack, under_test, "taskmanagers_2")


def both(running: Rig, name: str, known: float = 0) -> Case:
    """Throughput and latency at half of it, of accounts with *known* payments each in their windows."""
    flooded = cases.throughput(running, name, _COUNT)
    offered = min(TYPICAL, round(flooded["txn_per_s"] / 2))
    paced = cases.latency(running, name, offered, _SECONDS)
    payments = known + _COUNT / 2 / flooded["accounts"]
    faults = [*flooded.get("faults", ()), *paced.get("faults", ())]
    return {**paced, **flooded, "payments_each": round(payments, 2), **({"faults": faults} if faults else {})}


def _spread_out(stack: Stack, under_test: JobUnderTest, name: str) -> Case:
    pool = Pool(_POOL)
    with rig(stack, under_test, pool) as running:
        _warm(running, Spread(pool=pool, accounts=_POOL))
        return both(running, name)


def _warm(running: Rig, mix: Spread) -> None:
    """Each account of *mix* is in state and the job is warm; it all happened long ago."""
    running.sender.profiles(min(mix.accounts, _POOL))
    running.sender.mix, running.sender.age_ms = mix, LONG_AGO_MS
    running.warm_up()
    running.sender.age_ms = 0


def _fill(running: Rig, accounts: int) -> int:
    """Every account was met once, if there was time; how many were."""
    tell(f"filling state with {accounts:,} accounts")
    began_s = time.monotonic()
    while running.sender.sent < accounts and time.monotonic() - began_s < _FILL_S:
        running.send_ahead(min(_STEP, accounts - running.sender.sent))
        tell(f"  {running.sender.sent:,} accounts ({time.monotonic() - began_s:.0f} s)")
    running.settle()
    return running.sender.sent


def _met(seen: int, accounts: int) -> Case:
    """What a case says of accounts that there was no time for."""
    short = f"state: found {seen:,} accounts after {_FILL_S:.0f} s, expected {accounts:,}"
    return {"accounts": seen, **({"faults": [short]} if seen < accounts else {})}
