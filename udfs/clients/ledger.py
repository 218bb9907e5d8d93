"""
Which writes were submitted and are not yet in the store.

Rules: plain data, owned by one operator's thread, no clock; a newer version of
a key takes over its elder's promise, because an item is the account's whole
state: once the newer one is written, the elder has nothing left to say.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple


class _Entry(NamedTuple):
    version: int
    promised_ms: int
    since_ms: int


class Ledger:
    """The newest unwritten version of each key, and the promises (marker times) that hang on it."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}  # in order of since_ms
        self._counts: dict[int, int] = {}  # promised_ms -> entries
        self._promises: list[int] = []  # heap of the keys of _counts, and of some that are gone

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def add(self, key: str, version: int, promised_ms: int, now_ms: int) -> None:
        """Owe *version* of *key* by *promised_ms*; one not newer than what is owed changes nothing."""
        owed = self._entries.get(key)
        if owed is None:
            self._entries[key] = _Entry(version, promised_ms, now_ms)
        elif version > owed.version:
            self._entries[key] = owed._replace(version=version, promised_ms=promised_ms)
            self._release(owed.promised_ms)
        else:
            return
        self._bind(promised_ms)

    def settle(self, key: str, version: int, now_ms: int) -> None:
        """*version* of *key* is written; a newer one stays owed, and counts as waiting from now."""
        owed = self._entries.pop(key, None)
        if owed is None:
            return
        if owed.version > version:
            self._entries[key] = owed._replace(since_ms=now_ms)
        else:
            self._release(owed.promised_ms)

    def is_outstanding(self, promised_ms: int) -> bool:
        """Whether anything promised at or before *promised_ms* is still owed. O(1), amortised."""
        promises = self._promises
        while promises and promises[0] not in self._counts:
            heapq.heappop(promises)
        return bool(promises) and promises[0] <= promised_ms

    def oldest_since_ms(self) -> int | None:
        """Return when the longest owed key became dirty; None if nothing is owed."""
        for entry in self._entries.values():
            return entry.since_ms
        return None

    def _bind(self, promised_ms: int) -> None:
        count = self._counts.get(promised_ms, 0)
        if not count:
            heapq.heappush(self._promises, promised_ms)
        self._counts[promised_ms] = count + 1

    def _release(self, promised_ms: int) -> None:
        count = self._counts[promised_ms] - 1
        if count:
            self._counts[promised_ms] = count
        else:
            del self._counts[promised_ms]
