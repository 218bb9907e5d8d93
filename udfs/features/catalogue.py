"""
The catalogue of features over windows of any length, and how each is taken from a log.

Rule: a feature is an entry of catalogue.yaml and nothing else; operators, rules,
archive, training set and docs/features.md take it from here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from operator import attrgetter
from pathlib import Path

from schemas.decision import BETWEEN, Value
from schemas.transaction import Transaction
from udfs.features.blocks import DECLINED, SMALL, Event
from udfs.features.entries import DISTINCT, FIELDS, TRACKED, Entry, read_catalogue
from udfs.features.known import digest
from udfs.features.log import Log
from udfs.features.measures import Amounts, Measure, Plan, Reading
from udfs.features.small import is_small
from udfs.features.trackers import Tracked
from udfs.features.windows import DAY_MS

_MONEY = ("sum", "mean", "deviation", "ratio")
_ABSENT = bytes(8)
Take = Callable[[Log, Reading, Event], Value]


class Entity:
    """What the catalogue says of one entity: whose log, what it counts, and its features."""

    def __init__(self, name: str, entries: Sequence[Entry]) -> None:
        self.name = name
        self.entries = tuple(entry for entry in entries if entry.entity == name)
        self._fields = [FIELDS[part] for part in name.split("+")]
        self.names = [entry.name for entry in self.entries]
        day = Measure(DAY_MS)  # what is recognised as a duplicate stays at hand
        measures = [day, *(measure for entry in self.entries for measure in _measures(entry))]
        self.plan = Plan(measures, [_tracked(entry) for entry in self.entries if entry.aggregate in TRACKED])
        self._takes = [_take_of(entry, self.plan) for entry in self.entries]
        self._told = [attrgetter(field) for field in self.plan.fields.split(",") if field]
        self._in_base = any(entry.in_base for entry in self.entries)
        self.absent: dict[str, Value] = dict.fromkeys(self.names)

    def key_of(self, txn: Transaction) -> str | None:
        """The entity's id in *txn*; None where one of its fields is absent."""
        if len(self._fields) == 1:
            key: str | None = getattr(txn, self._fields[0])
            return key
        parts = [getattr(txn, field) for field in self._fields]
        return None if None in parts else BETWEEN.join(parts)

    def event_of(self, txn: Transaction) -> Event:
        """*txn* as the entity's log counts it."""
        return self.told(event_of(txn), txn)

    def told(self, event: Event, txn: Transaction) -> Event:
        """The *event* of *txn* with what the entity tells apart, and the base amount if it asks for it."""
        if not (self._told or self._in_base):
            return event
        names = [told(txn) for told in self._told]
        told = b"".join(digest(name) if name else _ABSENT for name in names)
        return event._replace(told=told, base_minor=txn.base_minor if self._in_base else None)

    def values(self, log: Log, reading: Reading, event: Event) -> list[Value]:
        """Every feature of the entity, as *reading* of *log* has it at *event*."""
        return [take(log, reading, event) for take in self._takes]

    def features(self, log: Log, reading: Reading, event: Event) -> dict[str, Value]:
        """The same by name."""
        return dict(zip(self.names, self.values(log, reading, event), strict=True))


def event_of(txn: Transaction) -> Event:
    """*txn* as logs count it, nothing told apart."""
    flags = DECLINED if txn.auth_result == "declined" else 0
    if is_small(txn.amount_minor, txn.currency):
        flags |= SMALL
    return Event(
        txn.event_time_ms,
        txn.amount_minor,
        txn.currency,
        flags,
        digest(txn.transaction_id),
        txn.event_type == "payment",
    )


def _measures(entry: Entry) -> list[Measure]:
    base = entry.in_base and entry.aggregate not in TRACKED
    money = entry.aggregate in _MONEY and not entry.in_base
    wanted = [0, entry.flags] if entry.aggregate == "share" else [entry.flags]
    ends = [entry.delay_ms] if entry.delay else []
    return [
        Measure(end + length, flags, money, base)
        for flags in wanted
        for end, length in [(entry.delay_ms, entry.window_ms), *((end, 0) for end in ends)]
    ]


def _tracked(entry: Entry) -> Tracked:
    kind = entry.aggregate
    assert kind == "min" or kind == "max" or kind == "distinct"  # noqa: PLR1714, S101  # for the type checker
    if entry.in_base and kind != "distinct":
        return Tracked("min_base" if kind == "min" else "max_base", entry.window_ms, entry.flags)
    return Tracked(kind, entry.window_ms, entry.flags, DISTINCT[entry.of] if entry.of else "")


def _take_of(entry: Entry, plan: Plan) -> Take:
    take = _taken(entry, plan)
    if not entry.in_base:
        return take
    # an event that can't be among them itself is told nothing (ADR-0025)
    return lambda log, reading, event: None if event.base_minor is None else take(log, reading, event)


