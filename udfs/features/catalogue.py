"""
The catalogue of features over windows of any length: data, checked when it is read.

Rule: a feature is an entry of catalogue.yaml and nothing else; operators, rules,
archive, training set and docs/features.md take it from here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import yaml

from schemas.decision import BETWEEN, Value
from schemas.errors import BadSetting
from schemas.transaction import Transaction
from udfs.features.blocks import DECLINED, FRAUD, SMALL, Event
from udfs.features.known import digest
from udfs.features.log import Log
from udfs.features.measures import Amounts, Measure, Plan, Reading
from udfs.features.small import is_small
from udfs.features.windows import DAY_MS, HOUR_MS, MINUTE_MS

_UNITS = {"m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_SPAN = re.compile(r"([1-9]\d{0,3})([mhd])")
_FIELDS = {  # of an entity: the field of a transaction that names it
    "account": "account_id",
    "card": "card_token",
    "merchant": "merchant_id",
    "device": "device_id",
    "ip": "ip_token",
}
_FILTERS = {"": 0, "fraud": FRAUD, "declined": DECLINED, "small": SMALL}
_OF_FILTER = {"": "", "fraud": " reported as fraud", "declined": " declined", "small": " below 2.00"}
_LONGEST_DAYS = 400

Aggregation = Literal["count", "sum", "mean", "deviation", "share"]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    One feature of the catalogue.

    Attributes:
        name: As rules, archive and model call it.
        entity: account, card, merchant, device, ip, or a pair such as account+merchant.
        aggregate: count; sum, mean or deviation of amounts in the event's currency, in minor units; or
            the share of *filter*.
        window: Length, as 30m, 24h or 7d.
        filter: Which payments count: all, or fraud (as reported by then), declined, small.
        delay: The window is (t - delay - window, t - delay].
    """

    name: str
    entity: str
    aggregate: Aggregation
    window: str
    filter: Literal["", "fraud", "declined", "small"] = ""
    delay: str = ""

    @property
    def window_ms(self) -> int:
        """Length of the window."""
        return span_ms(self.window)

    @property
    def delay_ms(self) -> int:
        """How long ago the window ends."""
        return span_ms(self.delay) if self.delay else 0

    @property
    def type(self) -> Literal["int", "float"]:
        """Of its values."""
        return "int" if self.aggregate in ("count", "sum") else "float"

    @property
    def unit(self) -> str:
        """Of its values."""
        return {"count": "payments", "share": "ratio"}.get(self.aggregate, "minor")

    @property
    def interval(self) -> str:
        """The window as people read it."""
        if not self.delay:
            return f"(t - {self.window}, t]"
        return f"(t - {self.delay} - {self.window}, t - {self.delay}]"

    @property
    def meaning(self) -> str:
        """In words."""
        of = f"{self.entity.replace('+', ' and ')}"
        which = f"payments of the {of}"
        if self.aggregate == "share":
            return f"Share{_OF_FILTER[self.filter]} among the {which}; 0 without any"
        what = {"count": "Number", "sum": "Sum", "mean": "Mean", "deviation": "Sample deviation"}
        money = "" if self.aggregate == "count" else " in this event's currency"
        return f"{what[self.aggregate]} of the {which}{_OF_FILTER[self.filter]}{money}"

    @property
    def missing(self) -> str:
        """When its value is None."""
        never = {"mean": "no such payment", "deviation": "fewer than two such payments"}.get(self.aggregate)
        absent = None if self.entity == "account" else f"no {self.entity.replace('+', ' or ')}"
        return ", ".join(each for each in (never, absent) if each) or "never"


