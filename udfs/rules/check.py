"""The kinds of a condition, checked against the names a rule may use before anything runs."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from udfs.rules.errors import ExpressionError
from udfs.rules.names import KINDS, Kind
from udfs.rules.parse import parse
from udfs.rules.tokens import KEYWORDS, quoted, shortened
from udfs.rules.tree import (
    AllOf,
    AnyOf,
    Arithmetic,
    Compare,
    Literal,
    Member,
    Name,
    Negate,
    Node,
    Not,
    names_in,
    show,
)

Kinds = Mapping[str, Kind]


class Condition(NamedTuple):
    """A checked condition: its tree, which is boolean, and the kind of each name it mentions."""

    tree: Node
    names: dict[str, Kind]


def check_condition(text: str, kinds: Kinds = KINDS) -> Condition:
    """
    *text* as a condition that can be compiled.

    Raises:
        ExpressionError: If it does not parse, names something that *kinds* does
            not list, mixes kinds, or is not boolean as a whole.
    """
    tree = parse(text)
    _expect(Kind.BOOLEAN, tree, kinds)
    return Condition(tree, {name: kinds[name] for name in names_in(tree)})


def kind_of(node: Node, kinds: Kinds) -> Kind:
    """The kind of *node*'s value. Raises ExpressionError if it or a part of it has none."""
    return _KIND_OF[type(node)](node, kinds)


def _expect(kind: Kind, node: Node, kinds: Kinds) -> None:
    found = kind_of(node, kinds)
    if found is not kind:
        raise ExpressionError(node.column, f"{found} {shortened(show(node))}", kind)


def _literal(node: Literal, _: Kinds) -> Kind:
    if isinstance(node.value, bool):
        return Kind.BOOLEAN
    return Kind.TEXT if isinstance(node.value, str) else Kind.NUMBER


def _name(node: Name, kinds: Kinds) -> Kind:
    if node.name not in kinds:
        raise ExpressionError(node.column, f"unknown name {quoted(node.name)}", _nearest(node.name, kinds))
    return kinds[node.name]


def _nearest(name: str, kinds: Kinds) -> str:
    near = difflib.get_close_matches(name.lower()[:64], [*kinds, *KEYWORDS], n=1)
    return f"a known name (nearest: '{near[0]}')" if near else "a known name"


def _negate(node: Negate, kinds: Kinds) -> Kind:
    _expect(Kind.NUMBER, node.operand, kinds)
    return Kind.NUMBER


def _arithmetic(node: Arithmetic, kinds: Kinds) -> Kind:
    _expect(Kind.NUMBER, node.left, kinds)
    _expect(Kind.NUMBER, node.right, kinds)
    return Kind.NUMBER


def _compare(node: Compare, kinds: Kinds) -> Kind:
    if node.sign in {"==", "!="}:
        _expect(kind_of(node.left, kinds), node.right, kinds)
    else:  # only numbers have an order
        _arithmetic(Arithmetic(*node), kinds)
    return Kind.BOOLEAN


def _member(node: Member, kinds: Kinds) -> Kind:
    kind = kind_of(node.item, kinds)
    for item in node.items:
        _expect(kind, item, kinds)
    return Kind.BOOLEAN


def _not(node: Not, kinds: Kinds) -> Kind:
    _expect(Kind.BOOLEAN, node.operand, kinds)
    return Kind.BOOLEAN


def _joined(node: AllOf | AnyOf, kinds: Kinds) -> Kind:
    for part in node.parts:
        _expect(Kind.BOOLEAN, part, kinds)
    return Kind.BOOLEAN


_KIND_OF: dict[type, Callable[[Any, Kinds], Kind]] = {
    Literal: _literal,
    Name: _name,
    Negate: _negate,
    Arithmetic: _arithmetic,
    Compare: _compare,
    Member: _member,
    Not: _not,
    AllOf: _joined,
    AnyOf: _joined,
}
