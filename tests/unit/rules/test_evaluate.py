"""Rules on values, against a slow interpreter that was written apart from the compiler."""

from __future__ import annotations

import operator
import pickle
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decision import RuleHit, Severity, Value, Verdict
from tests.unit.rules.trees import BOOLEANS, NUMBERS, TEXTS, condition, number_value
from udfs.rules.evaluate import RuleOutcome, apply, evaluate
from udfs.rules.rule import CompiledRule, Rule
from udfs.rules.tree import show

pytestmark = pytest.mark.unit


def _rule(when: str, *, priority: bool = False) -> CompiledRule:
    """A rule with the condition *when*."""
    return CompiledRule(
        Rule(
            id="r",
            version=3,
            severity=Severity.HIGH,
            outcome=Verdict.REVIEW,
            title="t",
            when=when,
            priority=priority,
        )
    )


# The oracle: numbers are int where everything under them is whole, else Fraction.

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: Fraction(left) / Fraction(right),
}


def _exactly(value: object) -> object:
    """A number as itself or as a fraction."""
    return Fraction(value) if isinstance(value, float | Decimal) else value


def _to_34_digits(number: int | Fraction) -> int | Fraction:
    """What decimal arithmetic keeps of *number*."""
    if isinstance(number, int):
        return number
    context = Context(prec=34, rounding=ROUND_HALF_EVEN)
    return Fraction(context.divide(Decimal(number.numerator), Decimal(number.denominator)))


def _slowly(node: Any, values: dict[str, Value]) -> Any:
    """What *node* is on *values*, all of them there. Raises ZeroDivisionError."""
    kind = type(node).__name__
    if kind in {"Literal", "Name"}:
        return _exactly(node.value if kind == "Literal" else values[node.name])
    if kind in {"AllOf", "AnyOf"}:
        return _joined_slowly(kind, node, values)
    if kind == "Member":
        found = _slowly(node.item, values) in [_exactly(item.value) for item in node.items]
        return found == (node.sign == "in")
    if kind == "Compare":
        return _COMPARISONS[node.sign](_slowly(node.left, values), _slowly(node.right, values))
    if kind == "Arithmetic":
        return _to_34_digits(_ARITHMETIC[node.sign](_slowly(node.left, values), _slowly(node.right, values)))
    inner = _slowly(node.operand, values)
    return not inner if kind == "Not" else -inner


def _joined_slowly(kind: str, node: Any, values: dict[str, Value]) -> bool:
    """What `and` and `or` say."""
    for part in node.parts:  # left to right, no further than needed
        holds = _slowly(part, values)
        if holds == (kind == "AnyOf"):
            return bool(holds)
    return kind == "AllOf"


def _outcome_slowly(tree: Any, rule: CompiledRule, values: dict[str, Value]) -> tuple[bool, tuple[str, ...]]:
    """Whether *rule* fires, and what is missing."""
    missing = tuple(f"r:{name}" for name in rule.names if values.get(name) is None)
    if missing:
        return False, missing
    try:
        return _slowly(tree, values), ()
    except ZeroDivisionError:
        return False, ("r:division by zero",)


_values = st.fixed_dictionaries(
    {
        **{name: number_value() for name in NUMBERS},
        **{name: st.sampled_from(["", "DE", "FR", "7995", "it's"]) for name in TEXTS},
        **{name: st.booleans() for name in BOOLEANS},
    }
)
_lacking = st.sampled_from([(), (), (), ("amount",), ("mcc", "new_device"), ("is_night",)])


@given(tree=condition, values=_values, lacking=_lacking, as_none=st.booleans())
@settings(deadline=None, max_examples=500)
def test_agrees_with_a_slow_interpreter(
    tree: Any, values: dict[str, Value], lacking: tuple[str, ...], *, as_none: bool
) -> None:
    """Any condition on any values fires, or tells what is missing, as the plain interpreter says."""
    kept = {name: value for name, value in values.items() if name not in lacking}
    given_values = {**kept, **(dict.fromkeys(lacking) if as_none else {})}
    rule = _rule(show(tree))
    outcome = apply([rule], given_values)
    assert (bool(outcome.hits), outcome.missing) == _outcome_slowly(tree, rule, given_values)


def test_hit_carries_what_made_it_fire() -> None:
    """A hit names its rule, version, severity and outcome, and holds the values its condition names."""
    rule = _rule("amount > 10 and (new_device or is_night)", priority=True)
    values: dict[str, Value] = {"amount": Decimal("12.50"), "new_device": True, "is_night": False, "hour": 3}
    assert evaluate(rule, values) == RuleHit(
        rule_id="r",
        version=3,
        severity=Severity.HIGH,
        outcome=Verdict.REVIEW,
        values={"amount": Decimal("12.50"), "new_device": True, "is_night": False},
        priority=True,
    )