def _taken(entry: Entry, plan: Plan) -> Take:
    if entry.aggregate in TRACKED:
        return _take_tracked(plan.tracked.index(_tracked(entry)))
    if entry.aggregate in ("last", "since_last", "since_first"):
        return _OF_TIME[entry.aggregate](entry.window_ms)
    places = [plan.place[measure] for measure in _measures(entry)]
    if entry.aggregate == "count" and not entry.in_base:
        return _take_count(places)
    if entry.aggregate == "share":
        half = len(places) // 2
        return _take_share(_take_count(places[half:]), _take_count(places[:half]))
    return _take_ratio(entry, places[0]) if entry.aggregate == "ratio" else _take_amounts(entry, places)


def _take_tracked(at: int) -> Take:
    return lambda _, reading, event: reading.trackers[at].value(event.currency, event.time_ms)


def _take_count(places: Sequence[int]) -> Callable[[Log, Reading, Event], int]:
    """What is inside the longer span, less what is inside the delay."""
    inner, outer = places[0], places[-1]
    if len(places) == 1:
        return lambda _, reading, __: reading.counts[inner]
    return lambda _, reading, __: reading.counts[inner] - reading.counts[outer]


def _take_share(
    some: Callable[[Log, Reading, Event], int], every: Callable[[Log, Reading, Event], int]
) -> Take:
    def take(log: Log, reading: Reading, event: Event) -> float:
        all_of_them = every(log, reading, event)
        return some(log, reading, event) / all_of_them if all_of_them else 0.0

    return take


def _held_of(entry: Entry) -> Callable[[Log, Reading, Event, int], Amounts]:
    """The amounts that a measure holds in the base, or in the event's own currency."""
    if entry.in_base:
        return lambda _, reading, __, place: reading.base(place)
    return lambda log, reading, event, place: log.amounts(reading, place, event.currency)


def _take_amounts(entry: Entry, places: Sequence[int]) -> Take:
    of_amounts, held_of, inner = _OF_AMOUNTS[entry.aggregate], _held_of(entry), places[0]
    if len(places) == 1:
        return lambda log, reading, event: of_amounts(held_of(log, reading, event, inner))
    outer = places[1]

    def take(log: Log, reading: Reading, event: Event) -> Value:
        held, late = (held_of(log, reading, event, place) for place in (inner, outer))
        return of_amounts(Amounts(held.count - late.count, held.sum - late.sum, held.squares - late.squares))

    return take


def _take_ratio(entry: Entry, place: int) -> Take:
    held_of = _held_of(entry)

    def take(log: Log, reading: Reading, event: Event) -> float | None:
        held = held_of(log, reading, event, place)
        amount_minor = (event.base_minor or 0) if entry.in_base else event.amount_minor
        earlier_sum = held.sum - amount_minor
        if not event.counts or earlier_sum <= 0:
            return None
        return amount_minor * (held.count - 1) / earlier_sum

    return take


def _take_last(span_ms: int) -> Take:
    def take(log: Log, _: Reading, event: Event) -> int | None:
        last = _last(log, event, span_ms)
        return last.amount_minor if last and last.currency == event.currency else None

    return take


def _take_since_last(span_ms: int) -> Take:
    def take(log: Log, _: Reading, event: Event) -> float | None:
        last = _last(log, event, span_ms)
        return (event.time_ms - last.time_ms) / 1000 if last else None

    return take


def _take_since_first(span_ms: int) -> Take:
    def take(log: Log, _: Reading, event: Event) -> float | None:
        first_ms = log.first_ms(event, span_ms)
        return None if first_ms is None else (event.time_ms - first_ms) / 1000

    return take


def _last(log: Log, event: Event, span_ms: int) -> Event | None:
    last = log.before(event)
    return last if last and last.time_ms > event.time_ms - span_ms else None


def _mean(held: Amounts) -> float | None:
    return held.sum / held.count if held.count else None


def _deviation(held: Amounts) -> float | None:
    n = held.count
    if n < 2:
        return None
    return sqrt(max(0, n * held.squares - held.sum * held.sum) / (n * (n - 1)))


_OF_AMOUNTS: dict[str, Callable[[Amounts], Value]] = {
    "count": lambda held: held.count,
    "sum": lambda held: held.sum,
    "mean": _mean,
    "deviation": _deviation,
}
_OF_TIME = {"last": _take_last, "since_last": _take_since_last, "since_first": _take_since_first}

CATALOGUE = read_catalogue(Path(__file__).with_name("catalogue.yaml").read_text(encoding="utf-8"))
ACCOUNT = Entity("account", CATALOGUE)
MERCHANT = "merchant"  # whose stage is told of labels and of articles
# Every other entity has a stage of its own before the account's, in the order of the catalogue.
STAGES = tuple(
    Entity(name, CATALOGUE)
    for name in dict.fromkeys(entry.entity for entry in CATALOGUE)
    if name != ACCOUNT.name
)
