"""Logs of any entity against a slow, plain oracle: any order, labels that come and flip, every aggregate."""

from __future__ import annotations

import statistics
from fractions import Fraction
from itertools import product
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decision import Value
from schemas.errors import BadSetting
from udfs.features.blocks import DECLINED, FRAUD, SMALL, Event, MemoryBlocks
from udfs.features.catalogue import Entity
from udfs.features.entries import Entry, read_catalogue
from udfs.features.known import digest
from udfs.features.log import Log
from udfs.features.packed_log import Packed
from udfs.features.rates import MAX_BASE_MINOR
from udfs.features.trackers import MAX_DISTINCT, MAX_STEPS, Tracked
from udfs.features.windows import DAY_MS, HOUR_MS

pytestmark = pytest.mark.unit

START_MS = 1_700_000_000_000
FLAGS = {"": 0, "fraud": FRAUD, "declined": DECLINED, "small": SMALL}
WINDOWS_MS = {"1h": HOUR_MS, "1d": DAY_MS, "3d": 3 * DAY_MS, "9d": 9 * DAY_MS}
# Every aggregate, over each window, of each filter, with and without a delay.
ENTRIES = tuple(
    Entry(f"{aggregate}_{filtered}_{window}_{delay}", "merchant", aggregate, window, filtered, delay)
    for aggregate, filtered, window, delay in product(
        ("count", "sum", "mean", "deviation", "share"), FLAGS, WINDOWS_MS, ("", "2d")
    )
    if filtered or aggregate != "share"
) + tuple(
    Entry(
        f"{aggregate}_{filtered}_{window}",
        "merchant",
        aggregate,
        window,
        filtered,
        of="device" if aggregate == "distinct" else "",
    )
    for aggregate, filtered, window in product(
        ("min", "max", "distinct", "ratio", "last", "since_last", "since_first"),
        ("", "declined", "small"),
        WINDOWS_MS,
    )
    if not filtered or aggregate in ("min", "max", "distinct")
)
# And whatever can be taken of base amounts, in the base.
IN_BASE = tuple(
    msgspec.structs.replace(entry, name=f"{entry.name}_base", currency="base")
    for entry in ENTRIES
    if entry.aggregate in ("count", "sum", "mean", "deviation", "min", "max", "ratio")
)
ENTRIES += IN_BASE
COUNTED = ("count", "sum", "mean", "deviation", "share", "min", "max", "distinct")  # the others ask when
MERCHANT = Entity("merchant", ENTRIES)
EDGES_MS = [edge + off for edge in (0, *WINDOWS_MS.values(), 2 * DAY_MS) for off in (-1, 0, 1)]


class Step(NamedTuple):
    """A payment some time after the one before, or, with *labels* set, a label of an earlier one."""

    after_ms: int
    amount_minor: int
    currency: str
    flags: int
    labels: int | None
    fraud: bool
    device: str | None
    base_minor: int | None


steps = st.builds(
    Step,
    after_ms=st.sampled_from(EDGES_MS) | st.integers(-20 * HOUR_MS, 30 * HOUR_MS),
    amount_minor=st.integers(0, 10**12),
    currency=st.sampled_from(("EUR", "JPY")),
    flags=st.sampled_from((0, DECLINED, SMALL, DECLINED | SMALL)),
    labels=st.none() | st.integers(0, 12),
    fraud=st.booleans(),
    device=st.sampled_from((None, "a", "b", "c")),
    base_minor=st.none() | st.integers(0, MAX_BASE_MINOR),
)
few = st.sampled_from((1, 2, 3, 8))  # events that make a block


def expected(told: list[Event], event: Event) -> dict[str, Value]:
    """Every entry's value at *event*, by definition."""
    in_base = [as_base(one) for one in told if one.base_minor is not None]
    own = {entry.name: by_definition(entry, told, event) for entry in ENTRIES if entry not in IN_BASE}
    if event.base_minor is None:
        return own | {entry.name: None for entry in IN_BASE}
    return own | {entry.name: by_definition(entry, in_base, as_base(event)) for entry in IN_BASE}


def as_base(event: Event) -> Event:
    """The same payment, had it been made in the base currency."""
    return event._replace(amount_minor=event.base_minor, currency="the base")


