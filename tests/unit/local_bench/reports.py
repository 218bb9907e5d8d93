"""Reports as the bench writes them, naming only what a test is about."""

from __future__ import annotations

from typing import Any

CORES = {"job": 1.31, "kafka": 0.32, "endpoint": 0.11, "s3": 0.08, "dynamodb": 0.0, "generator": 0.05}
SERIES = [[0, 1157, 12], [1, 2900, 571], [2, 1157, 0]]


def report(*cases: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A report of *cases*."""
    return {"commit": "abc1234", "dirty": False, "machine": "2 cores", "cases": list(cases), **more}


def throughput(name: str = "throughput", **more: Any) -> dict[str, Any]:
    """A case of all that the job takes, with its floor."""
    told = {"txn_per_s": 3200.0, "floor_txn_per_s": 30000.0, "ratio": 0.107, "degraded": 0.0, "cores": CORES}
    return {"name": name, "backend": "rocksdb", "mode": "thread", **told, **more}


def latency(name: str = "latency_1157", **more: Any) -> dict[str, Any]:
    """A case at a fixed rate, with its floor and its checkpoints."""
    times = {
        "latency_ms": {"p50": 18.0, "p95": 30.0, "p99": 40.0, "p999": 80.0},
        "floor_latency_ms": {"p50": 3.1, "p95": 4.0, "p99": 6.9, "p999": 9.0},
        "during_checkpoints_ms": {"p50": 21.0, "p99": 61.0},
    }
    rates = {"offered_per_s": 1157, "achieved_per_s": 1156.8, "degraded": 0.0}
    return {"name": name, "backend": "rocksdb", **rates, **times, **more}


def stage(name: str, us: float, where: str = "job: decide thread (Python)") -> dict[str, Any]:
    """What one stage costs."""
    return {"stage": name, "us_per_txn": us, "where": where}


EVERYTHING = report(
    throughput(),
    throughput("throughput_dynamodb", txn_per_s=1810.0),
    throughput("throughput_process", txn_per_s=905.0, mode="process"),
    latency("latency_200", offered_per_s=200, achieved_per_s=200.0),
    latency(),
    latency("latency_1157_hashmap", backend="hashmap"),
    {"name": "burst", "offered_per_s": 1157, "burst_per_s": 3471, "recovered_s": 4.2, "series": SERIES},
    {"name": "catch_up", "offered_per_s": 1157, "pause_s": 10, "caught_up_s": 6.5, "series": SERIES},
    {"name": "accounts_1000000", "txn_per_s": 3015.0},
    {"name": "accounts_1000", "txn_per_s": 3350.0},
    {"name": "hot_account", "txn_per_s": 2400.0},
    {"name": "parallelism_2", "txn_per_s": 3900.0},
    {"name": "peer_quixstreams", "txn_per_s": 1025.0},
    {"name": "peer_fraudstream", "txn_per_s": 4100.0},
    {"name": "catalogue_whole", "txn_per_s": 1500.0, "cores": {"job": 1.5}},
    {"name": "catalogue_short", "txn_per_s": 3000.0},
    {"name": "catalogue_short_200", "offered_per_s": 200, "latency_ms": {"p50": 20.0, "p99": 40.0}},
    date="2026-11-23T12:00:00Z",
    seconds=870,
    stages=[stage("features", 42.0), stage("broker", 90.0, "kafka")],
)
