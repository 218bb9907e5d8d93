"""
Decisions by transaction: the final one of each, in columns, so that a million fit.

Rule: of messages with one transaction id the highest `attempt` is final; the first
one that arrives gives the latency.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

LATE, DEGRADED = 1, 2


class Decided(NamedTuple):
    """A transaction's final decision: its verdict, and the rules that fired."""

    transaction_id: str
    verdict: str
    rules: tuple[str, ...]


class Latency(NamedTuple):
    """Percentiles in ms, None when nothing was measured."""

    p50: float | None = None
    p99: float | None = None
    p999: float | None = None


class Tally:
    """Final decisions (or alerts) by transaction id; about 200 bytes each."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._attempts = array("q")
        self._kinds = array("i")  # of (verdict, rules, flags), numbered as they come
        self._latencies_ms = array("i")  # -1: not measured
        self._numbers: dict[tuple[str, tuple[str, ...], int], int] = {}
        self._messages = 0

    def __len__(self) -> int:
        return len(self._places)

    @property
    def duplicates(self) -> int:
        """Messages about a transaction that had one already."""
        return self._messages - len(self._places)

    @property
    def late(self) -> int:
        """Transactions whose final decision is marked late."""
        return self._flagged(LATE)

    @property
    def degraded(self) -> int:
        """Transactions whose final decision was made without the model."""
        return self._flagged(DEGRADED)

    def add(self, message: Mapping[str, Any], latency_ms: int) -> None:
        """Take in one decision or alert, as the job wrote it; *latency_ms* is -1 when not measured."""
        self._messages += 1
        attempt, kind = message["attempt"], self._kind(message)
        transaction_id = message["transaction_id"]
        place = self._places.get(transaction_id)
        if place is None:
            self._places[transaction_id] = len(self._attempts)
            self._attempts.append(attempt)
            self._kinds.append(kind)
            self._latencies_ms.append(latency_ms)
        elif attempt > self._attempts[place]:
            self._attempts[place] = attempt
            self._kinds[place] = kind

    def verdicts(self) -> dict[str, int]:
        """Transactions by verdict."""
        found: Counter[str] = Counter()
        for (verdict, _, _), count in self._by_kind():
            found[verdict] += count
        return dict(found)

    def by_rule(self) -> dict[str, int]:
        """Transactions by rule that fired; one with two rules counts for both."""
        found: Counter[str] = Counter()
        for (_, rules, _), count in self._by_kind():
            found.update(dict.fromkeys(rules, count))
        return dict(found)

    def latency(self) -> Latency:
        """Percentiles over all transactions that have a latency."""
        return latency_of(self._latencies_ms)

    def decided(self) -> Iterator[Decided]:
        """Each transaction's final decision, in order of arrival."""
        kinds = list(self._numbers)
        for transaction_id, place in self._places.items():
            verdict, rules, _ = kinds[self._kinds[place]]
            yield Decided(transaction_id, verdict, rules)

    def _kind(self, message: Mapping[str, Any]) -> int:
        rules = tuple(sorted({reason["rule"] for reason in message["reasons"]}))
        flags = LATE * bool(message["late"]) | DEGRADED * bool(message["degraded"])
        return self._numbers.setdefault((message["verdict"], rules, flags), len(self._numbers))

    def _by_kind(self) -> Iterator[tuple[tuple[str, tuple[str, ...], int], int]]:
        counts = np.bincount(np.array(self._kinds, dtype=np.int64), minlength=len(self._numbers))
        return zip(self._numbers, counts.tolist(), strict=True)

    def _flagged(self, flag: int) -> int:
        return sum(count for (_, _, flags), count in self._by_kind() if flags & flag)


def latency_of(latencies_ms: Iterable[int]) -> Latency:
    """The percentiles of *latencies_ms*, those below 0 left out."""
    latencies = latencies_ms if isinstance(latencies_ms, array) else list(latencies_ms)
    measured = np.array(latencies, dtype=np.int64)
    measured = measured[measured >= 0]
    if not measured.size:
        return Latency()
    p50, p99, p999 = np.percentile(measured, (50, 99, 99.9)).tolist()
    return Latency(round(p50, 1), round(p99, 1), round(p999, 1))
