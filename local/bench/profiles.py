"""Both execution modes, one after the other: Python inside the JVM, and beside it."""

from __future__ import annotations

from collections.abc import Iterator

from local.bench import cases
from local.bench.cases import Case
from local.bench.jobs import JobUnderTest, bench_plan
from local.bench.load import Pool
from local.bench.measure import WARM, rig
from local.bench.parts import ACCOUNTS
from local.stack import Stack, tell

_COUNT = 30_000
_WARM = {"thread": WARM, "process": 30_000}  # process mode takes minutes for as many, and compiles less
_RATES = (200, 500)
_SECONDS = 20.0


def thread(stack: Stack) -> Iterator[Case]:
    """The shipped profile."""
    return _profile(stack, "thread")


def process(stack: Stack) -> Iterator[Case]:
    """The profile for where the embedded interpreter can't be loaded."""
    return _profile(stack, "process")


def _profile(stack: Stack, mode: str) -> Iterator[Case]:
    tell(f"the job in {mode} mode")
    with rig(stack, JobUnderTest(plan=bench_plan(mode=mode)), Pool(ACCOUNTS)) as running:
        running.sender.profiles()
        running.warm_up(_WARM[mode])
        yield cases.throughput(running, f"throughput_{mode}", _COUNT)
        for rate in _RATES:
            yield cases.latency(running, f"latency_{rate}_{mode}", rate, _SECONDS)
