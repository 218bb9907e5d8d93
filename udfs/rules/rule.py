"""A rule as data, and a rule ready to run."""

from __future__ import annotations

from typing import NamedTuple

from schemas.decision import Severity, Verdict
from udfs.rules.check import check_condition
from udfs.rules.compile import compile_condition


class Rule(NamedTuple):
    """One rule as an analyst wrote it."""

    id: str
    version: int
    severity: Severity
    outcome: Verdict
    title: str
    when: str  # the condition; docs/rules.md
    priority: bool = False  # alerts of its hits go to alerts-priority


class CompiledRule:
    """
    *rule* with its condition checked and compiled. Immutable by convention.

    Pickles as its rule and is compiled again where it arrives. Raises
    ExpressionError if the condition can't be used.
    """

    __slots__ = ("absences", "kinds", "names", "rule", "test")

    def __init__(self, rule: Rule) -> None:
        condition = check_condition(rule.when)
        self.rule = rule
        self.kinds = condition.names
        self.names = tuple(condition.names)
        self.absences = tuple((name, f"{rule.id}:{name}") for name in self.names)
        self.test = compile_condition(condition)

    def __reduce__(self) -> tuple[type[CompiledRule], tuple[Rule]]:
        return CompiledRule, (self.rule,)

    def __repr__(self) -> str:
        return f"CompiledRule({self.rule!r})"