def span_ms(text: str) -> int:
    """Milliseconds of a span such as 30m, 24h or 7d."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise BadSetting("window", repr(text), "a span such as 30m, 24h or 7d")
    return int(found[1]) * _UNITS[found[2]]


def read_catalogue(text: str) -> tuple[Entry, ...]:
    """
    The entries of *text*, checked.

    Raises:
        BadSetting: If an entry is not as `Entry` says; it names entry, field, and what was found.
    """
    try:
        entries = msgspec.convert(yaml.safe_load(text)["features"], tuple[Entry, ...])
    except (msgspec.ValidationError, yaml.YAMLError, KeyError, TypeError) as error:
        raise BadSetting("features", str(error), "entries as in docs/features.md") from error
    for entry in entries:
        _check(entry)
    names = [entry.name for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadSetting("features", f"{', '.join(twice)} more than once", "names that differ")
    return entries


def _check(entry: Entry) -> None:
    where = f"features.{entry.name}"
    unknown = [part for part in entry.entity.split("+") if part not in _FIELDS]
    if unknown:
        raise BadSetting(f"{where}.entity", repr(entry.entity), f"of {', '.join(_FIELDS)}, or two with +")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", entry.name):
        raise BadSetting(f"{where}.name", repr(entry.name), "small letters, digits and _")
    if entry.window_ms + entry.delay_ms > _LONGEST_DAYS * DAY_MS:
        raise BadSetting(f"{where}.window", entry.interval, f"at most {_LONGEST_DAYS} days in all")
    if entry.aggregate == "share" and not entry.filter:
        raise BadSetting(f"{where}.filter", "none", "what it is the share of")
    if entry.filter == "fraud" and entry.entity != "merchant":
        raise BadSetting(f"{where}.entity", repr(entry.entity), "merchant: labels reach no other")


class Entity:
    """What the catalogue says of one entity: whose log, what it counts, and its features."""

    def __init__(self, name: str, entries: Sequence[Entry]) -> None:
        self.name = name
        self.entries = tuple(entry for entry in entries if entry.entity == name)
        self._fields = [_FIELDS[part] for part in name.split("+")]
        day = Measure(DAY_MS)  # what is recognised as a duplicate stays at hand
        measures = [day, *(measure for entry in self.entries for measure in _measures(entry))]
        self.plan = Plan(measures)
        self._takes = [_take_of(entry, self.plan) for entry in self.entries]
        self.absent: dict[str, Value] = {entry.name: None for entry in self.entries}

    def key_of(self, txn: Transaction) -> str | None:
        """The entity's id in *txn*; None where one of its fields is absent."""
        parts = [getattr(txn, field) for field in self._fields]
        return None if None in parts else BETWEEN.join(parts)

    def features(self, log: Log, reading: Reading, currency: str) -> dict[str, Value]:
        """Every feature of the entity, as *reading* of *log* has it."""
        return {
            entry.name: take(log, reading, currency)
            for entry, take in zip(self.entries, self._takes, strict=True)
        }


def event_of(txn: Transaction) -> Event:
    """*txn* as logs count it."""
    flags = DECLINED if txn.auth_result == "declined" else 0
    if is_small(txn.amount_minor, txn.currency):
        flags |= SMALL
    return Event(txn.event_time_ms, txn.amount_minor, txn.currency, flags, digest(txn.transaction_id))


def _measures(entry: Entry) -> list[Measure]:
    money = entry.aggregate in ("sum", "mean", "deviation")
    wanted = [0, _FILTERS[entry.filter]] if entry.aggregate == "share" else [_FILTERS[entry.filter]]
    ends = [entry.delay_ms] if entry.delay else []
    return [
        Measure(end + length, flags, money)
        for flags in wanted
        for end, length in [(entry.delay_ms, entry.window_ms), *((end, 0) for end in ends)]
    ]


class _Take(NamedTuple):
    """Reads one feature: what is inside the longer span, less what is inside the delay."""

    aggregate: Aggregation
    inner: int  # place of the measure of delay + window
    outer: int | None  # place of the measure of the delay
    all_inner: int
    all_outer: int | None

    def __call__(self, log: Log, reading: Reading, currency: str) -> Value:
        if self.aggregate == "count":
            return _less(reading.counts, self.inner, self.outer)
        if self.aggregate == "share":
            every = _less(reading.counts, self.all_inner, self.all_outer)
            return _less(reading.counts, self.inner, self.outer) / every if every else 0.0
        held = log.amounts(reading, self.inner, currency)
        if self.outer is not None:
            held = _without(held, log.amounts(reading, self.outer, currency))
        value: Value = _OF_AMOUNTS[self.aggregate](held)
        return value


def _take_of(entry: Entry, plan: Plan) -> _Take:
    found = [plan.place[measure] for measure in _measures(entry)]
    delayed = bool(entry.delay)
    per = 2 if delayed else 1
    every, wanted = found[:per], found[-per:]
    return _Take(
        aggregate=entry.aggregate,
        inner=wanted[0],
        outer=wanted[1] if delayed else None,
        all_inner=every[0],
        all_outer=every[1] if delayed else None,
    )


def _less(counts: list[int], inner: int, outer: int | None) -> int:
    return counts[inner] if outer is None else counts[inner] - counts[outer]


def _without(held: Amounts, left_out: Amounts) -> Amounts:
    return Amounts(held.count - left_out.count, held.sum - left_out.sum, held.squares - left_out.squares)


def _mean(held: Amounts) -> float | None:
    return held.sum / held.count if held.count else None


def _deviation(held: Amounts) -> float | None:
    n = held.count
    if n < 2:
        return None
    return sqrt(max(0, n * held.squares - held.sum * held.sum) / (n * (n - 1)))


_OF_AMOUNTS: dict[str, Any] = {"sum": lambda held: held.sum, "mean": _mean, "deviation": _deviation}

CATALOGUE = read_catalogue(Path(__file__).with_name("catalogue.yaml").read_text(encoding="utf-8"))
ACCOUNT = Entity("account", CATALOGUE)
# Every other entity has a stage of its own before the account's, in the order of the catalogue.
STAGES = tuple(
    Entity(name, CATALOGUE)
    for name in dict.fromkeys(entry.entity for entry in CATALOGUE)
    if name != ACCOUNT.name
)
