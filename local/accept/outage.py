"""
The model endpoint is away for a while under steady traffic.

Promised: all that is sent meanwhile is decided meanwhile, on fallback scores that say
so; soon after the endpoint is back, scores are its own again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from local import job
from local.accept.checks import Check, Report, Size
from local.accept.endpoint import set_faults
from local.accept.outage_cost import RECOVERY_MS, Decided, Moments, Outage, Shape, judge
from local.accept.readback import DECISIONS, Readback, Written
from local.feeder import Feeder, live
from local.stack import Stack, tell

_MODEL = "sagemaker"
_START_S = 10.0  # of the endpoint, at most
_PATIENCE_S = 60.0  # for a job that is behind at first
_BEHIND_S = 0.5  # so much traffic on its way is not behind
_STEADY_S = 3.0  # a job that is cold catches up for a moment and falls behind again
_POLL_S = 0.2
_SEED = 41

SHAPES = {
    Size.FULL: Shape(rate=300, warm_s=20, away_s=30, after_s=20, tolerance=0.01, degraded_after=0.01),
    # of 600, 1 % is what is decided in 60 ms: less than one deadline at the edges
    Size.SHORT: Shape(rate=100, warm_s=6, away_s=6, after_s=6, tolerance=0.1, degraded_after=0.05),
}

Away = Callable[[Stack], AbstractContextManager[None]]


@contextmanager
def stopped(stack: Stack) -> Iterator[None]:
    """Inside, connections to the endpoint are refused: its process was killed."""
    stack.kill(_MODEL)
    try:
        yield
    finally:
        stack.start([_MODEL])


@contextmanager
def hanging(stack: Stack) -> Iterator[None]:
    """Inside, the endpoint takes calls and never answers."""
    set_faults(stack, mode="hang")
    try:
        yield
    finally:
        set_faults(stack)


def outage(name: str, away: Away, stack: Stack, size: Size) -> Report:
    """Traffic flowed, the endpoint was *away* in the middle, and every decision was read back."""
    shape = SHAPES[size]
    reader = Readback(stack.endpoints["kafka"], [DECISIONS])
    feeder = Feeder(stack.endpoints["kafka"])
    source, plan = live(_most_s(shape), shape.rate, _SEED, _now_ms())
    with ThreadPoolExecutor(max_workers=1) as pool:
        feeding = pool.submit(feeder.feed, source, plan)
        try:
            tell(f"{name}: traffic at {shape.rate:.0f}/s")
            _keep_up(reader, feeder, shape)
            moments = _taken_away(name, shape, away(stack), reader)
        finally:
            feeder.stop()
        feeding.result()
    written = reader.read(len(feeder.sent_ms))
    decided = [_decided(record, feeder.sent_ms) for record in written]
    return judge(name, shape, Outage(feeder.sent_ms, decided, moments, job.restarts(stack.places.ports.rest)))


CHECKS = (
    Check(name="outage: refused", run=partial(outage, "outage: refused", stopped)),
    Check(name="outage: hangs", run=partial(outage, "outage: hangs", hanging)),
)


def _most_s(shape: Shape) -> float:
    """For so long traffic is planned; it ends earlier, when all was seen."""
    return shape.warm_s + _PATIENCE_S + shape.away_s + _START_S + RECOVERY_MS / 1000 + shape.after_s


def _keep_up(reader: Readback, feeder: Feeder, shape: Shape) -> None:
    """Traffic has flowed for a while, and the job, its code compiled, has not been behind it for a time."""
    begin_s = behind_s = time.monotonic()
    while (now_s := time.monotonic()) - begin_s < shape.warm_s + _PATIENCE_S:
        behind = len(feeder.sent_ms) - reader.read_for(_POLL_S)
        if behind >= shape.rate * _BEHIND_S:
            behind_s = now_s
        if now_s - begin_s > shape.warm_s and now_s - behind_s > _STEADY_S:
            return
    tell(f"  the job is still {behind:,} transactions behind")


def _taken_away(name: str, shape: Shape, away: AbstractContextManager[None], reader: Readback) -> Moments:
    with away:
        gone_ms = _now_ms()
        tell(f"{name}: the endpoint is away for {shape.away_s:.0f} s")
        reader.read_for(shape.away_s)
        returns_ms = gone_ms + round(shape.away_s * 1000)
    back_ms = _now_ms()
    tell(f"{name}: it is back")
    reader.read_for(RECOVERY_MS / 1000 + shape.after_s)
    return Moments(gone_ms, returns_ms, back_ms)


def _decided(record: Written, sent_ms: Mapping[str, int]) -> Decided:
    told = record.message
    name = told["transaction_id"]
    return Decided(name, sent_ms.get(name, 0), record.time_ms, told["degraded"], told["degraded_reason"])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
