"""
Latencies and courses over time, from when messages were due and when they were decided.

Rule: pure. Times are UTC epoch ms; a latency is of every decision, from its send time on
the schedule to its append.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from local.bench.load import Sent
from local.bench.readback import Answer

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}
EVEN = 100  # messages: at 1,157 a second what is on its way for 86 ms
_COLD_SHARE = 0.1  # of a throughput's answers, while the job gets going
_STEP_MS = 100


class Took(NamedTuple):
    """When a message was due, and how long it took until its decision was appended."""

    due_ms: float
    latency_ms: float


class Span(NamedTuple):
    """A stretch of time; both ends belong to it."""

    began_ms: float
    ended_ms: float


def took(sent: Sent, answers: Iterable[Answer]) -> list[Took]:
    """What each of *answers* that belongs to *sent* took."""
    numbers = range(sent.first, sent.first + sent.count)
    dues = ((answer, sent.due_at(answer.number)) for answer in answers if answer.number in numbers)
    return [Took(due_ms, answer.appended_ms - due_ms) for answer, due_ms in dues]


def quantiles(values: Iterable[float], names: Iterable[str] = QUANTILES) -> dict[str, float]:
    """The quantiles *names* of *values*, each one of the values; none of nothing."""
    ordered = sorted(values)
    if not ordered:
        return {}
    last = len(ordered) - 1
    return {name: round(ordered[min(last, int(QUANTILES[name] * len(ordered)))], 1) for name in names}


def split(tooks: Iterable[Took], spans: Sequence[Span]) -> tuple[list[float], list[float]]:
    """The latencies of what was due within any of *spans*, and of the rest."""
    inside: list[float] = []
    outside: list[float] = []
    for took in tooks:
        within = any(span.began_ms <= took.due_ms <= span.ended_ms for span in spans)
        (inside if within else outside).append(took.latency_ms)
    return inside, outside


def settled_rate(appended_ms: Iterable[int]) -> float:
    """Records a second, but for the first tenth, in which the job gets going."""
    times = sorted(appended_ms)
    return rate(times[int(len(times) * _COLD_SHARE) :])


def rate(times_ms: Iterable[float]) -> float:
    """Events a second from the first to the last of *times_ms*; 0 of fewer than two."""
    times = sorted(times_ms)
    return (len(times) - 1) * 1000 / max(1.0, times[-1] - times[0]) if len(times) > 1 else 0.0


class Course(NamedTuple):
    """Messages that were due and decided over time, each in order."""

    due_ms: Sequence[float]
    appended_ms: Sequence[float]

    def backlog(self, at_ms: float) -> int:
        """Messages that were due at *at_ms* and not decided."""
        return bisect_right(self.due_ms, at_ms) - bisect_right(self.appended_ms, at_ms)

    def series(self) -> list[list[int]]:
        """For each second: its number, what was decided in it, and the backlog at its end."""
        begin_ms, end_ms = self.due_ms[0], max(self.due_ms[-1], self.appended_ms[-1])
        seconds = range(int((end_ms - begin_ms) // 1000) + 1)
        return [[second, *self._second(begin_ms + second * 1000)] for second in seconds]

    def even_after_s(self, since_ms: float) -> float | None:
        """Seconds from *since_ms* until fewer than `EVEN` were left over; None if that was never seen."""
        watched_ms = max(0.0, self.due_ms[-1] - since_ms)
        waits_ms = range(0, int(watched_ms) + 1, _STEP_MS)
        return next((ms / 1000 for ms in waits_ms if self.backlog(since_ms + ms) < EVEN), None)

    def _second(self, from_ms: float) -> tuple[int, int]:
        decided = bisect_right(self.appended_ms, from_ms + 1000) - bisect_right(self.appended_ms, from_ms)
        return decided, self.backlog(from_ms + 1000)


def course(sents: Iterable[Sent], answers: Iterable[Answer]) -> Course:
    """The course of *sents*, one after the other."""
    dues = [sent.due_at(sent.first + index) for sent in sents for index in range(sent.count)]
    return Course(sorted(dues), sorted(answer.appended_ms for answer in answers))
