"""Random conditions, as trees of the right kinds, and trees without their columns."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

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
)

NUMBERS = ("amount", "count_1h", "account_mean")
TEXTS = ("mcc", "country")
BOOLEANS = ("new_device", "is_night")

_whole = st.integers(0, 12)
_decimal = st.decimals(0, 12, places=1).map(abs)
_text = st.sampled_from(["", "DE", "FR", "7995", "it's", 'say "hi"', "日本"])


def _names(names: tuple[str, ...]) -> st.SearchStrategy[Node]:
    """One of *names*."""
    return st.sampled_from(names).map(lambda name: Name(name, 0))


def _literal(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Literal]:
    """One of *values* as written."""
    return values.map(lambda value: Literal(value, 0))


def _bigger_number(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Arithmetic over *inner*."""
    negations = inner.map(lambda node: Negate(node, 0))
    return negations | st.builds(Arithmetic, st.sampled_from("+-*/"), inner, inner, st.just(0))


number = st.recursive(_names(NUMBERS) | _literal(_whole | _decimal), _bigger_number, max_leaves=6)
text = _names(TEXTS) | _literal(_text)
signed = _literal(_whole | _decimal | st.integers(-12, -1) | st.decimals(-12, -1, places=1))


def _listed(items: st.SearchStrategy[Literal]) -> st.SearchStrategy[tuple[Literal, ...]]:
    """One to four of *items*."""
    return st.lists(items, min_size=1, max_size=4).map(tuple)


_equality = st.sampled_from(["==", "!="])
_order = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
_in = st.sampled_from(["in", "not in"])
_simple = (
    _names(BOOLEANS)
    | _literal(st.booleans())
    | st.builds(Compare, _order, number, number, st.just(0))
    | st.builds(Compare, _equality, text, text, st.just(0))
    | st.builds(Member, _in, number, _listed(signed), st.just(0))
    | st.builds(Member, _in, text, _listed(_literal(_text)), st.just(0))
)


def _bigger_condition(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Conditions over *inner*."""
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return (
        st.builds(AllOf, parts, st.just(0))
        | st.builds(AnyOf, parts, st.just(0))
        | st.builds(Not, inner, st.just(0))
        | st.builds(Compare, _equality, inner, inner, st.just(0))
        | st.builds(Member, _in, inner, _listed(_literal(st.booleans())), st.just(0))
    )


condition = st.recursive(_simple, _bigger_condition, max_leaves=5)


def bare(part: object) -> object:
    """*part* of a tree without columns; numbers keep their type and digits."""
    if isinstance(part, Literal):
        return (type(part.value).__name__, str(part.value))
    if isinstance(part, tuple) and hasattr(part, "_fields"):
        fields = zip(part._fields, part, strict=True)
        return (type(part).__name__, *(bare(value) for field, value in fields if field != "column"))
    return tuple(map(bare, part)) if isinstance(part, tuple) else part


def number_value() -> st.SearchStrategy[int | float | Decimal]:
    """Numbers of every type that a value may have, small enough to meet the literals often."""
    floats = st.floats(-12, 12) | st.sampled_from([0.1, 0.5, 1e300, 5e-324])
    return st.integers(-12, 12) | floats | st.decimals(-12, 12, places=2)
