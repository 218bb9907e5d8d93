"""
What is told again and again, each time from another moment on: a profile, an article.

Rule: an event sees the newest version that was updated at or before it, whenever that
version came; what was updated later it can't have known (ADR-0022).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, Protocol


class Version(Protocol):
    """Something as it was from one update to the next."""

    @property
    def updated_ms(self) -> int:
        """From then on it holds, UTC epoch ms."""
        ...


def placed[V](versions: Sequence[V], told: V, order: Callable[[V], Any]) -> tuple[V, ...]:
    """*versions*, which stand by *order*, with *told* at its place; told again, it takes its own."""
    place = bisect_left(versions, order(told), key=order)
    again = place < len(versions) and order(versions[place]) == order(told)
    return (*versions[:place], told, *versions[place + again :])


def as_of[V: Version](versions: Sequence[V], event_time_ms: int) -> V | None:
    """The newest of *versions* (oldest first) that was updated at or before *event_time_ms*."""
    return next((each for each in reversed(versions) if each.updated_ms <= event_time_ms), None)
