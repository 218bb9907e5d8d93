"""
Rules over the values of one transaction.

Rule: no value can make this raise. A rule that can't be answered does not
fire, and says why in `missing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, Overflow
from typing import NamedTuple

from schemas.decision import RuleHit, Value
from udfs.rules.names import Kind
from udfs.rules.rule import CompiledRule

_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.NUMBER: (int, float, Decimal),
    Kind.TEXT: (str,),
    Kind.BOOLEAN: (bool,),
}


class RuleOutcome(NamedTuple):
    """What the rules said: their hits in the book's order, and who could not answer why."""

    hits: tuple[RuleHit, ...]
    missing: tuple[str, ...]  # "rule_id:name", or "rule_id:reason" such as "rule_id:division by zero"


def evaluate(rule: CompiledRule, values: Mapping[str, Value]) -> RuleHit | None:
    """The hit of *rule* on *values*, or None: its condition does not hold or can't be answered."""
    return _hit(rule, values) if _holds(rule, values) else None


def apply(rules: Sequence[CompiledRule], values: Mapping[str, Value]) -> RuleOutcome:
    """
    Every rule evaluated on *values*, and what they lacked.

    A rule fires only if each name in its condition has a value, even a name
    that would not have mattered. About 0.5 us a rule.
    """
    hits: list[RuleHit] = []
    missing: list[str] = []
    for rule in rules:
        holds = _holds(rule, values)
        if holds:
            hits.append(_hit(rule, values))
        elif holds is None:
            missing.extend(f"{rule.rule.id}:{reason}" for reason in _reasons(rule, values))
    return RuleOutcome(tuple(hits), tuple(missing))


def _holds(rule: CompiledRule, values: Mapping[str, Value]) -> bool | None:
    try:
        return rule.test(values)
    except (KeyError, ArithmeticError):
        return None


def _hit(rule: CompiledRule, values: Mapping[str, Value]) -> RuleHit:
    data = rule.rule
    return RuleHit(
        rule_id=data.id,
        version=data.version,
        severity=data.severity,
        outcome=data.outcome,
        values={name: values[name] for name in rule.names},
        priority=data.priority,
    )


def _reasons(rule: CompiledRule, values: Mapping[str, Value]) -> list[str]:
    unusable = [_unusable(name, kind, values.get(name)) for name, kind in rule.kinds.items()]
    return [reason for reason in unusable if reason] or [_arithmetic_fault(rule, values)]


def _unusable(name: str, kind: Kind, value: Value) -> str | None:
    if value is None:
        return name
    if type(value) not in _TYPES[kind]:
        return f"{name} is not a {kind}"
    if isinstance(value, float | Decimal) and not Decimal(value).is_finite():
        return f"{name} is not finite"
    return None


def _arithmetic_fault(rule: CompiledRule, values: Mapping[str, Value]) -> str:
    try:
        rule.test(values)
    except ZeroDivisionError:
        return "division by zero"
    except Overflow:
        return "overflow"
    except ArithmeticError:
        return "not a finite number"
    return "not a finite number"
