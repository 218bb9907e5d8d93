"""What is written to the hot store, where, and under which settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from schemas.decision import Value

Item = Mapping[str, Value | list[str] | tuple[str, ...]]
"""An account's or a customer's whole state, flat: attribute name -> value; None is left out."""


class HotStateStore(Protocol):
    """A table of absolute items, one a key, each under a version."""

    async def put(self, key: str, version: int, item: Item) -> bool:
        """
        Make *item* the one of *key* unless one as new is there already; False if one was.

        Raises:
            TransientError: The write may succeed when tried again.
            RecordError: This item can never be written.
        """
        ...

    async def close(self) -> None:
        """Release what the store holds; nothing is put afterwards."""
        ...


class Write(NamedTuple):
    """One version of a key's item, and when to write it, in the loop's seconds."""

    key: str
    version: int
    item: Item
    due_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterSettings:
    """
    How writes are gathered and tried again.

    Attributes:
        flush_ms: Longest an account's state stays unwritten while the store is well, ms; default 1000.
        lead_ms: A write starts this long before that, to be done in time, ms; default 200,
            never more than half of flush_ms.
        max_in_flight: Items being written at once; default 400: four full transactions (ADR-0014).
        max_owed: Keys owed at once; a further one is not written at all, and counted; default 0: no limit.
        first_backoff_ms: Pause after a first failure, ms, doubled by each that follows; default 50.
        max_backoff_ms: Longest pause, ms; default 5000. A pause is this times a chance in [0.5, 1].
    """

    flush_ms: int = 1000
    lead_ms: int = 200
    max_in_flight: int = 400
    max_owed: int = 0
    first_backoff_ms: int = 50
    max_backoff_ms: int = 5000

    @property
    def wait_ms(self) -> float:
        """How long a write waits for a newer version to take its place, ms."""
        return max(self.flush_ms - self.lead_ms, self.flush_ms / 2)


@dataclass(slots=True)
class WriterCounts:
    """What a writer did so far; written on the loop, read anywhere."""

    written: int = 0
    stale: int = 0  # one as new was there already
    retries: int = 0
    refused: int = 0  # can never be written
    skipped: int = 0  # of too many owed
