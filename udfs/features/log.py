"""
Exact sliding windows whose price does not grow with their length.

An entity's counted events stand in blocks, one a day of event time. Hot, in the
packed value: what is counted now, the newest block, and the blocks in which a
window's edge stands. All other blocks rest in `Blocks` and are touched when a day
begins or an edge passes into one. Rules (ADR-0021):

1. Integers only; what enters a count leaves it as it entered.
2. A window of span w at t is (t - w, t]; the edge of span w stands before its first event.
3. An event that comes out of order is counted by looking through the blocks, and inserted.
4. A block keeps at most `max_block` events; beyond that neighbours are summed up in pairs.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from itertools import chain

from schemas.record import Record
from udfs.features.blocks import FRAUD, Block, Blocks, Event, PackedBlock, opened
from udfs.features.measures import Amounts, Plan, Reading
from udfs.features.windows import DAY_MS

MARGIN_MS = DAY_MS  # events up to so much out of order find all that their windows reach
_SUMMED = 128  # of flags: more than one event stands here


class Packed(Record, frozen=True):
    """A log as it rests. Fields are only appended, with defaults."""

    measures: tuple[tuple[int, int, bool], ...] = ()  # as they were when packed
    newest_ms: int = -(2**62)  # before all time
    currencies: tuple[str, ...] = ()
    days: tuple[int, ...] = ()  # of all blocks, the newest last
    edges: tuple[tuple[int, int], ...] = ()  # day and place, by span
    counts: tuple[int, ...] = ()
    amounts: tuple[tuple[tuple[int, int, int, bytes], ...], ...] = ()  # currency, count, sum, squares
    blocks: tuple[tuple[int, PackedBlock], ...] = ()
    summed_ms: int = 0  # time of the newest event that was summed up with its neighbour


_NONE = Packed()


class Log:
    """The counted events of one key of an entity."""

    def __init__(self, plan: Plan, blocks: Blocks, packed: Packed = _NONE, max_block: int = 256) -> None:
        self._plan = plan
        self._blocks = blocks
        self._max_block = max_block
        self.newest_ms = packed.newest_ms
        self.summed_ms = packed.summed_ms
        self._currencies = list(packed.currencies)
        self._days = list(packed.days)
        hot = {day: opened(day, block) for day, block in packed.blocks}
        self._head = hot[packed.days[-1]] if packed.days else Block(0)
        if packed.measures == plan.measures:
            self._edges = [(hot[day], place) for day, place in packed.edges]
            self._now = _read(plan, packed)
        else:
            self._edges = [(self._head, 0) for _ in plan.spans_ms]
            self._now = self._recount()

    def packed(self) -> Packed:
        """The log as it rests."""
        hot = self._hot()
        return Packed(
            measures=self._plan.measures,
            newest_ms=self.newest_ms,
            currencies=tuple(self._currencies),
            days=tuple(self._days),
            edges=tuple((block.day, place) for block, place in self._edges),
            counts=tuple(self._now.counts),
            amounts=tuple(
                tuple((c, a.count, a.sum, _number(a.squares)) for c, a in each.items())
                for each in self._now.amounts
            ),
            blocks=tuple((day, block.packed()) for day, block in hot.items()) if self._days else (),
            summed_ms=self.summed_ms,
        )

    def observe(self, event: Event) -> Reading:
        """Count *event*, and tell what every measure holds at its time, itself included."""
        if event.time_ms >= self.newest_ms:
            self._append(event)
            return self._now
        if event.time_ms > self.newest_ms - self._plan.longest_ms - MARGIN_MS:
            self._insert(event)
            return self.read(event.time_ms)
        alone = Block(event.time_ms // DAY_MS)
        alone.insert(0, event, self._currency(event.currency))
        reading = self.read(event.time_ms)
        for entries in self._plan.of_span:
            reading.count(entries, alone, 0, 1)
        return reading

    def read(self, time_ms: int) -> Reading:
        """What every measure holds at *time_ms*, without counting anything; O(n) in the events kept."""
        reading = Reading(self._plan)
        for block in self._all():
            for at, then_ms in enumerate(block.times):
                if then_ms <= time_ms:
                    for span_ms, entries in zip(self._plan.spans_ms, self._plan.of_span, strict=True):
                        if then_ms > time_ms - span_ms:
                            reading.count(entries, block, at, 1)
        return reading

    def observe_once(self, event: Event, *, counts: bool) -> Reading:
        """As `observe`, but for a duplicate and for what does not count: these only look."""
        if counts and not self.knows(event.id, event.time_ms):
            return self.observe(event)
        return self.read(event.time_ms)

    def knows(self, event_id: bytes, time_ms: int) -> bool:
        """Whether an event of this id, less than a day away, is counted already."""
        day = time_ms // DAY_MS
        near = [self._block(each) for each in self._days[-3:] if -1 <= each - day <= 1]
        if len(self._days) > 3 and self._days[-4] >= day - 1:  # far out of order
            near = [self._block(each) for each in self._days if -1 <= each - day <= 1]
        return any(
            event_id in block.ids and abs(block.times[block.ids.index(event_id)] - time_ms) < DAY_MS
            for block in near
        )

    def mark(self, event_id: bytes, *, fraud: bool) -> bool:
        """Flag the event as fraud or not; False if it is not kept."""
        found = self._find(event_id)
        if found is None:
            return False
        block, at = found
        if bool(block.flags[at] & FRAUD) != fraud:
            for span_ms, entries in zip(self._plan.spans_ms, self._plan.of_span, strict=True):
                if block.times[at] > self.newest_ms - span_ms:
                    changed = [entry for entry in entries if entry[1] & FRAUD]
                    self._flag(block, at, changed, fraud=fraud)
            block.flags[at] = block.flags[at] & ~FRAUD | (FRAUD if fraud else 0)
            self._keep(block)
        return True

    def is_partial(self, time_ms: int) -> bool:
        """Whether a window at *time_ms* reaches back to what was forgotten, or was summed up."""
        summed = bool(self.summed_ms) and self.summed_ms > time_ms - self._plan.longest_ms
        return summed or time_ms <= self.newest_ms - MARGIN_MS

    def amounts(self, reading: Reading, place: int, currency: str) -> Amounts:
        """Count, sum and squares that measure *place* of *reading* holds in *currency*."""
        at = self._currencies.index(currency) if currency in self._currencies else -1
        return reading.amounts[place].get(at) or Amounts()

    def expired(self, now_ms: int) -> bool:
        """Whether every event has left the longest window at *now_ms*, and the margin behind it."""
        return self.newest_ms <= now_ms - self._plan.longest_ms - MARGIN_MS

    def clear(self) -> None:
        """No block rests any more."""
        for day in self._days:
            self._blocks.remove(day)

    # --- in order

    def _append(self, event: Event) -> None:
        day = event.time_ms // DAY_MS
        if day != self._head.day or not self._days:
            self._turn(day)
        head = self._head
        head.times.append(event.time_ms)
        head.amounts.append(event.amount_minor)
        head.numbers.append(1)
        head.currencies.append(self._currency(event.currency))
        head.flags.append(event.flags)
        head.ids.append(event.id)
        self.newest_ms = event.time_ms
        at = len(head.times) - 1
        for i, span_ms in enumerate(self._plan.spans_ms):
            self._now.count(self._plan.of_span[i], head, at, 1)
            block, place = self._edges[i]
            if block.times[place] <= event.time_ms - span_ms:
                self._leave(i, event.time_ms - span_ms)
        if len(head.times) > self._max_block:
            self._sum_up(head)

    def _turn(self, day: int) -> None:
        """Begin a new day's block; the one before rests, and those behind every window are forgotten."""
        if self._days:
            self._blocks.put(self._head)
        oldest = (day * DAY_MS - self._plan.longest_ms - MARGIN_MS) // DAY_MS
        while self._days and self._days[0] < oldest and self._days[0] not in self._hot():
            self._blocks.remove(self._days.pop(0))
        self._head = Block(day)
        self._days.append(day)
        self._edges = self._edges or [(self._head, 0) for _ in self._plan.spans_ms]

    def _leave(self, i: int, edge_ms: int) -> None:
        """Take out what is at or before *edge_ms*; the newest event never is."""
        block, place = self._edges[i]
        entries = self._plan.of_span[i]
        while block.times[place] <= edge_ms:
            self._now.count(entries, block, place, -1)
            place += 1
            if place == len(block.times):
                block, place = self._after(block), 0
        self._edges[i] = (block, place)

    def _after(self, block: Block) -> Block:
        return self._block(self._days[bisect_right(self._days, block.day)])

    # --- out of order

    def _insert(self, event: Event) -> None:
        day = event.time_ms // DAY_MS
        block = self._block(day) if day in self._days else self._new_block(day)
        at = bisect_right(block.times, event.time_ms)
        block.insert(at, event, self._currency(event.currency))
        for i, span_ms in enumerate(self._plan.spans_ms):
            edge, place = self._edges[i]
            if event.time_ms > self.newest_ms - span_ms:
                self._now.count(self._plan.of_span[i], block, at, 1)
                if edge.day > day:
                    self._edges[i] = (block, at)
            elif edge is block:
                self._edges[i] = (block, place + 1)
        self._keep(block)

    def _new_block(self, day: int) -> Block:
        insort(self._days, day)
        return Block(day)

    def _recount(self) -> Reading:
        """Measures that are new to a log that is not: what the blocks still hold counts."""
        for i, span_ms in enumerate(self._plan.spans_ms if self._days else ()):
            for block in self._all():
                place = bisect_right(block.times, self.newest_ms - span_ms)
                if place < len(block.times):
                    self._edges[i] = (block, place)
                    break
        if not self._days:
            self._edges = []
        return self.read(self.newest_ms)

    # --- blocks

    def _all(self) -> Iterator[Block]:
        return (self._block(day) for day in list(self._days))

    def _hot(self) -> dict[int, Block]:
        return {block.day: block for block, _ in self._edges} | {self._head.day: self._head}

    def _block(self, day: int) -> Block:
        if day == self._head.day:
            return self._head
        for block, _ in self._edges:
            if block.day == day:
                return block
        return self._blocks.get(day) or Block(day)

    def _keep(self, block: Block) -> None:
        if block is not self._head:
            self._blocks.put(block)

    def _find(self, event_id: bytes) -> tuple[Block, int] | None:
        """Where the event stands; what is hot is looked through first."""
        hot = self._hot()
        rested = (self._block(day) for day in reversed(self._days) if day not in hot)
        for block in chain(hot.values(), rested):
            if event_id in block.ids:
                return block, block.ids.index(event_id)
        return None

    def _flag(self, block: Block, at: int, entries: list[tuple[int, int, bool]], *, fraud: bool) -> None:
        flags = block.flags[at]
        block.flags[at] = flags | FRAUD
        self._now.count(entries, block, at, 1 if fraud else -1)
        block.flags[at] = flags

    def _currency(self, currency: str) -> int:
        if currency not in self._currencies:
            self._currencies.append(currency)
        return self._currencies.index(currency)

    def _sum_up(self, block: Block) -> None:
        """Every second event goes with the one after it, where no edge stands between and they are alike."""
        held = {place for edge, place in self._edges if edge is block}
        at = 0
        while at + 1 < len(block.times) - 1:
            alike = (
                block.currencies[at] == block.currencies[at + 1]
                and (block.flags[at] | _SUMMED) == (block.flags[at + 1] | _SUMMED)
                and at + 1 not in held
            )
            if alike:
                self._join(block, at)
                held = {place - 1 if place > at else place for place in held}
            at += 1

    def _join(self, block: Block, at: int) -> None:
        inside = [
            entries
            for (edge, place), entries in zip(self._edges, self._plan.of_span, strict=True)
            if edge.day < block.day or (edge is block and place <= at)
        ]
        for entries in inside:
            self._now.count(entries, block, at, -1)
            self._now.count(entries, block, at + 1, -1)
        self.summed_ms = max(self.summed_ms, block.times[at + 1])
        block.amounts[at + 1] += block.amounts[at]
        block.numbers[at + 1] += block.numbers[at]
        block.flags[at + 1] |= _SUMMED
        for column in (block.times, block.amounts, block.numbers, block.currencies, block.flags, block.ids):
            del column[at]
        self._edges = [
            (edge, place - 1 if edge is block and place > at else place) for edge, place in self._edges
        ]
        for entries in inside:
            self._now.count(entries, block, at, 1)


def _read(plan: Plan, packed: Packed) -> Reading:
    reading = Reading(plan)
    reading.counts = list(packed.counts)
    reading.amounts = [
        {currency: Amounts(count, total, int.from_bytes(squares)) for currency, count, total, squares in each}
        for each in packed.amounts
    ]
    return reading


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8)
