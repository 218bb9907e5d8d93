"""
Which blocks a log has: the newest, those at hand, and those that rest in `Blocks`.

Rules: a block holds all events from its own day until the next block's; the newest rests only when a
newer one begins; any other that changes is kept at once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from udfs.features.blocks import Block, Blocks, Event
from udfs.features.windows import DAY_MS


class Shelf:
    """The blocks of one key."""

    __slots__ = ("_at_hand", "_blocks", "_fields", "days", "head")

    def __init__(self, blocks: Blocks, days: Iterable[int], at_hand: dict[int, Block], fields: str) -> None:
        self._blocks = blocks
        self._at_hand = at_hand
        self._fields = fields
        self.days = list(days)  # with which the blocks begin, the newest last
        self.head = at_hand[self.days[-1]] if self.days else Block(0, fields)

    def block(self, day: int) -> Block:
        """The block that begins with *day*, which then is at hand."""
        block = self._at_hand.get(day)
        if block is None:
            block = self._at_hand[day] = self._blocks.get(day, self._fields) or Block(day, self._fields)
        return block

    def all(self) -> Iterator[Block]:
        """Every block, the oldest first."""
        return map(self.block, list(self.days))

    def after(self, block: Block) -> Block:
        """The next newer block; there is one."""
        return self.block(self.days[bisect_right(self.days, block.day)])

    def begin(self, day: int, oldest: int, held: Iterable[Block]) -> None:
        """A newer block begins with *day*; only *held* stay at hand; blocks before *oldest* are forgotten."""
        if self.days:
            self._blocks.put(self.head)
        self._at_hand = {block.day: block for block in held}
        self.head = self._at_hand[day] = Block(day, self._fields)
        self.days.append(day)
        while len(self.days) > 1 and self.days[1] <= oldest and self.days[0] not in self._at_hand:
            self._blocks.remove(self.days.pop(0))

    def insert(self, event: Event, currency: int) -> tuple[Block, int]:
        """Put an *event* that is not the newest at its place."""
        day = event.time_ms // DAY_MS
        if day < self.days[0]:
            self.days.insert(0, day)
        block = self.block(self.days[self._covering(day)])
        place = block.insert(event, currency)
        self.keep(block)
        return block, place

    def keep(self, block: Block) -> None:
        """*block* was changed."""
        if block is not self.head:
            self._blocks.put(block)

    def find(self, event_id: bytes) -> tuple[Block, int] | None:
        """Where the event stands; what is at hand is looked through first."""
        at_hand = [self._at_hand[day] for day in reversed(self.days) if day in self._at_hand]
        for block in at_hand:
            if (place := block.place_of(event_id)) >= 0:
                return block, place
        seen = {block.day for block in at_hand}
        for day in reversed(self.days):
            if day not in seen and (place := self.block(day).place_of(event_id)) >= 0:
                return self.block(day), place
        return None

    def find_near(self, event_id: bytes, time_ms: int) -> bool:
        """Whether an event of this id stands less than a day away."""
        day = time_ms // DAY_MS
        for one in self.days[self._covering(day - 1) : bisect_right(self.days, day + 1)]:
            block = self.block(one)
            place = block.place_of(event_id)
            if place >= 0 and abs(block.times[place] - time_ms) < DAY_MS:
                return True
        return False

    def before(self, time_ms: int, event_id: bytes) -> tuple[Block, int] | None:
        """The newest place at or before *time_ms* that is not the event's own."""
        for day in reversed(self.days):
            if day <= time_ms // DAY_MS:
                block = self.block(day)
                for place in range(bisect_right(block.times, time_ms) - 1, -1, -1):
                    if block.ids[place * 8 : place * 8 + 8] != event_id:
                        return block, place
        return None

    def first_after(self, time_ms: int) -> tuple[Block, int] | None:
        """Where the oldest event after *time_ms* stands."""
        for day in self.days[self._covering(time_ms // DAY_MS) :]:
            block = self.block(day)
            place = bisect_right(block.times, time_ms)
            if place < len(block.times):
                return block, place
        return None

    def clear(self) -> None:
        """No block rests any more."""
        for day in self.days:
            self._blocks.remove(day)

    def _covering(self, day: int) -> int:
        """Which of the blocks holds the events of *day*: the oldest, if none begins so early."""
        return max(0, bisect_right(self.days, day) - 1)
