"""
What an outage of the endpoint cost: the decisions told apart by when they were sent and made.

Rule: pure; times are UTC epoch ms, of one machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from local.accept.checks import Report, broken, share
from local.generator.tally import latency_of

RECOVERY_MS = 10_000  # so long after its return the endpoint's own scores are asked for


class Shape(NamedTuple):
    """How much traffic, for how long, and how exactly it must come out (0..1 of what was sent)."""

    rate: float
    warm_s: float
    away_s: float
    after_s: float
    tolerance: float
    degraded_after: float


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


def judge(name: str, shape: Shape, seen: Outage) -> Report:
    """What *seen* says about the promises."""
    parts = _parts(seen)
    return Report(name=name, figures=_figures(parts, seen), faults=_faults(parts, seen, shape))


class _Parts(NamedTuple):
    """The decisions, by what is promised of them."""

    sent: int  # while the endpoint was away
    before: list[Decided]
    in_window: int  # decided while it was away, whenever sent
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
        in_window=sum(one.at_ms in while_away for one in seen.decided),
        meanwhile=[one for one in seen.decided if one.sent_ms in while_away and one.at_ms in while_away],
        after=[one for one in seen.decided if one.at_ms >= back_ms + RECOVERY_MS],
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
        "the same, whenever sent": parts.in_window,
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
