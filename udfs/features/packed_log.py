"""A log as it rests in a packed value (ADR-0021)."""

from __future__ import annotations

from schemas.record import Record
from udfs.features.blocks import PackedBlock
from udfs.features.measures import Amounts, Plan, Reading
from udfs.features.trackers import Step


class Packed(Record, frozen=True):
    """A log as it rests. Fields are only appended, with defaults."""

    measures: tuple[tuple[int, int, bool], ...] = ()  # as they were when packed
    newest_ms: int = -(2**62)  # before all time
    currencies: tuple[str, ...] = ()
    days: tuple[int, ...] = ()  # with which the blocks begin, the newest last
    edges: tuple[tuple[int, int], ...] = ()  # day and place, by span
    counts: tuple[int, ...] = ()
    amounts: tuple[tuple[tuple[int, int, int, bytes], ...], ...] = ()  # currency, count, sum, squares
    blocks: tuple[tuple[int, PackedBlock], ...] = ()
    summed_ms: int = 0  # time of the newest event of which a window may need more than is kept
    tracked: tuple[tuple[str, int, int, str], ...] = ()  # as they were when packed
    steps: tuple[tuple[Step, ...], ...] = ()  # by what is tracked
    based: tuple[int, ...] = ()  # which measures held base amounts when packed; their currency is `BASE`


NOTHING = Packed()


def reading_of(packed: Packed, plan: Plan) -> Reading:
    """What the measures of *plan* held when *packed* was, which is of that plan."""
    reading = Reading(plan)
    reading.counts = list(packed.counts)
    reading.amounts = [
        {currency: Amounts(count, total, int.from_bytes(squares)) for currency, count, total, squares in each}
        for each in packed.amounts
    ]
    for tracker, steps in zip(reading.trackers, packed.steps, strict=True):
        tracker.unpack(steps)
    return reading


def amounts_at_rest(by_currency: dict[int, Amounts]) -> tuple[tuple[int, int, int, bytes], ...]:
    """What a measure holds, as it rests: squares outgrow what a packed number holds."""
    return tuple([(c, a.count, a.sum, _number(a.squares)) for c, a in by_currency.items()])


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8)
