"""
The packed values of keys: in Flink's state, and the last written in memory too.

Rules a change must not break (ADR-0020):

1. A value is written to state first; memory never holds what state does not.
2. Memory is of one operator's life: a restore begins with none.
3. Packed bytes are kept, no objects: their size is known, and so is the bound.
"""

from __future__ import annotations

from typing import Protocol

from udfs.operators.account_state import AccountState, decode_state, encode_state

# Some 50,000 accounts of 1 KB. A look into RocksDB costs ten times one in here (ADR-0020).
_MOST_BYTES = 64 * 1024 * 1024


class Stored(Protocol):
    """Flink's value of the current key."""

    def value(self) -> bytes | None:
        """The packed value, None if there is none."""
        ...

    def update(self, value: bytes) -> None:
        """Put *value* in its place."""
        ...

    def clear(self) -> None:
        """Take it away."""
        ...


class Remembered:
    """Packed values by key; to be asked for the current key only."""

    def __init__(self, stored: Stored, most_bytes: int = _MOST_BYTES) -> None:
        self._stored = stored
        self._most_bytes = most_bytes
        self._packed: dict[str, bytes] = {}  # the one written last at the end
        self._bytes = 0

    def read(self, key: str) -> bytes | None:
        """The key's value; None if there is none."""
        return self._packed.get(key) or self._stored.value()

    def write(self, key: str, packed: bytes) -> None:
        """Store *packed*; what was not written for longest leaves memory when it grows too large."""
        self._stored.update(packed)
        self._bytes += len(packed) - len(self._packed.pop(key, b""))
        self._packed[key] = packed
        while self._bytes > self._most_bytes:
            self._bytes -= len(self._packed.pop(next(iter(self._packed))))

    def clear(self, key: str) -> None:
        """Nothing is stored for the key."""
        self._stored.clear()
        self._bytes -= len(self._packed.pop(key, b""))


class Accounts:
    """What each account keeps; to be asked for the current key's account only."""

    def __init__(self, stored: Stored, most_bytes: int = _MOST_BYTES) -> None:
        self._values = Remembered(stored, most_bytes)

    def read(self, account_id: str) -> AccountState:
        """The account's state; a new account's when there is none."""
        return decode_state(self._values.read(account_id))

    def write(self, account_id: str, state: AccountState) -> None:
        """Store *state*."""
        self._values.write(account_id, encode_state(state))
