"""
The grammar of the catalogue: one entry, checked when it is read.

Rule: what an entry can't mean is refused here, by name, before anything runs.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec
import yaml

from schemas.errors import BadSetting
from udfs.features.blocks import DECLINED, FRAUD, SMALL
from udfs.features.windows import DAY_MS, HOUR_MS, MINUTE_MS

FIELDS = {  # of an entity, or what is told apart: the field of a transaction that names it
    "account": "account_id",
    "card": "card_token",
    "merchant": "merchant_id",
    "device": "device_id",
    "ip": "ip_token",
}
DISTINCT = {**FIELDS, "country": "country", "mcc": "mcc", "counterparty": "counterparty_id"}
FILTERS = {"": 0, "fraud": FRAUD, "declined": DECLINED, "small": SMALL}
_UNITS = {"m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_SPAN = re.compile(r"([1-9]\d{0,3})([mhd])")
_LONGEST_DAYS = 400

Aggregation = Literal[
    "count", "sum", "mean", "deviation", "share", "min", "max", "distinct",
    "ratio", "last", "since_last", "since_first",
]  # fmt: skip
IN_BASE = ("count", "sum", "mean", "deviation", "min", "max", "ratio")  # what can be taken in the base
COUNTED = ("count", "sum", "mean", "deviation", "share")  # of these a part of the window can be taken away
TRACKED = ("min", "max", "distinct")

_WHAT = {
    "count": "Number of the {filtered}payments of the {entity}",
    "sum": "Sum of the {filtered}payments of the {entity} in this event's currency",
    "mean": "Mean of the {filtered}payments of the {entity} in this event's currency",
    "deviation": "Sample deviation of the {filtered}payments of the {entity} in this event's currency",
    "share": "Share {filtered}among the payments of the {entity}; 0 without any",
    "min": "Smallest of the {filtered}payments of the {entity} in this event's currency",
    "max": "Largest of the {filtered}payments of the {entity} in this event's currency",
    "ratio": "This payment's amount divided by the mean of the {entity}'s earlier ones in its currency",
    "distinct": "Number of distinct {of} values among the {filtered}payments of the {entity}",
    "last": "Amount of the {entity}'s payment before this event",
    "since_last": "Time since the {entity}'s payment before this event",
    "since_first": "Time since the {entity}'s oldest payment",
}
_OWN = ("in this event's currency", "in its currency")
_BASE = "in the base currency"
_FILTERED = {"": "", "fraud": "reported as fraud ", "declined": "declined ", "small": "small "}
_MISSING = {
    "mean": "no such payment",
    "deviation": "fewer than two such payments",
    "min": "no such payment",
    "max": "no such payment",
    "ratio": "not a payment, no earlier one, or a mean of 0",
    "last": "no such payment, or in another currency",
    "since_last": "no such payment",
    "since_first": "no payment",
}
_UNIT = {
    "count": "payments",
    "share": "ratio",
    "ratio": "ratio",
    "since_last": "s",
    "since_first": "s",
}
_WHOLE = ("count", "sum", "min", "max", "distinct", "last")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    One feature of the catalogue.

    Attributes:
        name: As rules, archive and model call it.
        entity: account, card, merchant, device, ip, or a pair such as account+merchant.
        aggregate: What is taken of the entity's payments in the window; docs/features.md lists them.
        window: Length, as 30m, 24h or 7d.
        filter: Which payments count: all, or fraud (as reported by then), declined, small.
        delay: The window is (t - delay - window, t - delay].
        of: What is distinct, for that aggregate.
        currency: event for amounts in the event's own, or base for base amounts (ADR-0025).
    """

    name: str
    entity: str
    aggregate: Aggregation
    window: str
    filter: Literal["", "fraud", "declined", "small"] = ""
    delay: str = ""
    of: str = ""
    currency: Literal["event", "base"] = "event"

    @property
    def in_base(self) -> bool:
        """Whether base amounts are asked for."""
        return self.currency == "base"

    @property
    def window_ms(self) -> int:
        """Length of the window."""
        return span_ms(self.window)

    @property
    def delay_ms(self) -> int:
        """How long ago the window ends."""
        return span_ms(self.delay) if self.delay else 0

    @property
    def flags(self) -> int:
        """What an event must have to count."""
        return FILTERS[self.filter]

    @property
    def type(self) -> Literal["int", "float"]:
        """Of its values."""
        return "int" if self.aggregate in _WHOLE else "float"

    @property
    def unit(self) -> str:
        """Of its values."""
        minor = "base minor" if self.in_base else "minor"
        return f"{self.of}s" if self.of else _UNIT.get(self.aggregate, minor)

    @property
    def interval(self) -> str:
        """The window as people read it."""
        if not self.delay:
            return f"(t - {self.window}, t]"
        return f"(t - {self.delay} - {self.window}, t - {self.delay}]"

    @property
    def meaning(self) -> str:
        """In words."""
        entity = self.entity.replace("+", " and ")
        told = _WHAT[self.aggregate].format(entity=entity, filtered=_FILTERED[self.filter], of=self.of)
        if not self.in_base:
            return told
        told = told.removesuffix(_OWN[0]).removesuffix(_OWN[1]).rstrip()
        return f"{told} {'with an amount ' if self.aggregate == 'count' else ''}{_BASE}"

    @property
    def missing(self) -> str:
        """When its value is None."""
        absent = None if self.entity == "account" else f"no {self.entity.replace('+', ' or ')}"
        no_base = "this event has no base amount" if self.in_base else None
        return ", ".join(each for each in (_MISSING.get(self.aggregate), absent, no_base) if each) or "never"


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
        _check_names(entry)
        _check_window(entry)
    names = [entry.name for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadSetting("features", f"{', '.join(twice)} more than once", "names that differ")
    return entries


def _check_names(entry: Entry) -> None:
    where = f"features.{entry.name}"
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", entry.name):
        raise BadSetting(f"{where}.name", repr(entry.name), "small letters, digits and _")
    if any(part not in FIELDS for part in entry.entity.split("+")):
        raise BadSetting(f"{where}.entity", repr(entry.entity), f"of {', '.join(FIELDS)}, or two with +")
    if entry.aggregate == "distinct" and entry.of not in DISTINCT:
        raise BadSetting(f"{where}.of", repr(entry.of), f"one of {', '.join(DISTINCT)}")
    if entry.in_base and entry.aggregate not in IN_BASE:
        raise BadSetting(f"{where}.currency", "base", f"event, but for {', '.join(IN_BASE)}")
    if entry.of and entry.aggregate != "distinct":
        raise BadSetting(f"{where}.of", repr(entry.of), "nothing, but for distinct")


def _check_window(entry: Entry) -> None:
    where = f"features.{entry.name}"
    if entry.window_ms + entry.delay_ms > _LONGEST_DAYS * DAY_MS:
        raise BadSetting(f"{where}.window", entry.interval, f"at most {_LONGEST_DAYS} days in all")
    if entry.delay and entry.aggregate not in COUNTED:
        raise BadSetting(f"{where}.delay", repr(entry.delay), f"none, but for {', '.join(COUNTED)}")
    if entry.aggregate == "share" and not entry.filter:
        raise BadSetting(f"{where}.filter", "none", "what it is the share of")
    if entry.filter and entry.aggregate not in COUNTED + TRACKED:
        raise BadSetting(f"{where}.filter", repr(entry.filter), f"none for {entry.aggregate}")
    if entry.filter == "fraud" and (entry.entity != "merchant" or entry.aggregate in TRACKED):
        raise BadSetting(f"{where}.filter", "fraud", f"of merchant, and one of {', '.join(COUNTED)}")
