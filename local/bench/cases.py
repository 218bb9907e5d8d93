"""
The cases of `make bench`: each a measurement on a running job, and the figures of it.

Rule: names and fields are those of `build/bench.json` (DESIGN); a case says itself what is
wrong with it, in `faults`.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow.dataset as ds

from local import session, setup_ends
from local.bench.load import Sent
from local.bench.measure import Leg, Measured, Rig, Used
from local.bench.readback import Answer
from local.bench.times import QUANTILES, Course, course, quantiles, rate, settled_rate, split, took
from local.export import finished_files, s3
from local.hot_state import settled_count, wait_for_hot_state
from local.services.pids import OsProcesses, Pids
from local.stack import tell
from udfs.clients.dynamodb import RECENT_TRANSACTIONS

Case = dict[str, Any]

TYPICAL = 1_157  # a second: 100 million a day
BURST, BURST_S, PAUSE_S = 3 * TYPICAL, 10.0, 10.0
_BEFORE_S, _AFTER_S = 5.0, 25.0
_ENDS = ("p50", "p99")


def throughput(rig: Rig, name: str, count: int) -> Case:
    """The rate of *count* messages, as fast as the job takes them."""
    return throughput_and_answers(rig, name, count)[0]


def throughput_and_answers(rig: Rig, name: str, count: int) -> tuple[Case, list[Answer]]:
    """The same, and what was answered."""
    tell(f"case {name}: {count:,} transactions as fast as they are taken")
    measured = rig.flooded(count)
    case = {
        "name": name,
        **_traits(rig),
        "txn_per_s": round(settled_rate(answer.appended_ms for answer in measured.answers), 1),
        "transactions": count,
        **_decided(measured, count),
        **_used(measured.used, count),
    }
    return case, measured.answers


def latency(rig: Rig, name: str, offered: float, seconds: float) -> Case:
    """Latency at a fixed rate that waits for nobody."""
    tell(f"case {name}: {seconds:.0f} s at {offered:,.0f}/s")
    measured = rig.paced(Leg(offered, seconds))
    (sent,) = measured.sents
    return {
        "name": name,
        **_traits(rig),
        "offered_per_s": offered,
        "achieved_per_s": round(rate(answer.appended_ms for answer in measured.answers), 1),
        "transactions": sent.count,
        **_decided(measured, sent.count),
        **_latencies(measured, sent),
        **_used(measured.used, sent.count),
    }


def latencies(rig: Rig, prefix: str, rates: Mapping[int, float]) -> Iterator[Case]:
    """Latency at each of *rates*, for so many seconds."""
    for offered, seconds in rates.items():
        yield latency(rig, f"{prefix}_{offered}", offered, seconds)


def burst(rig: Rig) -> Case:
    """Three times the typical rate for 10 s, and how long it takes to be even again."""
    tell(f"case burst: {BURST_S:.0f} s at {BURST:,}/s within {_BEFORE_S + _AFTER_S:.0f} s at {TYPICAL:,}/s")
    measured = rig.paced(Leg(TYPICAL, _BEFORE_S), Leg(BURST, BURST_S), Leg(TYPICAL, _AFTER_S))
    seen = course(measured.sents, measured.answers)
    return {
        "name": "burst",
        **_surge(rig, measured, seen),
        "burst_per_s": BURST,
        "burst_s": BURST_S,
        "recovered_s": seen.even_after_s(measured.sents[2].due_ms),
    }


def catch_up(rig: Rig) -> Case:
    """The job's process stands still for 10 s under traffic, and how long it takes to be even again."""
    tell(f"case catch_up: {PAUSE_S:.0f} s of pause within {_BEFORE_S + _AFTER_S:.0f} s at {TYPICAL:,}/s")
    pids = Pids(rig.stack.places.run / "pids.json", OsProcesses())
    measured = rig.paced(
        Leg(TYPICAL, _BEFORE_S),
        Leg(TYPICAL, PAUSE_S, lambda: pids.signal("job", signal.SIGSTOP)),
        Leg(TYPICAL, _AFTER_S, lambda: pids.signal("job", signal.SIGCONT)),
    )
    seen = course(measured.sents, measured.answers)
    return {
        "name": "catch_up",
        **_surge(rig, measured, seen),
        "pause_s": PAUSE_S,
        "caught_up_s": seen.even_after_s(measured.sents[2].due_ms),
    }


def committed(rig: Rig) -> Case:
    """The job has stopped with a savepoint, and the archive has a row for each decision."""
    tell("stopping the job with a savepoint; counting the archive")
    decided, restarts = rig.decided, rig.restarts()
    session.stop_job(rig.stack)
    archived = _archived(rig.stack.endpoints["s3"])
    return {"decided": decided, "archived": archived, **end_faults(decided, archived, restarts)}


