"""
docs/settings.md, made from the settings themselves.

Rule: nothing is written by hand; `python -m flink_app.settings_page` writes the
page anew, and a test compares.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

from flink_app.properties import Rule, property_name
from flink_app.settings import GROUPS, RUN_OPTIONS

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
_TYPES = {bool: "true or false", int: "whole number", float: "number", str: "text"}
_HEAD = ("property", "type", "unit", "default", "allowed", "meaning", "where the default comes from")
_INTRODUCTION = f"""\
# Settings

Made from `flink_app/settings.py` and `end_settings.py` by `python -m flink_app.settings_page`: do not edit.

The job reads property groups: on Managed Flink from `/etc/flink/application_properties.json`, locally from a
file of the same shape. A group or property that is not listed here is a fault, and all faults are told
together before anything starts. The group `{RUN_OPTIONS}` is Managed
Flink's own and is left alone.
"""


def page() -> str:
    """The page's text."""
    return "\n".join([_INTRODUCTION, *(_section(group_id, kind) for group_id, (_, kind) in GROUPS.items())])


def _section(group_id: str, kind: type[Any]) -> str:
    hints = get_type_hints(kind)
    rows = [_line(_HEAD), _line("---" for _ in _HEAD)]
    rows += [_line(_cells(field, hints[field.name])) for field in dataclasses.fields(kind)]
    return "\n".join([f"## {group_id}", "", str(kind.__doc__), "", *rows, ""])


def _cells(field: dataclasses.Field[Any], kind: type) -> Iterator[str]:
    rule: Rule = field.metadata["rule"]
    yield f"`{property_name(field)}`"
    yield _TYPES[kind]
    yield rule.unit
    yield "**must be given**" if field.default is dataclasses.MISSING else f"`{_text(field.default)}`"
    yield _allowed(rule)
    yield rule.meaning
    yield rule.source


def _allowed(rule: Rule) -> str:
    if rule.low is not None and rule.high is not None:
        return f"{rule.low:,} to {rule.high:,}"
    return ", ".join(f"`{choice}`" for choice in rule.choices) or (rule.form.words if rule.form else "")


def _text(default: Any) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
