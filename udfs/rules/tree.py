"""
A condition as a tree, and as text again.

Rule: `parse(show(tree))` is the same tree but for its columns. Precedence is
this module's `Power` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import IntEnum
from typing import Any, NamedTuple


class Power(IntEnum):
    """How tightly something holds its operands together; a higher power holds tighter."""

    NOTHING = 0
    OR = 1
    AND = 2
    NOT = 3
    COMPARE = 4  # comparisons and `in`; they do not chain
    ADD = 5
    MULTIPLY = 6
    MINUS = 7  # of one operand
    ATOM = 8


class Literal(NamedTuple):
    """A number, text, true or false as written."""

    value: int | Decimal | str | bool
    column: int


class Name(NamedTuple):
    """A field or feature."""

    name: str
    column: int


class Negate(NamedTuple):
    """Minus *operand*."""

    operand: Node
    column: int


class Arithmetic(NamedTuple):
    """*left* sign *right*; the sign is one of + - * /, and the column is its."""

    sign: str
    left: Node
    right: Node
    column: int


class Compare(NamedTuple):
    """*left* sign *right*; the sign is one of == != < <= > >=, and the column is its."""

    sign: str
    left: Node
    right: Node
    column: int


class Member(NamedTuple):
    """*item* is among *items*, or with the sign `not in` is not."""

    sign: str
    item: Node
    items: tuple[Literal, ...]
    column: int


class Not(NamedTuple):
    """The opposite of *operand*."""

    operand: Node
    column: int


class AllOf(NamedTuple):
    """Every part holds: parts joined by `and`, at least two; the column is the first `and`'s."""

    parts: tuple[Node, ...]
    column: int


class AnyOf(NamedTuple):
    """Some part holds: parts joined by `or`, at least two; the column is the first `or`'s."""

    parts: tuple[Node, ...]
    column: int


Node = Literal | Name | Negate | Arithmetic | Compare | Member | Not | AllOf | AnyOf

SIGN_POWER = {
    "or": Power.OR,
    "and": Power.AND,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "not"), Power.COMPARE),  # not: of `not in`
    **dict.fromkeys("+-", Power.ADD),
    **dict.fromkeys("*/", Power.MULTIPLY),
}

_CHILDREN: dict[type, Callable[[Any], tuple[Node, ...]]] = {
    Literal: lambda _: (),
    Name: lambda _: (),
    Negate: lambda node: (node.operand,),
    Arithmetic: lambda node: (node.left, node.right),
    Compare: lambda node: (node.left, node.right),
    Member: lambda node: (node.item, *node.items),
    Not: lambda node: (node.operand,),
    AllOf: lambda node: node.parts,
    AnyOf: lambda node: node.parts,
}


def children(node: Node) -> tuple[Node, ...]:
    """The operands of *node*, from left to right."""
    return _CHILDREN[type(node)](node)


def walk(node: Node) -> Iterator[Node]:
    """*node* and everything under it, from left to right."""
    yield node
    for child in children(node):
        yield from walk(child)


def names_in(node: Node) -> tuple[str, ...]:
    """Each name that *node* mentions, once, in order of appearance."""
    return tuple(dict.fromkeys(part.name for part in walk(node) if isinstance(part, Name)))


def show(node: Node) -> str:
    """*node* as text, with no more parentheses than it needs."""
    return _SHOW[type(node)](node)


def _inside(node: Node, power: Power) -> str:
    return show(node) if _power(node) >= power else f"({show(node)})"


def _power(node: Node) -> Power:
    if isinstance(node, Arithmetic):
        return SIGN_POWER[node.sign]
    return _POWER[type(node)]


def _show_literal(node: Literal) -> str:
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    if isinstance(node.value, str):
        return f'"{node.value}"' if "'" in node.value else f"'{node.value}'"
    return f"{node.value:f}" if isinstance(node.value, Decimal) else str(node.value)


def _show_arithmetic(node: Arithmetic) -> str:
    power = SIGN_POWER[node.sign]
    return f"{_inside(node.left, power)} {node.sign} {_inside(node.right, Power(power + 1))}"


def _show_compare(node: Compare) -> str:
    return f"{_inside(node.left, Power.ADD)} {node.sign} {_inside(node.right, Power.ADD)}"


def _show_member(node: Member) -> str:
    return f"{_inside(node.item, Power.ADD)} {node.sign} [{', '.join(map(_show_literal, node.items))}]"


_POWER: dict[type, Power] = {
    Literal: Power.ATOM,
    Name: Power.ATOM,
    Negate: Power.MINUS,
    Compare: Power.COMPARE,
    Member: Power.COMPARE,
    Not: Power.NOT,
    AllOf: Power.AND,
    AnyOf: Power.OR,
}

_SHOW: dict[type, Callable[[Any], str]] = {
    Literal: _show_literal,
    Name: lambda node: node.name,
    Negate: lambda node: f"-{_inside(node.operand, Power.MINUS)}",
    Arithmetic: _show_arithmetic,
    Compare: _show_compare,
    Member: _show_member,
    Not: lambda node: f"not {_inside(node.operand, Power.NOT)}",
    AllOf: lambda node: " and ".join(_inside(part, Power.NOT) for part in node.parts),
    AnyOf: lambda node: " or ".join(_inside(part, Power.AND) for part in node.parts),
}
