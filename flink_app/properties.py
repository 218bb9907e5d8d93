"""
Property groups, read and checked: text in, typed groups out, all faults at once.

Rule: the dataclass field is the declaration. `max_per_minute` is the property
`max.per.minute`; its type, unit, default and range stand in the field and nowhere
else, so that `docs/settings.md` can be made from them.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

from schemas.currency import EXPONENTS
from schemas.errors import BadSetting, ConfigurationError, MissingGroup

Group = Mapping[str, str]
Groups = Mapping[str, Group]


class Faults(ConfigurationError):
    """Every fault of the settings, one a line."""

    def __init__(self, *faults: ConfigurationError) -> None:
        text = "".join(f"\n  - {fault}" for fault in faults)
        super().__init__("settings", f"{len(faults)} fault(s):{text}", "none; mend each line and start again")
        self.args = faults
        self.faults = faults


class Form(NamedTuple):
    """What a text must look like, and how a person is told."""

    pattern: str
    words: str


HOSTS = Form(r"[^\s,]+:\d{1,5}(,\s*[^\s,]+:\d{1,5})*", "host:port, separated by commas")
ADDRESS = Form(r"aws|https?://\S+", "aws, or http://host:port")
FOLDER = Form(r"(s3|s3a|file)://.+", "s3://bucket/prefix or file:///path")
TOPIC = Form(r"[A-Za-z0-9._-]{1,249}", "a topic's name: letters, digits, dots, dashes, underscores")
CURRENCY = Form("|".join(sorted(EXPONENTS)), "an ISO 4217 code of a currency with a minor unit")
SECRET = Form(r"(file|secretsmanager):.+", "file:PATH or secretsmanager:NAME")


class Rule(NamedTuple):
    """What a property may be, and what it means."""

    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    form: Form | None = None
    source: str = ""  # where the default comes from


def setting(meaning: str, *, default: Any = dataclasses.MISSING, **rule: Any) -> Any:
    """A dataclass field that is a property; mandatory when it has no default."""
    return dataclasses.field(default=default, metadata={"rule": Rule(meaning, **rule)})


def property_name(field: dataclasses.Field[Any]) -> str:
    """The property of a field: underscores are dots."""
    return field.name.replace("_", ".")


def load_groups(path: Path) -> Groups:
    """
    Read a file of the shape that Managed Flink leaves at `/etc/flink/application_properties.json`.

    Raises:
        BadSetting: If it is absent, no JSON, not a list of groups, or tells a group twice.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        groups = [(entry["PropertyGroupId"], dict(entry["PropertyMap"])) for entry in entries]
    except OSError as error:
        raise BadSetting(str(path), "no readable file", "a JSON list of property groups") from error
    except (ValueError, KeyError, TypeError) as error:
        expected = 'a JSON list of {"PropertyGroupId": ..., "PropertyMap": {...}}'
        raise BadSetting(str(path), f"something else ({type(error).__name__})", expected) from error
    times = Counter(group_id for group_id, _ in groups)
    for group_id in (group_id for group_id, count in times.items() if count > 1):
        raise BadSetting(f"{path}: {group_id}", f"{times[group_id]} groups of this name", "one")
    return dict(groups)


def parse_group[T](
    kind: type[T], group_id: str, group: Group | None
) -> tuple[T | None, list[ConfigurationError]]:
    """The typed group, or None and all its faults."""
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    if group is None and any(_mandatory(field) for field in fields):
        names = ", ".join(property_name(field) for field in fields if _mandatory(field))
        return None, [MissingGroup(group_id, "no such property group", f"a group with at least {names}")]
    values, faults = _parse_fields(kind, fields, group_id, group or {})
    faults += unknown_names(group_id, group or {}, [property_name(field) for field in fields])
    return (None if faults else kind(**values)), faults


def unknown_names(where: str, found: Group | Groups, known: Sequence[str]) -> list[ConfigurationError]:
    """A fault for each name that nobody declared."""
    expected = f"one of {', '.join(known)}"
    return [BadSetting(f"{where}/{name}", "an unknown name", expected) for name in found if name not in known]


def _mandatory(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING


def _parse_fields(
    kind: type, fields: Sequence[dataclasses.Field[Any]], group_id: str, group: Group
) -> tuple[dict[str, Any], list[ConfigurationError]]:
    hints, values, faults = get_type_hints(kind), {}, list[ConfigurationError]()
    for field in fields:
        name = property_name(field)
        where = f"{group_id}/{name}"
        try:
            if name in group:
                values[field.name] = _parse(where, group[name], hints[field.name], field.metadata["rule"])
            elif _mandatory(field):
                raise BadSetting(where, "nothing", f"a value: {field.metadata['rule'].meaning}")
        except ConfigurationError as fault:
            faults.append(fault)
    return values, faults


def _parse(where: str, text: Any, kind: type, rule: Rule) -> Any:
    if not isinstance(text, str):
        raise BadSetting(where, f"a {type(text).__name__}", "text, as Managed Flink passes properties")
    value = _PARSERS[kind](where, text.strip())
    _check_range(where, value, rule)
    return value


def _check_range(where: str, value: Any, rule: Rule) -> None:
    if rule.choices and value not in rule.choices:
        raise BadSetting(where, repr(value), f"one of {', '.join(rule.choices)}")
    if rule.form is not None and not re.fullmatch(rule.form.pattern, value):
        raise BadSetting(where, repr(value), rule.form.words)
    if rule.low is not None and not value >= rule.low:  # not a number is neither
        raise BadSetting(where, f"{value} {rule.unit}".strip(), f"at least {rule.low:g} {rule.unit}".strip())
    if rule.high is not None and value > rule.high:
        raise BadSetting(where, f"{value} {rule.unit}".strip(), f"at most {rule.high:g} {rule.unit}".strip())


def _parse_bool(where: str, text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise BadSetting(where, repr(text), "true or false")
    return text.lower() == "true"


def _parse_int(where: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise BadSetting(where, repr(text), "a whole number") from error


def _parse_float(where: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise BadSetting(where, repr(text), "a number") from error


def _parse_text(where: str, text: str) -> str:
    if not text:
        raise BadSetting(where, "an empty text", "some text; leave the property out for its default")
    return text


_PARSERS: Mapping[type, Any] = {bool: _parse_bool, int: _parse_int, float: _parse_float, str: _parse_text}
