"""
The model endpoint is away for a while under steady traffic.

Promised: all that is sent meanwhile is decided meanwhile, on fallback scores that say
so; soon after the endpoint is back, scores are its own again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import NamedTuple

from local import job
from local.accept.checks import Check, Report, Size, broken, share
from local.accept.endpoint import set_faults
from local.accept.readback import DECISIONS, Readback, Written
from local.feeder import Feeder, live
from local.stack import Stack, tell

_MODEL = "sagemaker"
_RECOVERY_MS = 10_000  # after this the endpoint's scores are asked for
_START_S = 5.0  # what the endpoint may need to come back
_POLL_S = 0.05
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
    """A decision as the broker has it; time in UTC epoch ms."""

    transaction_id: str
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
    source, plan = live(_seconds(shape), shape.rate, _SEED, _now_ms())
    with ThreadPoolExecutor(max_workers=1) as pool:
        feeding = pool.submit(feeder.feed, source, plan)
        try:
            _wait(lambda: feeder.progress.transactions > 0 or feeding.done())
            moments = _taken_away(name, shape, away(stack))
            feeding.result()
        finally:
            feeder.stop()
    written = reader.read(len(feeder.sent_ms))
    decided = [one for one in map(_decided, written) if one.transaction_id in feeder.sent_ms]
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
    sent = {txn for txn, at_ms in seen.sent_ms.items() if gone_ms <= at_ms < returns_ms}
    ids = {one.transaction_id for one in seen.decided}
    return _Parts(
        sent=len(sent),
        before=[one for one in seen.decided if one.at_ms < gone_ms],
        meanwhile=[
            one for one in seen.decided if one.transaction_id in sent and gone_ms <= one.at_ms < returns_ms
        ],
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
        "degraded before the outage": _degraded(parts.before),
        "seconds away": f"{(returns_ms - gone_ms) / 1000:.1f}",
        "seconds until it answered": f"{(back_ms - gone_ms) / 1000:.1f}",
        "sent while away": parts.sent,
        "decided while away": len(parts.meanwhile),
        "degraded while away": _degraded(parts.meanwhile),
        "decided from 10 s after": len(parts.after),
        "degraded from 10 s after": _degraded(parts.after),
        "reasons": " ".join(f"{reason} {count:,}" for reason, count in _reasons(seen).most_common()),
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


def _reasons(seen: Outage) -> Counter[str]:
    return Counter(one.reason or "unknown" for one in seen.decided if one.degraded)


def _taken_away(name: str, shape: Shape, away: AbstractContextManager[None]) -> Moments:
    tell(f"{name}: {shape.warm_s:.0f} s of traffic before")
    time.sleep(shape.warm_s)
    with away:
        gone_ms = _now_ms()
        tell(f"{name}: the endpoint is away for {shape.away_s:.0f} s")
        time.sleep(shape.away_s)
        returns_ms = gone_ms + round(shape.away_s * 1000)
    back_ms = _now_ms()
    tell(f"{name}: it is back; {_RECOVERY_MS / 1000 + shape.after_s:.0f} s of traffic after")
    return Moments(gone_ms, returns_ms, back_ms)


def _seconds(shape: Shape) -> float:
    return shape.warm_s + shape.away_s + _START_S + _RECOVERY_MS / 1000 + shape.after_s


def _wait(until: Callable[[], bool]) -> None:
    while not until():
        time.sleep(_POLL_S)


def _decided(record: Written) -> Decided:
    message = record.message
    return Decided(message["transaction_id"], record.time_ms, message["degraded"], message["degraded_reason"])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