def end_faults(decided: int, archived: int, restarts: int) -> Case:
    """What went wrong with a whole job, if anything."""
    said = [f"archive: found {archived:,} rows, expected {decided:,}"] if archived != decided else []
    said += [f"the job restarted {restarts} times"] if restarts else []
    return {"faults": said} if said else {}


def hot_state_written(rig: Rig, answers: list[Answer]) -> Case:
    """
    Every account that was decided on is in DynamoDB, as new as its last decision; how long that took.

    And how many transactions: of those that were owed when too much was, some never come.
    """
    tell("waiting for the hot state")
    began_s, versions = time.monotonic(), newest_versions(answers)
    wait_for_hot_state(rig.stack.endpoints["dynamodb"], versions)
    hot_s = time.monotonic() - began_s
    recent = settled_count(rig.stack.endpoints["dynamodb"], RECENT_TRANSACTIONS.name)
    return {
        "hot_accounts": len(versions),
        "hot_after_s": round(hot_s, 1),
        "recent_written": recent,
        "recent_skipped": rig.decided - recent,
        "recent_after_s": round(time.monotonic() - began_s, 1),
    }


def newest_versions(answers: list[Answer]) -> dict[str, int]:
    """The newest version of each account in *answers*."""
    newest: dict[str, int] = {}
    for answer in answers:
        newest[answer.account_id] = max(answer.version, newest.get(answer.account_id, 0))
    return newest


def median(turns: Sequence[Case]) -> Case:
    """The case of middling throughput among *turns*, with what was wrong in any of them."""
    ordered = sorted(turns, key=lambda turn: turn["txn_per_s"])
    return {**ordered[len(ordered) // 2], **faults_of(*turns)}


def faults_of(*found: Case) -> Case:
    """What was wrong with any of *found*."""
    faults = [fault for case in found for fault in case.get("faults", ())]
    return {"faults": faults} if faults else {}


def _traits(rig: Rig) -> Case:
    return {**rig.job.traits, "accounts": rig.sender.mix.accounts}


def _decided(measured: Measured, count: int) -> Case:
    answers = measured.answers
    lost = [f"{count - len(answers):,} of {count:,} were not decided"] if len(answers) != count else []
    degraded = sum(answer.degraded for answer in answers) / max(1, len(answers))
    return {"degraded": round(degraded, 6), **({"faults": lost} if lost else {})}


def _latencies(measured: Measured, sent: Sent) -> Case:
    tooks = took(sent, measured.answers)
    inside, outside = split(tooks, measured.checkpoints)
    during = [span for span in measured.checkpoints if span.ended_ms > sent.due_ms]
    return {
        "latency_ms": quantiles(each.latency_ms for each in tooks),
        "during_checkpoints_ms": quantiles(inside, _ENDS),
        "outside_checkpoints_ms": quantiles(outside, _ENDS),
        "checkpoints_ms": [round(span.ended_ms - span.began_ms) for span in during],
        "sender_behind_ms": round(sent.behind_ms, 1),
    }


def _surge(rig: Rig, measured: Measured, seen: Course) -> Case:
    count = len(seen.due_ms)
    tooks = [each for sent in measured.sents for each in took(sent, measured.answers)]
    return {
        **_traits(rig),
        "offered_per_s": TYPICAL,
        "transactions": count,
        **_decided(measured, count),
        "latency_ms": quantiles((each.latency_ms for each in tooks), QUANTILES),
        "series": seen.series(),
        **_used(measured.used, count),
    }


def _used(used: Used, count: int) -> Case:
    return {
        "cores": {name: round(cpu_s / used.seconds, 3) for name, cpu_s in used.processes.items()},
        "stolen_cores": round(used.stolen / used.seconds, 3),
        "us_per_txn": _each(used.processes, count),
        "thread_us_per_txn": _each(used.threads, count),
    }


def _each(cpu_s: Mapping[str, float], count: int) -> dict[str, float]:
    """Microseconds a message, the most first; what is too little to tell is left out."""
    us = {name: round(seconds / count * 1e6, 1) for name, seconds in cpu_s.items()}
    return {name: each for name, each in sorted(us.items(), key=lambda one: -one[1]) if each}


def _archived(endpoint: str) -> int:
    files = s3(endpoint, setup_ends.LOCAL_KEY, setup_ends.LOCAL_KEY)
    paths = finished_files(files, f"{setup_ends.BUCKET}/archive/decisions")
    return int(ds.dataset(paths, filesystem=files, format="parquet").count_rows())