def test_missing_value_that_would_not_have_mattered() -> None:
    """A rule with a missing value does not fire, even if what is there would decide."""
    rule = _rule("new_device or mcc == '7995'")
    assert apply([rule], {"new_device": True, "mcc": None}) == RuleOutcome((), ("r:mcc",))
    assert evaluate(rule, {"new_device": True}) is None


# condition, values, reason
UNANSWERABLE: list[tuple[str, dict[str, Value], str]] = [
    ("amount / count_1h > 1", {"amount": 1, "count_1h": 0}, "division by zero"),
    ("amount / count_1h > 1", {"amount": 0, "count_1h": 0}, "division by zero"),
    ("amount / (count_1h - 2) > 1", {"amount": 1.5, "count_1h": 2}, "division by zero"),
    ("amount * 1.5 > 1", {"amount": 10**6145}, "overflow"),
    ("amount > 1", {"amount": float("nan")}, "amount is not finite"),
    ("not amount > 1", {"amount": float("inf")}, "amount is not finite"),
    ("amount != 1", {"amount": float("-inf")}, "amount is not finite"),
    ("amount > 1", {"amount": Decimal("NaN")}, "amount is not finite"),
    ("amount > 1", {"amount": Decimal("sNaN")}, "amount is not finite"),
    ("amount > 1", {"amount": Decimal("-Infinity")}, "amount is not finite"),
    ("amount in [1]", {"amount": Decimal("sNaN")}, "amount is not finite"),
    ("amount > 1", {"amount": "12"}, "amount is not a number"),
    ("amount > 0", {"amount": True}, "amount is not a number"),
    ("mcc == '7995'", {"mcc": 7995}, "mcc is not a text"),
    ("not new_device", {"new_device": 0}, "new_device is not a boolean"),
]


@pytest.mark.parametrize(("when", "values", "reason"), UNANSWERABLE)
def test_unanswerable(when: str, values: dict[str, Value], reason: str) -> None:
    """A rule that can't be answered does not fire, and its reason is listed like a missing value."""
    assert apply([_rule(when)], values) == RuleOutcome((), (f"r:{reason}",))


# condition, value of amount, whether it fires
EXACT: list[tuple[str, Value, bool]] = [
    ("amount == 0.1", Decimal("0.10"), True),
    ("amount == 0.1", 0.1, False),
    ("amount > 0.1", 0.1, True),
    ("amount == 0.5", 0.5, True),
    ("amount in [0.5, 7]", 0.5, True),
    ("amount in [7]", Decimal("7.00"), True),
    ("amount in [-7]", -7.0, True),
    ("amount + 0.2 == 0.3", Decimal("0.1"), True),
    ("amount > 9007199254740992", 9007199254740993, True),
    ("amount * 3 == 1", Decimal("0.3333333333333333333333333333333333"), False),
    ("amount > 1.5", 10**400, True),
    ("-amount == 1", -1, True),
]


@pytest.mark.parametrize(("when", "amount", "fires"), EXACT)
def test_comparison_is_exact(when: str, amount: Value, fires: bool) -> None:  # noqa: FBT001
    """Numbers compare by their exact value whatever their types; a float is its binary value."""
    assert (evaluate(_rule(when), {"amount": amount}) is not None) == fires


def test_constant_condition() -> None:
    """A condition that names nothing is answered without any value."""
    assert evaluate(_rule("1 < 2"), {}) is not None
    assert evaluate(_rule("false"), {}) is None


def test_rules_are_answered_in_order() -> None:
    """Hits and what is missing come in the order of the rules; one rule's trouble is not another's."""
    rules = [_rule("amount / 0 > 1"), _rule("amount > 1"), _rule("mcc == '1'"), _rule("amount > 0")]
    outcome = apply(rules, {"amount": 2})
    assert len(outcome.hits) == 2
    assert outcome.missing == ("r:division by zero", "r:mcc")


def test_compiled_rule_crosses_processes() -> None:
    """A compiled rule that was pickled judges as before, and shows itself as its rule."""
    rule = pickle.loads(pickle.dumps(_rule("amount > 1")))
    assert evaluate(rule, {"amount": 2}) is not None
    assert repr(rule).startswith("CompiledRule(Rule(id='r'")