def by_definition(entry: Entry, told: list[Event], event: Event) -> Value:
    """One entry's value: the payments in (t - delay - window, t - delay], and what is taken of them."""
    end_ms = event.time_ms - (2 * DAY_MS if entry.delay else 0)
    window = [one for one in told if end_ms - WINDOWS_MS[entry.window] < one.time_ms <= end_ms]
    chosen = [one for one in window if one.flags & FLAGS[entry.filter] == FLAGS[entry.filter]]
    amounts = [Fraction(one.amount_minor) for one in chosen if one.currency == event.currency]
    taken: dict[str, Value] = {
        "count": len(chosen),
        "share": len(chosen) / len(window) if window else 0.0,
        "sum": int(sum(amounts)),
        "mean": float(statistics.mean(amounts)) if amounts else None,
        "deviation": float(statistics.stdev(amounts)) if len(amounts) > 1 else None,
        "min": int(min(amounts)) if amounts else None,
        "max": int(max(amounts)) if amounts else None,
        "distinct": len({one.told for one in chosen} - {bytes(8)}),
    }
    return taken[entry.aggregate] if entry.aggregate in taken else by_time(entry, window, event)


def by_time(entry: Entry, window: list[Event], event: Event) -> Value:
    """Of the aggregates that ask what came before *event*, the last in *window*."""
    earlier = [one for one in window if one.id != event.id]
    if entry.aggregate == "since_first":
        return (event.time_ms - min(one.time_ms for one in window)) / 1000
    if entry.aggregate == "ratio":
        paid = [Fraction(one.amount_minor) for one in earlier if one.currency == event.currency]
        return float(event.amount_minor / statistics.mean(paid)) if sum(paid) else None
    newest = max(enumerate(earlier), key=lambda one: (one[1].time_ms, one[0]), default=(0, None))[1]
    if newest is None:
        return None
    if entry.aggregate == "since_last":
        return (event.time_ms - newest.time_ms) / 1000
    return newest.amount_minor if newest.currency == event.currency else None


def nearly(values: dict[str, Value]) -> dict[str, object]:
    """Floats up to their last digits, anything else exactly."""
    return {
        name: pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
        for name, value in values.items()
    }


@settings(deadline=None)  # the machine may be busy
@given(moves=st.lists(st.tuples(steps, few), max_size=20))
def test_every_aggregate_equals_the_oracle(moves: list[tuple[Step, int]]) -> None:
    """
    Whatever the order, and whatever is reported when, each aggregate is what its definition says.

    So it is whatever size blocks had when they were begun: a release may change it.
    """
    told: list[Event] = []
    packed, blocks, now_ms = Packed(), MemoryBlocks(), START_MS
    for number, (move, min_block) in enumerate(moves):
        log = Log(MERCHANT.plan, blocks, packed, min_block=min_block)
        if move.labels is None:
            now_ms += move.after_ms
            device = digest(move.device) if move.device else bytes(8)
            event = Event(
                now_ms, move.amount_minor, move.currency, move.flags, digest(str(number)), told=device
            )._replace(base_minor=move.base_minor)
            behind = log.is_partial(event.time_ms)
            told.append(event)
            seen = MERCHANT.features(log, log.observe(event), event)
            assert behind or seen == nearly(expected(told, event))
        elif move.labels < len(told):
            one = told[move.labels]
            if log.mark(one.id, fraud=move.fraud):
                told[move.labels] = one._replace(flags=one.flags & ~FRAUD | (FRAUD if move.fraud else 0))
        packed = log.packed()


@settings(deadline=None)
@given(
    moves=st.lists(steps, max_size=20),
    min_block=few,
    later_ms=st.sampled_from(EDGES_MS) | st.integers(0, 30 * DAY_MS),
)
def test_what_only_looks_sees_every_window_at_its_own_time(
    moves: list[Step], min_block: int, later_ms: int
) -> None:
    """From the newest event's time on, each aggregate is what its definition says, and the log stays."""
    told: list[Event] = []
    log, now_ms = Log(MERCHANT.plan, MemoryBlocks(), min_block=min_block), START_MS
    for number, move in enumerate(moves):
        now_ms += abs(move.after_ms)
        device = digest(move.device) if move.device else bytes(8)
        told.append(
            Event(now_ms, move.amount_minor, move.currency, move.flags, digest(str(number)), told=device)
        )
        log.observe(told[-1])
    before, look = log.packed(), Event(now_ms + max(0, later_ms), 1, "EUR", 0, bytes(8), counts=False)
    seen = MERCHANT.features(log, log.read(look.time_ms), look)
    asked = [entry for entry in ENTRIES if entry.aggregate in COUNTED and entry not in IN_BASE]
    looked = {entry.name: seen[entry.name] for entry in asked}
    assert looked == nearly({entry.name: by_definition(entry, told, look) for entry in asked})
    assert log.packed() == before


