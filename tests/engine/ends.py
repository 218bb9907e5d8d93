"""
The remote ends of engine tests, as they are made inside the job's own interpreter.

Rules: imported there, so nothing of the tests' process is shared but files; what is
scored follows from the amount alone, so that any life gives the same score.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path
from random import Random

from schemas.card import CardKey
from schemas.decision import Score
from tests.builders import CARD_KEY
from udfs.clients.ends import Ends, NoStore

SCORES = {b"66.66": 0.95, b"55.55": 0.8}  # by amount; the rest is harmless
NEVER_IN_THE_FIRST_LIFE = b"77.77"
FATAL_IN_THE_FIRST_LIFE = b"13.13"


def card_key() -> CardKey:
    """The tests' tokenisation key."""
    return CARD_KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEnds:
    """
    Makes ends whose scores come after a chance in [0, *longest_ms*].

    Where *second_life* is given, its absence says that this is the first life, in which one
    amount is never answered, and another one fails the task.
    """

    longest_ms: int
    second_life: Path | None = None

    def __call__(self) -> Ends:
        """The ends; nothing is stored."""
        scores = DelayedScores(self.longest_ms, self.second_life)
        return Ends(CARD_KEY, scores, NoStore(), NoStore(), NoStore())


class DelayedScores:
    """Answers in a thread of its own, in an order that chance decides."""

    def __init__(self, longest_ms: int, second_life: Path | None) -> None:
        """Nothing is asked yet."""
        self.answers: deque[tuple[int, Score]] = deque()
        self._second_life = second_life
        self._longest_s = longest_ms / 1000
        self._chance = Random(4)
        self._due: list[tuple[float, int, bytes]] = []
        self._changed = threading.Condition()
        self._is_attached = True
        threading.Thread(target=self._answer, daemon=True).start()

    def submit(self, ticket: int, row: bytes) -> None:
        """Answer *ticket* some time; fail if the row is the one that does."""
        amount = row.split(b",")[0]
        if self._second_life is not None and not self._second_life.exists():
            if amount == FATAL_IN_THE_FIRST_LIFE:
                self._second_life.touch()
                raise ConnectionError("the first life ends here")
            if amount == NEVER_IN_THE_FIRST_LIFE:
                return
        with self._changed:
            heappush(self._due, (time.monotonic() + self._chance.uniform(0, self._longest_s), ticket, amount))
            self._changed.notify()

    def detach(self) -> None:
        """Answer no more."""
        with self._changed:
            self._is_attached = False
            self._changed.notify()

    def _answer(self) -> None:
        with self._changed:
            while self._is_attached:
                wait_s = self._due[0][0] - time.monotonic() if self._due else None
                if wait_s is None or wait_s > 0:
                    self._changed.wait(wait_s)
                else:
                    _, ticket, amount = heappop(self._due)
                    self.answers.append((ticket, Score(SCORES.get(amount, 0.1), "endpoint", "model-1")))
