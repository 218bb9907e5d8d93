"""
What an acceptance check is, what it gives back, and how that is told.

Rules: a check finds its job running and leaves it running; it counts only transactions
of its own, so that several can share a job. What it judges is a pure function of what
was sent and what was read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from local.flink_files import JobPlan, on_arrival
from local.stack import Stack

LIVE = on_arrival(lateness_ms=60_000)


class Size(Enum):
    """How much a check does: all that was promised, or as much as `make test` has time for."""

    FULL = auto()
    SHORT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What a check saw.

    Attributes:
        name: Of the check.
        figures: What was counted and measured, by what it is called on the screen.
        faults: One sentence for each promise that was not kept; none is success.
    """

    name: str
    figures: Mapping[str, object]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """
    One check.

    Attributes:
        name: What `ONLY` asks for is its first word.
        run: Does it, on a stack whose job runs under `plan`.
        plan: The job that must run, from empty services; None when the check starts its own.
    """

    name: str
    run: Callable[[Stack, Size], Report]
    plan: JobPlan | None = LIVE


def broken(promises: Iterable[tuple[bool, str]]) -> tuple[str, ...]:
    """What to say of each of the *promises* (kept or not, and that) which was not kept."""
    return tuple(saying for kept, saying in promises if not kept)


def table(report: Report) -> str:
    """*report* as a person reads it."""
    width = max(map(len, report.figures), default=0)
    lines = [f"  {name:<{width}}  {_shown(value):>12}" for name, value in report.figures.items()]
    verdict = [f"  FAULT: {fault}" for fault in report.faults] or ["  all promises kept"]
    return "\n".join([report.name, *lines, *verdict])


def share(part: int, whole: int) -> float:
    """*part* of *whole*, 0..1; 0 of nothing."""
    return part / whole if whole else 0.0


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else str(value)
