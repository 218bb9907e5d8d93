"""
What becomes of the job when something grows: accounts, one account's share, its past, subtasks.

Rules: each case is its throughput, and its latency at half of that (at most the typical
rate). One thing grows at a time: `payments_each` says how many payments an account has in its
windows, and the first accounts warm the job long before those. What can be is measured in one
job that grows, because another job on the same machine differs by more than what is looked for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

from local.bench import cases
from local.bench.cases import TYPICAL, Case, faults_of
from local.bench.jobs import JobUnderTest, bench_plan
from local.bench.load import LONG_AGO_MS, Pool, Spread
from local.bench.measure import WARM, Rig, rig
from local.cluster import two_taskmanagers
from local.stack import Stack, tell

_FEW, _POOL, _MANY = 1_000, 50_000, 1_000_000  # accounts; those of the pool have profiles
_MILLION = f"accounts_{_MANY}"
_COUNT, _SECONDS = 20_000, 10.0
_STEP = 25_000  # of filling
_ALL_S = 1_470.0  # filling ends early enough, full or not, that all ends in so long
_AFTERWARDS = 1.55  # what follows filling takes so many times what came before it, on any machine
_TURNS, _TURN = 3, 10_000  # of what is held against each other by a few percent
_HOT_RATIO, _HOT_FIRST = 0.3, 3_000
_PASTS = {"entries_20": (1_000, 10), "entries_256": (60, 260)}  # accounts, and payments of each beforehand
_WARM_AGAIN = WARM // 2  # for jobs that are held against a warm one by tens of percent


def one_job(stack: Stack) -> Iterator[Case]:
    """Accounts by the thousand, one with 30 % of the traffic, few with a long past, and a million."""
    began_s, pool = time.monotonic(), Pool(_POOL)
    with rig(stack, JobUnderTest(plan=bench_plan()), pool) as running:
        _warm(running, Spread(pool=pool, accounts=_FEW), WARM)
        yield both(running, f"accounts_{_FEW}")
        yield from _fifty_thousand(running, Spread(pool=pool, accounts=_POOL))
        yield from _their_past(running, pool)
        yield from _a_million(running, pool, filled_until(began_s, time.monotonic()))


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
    return _paced(running, flooded, known + _COUNT / 2 / flooded["accounts"])


def filled_until(began_s: float, now_s: float) -> float:
    """Until when filling may take, if all began at *began_s* and filling begins at *now_s*."""
    return began_s + _ALL_S - _AFTERWARDS * (now_s - began_s)


def _paced(running: Rig, flooded: Case, payments: float) -> Case:
    """*flooded*, and latency at half of its throughput."""
    offered = min(TYPICAL, round(flooded["txn_per_s"] / 2))
    paced = cases.latency(running, flooded["name"], offered, _SECONDS)
    return {**paced, **flooded, "payments_each": round(payments, 2), **faults_of(flooded, paced)}


def _in_turns(running: Rig, mixes: Mapping[str, Spread]) -> Iterator[Case]:
    """*mixes* in turns, the median of each: whatever the machine does meanwhile, it does to all."""
    turns: dict[str, list[Case]] = {name: [] for name in mixes}
    for name, mix in [*mixes.items()] * _TURNS:
        running.sender.mix = mix
        turns[name].append(cases.throughput(running, name, _TURN))
    for name, mix in mixes.items():
        running.sender.mix = mix
        yield _paced(running, cases.median(turns[name]), max(1.0, _TURNS * _TURN / 2 / mix.accounts))


def _fifty_thousand(running: Rig, mix: Spread) -> Iterator[Case]:
    """As many as most other measurements have; in turns with them, one of them with a large share."""
    hot = replace(mix, hot_ratio=_HOT_RATIO)
    for before, payments in ((mix, mix.accounts), (hot, _HOT_FIRST)):
        running.sender.mix = before
        running.pass_on(payments)
    base, heavy = _in_turns(running, {f"accounts_{mix.accounts}": mix, "hot_account": hot})
    yield from (base, {**base, "name": "parallelism_1"}, heavy)


def _their_past(running: Rig, pool: Pool) -> Iterator[Case]:
    """Accounts of their own, with a usual and with a full number of payments each."""
    for name, (accounts, entries) in _PASTS.items():
        running.sender.mix = Spread(pool=pool, accounts=accounts, prefix=f"{name}-")
        running.pass_on(accounts * entries)
        yield both(running, name, entries)


def _a_million(running: Rig, pool: Pool, until_s: float) -> Iterator[Case]:
    """The pool's accounts, met before, and as many others as there was time for; a thousand beside them."""
    in_state = _POOL + _fill(running, Spread(pool=pool, accounts=_MANY - _POOL, first=_POOL), until_s)
    million = Spread(pool=pool, accounts=_MANY)
    few = Spread(pool=pool, accounts=_FEW, prefix="beside-")
    many, beside = _in_turns(running, {_MILLION: million, f"accounts_{_FEW}_beside": few})
    yield {**many, "accounts": in_state, **faults_of(many, short(in_state, _MANY))}
    yield beside


def _spread_out(stack: Stack, under_test: JobUnderTest, name: str) -> Case:
    pool = Pool(_POOL)
    with rig(stack, under_test, pool) as running:
        _warm(running, Spread(pool=pool, accounts=_POOL), _WARM_AGAIN)
        return both(running, name)


def _warm(running: Rig, mix: Spread, least: int) -> None:
    """Profiles and accounts of *mix* are in state and the job is warm; it all happened long ago."""
    running.sender.profiles()
    running.sender.mix, running.sender.age_ms = mix, LONG_AGO_MS
    running.warm_up(least)
    running.sender.age_ms = 0


def _fill(running: Rig, mix: Spread, until_s: float) -> int:
    """Every account of *mix* was met once, if there was time; how many were."""
    tell(f"filling state with {mix.accounts:,} accounts")
    running.sender.mix, before = mix, running.sender.sent
    while (met := running.sender.sent - before) < mix.accounts and time.monotonic() < until_s:
        running.send_ahead(min(_STEP, mix.accounts - met))
        tell(f"  {running.sender.sent - before:,} accounts ({max(0, until_s - time.monotonic()):.0f} s left)")
    running.settle()
    return running.sender.sent - before


def short(seen: int, accounts: int) -> Case:
    """What a case says if there was no time for all *accounts*."""
    said = f"state: found {seen:,} accounts when filling had to end, expected {accounts:,}"
    return {"faults": [said]} if seen < accounts else {}
