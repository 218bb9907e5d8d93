"""
The memory beside the state: which transactions are out for a score, in whose order.

Rule: everything in here can be lost at any moment; what is promised stands in
state (`Pending`) and in the marker timers. An account's decisions leave in the
order in which they came: an answer waits for its elder.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from schemas.decision import Score, Value
from udfs.operators.account_state import Undecided


class Landed(NamedTuple):
    """A transaction whose score is there, and whose elders have all left."""

    undecided: Undecided
    values: dict[str, Value]  # that its rules saw and its score was asked with
    score: Score
    marker_ms: int


class _Flight:
    __slots__ = ("marker_ms", "score", "undecided", "values")

    def __init__(self, undecided: Undecided, values: dict[str, Value], marker_ms: int) -> None:
        self.undecided = undecided
        self.values = values
        self.marker_ms = marker_ms
        self.score: Score | None = None


class Flights:
    """Transactions between submission and decision, by ticket and by account."""

    def __init__(self) -> None:
        self._by_ticket: dict[int, _Flight] = {}
        self._queues: dict[str, deque[_Flight]] = {}
        self._by_marker: dict[int, int] = {}
        self._next_ticket = 0

    def __len__(self) -> int:
        return len(self._by_ticket)

    def depart(self, undecided: Undecided, values: dict[str, Value], marker_ms: int) -> int:
        """A ticket for *undecided*, behind its account's elders."""
        ticket, self._next_ticket = self._next_ticket, self._next_ticket + 1
        flight = _Flight(undecided, values, marker_ms)
        self._by_ticket[ticket] = flight
        self._queues.setdefault(undecided.txn.account_id, deque()).append(flight)
        self._by_marker[marker_ms] = self._by_marker.get(marker_ms, 0) + 1
        return ticket

    def land(self, ticket: int, score: Score) -> list[Landed]:
        """Whatever may leave now that *ticket* has its score, eldest first."""
        flight = self._by_ticket.pop(ticket)
        flight.score = score
        account_id = flight.undecided.txn.account_id
        queue = self._queues[account_id]
        ready: list[Landed] = []
        while queue and (eldest := queue[0]).score is not None:
            queue.popleft()
            self._release(eldest.marker_ms)
            ready.append(Landed(eldest.undecided, eldest.values, eldest.score, eldest.marker_ms))
        if not queue:
            del self._queues[account_id]
        return ready

    def flying(self, account_id: str) -> frozenset[str]:
        """Ids of the account's transactions that have not left yet."""
        queue = self._queues.get(account_id, ())
        return frozenset(flight.undecided.txn.transaction_id for flight in queue)

    def is_idle(self, account_id: str) -> bool:
        """Whether the account has no transaction that has not left."""
        return account_id not in self._queues

    def outlasts(self, marker_ms: int) -> bool:
        """Whether some transaction has not left although its marker timer fires now."""
        return marker_ms in self._by_marker

    def renew(self, account_id: str, marker_ms: int) -> None:
        """Hang the account's flights on a later marker timer."""
        for flight in self._queues.get(account_id, ()):
            self._release(flight.marker_ms)
            flight.marker_ms = marker_ms
            self._by_marker[marker_ms] = self._by_marker.get(marker_ms, 0) + 1

    def _release(self, marker_ms: int) -> None:
        left = self._by_marker[marker_ms] - 1
        if left:
            self._by_marker[marker_ms] = left
        else:
            del self._by_marker[marker_ms]
