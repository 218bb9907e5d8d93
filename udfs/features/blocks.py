"""
Events of one key from a day on, a column each, and where such blocks rest.

Rules: a place of a block is an event, or several that were summed up; `Blocks` keeps what it is
given and knows no windows. What rests is packed by place (ADR-0021).
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from schemas.record import Record
from udfs.features.known import DIGEST_BYTES, place_of
from udfs.features.windows import DAY_MS

FRAUD, DECLINED, SMALL = 1, 2, 4  # of Event.flags; only FRAUD changes later
FLAGS = FRAUD | DECLINED | SMALL
SUMMED = 128  # of flags: more than one event stands here
NO_BASE = -1  # in place of a base amount


class Event(NamedTuple):
    """One event as an entity counts it."""

    time_ms: int
    amount_minor: int
    currency: str
    flags: int
    id: bytes  # 8 bytes, see `known.digest`
    counts: bool = True  # a payment does; anything else only looks
    told: bytes = b""  # 8 bytes of each field whose values are told apart; zeros where it is absent
    base_minor: int | None = None  # where an entity asks for it, and there is a rate


class PackedBlock(Record, frozen=True):
    """A block as it rests: a column each, in event-time order."""

    times: bytes
    amounts: bytes
    numbers: bytes  # how many events stand at each place; empty: one each
    currencies: bytes
    flags: bytes
    ids: bytes
    told: bytes = b""
    fields: str = ""  # which fields *told* is of
    bases: bytes = b""  # base amounts, `NO_BASE` where there is none; empty: nowhere is one


class Block:
    """The events from one day until the next block's, a column each, in event-time order."""

    __slots__ = (
        "amounts", "bases", "currencies", "day", "fields", "flags", "ids", "numbers", "times", "told",
    )  # fmt: skip

    def __init__(self, day: int, fields: str = "") -> None:
        self.day = day
        self.fields = fields
        self.times = array("q")
        self.amounts = array("q")
        self.numbers = array("q")
        self.currencies = bytearray()
        self.flags = bytearray()
        self.ids = bytearray()
        self.told = bytearray()
        self.bases = array("q")  # empty until there is one

    @property
    def width(self) -> int:
        """Bytes of *told* at each place."""
        return DIGEST_BYTES * (self.fields.count(",") + 1) if self.fields else 0

    def append(self, event: Event, currency: int) -> None:
        """Put *event* at the end."""
        self.times.append(event.time_ms)
        self.amounts.append(event.amount_minor)
        self.numbers.append(1)
        self.currencies.append(currency)
        self.flags.append(event.flags)
        self.ids += event.id
        self.told += event.told
        self._insert_base(event, len(self.times) - 1)

    def insert(self, event: Event, currency: int) -> int:
        """Put *event* behind all of its time and before; its place."""
        place = bisect_right(self.times, event.time_ms)
        self.times.insert(place, event.time_ms)
        self.amounts.insert(place, event.amount_minor)
        self.numbers.insert(place, 1)
        self.currencies.insert(place, currency)
        self.flags.insert(place, event.flags)
        self.ids[place * DIGEST_BYTES : place * DIGEST_BYTES] = event.id
        self.told[place * self.width : place * self.width] = event.told
        self._insert_base(event, place)
        return place

    def pairs(self, edges: Sequence[int]) -> list[tuple[int, int]]:
        """
        Places that may be summed up: of one day, kind and currency, and on one side of each of *edges*.

        Each stands in one pair at most, the elder first, and the newest of all in none; by the elder.
        """
        waiting: dict[tuple[int, int, int, int, bool], int] = {}
        found = []
        for place in range(len(self.times) - 1):
            side, day = bisect_right(edges, place), self.times[place] // DAY_MS
            flags, has_base = self.flags[place] | SUMMED, self.base(place) != NO_BASE
            kind = (side, day, flags, self.currencies[place], has_base)
            elder = waiting.pop(kind, None)
            if elder is None:
                waiting[kind] = place
            else:
                found.append((elder, place))
        return sorted(found)

    def merge(self, pairs: Sequence[tuple[int, int]]) -> None:
        """The first of each of *pairs*, as `pairs` gives them, goes with the second, and stands no more."""
        for place, into in pairs:
            self.amounts[into] += self.amounts[place]
            self.numbers[into] += self.numbers[place]
            self.flags[into] |= SUMMED
            if self.base(place) != NO_BASE:
                self.bases[into] += self.bases[place]
        for place, _ in reversed(pairs):
            self._remove(place)

    def _remove(self, place: int) -> None:
        for column in (self.times, self.amounts, self.numbers, self.currencies, self.flags):
            del column[place]
        if self.bases:
            del self.bases[place]
        del self.ids[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES]
        del self.told[place * self.width : (place + 1) * self.width]

    def base(self, place: int) -> int:
        """The base amount at *place*, or `NO_BASE`."""
        return self.bases[place] if self.bases else NO_BASE

    def place_of(self, event_id: bytes) -> int:
        """Where the event of this id stands; -1 if nowhere."""
        return place_of(self.ids, event_id)

    def event(self, place: int, currency: str) -> Event:
        """What stands at *place*; of events that were summed up, their mean, and the newest of them."""
        base = self.base(place)
        return Event(
            time_ms=self.times[place],
            amount_minor=self.amounts[place] // self.numbers[place],
            currency=currency,
            flags=self.flags[place] & FLAGS,
            id=bytes(self.ids[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES]),
            told=bytes(self.told[place * self.width : (place + 1) * self.width]),
            base_minor=None if base == NO_BASE else base // self.numbers[place],
        )

    def packed(self) -> PackedBlock:
        """The block as it rests."""
        alone = self.numbers.count(1) == len(self.numbers)
        return PackedBlock(
            times=self.times.tobytes(),
            amounts=self.amounts.tobytes(),
            numbers=b"" if alone else self.numbers.tobytes(),
            currencies=bytes(self.currencies),
            flags=bytes(self.flags),
            ids=bytes(self.ids),
            told=bytes(self.told),
            fields=self.fields,
            bases=self.bases.tobytes(),
        )

    def _insert_base(self, event: Event, place: int) -> None:
        """The event at *place* has its base amount beside it; the first one makes the column."""
        if event.base_minor is not None or self.bases:
            if not self.bases:
                self.bases = array("q", (NO_BASE,)) * (len(self.times) - 1)
            self.bases.insert(place, NO_BASE if event.base_minor is None else event.base_minor)


