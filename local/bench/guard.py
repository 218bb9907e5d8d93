"""
`make bench-check`: is anything slower than when the figures were committed?

The job's costs are told in costs of its floor, measured minutes apart on the same machine.
"""

from __future__ import annotations

import os
import signal
import sys

from local import ports
from local.bench import cases, check
from local.bench.cases import Case
from local.bench.jobs import WARM_PLACES, JobUnderTest, bench_plan, leave_nothing, the_floor
from local.bench.load import Pool
from local.bench.measure import rig
from local.stack import Stack, interrupt, run_folder

_ACCOUNTS, _COUNT = 20_000, 30_000


def measured() -> dict[str, float]:
    """What the job costs in costs of its floor: transactions a second, and CPU of the job's process."""
    stack = Stack(run_folder(), ports.from_environment(os.environ), places=WARM_PLACES)
    pool = Pool(_ACCOUNTS)
    try:
        ours = _flooded(stack, JobUnderTest(plan=bench_plan()), pool)
        floor = _flooded(stack, JobUnderTest(plan=bench_plan(), services=the_floor), pool)
    finally:
        leave_nothing(stack)
    return ratios(ours, floor)


def ratios(ours: Case, floor: Case) -> dict[str, float]:
    """How many times as much as its *floor* the job takes a transaction: time, and CPU of its process."""
    return {
        "job_time": floor["txn_per_s"] / ours["txn_per_s"],
        "job_cpu": ours["us_per_txn"]["job"] / floor["us_per_txn"]["job"],
    }


def _flooded(stack: Stack, under_test: JobUnderTest, pool: Pool) -> Case:
    with rig(stack, under_test, pool) as running:
        running.warm_up()
        return cases.throughput(running, "guard", _COUNT)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupt)
    sys.exit(check.main(sys.argv[1:], {**check.PURE, "job": measured}))
