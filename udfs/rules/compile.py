"""
A checked condition as one Python function, compiled once.

Rule: nothing that an analyst wrote gets into the Python source, except names
that the checker found in its table. Literals are constants beside the source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from schemas.decision import Value
from udfs.rules import arithmetic
from udfs.rules.check import Condition
from udfs.rules.names import Kind
from udfs.rules.tree import AllOf, AnyOf, Arithmetic, Compare, Literal, Member, Name, Negate, Node, Not

Test = Callable[[Mapping[str, Value]], bool | None]

_SIGNS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}

# What makes the value in a variable unusable, by kind. x - x is 0 for exactly the
# finite numbers: it is NaN, or raises an ArithmeticError, for all others.
_UNUSABLE = {
    Kind.NUMBER: "type({0}) not in numbers or {0} - {0} != 0",
    Kind.TEXT: "type({0}) is not str",
    Kind.BOOLEAN: "type({0}) is not bool",
}

_ENVIRONMENT: dict[str, Any] = {
    "__builtins__": {},
    "type": type,
    "str": str,
    "bool": bool,
    "numbers": frozenset({int, float, Decimal}),
    **{function: getattr(arithmetic, function) for function in (*_SIGNS.values(), "negate")},
}


def compile_condition(condition: Condition) -> Test:
    """
    A function of the values by name that says whether *condition* holds.

    It answers None if a value it names is None, of another kind, or not finite.
    It raises KeyError for a name that is not there at all, and ArithmeticError
    for a division by zero or an overflow. About 0.3 us.
    """
    writer = _Writer(condition)
    environment = {**_ENVIRONMENT, **writer.constants}
    code = compile(writer.source, "<condition>", "exec")
    exec(code, environment)  # noqa: S102 - see the module's rule; the source holds v0, k0, signs and known names
    test: Test = environment["test"]
    return test


class _Writer:
    """The Python source of one condition, and the constants it refers to."""

    def __init__(self, condition: Condition) -> None:
        self.constants: dict[str, Any] = {}
        self.variables = {name: f"v{index}" for index, name in enumerate(condition.names)}
        loads = [f"    {variable} = values[{name!r}]" for name, variable in self.variables.items()]
        guards = [_UNUSABLE[kind].format(self.variables[name]) for name, kind in condition.names.items()]
        guard = [f"    if {' or '.join(guards)}:", "        return None"] if guards else []
        holds = f"    return {self.written(condition.tree)}"
        self.source = "\n".join(["def test(values):", *loads, *guard, holds])

    def written(self, node: Node) -> str:
        return _WRITTEN[type(node)](self, node)

    def constant(self, value: object) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    def arithmetic(self, node: Arithmetic) -> str:
        return f"{_SIGNS[node.sign]}({self.written(node.left)}, {self.written(node.right)})"

    def compare(self, node: Compare) -> str:
        return f"({self.written(node.left)} {node.sign} {self.written(node.right)})"

    def member(self, node: Member) -> str:
        items = self.constant(frozenset(item.value for item in node.items))
        return f"({self.written(node.item)} {node.sign} {items})"

    def joined(self, node: AllOf | AnyOf) -> str:
        word = " and " if isinstance(node, AllOf) else " or "
        return f"({word.join(map(self.written, node.parts))})"


_WRITTEN: dict[type, Callable[[_Writer, Any], str]] = {
    Literal: lambda writer, node: writer.constant(node.value),
    Name: lambda writer, node: writer.variables[node.name],
    Negate: lambda writer, node: f"negate({writer.written(node.operand)})",
    Arithmetic: _Writer.arithmetic,
    Compare: _Writer.compare,
    Member: _Writer.member,
    Not: lambda writer, node: f"(not {writer.written(node.operand)})",
    AllOf: _Writer.joined,
    AnyOf: _Writer.joined,
}
