"""
The cost table: microseconds of CPU a transaction, by stage of the job and by process.

Rules: threads and processes are what the kernel counted in the case `throughput`; inside
the decide thread the pure stages are what `pure` measured, alone and with warm caches, so
that the last row, what is left of the thread, is a little too large. No time is counted twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from local.bench.cpu import CLIENTS, DECIDE

Stage = dict[str, Any]

_TASK, _INTAKE, _OTHER = "job: decide thread", "job: source thread", "job: other threads"
_SOURCE = "source: watermarks, key exchange"
# The first letters of a thread's name, and what it does
_THREADS = {
    "Source Data Fet": "source: fetch",
    "Source: read": _SOURCE,
    "observe": "features of other entities",
    CLIENTS: "scoring client",
    "kafka-producer-": "sinks: Kafka producers",
    "rows for": "sinks: Parquet archive",
    "s3a-": "sinks: uploads to S3",
    "OutputFlusher": "flush of network buffers",
    "Time Trigger": "timers",
    "rocksdb": "RocksDB: flush, compaction",
    "C1 ": "JVM: compilers",
    "C2 ": "JVM: compilers",
    "GC ": "JVM: garbage collection",
    "G1 ": "JVM: garbage collection",
    "VM ": "JVM: garbage collection",
}
_REST = "JVM and Flink: all other threads"


def stages(report: Mapping[str, Any]) -> list[Stage]:
    """The cost table of *report*, as far as its cases and `pure` have figures for it."""
    known = {case["name"]: case for case in report["cases"]}
    threads = known.get("throughput", {}).get("thread_us_per_txn", {})
    if not threads:
        return list(report.get("stages", ()))
    pure = {each["stage"]: each["us_per_txn"] for each in report.get("pure", ())}
    floor = known.get("floor", {}).get("thread_us_per_txn", {})
    return [
        *_of_intake(pure),
        *_of_decide(task_us(threads), pure, task_us(floor)),
        *_of_threads(threads, sum(intake_stages(pure).values())),
        *_of_processes(known),
    ]


def task_us(threads: Mapping[str, float]) -> float:
    """What the thread of the decide operator costs among *threads*; 0 if it is not there."""
    return sum(us for name, us in threads.items() if name.startswith(DECIDE))


def intake_stages(pure: Mapping[str, float]) -> dict[str, float]:
    """The pure stages of the source's thread, which checks what it reads."""
    if not pure:
        return {}
    return {"decode and checks": pure["intake_json"] - pure["tokenise"], "tokenisation": pure["tokenise"]}


def pure_stages(pure: Mapping[str, float]) -> dict[str, float]:
    """The pure stages of the decide thread, without what they have in common."""
    if not pure:
        return {}
    considered = pure["desk_consider"] + pure["desk_conclude"]
    return {
        "state: unpack": pure["state_decode_20"],
        "state: pack": pure["state_encode_20"],
        "features": pure["features_20"],
        "rules": pure["rules"],
        "row for the endpoint": pure["encode_row"],
        "verdict and what is pending": max(0.0, considered - pure["features_20"] - pure["rules"]),
        "encoder: decision": pure["encode_decision"],
        "encoder: row for the archive": pure["decided_row"],
    }


def _of_intake(pure: Mapping[str, float]) -> Iterator[Stage]:
    yield from (_stage(name, us, _INTAKE) for name, us in intake_stages(pure).items())


def _of_decide(task: float, pure: Mapping[str, float], floor: float) -> Iterator[Stage]:
    ours = pure_stages(pure)
    yield from (_stage(name, us, _TASK) for name, us in ours.items())
    if floor:
        yield _stage("Flink and the Python bridge, as in the floor", floor, _TASK)
    left = max(0.0, task - sum(ours.values()) - floor)
    yield _stage("state access, timers, and the rest", left, _TASK)


def _of_threads(threads: Mapping[str, float], intake_us: float) -> Iterator[Stage]:
    """Every other thread; the source's without the *intake_us* that have rows of their own."""
    found: dict[str, float] = defaultdict(float)
    for name, us in threads.items():
        if not name.startswith(DECIDE):
            found[_called(name)] += us
    if _SOURCE in found:
        found[_SOURCE] = max(0.0, found[_SOURCE] - intake_us)
    order = list(dict.fromkeys([*_THREADS.values(), _REST]))
    yield from (_stage(name, found[name], _OTHER) for name in order if name in found)


def _called(thread: str) -> str:
    return next((said for letters, said in _THREADS.items() if thread.startswith(letters)), _REST)


def _of_processes(known: Mapping[str, Mapping[str, Any]]) -> Iterator[Stage]:
    plain = known["throughput"]["us_per_txn"]
    hot = known.get("throughput_dynamodb", {}).get("us_per_txn", {})
    for name in ("kafka", "endpoint", "s3", "generator"):
        yield _stage("process", plain.get(name, 0.0), name)
    if hot:
        more = max(0.0, hot.get("job", 0.0) - plain.get("job", 0.0))
        yield _stage("process, with hot state on", hot.get("dynamodb", 0.0), "dynamodb")
        yield _stage("what the job does more, with hot state on", more, "dynamodb")


def _stage(name: str, us: float, where: str) -> Stage:
    return {"stage": name, "us_per_txn": round(us, 2), "where": where}
