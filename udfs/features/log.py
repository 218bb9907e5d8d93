"""
Exact sliding windows whose price does not grow with their length.

An entity's counted events stand in blocks of a day of event time, or of several days
with few events. Hot, in the packed value: what is counted now, the newest block, and the
blocks in which a window's edge stands. All other blocks rest in `Blocks` and are touched
when a block begins or an edge passes into one. Rules (ADR-0021, ADR-0031):

1. Integers only; what enters a count leaves it as it entered.
2. A window of span w at t is (t - w, t]; the edge of span w stands before its first event.
3. An event that comes out of order is counted by looking through the blocks, and inserted.
4. A block keeps at most `max_block` events, or one of each day, kind and currency where these are more;
   beyond that those of a kind and day are summed up in pairs. With fewer than `min_block` events it
   goes on over the next day.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from udfs.features.blocks import FLAGS, FRAUD, Block, Blocks, Event, opened
from udfs.features.measures import Amounts, Plan, Reading
from udfs.features.packed_log import NOTHING, Packed, amounts_at_rest, reading_of
from udfs.features.shelf import Shelf
from udfs.features.windows import DAY_MS

MARGIN_MS = DAY_MS  # events up to so much out of order find all that their windows reach


class Log:
    """The counted events of one key of an entity."""

    def __init__(
        self,
        plan: Plan,
        blocks: Blocks,
        packed: Packed = NOTHING,
        *,
        max_block: int = 256,
        min_block: int = 8,
    ) -> None:
        self._plan = plan
        self._max_block = max_block
        self._min_block = min_block
        self.newest_ms = packed.newest_ms
        self.summed_ms = packed.summed_ms
        self._currencies = list(packed.currencies)
        hot = {day: opened(day, block, plan.fields) for day, block in packed.blocks}
        self._shelf = Shelf(blocks, packed.days, hot, plan.fields)
        if (packed.measures, packed.tracked, packed.based) == (plan.counted, plan.tracked, plan.based):
            self._edges = [(hot[day], place) for day, place in packed.edges]
            self._now = reading_of(packed, plan)
        else:
            found = (self._shelf.first_after(self.newest_ms - span_ms) for span_ms in plan.spans_ms)
            self._edges = [edge for edge in found if edge]  # of measures that are new to a log that is not
            self._now = self._looked_up(self.newest_ms)

    def packed(self) -> Packed:
        """The log as it rests."""
        hot = {block.day: block for block, _ in self._edges} | {self._shelf.head.day: self._shelf.head}
        return Packed(
            measures=self._plan.counted,
            newest_ms=self.newest_ms,
            currencies=tuple(self._currencies),
            days=tuple(self._shelf.days),
            edges=tuple([(block.day, place) for block, place in self._edges]),
            counts=tuple(self._now.counts),
            amounts=tuple([amounts_at_rest(each) for each in self._now.amounts]),
            blocks=tuple([(day, hot[day].packed()) for day in hot]) if self._shelf.days else (),
            summed_ms=self.summed_ms,
            tracked=self._plan.tracked,
            steps=tuple([tracker.packed(self.newest_ms) for tracker in self._now.trackers]),
            based=self._plan.based,
        )

    def observe(self, event: Event) -> Reading:
        """Count *event*, and tell what every measure holds at its time, itself included."""
        if event.time_ms >= self.newest_ms:
            self._append(event)
            return self._now
        if event.time_ms > self.newest_ms - self._plan.longest_ms - MARGIN_MS:
            self._insert(event)
            return self._looked_up(event.time_ms)
        reading = self._looked_up(event.time_ms)
        alone = Block(event.time_ms // DAY_MS, self._plan.fields)
        alone.append(event, self._currency(event.currency))
        reading.look_through(alone, event.time_ms, self._currencies)
        return reading

    def read(self, time_ms: int) -> Reading:
        """What every measure holds at *time_ms*, without counting anything."""
        return self._ahead(time_ms) if time_ms >= self.newest_ms else self._looked_up(time_ms)

    def observe_once(self, event: Event) -> Reading:
        """As `observe`, but for a duplicate and for what does not count: these only look."""
        if event.counts and not self._shelf.find_near(event.id, event.time_ms):
            return self.observe(event)
        return self.read(event.time_ms)

    def mark(self, event_id: bytes, *, fraud: bool) -> bool:
        """Flag the event as fraud or not; False if it is not kept."""
        found = self._shelf.find(event_id)
        if found is None:
            return False
        block, at = found
        if bool(block.flags[at] & FRAUD) != fraud:
            for span, span_ms in enumerate(self._plan.spans_ms):
                if block.times[at] > self.newest_ms - span_ms:
                    changed = self._plan.by_fraud(span, block.flags[at] & FLAGS)
                    self._now.count(changed, block, at, 1 if fraud else -1)
            block.flags[at] ^= FRAUD
            self._shelf.keep(block)
        return True

    def is_partial(self, time_ms: int) -> bool:
        """Whether a window at *time_ms* reaches back to what was forgotten, or was summed up."""
        summed = bool(self.summed_ms) and self.summed_ms > time_ms - self._plan.longest_ms
        return summed or time_ms <= self.newest_ms - MARGIN_MS

    def amounts(self, reading: Reading, place: int, currency: str) -> Amounts:
        """Count, sum and squares that measure *place* of *reading* holds in *currency*."""
        at = self._currencies.index(currency) if currency in self._currencies else None
        return (None if at is None else reading.amounts[place].get(at)) or Amounts()

    def before(self, event: Event) -> Event | None:
        """The newest event at or before *event*, itself left out; of those summed up, their mean."""
        found = self._shelf.before(event.time_ms, event.id)
        if found is None:
            return None
        block, place = found
        return block.event(place, self._currencies[block.currencies[place]])

    def first_ms(self, event: Event, span_ms: int) -> int | None:
        """Time of the oldest event in (t - span, t]."""
        found = self._shelf.first_after(event.time_ms - span_ms)
        first_ms = found[0].times[found[1]] if found else None
        return first_ms if first_ms is not None and first_ms <= event.time_ms else None

    def expired(self, now_ms: int) -> bool:
        """Whether every event has left the longest window at *now_ms*, and the margin behind it."""
        return self.newest_ms <= now_ms - self._plan.longest_ms - MARGIN_MS

    def clear(self) -> None:
        """No block rests any more."""
        self._shelf.clear()

    # --- in order

    def _append(self, event: Event) -> None:
        time_ms, shelf = event.time_ms, self._shelf
        head, day = shelf.head, time_ms // DAY_MS
        if not shelf.days or (day != self.newest_ms // DAY_MS and len(head.times) >= self._min_block):
            self._turn(day)
            head = shelf.head
        head.append(event, self._currency(event.currency))
        self.newest_ms = time_ms
        self._now.count(self._plan.entering[event.flags], head, len(head.times) - 1, 1)
        if self._plan.tracked:
            self.summed_ms = max(self.summed_ms, self._now.track(event))
        edges = self._edges
        for span, span_ms in enumerate(self._plan.spans_ms):
            block, place = edges[span]
            if block.times[place] <= time_ms - span_ms:
                edges[span] = self._leave(self._now, span, time_ms - span_ms)
        if len(head.times) > self._max_block:
            self._sum_up(head)

    def _turn(self, day: int) -> None:
        """Begin a new block."""
        oldest = (day * DAY_MS - self._plan.longest_ms - MARGIN_MS) // DAY_MS
        self._shelf.begin(day, oldest, [block for block, _ in self._edges])
        self._edges = self._edges or [(self._shelf.head, 0) for _ in self._plan.spans_ms]

    def _leave(self, reading: Reading, span: int, edge_ms: int) -> tuple[Block, int]:
        """Take out of *reading* what is at or before *edge_ms*; where the edge then stands."""
        (block, place), places = self._edges[span], self._plan.of_span[span]
        while place < len(block.times) and block.times[place] <= edge_ms:
            reading.count(places[block.flags[place] & FLAGS], block, place, -1)
            place += 1
            if place == len(block.times) and block is not self._shelf.head:
                block, place = self._shelf.after(block), 0
        return block, place

    def _ahead(self, time_ms: int) -> Reading:
        """What every measure holds at *time_ms*, the newest event's or later: without what leaves by then."""
        reading = self._now.copy()
        for span in range(len(self._edges)):
            self._leave(reading, span, time_ms - self._plan.spans_ms[span])
        return reading

    # --- out of order

    def _looked_up(self, time_ms: int) -> Reading:
        """What every measure held at *time_ms*; O(n) in the events kept."""
        reading = Reading(self._plan)
        for block in self._shelf.all():
            reading.look_through(block, time_ms, self._currencies)
        return reading

    def _insert(self, event: Event) -> None:
        block, at = self._shelf.insert(event, self._currency(event.currency))
        for span, span_ms in enumerate(self._plan.spans_ms):
            edge, place = self._edges[span]
            if event.time_ms > self.newest_ms - span_ms:
                self._now.count(self._plan.of_span[span][event.flags], block, at, 1)
                if edge.day > block.day:
                    self._edges[span] = (block, at)
            elif edge is block:
                self._edges[span] = (block, place + 1)
        self.summed_ms = max(self.summed_ms, self._now.track(event))

    def _currency(self, currency: str) -> int:
        if currency not in self._currencies:
            self._currencies.append(currency)
        return self._currencies.index(currency)

    # --- summing up

    def _sum_up(self, block: Block) -> None:
        """Every second event of a kind goes with the next of its kind, and counts at its time."""
        pairs = block.pairs(sorted(place for edge, place in self._edges if edge is block))
        if not pairs:
            return
        spans = [self._spans_of(block, place) for place, _ in pairs]
        for pair, inside in zip(pairs, spans, strict=True):
            for place in pair:
                self._recount(inside, block, place, -1)
        self.summed_ms = max(self.summed_ms, *(block.times[into] for _, into in pairs))
        block.merge(pairs)
        gone = [place for place, _ in pairs]
        self._edges = [
            (edge, place - bisect_left(gone, place) if edge is block else place)
            for edge, place in self._edges
        ]
        for (_, into), inside in zip(pairs, spans, strict=True):
            self._recount(inside, block, into - bisect_left(gone, into), 1)

    def _spans_of(self, block: Block, place: int) -> list[int]:
        """The spans that hold what stands at *place*."""
        return [
            span
            for span, (edge, first) in enumerate(self._edges)
            if edge.day < block.day or (edge is block and first <= place)
        ]

    def _recount(self, spans: Sequence[int], block: Block, place: int, sign: int) -> None:
        flags = block.flags[place] & FLAGS
        for span in spans:
            self._now.count(self._plan.of_span[span][flags], block, place, sign)
