"""Blocks of a log in Flink's keyed state."""

from __future__ import annotations

from typing import Any

from schemas.errors import BrokenPromise
from udfs.features.blocks import Block, decode_block, encode_block

_VERSION = 1
_PREFIX = bytes([_VERSION])


class StateBlocks:
    """The current key's blocks: a map from the day to a version byte and the packed block."""

    def __init__(self, state: Any) -> None:
        self._state = state

    def get(self, day: int, fields: str = "") -> Block | None:
        """The block as it was put, as `opened` has it. Raises BrokenPromise if its version is not known."""
        body: bytes | None = self._state.get(day)
        if body is None:
            return None
        if body[0] != _VERSION:
            raise BrokenPromise("block", f"version {body[0]}", f"version {_VERSION}")
        return decode_block(day, body[1:], fields)

    def put(self, block: Block) -> None:
        """Keep *block*."""
        self._state.put(block.day, _PREFIX + encode_block(block))

    def remove(self, day: int) -> None:
        """Forget the block."""
        self._state.remove(day)
