"""
The model endpoint is away for a while under steady traffic.

Promised: all that is sent meanwhile is decided meanwhile, on fallback scores that say
so; soon after the endpoint is back, scores are its own again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import NamedTuple

from local import job
from local.accept.checks import Check, Report, Size, broken, share
from local.accept.endpoint import set_faults
from local.accept.readback import DECISIONS, Readback, Written
from local.feeder import Feeder, live
from local.generator.tally import latency_of
from local.stack import Stack, tell

_MODEL = "sagemaker"
_RECOVERY_MS = 10_000  # after this the endpoint's scores are asked for
_MOST_S = 600.0  # traffic is planned for so long, and ends when all was seen
_PATIENCE_S = 60.0  # for a job that is behind at first
_BEHIND_S = 0.5  # so much traffic on its way is not behind
_POLL_S = 0.2
_SEED = 41


class Shape(NamedTuple):
    """How much traffic, for how long, and how exactly it must come out (0..1 of what was sent)."""

    rate: float
    warm_s: float
    away_s: float
    after_s: float
    tolerance: float
    degraded_after: float


SHAPES = {
    Size.FULL: Shape(rate=300, warm_s=20, away_s=30, after_s=20, tolerance=0.01, degraded_after=0.01),
    # of 600, 1 % is what is decided in 60 ms: less than one deadline at the edges
    Size.SHORT: Shape(rate=100, warm_s=6, away_s=6, after_s=6, tolerance=0.1, degraded_after=0.05),
}


class Decided(NamedTuple):
    """A decision as the broker has it; times in UTC epoch ms."""

    transaction_id: str
    sent_ms: int
    at_ms: int
    degraded: bool
    reason: str | None


class Moments(NamedTuple):
    """When the endpoint was gone, until when it stayed so for certain, and when it answered; UTC epoch ms."""

    gone_ms: int
    returns_ms: int
    back_ms: int


class Outage(NamedTuple):
    """What was sent (id to send time), every decision on it, and when that was."""

    sent_ms: dict[str, int]
    decided: Sequence[Decided]
    moments: Moments
    restarts: int


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
    source, plan = live(_MOST_S, shape.rate, _SEED, _now_ms())
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


def judge(name: str, shape: Shape, seen: Outage) -> Report:
    """What *seen* says about the promises."""
    parts = _parts(seen)
    return Report(name=name, figures=_figures(parts, seen), faults=_faults(parts, seen, shape))


CHECKS = (
    Check(name="outage: refused", run=partial(outage, "outage: refused", stopped)),
    Check(name="outage: hangs", run=partial(outage, "outage: hangs", hanging)),
)


class _Parts(NamedTuple):
    """The decisions, by what is promised of them."""

    sent: int  # while the endpoint was away
    before: list[Decided]
    meanwhile: list[Decided]  # sent and decided while it was away
    after: list[Decided]  # from 10 s after its return
    repeated: int
    missing: int


def _parts(seen: Outage) -> _Parts:
    gone_ms, returns_ms, back_ms = seen.moments
    ids = {one.transaction_id for one in seen.decided}
    while_away = range(gone_ms, returns_ms)
    return _Parts(
        sent=sum(at_ms in while_away for at_ms in seen.sent_ms.values()),
        before=[one for one in seen.decided if one.sent_ms < gone_ms],
        meanwhile=[one for one in seen.decided if one.sent_ms in while_away and one.at_ms in while_away],
        after=[one for one in seen.decided if one.at_ms >= back_ms + _RECOVERY_MS],
        repeated=len(seen.decided) - len(ids),
        missing=len(seen.sent_ms.keys() - ids),
    )


def _figures(parts: _Parts, seen: Outage) -> dict[str, object]:
    gone_ms, returns_ms, back_ms = seen.moments
    return {
        "transactions sent": len(seen.sent_ms),
        "decided more than once": parts.repeated,
        "never decided": parts.missing,
        "degraded before": _degraded(parts.before),
        "latency before": _latency(parts.before),
        "seconds away": f"{(returns_ms - gone_ms) / 1000:.1f}",
        "seconds until it answered": f"{(back_ms - gone_ms) / 1000:.1f}",
        "sent while away": parts.sent,
        "decided while away": len(parts.meanwhile),
        "degraded while away": _degraded(parts.meanwhile),
        "latency while away": _latency(parts.meanwhile),
        "decided from 10 s after": len(parts.after),
        "degraded from 10 s after": _degraded(parts.after),
        "latency from 10 s after": _latency(parts.after),
        "reasons": _reasons(seen.decided),
        "reasons from 10 s after": _reasons(parts.after),
        "restarts": seen.restarts,
    }


def _faults(parts: _Parts, seen: Outage, shape: Shape) -> tuple[str, ...]:
    expected = round(shape.rate * shape.away_s)
    meanwhile, after = len(parts.meanwhile), len(parts.after)
    degraded, degraded_after = _degraded(parts.meanwhile), _degraded(parts.after)
    return broken(
        [
            (
                abs(meanwhile - expected) <= shape.tolerance * expected,
                f"decided while away: found {meanwhile:,}, expected {expected:,} ± {shape.tolerance:.0%}",
            ),
            (degraded >= 0.95, f"degraded while away: found {degraded:.1%}, expected at least 95 %"),
            (after > 0, "decided from 10 s after: found none"),
            (
                degraded_after <= shape.degraded_after,
                f"degraded from 10 s after: found {degraded_after:.1%}, expected {shape.degraded_after:.0%}",
            ),
            (parts.missing == 0, f"never decided: found {parts.missing:,}, expected none"),
            (seen.restarts == 0, f"restarts: found {seen.restarts}, expected none"),
        ]
    )


def _degraded(decided: Sequence[Decided]) -> float:
    return share(sum(one.degraded for one in decided), len(decided))


def _latency(decided: Sequence[Decided]) -> str:
    p50, p99, _ = latency_of(one.at_ms - one.sent_ms for one in decided)
    return "none" if p50 is None else f"p50 {p50:.0f}, p99 {p99:.0f} ms"


def _reasons(decided: Sequence[Decided]) -> str:
    counts = Counter(one.reason or "unknown" for one in decided if one.degraded)
    return " ".join(f"{reason} {count:,}" for reason, count in counts.most_common()) or "none"


def _keep_up(reader: Readback, feeder: Feeder, shape: Shape) -> None:
    """Traffic has flowed for a while, and the job, its code compiled, is no longer behind it."""
    begin_s = time.monotonic()
    while (passed_s := time.monotonic() - begin_s) < shape.warm_s + _PATIENCE_S:
        behind = len(feeder.sent_ms) - reader.read_for(_POLL_S)
        if passed_s > shape.warm_s and behind < shape.rate * _BEHIND_S:
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
    reader.read_for(_RECOVERY_MS / 1000 + shape.after_s)
    return Moments(gone_ms, returns_ms, back_ms)


def _decided(record: Written, sent_ms: Mapping[str, int]) -> Decided:
    told = record.message
    name = told["transaction_id"]
    return Decided(name, sent_ms.get(name, 0), record.time_ms, told["degraded"], told["degraded_reason"])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