@pytest.mark.parametrize(("min_block", "kept"), [(1, 13), (5, 5)])
def test_the_hot_value_does_not_grow_with_the_window(min_block: int, kept: int) -> None:
    """
    Of a hundred days, two payments each, the value holds the blocks at the edges, and forgets the oldest.

    Kept are 13 days: window, delay, margin, and the days they begin in; in blocks of 3 days each they are 5.
    """
    blocks = MemoryBlocks()
    log = Log(MERCHANT.plan, blocks, min_block=min_block)
    for half_day in range(200):
        log.observe(
            Event(START_MS + half_day * DAY_MS // 2, 1, "EUR", 0, digest(str(half_day)), told=bytes(8))
        )
    assert len(log.packed().blocks) <= len(MERCHANT.plan.spans_ms) + 1
    assert len(blocks.kept) <= kept


def test_days_with_few_events_share_a_block() -> None:
    """A payment a day touches the blocks that rest once in min_block days."""
    blocks = MemoryBlocks()
    log = Log(MERCHANT.plan, blocks, min_block=8)
    for day in range(8):
        log.observe(Event(START_MS + day * DAY_MS, 1, "EUR", 0, digest(str(day)), told=bytes(8)))
    assert blocks.kept == {}
    log.observe(Event(START_MS + 8 * DAY_MS, 1, "EUR", 0, digest("next"), told=bytes(8)))
    assert [len(block.times) for block in blocks.kept.values()] == [8]


def test_events_of_different_days_are_not_summed_up() -> None:
    """What shares a block with a busy day stays apart from it, so that a window's edge finds it."""
    log = Log(MERCHANT.plan, MemoryBlocks(), max_block=16)
    for day in (0, 1):
        log.observe(Event(START_MS + day * DAY_MS, 5, "EUR", 0, digest(str(day)), told=bytes(8)))
    for number in range(100):
        log.observe(Event(START_MS + 2 * DAY_MS + number, 5, "EUR", 0, digest(f"b{number}"), told=bytes(8)))
    look = Event(START_MS + 3 * DAY_MS, 5, "EUR", 0, bytes(8), counts=False)  # the first has just left 3 d
    assert MERCHANT.features(log, log.read(look.time_ms), look)["count__3d_"] == 101


def test_a_block_is_bounded() -> None:
    """A busy day's events are summed up in pairs: counts and sums stay exact, and it says so."""
    log = Log(MERCHANT.plan, MemoryBlocks(), max_block=16)
    for number in range(1_000):
        event = Event(START_MS + number, 5, "EUR", 0, digest(str(number)), told=bytes(8))
        reading = log.observe(event)
    features = MERCHANT.features(log, reading, event)
    assert (features["count__1h_"], features["sum__1h_"]) == (1_000, 5_000)
    assert max(len(block.flags) for _, block in log.packed().blocks) <= 16
    assert log.is_partial(log.newest_ms)


def test_a_block_of_mixed_events_is_bounded() -> None:
    """Neighbours that differ in currency, result or size are summed up with the next of their kind."""
    log = Log(MERCHANT.plan, MemoryBlocks(), max_block=16)
    currencies, flags = ("EUR", "USD", "JPY"), (0, DECLINED, SMALL, 0)
    for number in range(2_000):
        kind = currencies[number % 3], flags[number % 4]
        event = Event(START_MS + number, 5, *kind, digest(str(number)), told=bytes(8))
        reading = log.observe(event)
        assert max(len(block.flags) for _, block in log.packed().blocks) <= 16
    features = MERCHANT.features(
        log, reading, event
    )  # the last is the 667th in USD, and the 500th of its flags
    assert (features["count__1h_"], features["count_declined_1h_"]) == (2_000, 500)
    assert (features["sum__1h_"], features["mean_small_1h_"]) == (667 * 5, 5.0)


@pytest.mark.parametrize("before", [0, 1])
def test_a_block_is_bounded_where_every_other_event_comes_out_of_order(before: int) -> None:
    """What is inserted is summed up with the next event in order, whatever stood there before."""
    log = Log(MERCHANT.plan, MemoryBlocks(), max_block=16)
    for number in range(before):
        log.observe(Event(START_MS, 5, "EUR", 0, digest(f"before {number}"), told=bytes(8)))
    for number in range(1, 500):
        for name, at_ms in (("in order", START_MS + 2 * number), ("late", START_MS + 2 * number - 1)):
            log.observe(Event(at_ms, 5, "EUR", 0, digest(f"{name} {number}"), told=bytes(8)))
        assert max(len(block.flags) for _, block in log.packed().blocks) <= 16 + 1


def test_what_is_summed_up_leaves_whole() -> None:
    """A month later nothing is left of what was summed up."""
    log = Log(MERCHANT.plan, MemoryBlocks(), max_block=16)
    for number in range(1_000):
        log.observe(Event(START_MS + number, 5 + number, "EUR", 0, digest(str(number)), told=bytes(8)))
    event = Event(START_MS + 30 * DAY_MS, 7, "EUR", 0, digest("last"), told=bytes(8))
    assert MERCHANT.features(log, log.observe(event), event) == nearly(expected([event], event))


def test_a_longer_window_is_counted_from_what_is_kept() -> None:
    """A feature that is added while the job rests finds the events of the blocks that rest."""
    short = Entity("merchant", [Entry("count_3d", "merchant", "count", "3d")])
    blocks = MemoryBlocks()
    log = Log(short.plan, blocks, min_block=1)
    for day in range(3):
        log.observe(Event(START_MS + day * DAY_MS, 1, "EUR", 0, digest(str(day))))
    grown = Log(MERCHANT.plan, blocks, log.packed())
    event = Event(START_MS + 3 * DAY_MS, 1, "EUR", 0, digest("new"), told=bytes(8))
    assert MERCHANT.features(grown, grown.observe(event), event)["count__9d_"] == 4


def test_what_is_tracked_anew_is_found_in_what_is_kept() -> None:
    """A largest amount that is asked for later is the largest of the blocks that rest."""
    short = Entity("merchant", [Entry("count_3d", "merchant", "count", "3d")])
    blocks = MemoryBlocks()
    log = Log(short.plan, blocks, min_block=1)
    for day, amount_minor in enumerate((3, 9, 4)):
        log.observe(Event(START_MS + day * DAY_MS, amount_minor, "EUR", 0, digest(str(day))))
    grown = Log(MERCHANT.plan, blocks, log.packed())
    event = Event(START_MS + 2 * DAY_MS, 1, "EUR", 0, digest("new"), told=digest("a"))
    seen = MERCHANT.features(grown, grown.observe(event), event)
    assert (seen["max__3d"], seen["min__1d"], seen["distinct__9d"]) == (9, 1, 1)


def test_base_amounts_are_summed_up_beside_what_has_none() -> None:
    """On a busy day base sums stay exact, and what has no base amount stays out of them."""
    log = Log(MERCHANT.plan, MemoryBlocks(), max_block=16)
    for number in range(1_000):
        base_minor = 3 if number % 250 else None
        event = Event(START_MS + number, 5, "JPY", 0, digest(str(number)), told=bytes(8))
        reading = log.observe(event._replace(base_minor=base_minor))
    features = MERCHANT.features(log, reading, event._replace(base_minor=3))
    assert (features["count__1h__base"], features["sum__1h__base"]) == (996, 996 * 3)
    assert (features["count__1h_"], features["mean__1h__base"]) == (1_000, 3.0)


def test_base_amounts_count_from_when_they_are_told() -> None:
    """Asked for later, they are those of payments that came since; before them the column is empty."""
    short = Entity("merchant", [Entry("sum_3d", "merchant", "sum", "3d")])
    blocks = MemoryBlocks()
    log = Log(short.plan, blocks, min_block=1)
    for day in range(3):
        log.observe(Event(START_MS + day * DAY_MS, 1, "EUR", 0, digest(str(day))))
    assert {block.bases for _, block in log.packed().blocks} == {b""}
    longer = Entity("merchant", [*short.entries, Entry("base_3d", "merchant", "sum", "3d", currency="base")])
    grown = Log(longer.plan, blocks, log.packed())
    event = Event(START_MS + 2 * DAY_MS + 1, 1, "EUR", 0, digest("new"), base_minor=7)
    assert longer.features(grown, grown.observe(event), event) == {"sum_3d": 4, "base_3d": 7}


def test_distinct_values_are_bounded() -> None:
    """Of more values than are kept, the newest are, and it says so until the forgotten would have left."""
    log = Log(MERCHANT.plan, MemoryBlocks(), max_block=1_000)
    for number in range(MAX_DISTINCT + 1):
        event = Event(START_MS + number, 1, "EUR", 0, digest(str(number)), told=digest(f"d{number}"))
        reading = log.observe(event)
    assert MERCHANT.features(log, reading, event)["distinct__1d"] == MAX_DISTINCT
    assert log.is_partial(event.time_ms)
    assert not log.is_partial(START_MS + MERCHANT.plan.longest_ms)


def test_least_amounts_are_bounded() -> None:
    """Of amounts that only rise, each of which may be the least one day, so many are kept, and it says so."""
    log = Log(MERCHANT.plan, MemoryBlocks())
    for number in range(MAX_STEPS + 1):
        event = Event(START_MS + number, number, "EUR", 0, digest(str(number)), told=bytes(8))
        assert not log.is_partial(event.time_ms)
        log.observe(event)
    assert log.is_partial(event.time_ms)
    assert len(log.packed().steps[MERCHANT.plan.tracked.index(Tracked("min", DAY_MS))]) == MAX_STEPS


def test_a_log_that_is_not_seen_empties() -> None:
    """Once every window has passed, the log says so, and leaves no block."""
    blocks = MemoryBlocks()
    log = Log(MERCHANT.plan, blocks, min_block=1)
    for day in range(3):
        log.observe(Event(START_MS + day * DAY_MS, 1, "EUR", 0, digest(str(day)), told=bytes(8)))
    assert not log.expired(log.newest_ms + 11 * DAY_MS)
    assert log.expired(log.newest_ms + 12 * DAY_MS)
    log.clear()
    assert blocks.kept == {}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("{name: a, entity: shop, aggregate: count, window: 1d}", "shop"),
        ("{name: a, entity: merchant, aggregate: most, window: 1d}", "most"),
        ("{name: a, entity: merchant, aggregate: count, window: 1w}", "1w"),
        ("{name: a, entity: merchant, aggregate: count, window: 1d, colour: red}", "colour"),
        ("{name: a, entity: merchant, aggregate: share, window: 1d}", "share of"),
        ("{name: a, entity: device, aggregate: count, window: 1d, filter: fraud}", "of merchant"),
        ("{name: a, entity: merchant, aggregate: max, window: 1d, filter: fraud}", "one of count"),
        ("{name: a, entity: account, aggregate: max, window: 1d, delay: 1d}", "none, but for count"),
        ("{name: a, entity: account, aggregate: last, window: 1d, filter: small}", "none for last"),
        ("{name: a, entity: account, aggregate: distinct, window: 1d}", "account, card"),
        ("{name: a, entity: account, aggregate: distinct, window: 1d, of: shoe}", "shoe"),
        ("{name: a, entity: account, aggregate: count, window: 1d, of: device}", "but for distinct"),
        ("{name: a, entity: account, aggregate: count, window: 400d, delay: 1d}", "400 days"),
        ("{name: a, entity: account, aggregate: sum, window: 1d, currency: EUR}", "EUR"),
        ("{name: a, entity: account, aggregate: last, window: 1d, currency: base}", "but for count"),
        ("{name: a, entity: account, aggregate: share, window: 1d, filter: small, currency: base}", "count"),
        ("{name: A-b, entity: account, aggregate: count, window: 1d}", "A-b"),
    ],
)
def test_a_wrong_entry_is_refused(entry: str, told: str) -> None:
    """An entry that says what can't be is refused when it is read, and the error names it."""
    with pytest.raises(BadSetting, match=told):
        read_catalogue(f"features:\n  - {entry}\n")
