"""How long to wait for a count that does not change."""

from __future__ import annotations

from collections.abc import Callable


class Patience:
    """Runs out when a count has not changed for *longest_s*."""

    def __init__(self, longest_s: float, seconds: Callable[[], float]) -> None:
        self._longest_s = longest_s
        self._seconds = seconds
        self._count = -1
        self._since_s = seconds()

    def is_out(self, count: int) -> bool:
        """Whether *count* is what it was for long."""
        if count != self._count:
            self._count = count
            self.renew()
        return self._seconds() - self._since_s >= self._longest_s

    def renew(self) -> None:
        """Wait as long again."""
        self._since_s = self._seconds()