def opened(day: int, packed: PackedBlock, fields: str = "") -> Block:
    """The block of *day* that rested as *packed*; where other fields were told then, these are absent."""
    block = Block(day, fields)
    block.times = array("q", packed.times)
    block.amounts = array("q", packed.amounts)
    count = len(block.times)
    block.numbers = array("q", packed.numbers) if packed.numbers else array("q", (1,)) * count
    block.currencies = bytearray(packed.currencies)
    block.flags = bytearray(packed.flags)
    block.ids = bytearray(packed.ids)
    block.told = bytearray(packed.told if packed.fields == fields else block.width * count)
    block.bases = array("q", packed.bases)
    return block


_ENCODER = msgspec.msgpack.Encoder()
_BLOCK = msgspec.msgpack.Decoder(PackedBlock)


def encode_block(block: Block) -> bytes:
    """*block* as it rests outside of the packed value."""
    return _ENCODER.encode(block.packed())


def decode_block(day: int, body: bytes, fields: str = "") -> Block:
    """The block of *day* that `encode_block` packed, as `opened` has it."""
    return opened(day, _BLOCK.decode(body), fields)


class Blocks(Protocol):
    """Where blocks rest, by the day since 1970 with which they begin; of one key."""

    def get(self, day: int, fields: str = "") -> Block | None:
        """The block as it was put, as `opened` has it."""
        ...

    def put(self, block: Block) -> None:
        """Keep *block*."""
        ...

    def remove(self, day: int) -> None:
        """Forget the block."""
        ...


class MemoryBlocks:
    """Blocks of one key in memory."""

    def __init__(self) -> None:
        self.kept: dict[int, Block] = {}

    def get(self, day: int, fields: str = "") -> Block | None:
        """The block itself, but for one of which other fields are told."""
        block = self.kept.get(day)
        return block if block is None or block.fields == fields else opened(day, block.packed(), fields)

    def put(self, block: Block) -> None:
        """Keep *block*."""
        self.kept[block.day] = block

    def remove(self, day: int) -> None:
        """Forget the block."""
        self.kept.pop(day, None)
