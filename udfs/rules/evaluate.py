"""
Rules over the values of one transaction.

Rule: no value can make this raise. A rule that can't be answered does not
fire, and says why in `missing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    hits = apply((rule,), values).hits
    return hits[0] if hits else None


def apply(rules: Sequence[CompiledRule], values: Mapping[str, Value]) -> RuleOutcome:
    """
    Every rule evaluated on *values*, and what they lacked.

    A rule fires only if each name in its condition has a value, even a name
    that would not have mattered. About 0.5 us a rule.
    """
    hits: list[RuleHit] = []
    missing: list[str] = []
    for rule in rules:
        try:
            holds = rule.test(values)
        except (KeyError, ArithmeticError):
            holds = None
        if holds:
            hits.append(_hit(rule, values))
        elif holds is None:
            missing += _reasons(rule, values)
    return RuleOutcome(tuple(hits), tuple(missing))


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
    """Why *rule* can't be answered; mostly a value is just not there, which costs least."""
    absent = [said for name, said in rule.absences if values.get(name) is None]
    unusable = [f"{rule.rule.id}:{reason}" for reason in _unusable(rule, values)]
    return absent + unusable or [f"{rule.rule.id}:{_arithmetic_fault(rule, values)}"]


def _unusable(rule: CompiledRule, values: Mapping[str, Value]) -> Iterator[str]:
    for name, kind in rule.kinds.items():
        value = values.get(name)
        if value is None:
            continue
        if type(value) not in _TYPES[kind]:
            yield f"{name} is not a {kind}"
        elif type(value) is not int and kind is Kind.NUMBER and not Decimal(value).is_finite():
            yield f"{name} is not finite"


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
