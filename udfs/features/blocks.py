"""
A day's events of one key, a column each, and where days rest.

Rules: a place of a block is an event, or several that were summed up; `Blocks` keeps what it is
given and knows no windows. What rests is packed by place (ADR-0021).
"""

from __future__ import annotations

from array import array
from typing import NamedTuple, Protocol

import msgspec

from schemas.record import Record

FRAUD, DECLINED, SMALL = 1, 2, 4  # of Event.flags; only FRAUD changes later


class Event(NamedTuple):
    """One event as an entity counts it."""

    time_ms: int
    amount_minor: int
    currency: str
    flags: int
    id: bytes  # 8 bytes, see `known.digest`


class PackedBlock(Record, frozen=True):
    """A block as it rests: a column each, in event-time order."""

    times: bytes
    amounts: bytes
    numbers: bytes  # how many events stand at each place; empty: one each
    currencies: bytes
    flags: bytes
    ids: bytes


class Block:
    """The events of one day, a column each, in event-time order."""

    __slots__ = ("amounts", "currencies", "day", "flags", "ids", "numbers", "times")

    def __init__(self, day: int) -> None:
        self.day = day
        self.times: list[int] = []
        self.amounts: list[int] = []
        self.numbers: list[int] = []
        self.currencies: list[int] = []
        self.flags: list[int] = []
        self.ids: list[bytes] = []

    def insert(self, place: int, event: Event, currency: int) -> None:
        """Put *event* at *place*."""
        self.times.insert(place, event.time_ms)
        self.amounts.insert(place, event.amount_minor)
        self.numbers.insert(place, 1)
        self.currencies.insert(place, currency)
        self.flags.insert(place, event.flags)
        self.ids.insert(place, event.id)

    def packed(self) -> PackedBlock:
        """The block as it rests."""
        summed = any(number != 1 for number in self.numbers)
        return PackedBlock(
            times=array("q", self.times).tobytes(),
            amounts=array("q", self.amounts).tobytes(),
            numbers=array("q", self.numbers).tobytes() if summed else b"",
            currencies=bytes(self.currencies),
            flags=bytes(self.flags),
            ids=b"".join(self.ids),
        )


def opened(day: int, packed: PackedBlock) -> Block:
    """The block of *day* that rested as *packed*."""
    block = Block(day)
    block.times = array("q", packed.times).tolist()
    block.amounts = array("q", packed.amounts).tolist()
    block.numbers = array("q", packed.numbers).tolist() if packed.numbers else [1] * len(block.times)
    block.currencies = list(packed.currencies)
    block.flags = list(packed.flags)
    block.ids = [packed.ids[at : at + 8] for at in range(0, len(packed.ids), 8)]
    return block


_ENCODER = msgspec.msgpack.Encoder()
_BLOCK = msgspec.msgpack.Decoder(PackedBlock)


def encode_block(block: Block) -> bytes:
    """*block* as it rests outside of the packed value."""
    return _ENCODER.encode(block.packed())


def decode_block(day: int, body: bytes) -> Block:
    """The block of *day* that `encode_block` packed."""
    return opened(day, _BLOCK.decode(body))


class Blocks(Protocol):
    """Where blocks rest, by day since 1970; of one key."""

    def get(self, day: int) -> Block | None:
        """The block as it was put."""
        ...

    def put(self, block: Block) -> None:
        """Keep *block*."""
        ...

    def remove(self, day: int) -> None:
        """Forget the block."""
        ...


class MemoryBlocks(dict[int, "Block"]):
    """Blocks of one key in memory."""

    def put(self, block: Block) -> None:
        """Keep *block*."""
        self[block.day] = block

    def remove(self, day: int) -> None:
        """Forget the block."""
        self.pop(day, None)
