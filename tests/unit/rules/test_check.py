"""The kinds of a condition, before anything runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.unit.rules.trees import condition
from udfs.features.names import FEATURES
from udfs.rules.check import check_condition
from udfs.rules.errors import ExpressionError
from udfs.rules.names import NAMES, Kind
from udfs.rules.tree import names_in, show

pytestmark = pytest.mark.unit

DOCUMENT = Path(__file__).parents[3] / "docs" / "rules.md"

# condition, column, found, expected
FAULTS = [
    ("amount", 1, "number amount", "boolean"),
    ("amount + 1", 8, "number amount + 1", "boolean"),
    ("'x'", 1, "text 'x'", "boolean"),
    ("amount > 'x'", 10, "text 'x'", "number"),
    ("mcc == 7995", 8, "number 7995", "text"),
    ("mcc > '1'", 1, "text mcc", "number"),
    ("new_device > is_night", 1, "boolean new_device", "number"),
    ("new_device == 1", 15, "number 1", "boolean"),
    ("mcc in ['7995', 4829]", 17, "number 4829", "text"),
    ("amount in ['1']", 12, "text '1'", "number"),
    ("amount + mcc > 1", 10, "text mcc", "number"),
    ("-new_device == 1", 2, "boolean new_device", "number"),
    ("not amount", 5, "number amount", "boolean"),
    ("new_device and amount", 16, "number amount", "boolean"),
    ("amount > 1 or mcc", 15, "text mcc", "boolean"),
    ("amout > 1", 1, "unknown name 'amout'", "a known name (nearest: 'amount')"),
    ("amount > 1 and cuntry == 'DE'", 16, "unknown name 'cuntry'", "a known name (nearest: 'country')"),
    ("zzzzzz", 1, "unknown name 'zzzzzz'", "a known name"),
    ("new_device == True", 15, "unknown name 'True'", "a known name (nearest: 'true')"),
    ("__class__ == 1", 1, "unknown name '__class__'", "a known name"),
]


@pytest.mark.parametrize(("text", "column", "found", "expected"), FAULTS)
def test_fault(text: str, column: int, found: str, expected: str) -> None:
    """A condition of mixed kinds or with an unknown name is refused, with its column and what would fit."""
    with pytest.raises(ExpressionError) as caught:
        check_condition(text)
    assert (caught.value.column, caught.value.found, caught.value.expected) == (column, found, expected)


@given(condition)
@settings(deadline=None)
def test_condition_of_right_kinds_is_taken(tree: object) -> None:
    """A tree whose parts have the right kinds checks, and tells each of its names once with its kind."""
    checked = check_condition(show(tree))  # type: ignore[arg-type]
    assert tuple(checked.names) == names_in(tree)  # type: ignore[arg-type]
    assert all(NAMES[name].kind is kind for name, kind in checked.names.items())


def test_every_feature_can_be_named() -> None:
    """Each feature of the catalogue can be named by rules, under the kind of its type."""
    kinds = {"int": Kind.NUMBER, "float": Kind.NUMBER, "bool": Kind.BOOLEAN, "text": Kind.TEXT}
    assert all(NAMES[feature.name].kind is kinds[feature.type] for feature in FEATURES)


def test_documented_names_are_the_names() -> None:
    """The table of docs/rules.md lists every name with its kind and meaning, and no other."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(name, meaning.kind, meaning.text) for name, meaning in NAMES.items()]


def test_documented_conditions_are_conditions() -> None:
    """Every condition shown in docs/rules.md as an example can be used."""
    text = DOCUMENT.read_text(encoding="utf-8")
    blocks = re.findall(r"^```rule\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    conditions = [line for block in blocks for line in block.splitlines()]
    assert conditions
    assert all(check_condition(text) for text in conditions)
