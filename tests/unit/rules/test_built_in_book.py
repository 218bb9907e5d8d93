"""Every rule of the built-in book: at its limit, one beyond, and with a value missing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from schemas.decision import Severity, Value, Verdict
from udfs.rules.book import built_in_text, load_book
from udfs.rules.evaluate import RuleOutcome, apply, evaluate

pytestmark = pytest.mark.unit

BOOK = load_book(built_in_text())
RULES = {rule.rule.id: rule for rule in BOOK.rules}

# A payment on which no rule fires and for which nothing is missing.
QUIET: dict[str, Value] = {
    "event_type": "payment",
    "amount": Decimal("20.00"),
    "amount_minor": 2_000,
    "mcc": "5411",
    "count_1h": 1,
    "sum_24h": 2_000,
    "declines_1h": 0,
    "merchants_1h": 1,
    "small_count_1h": 0,
    "min_amount_1m": 2_000,
    "km_from_last": 0.0,
    "speed_kmh": 0.0,
    "new_device": False,
    "new_country": False,
    "country_is_home": True,
    "is_night": False,
    "score": 0.01,
    "degraded": False,
}

# rule, what makes it fire, what of that brings it back to its limit
LIMITS: list[tuple[str, dict[str, Value], dict[str, Value]]] = [
    ("amount-limit", {"amount": Decimal("5000.01")}, {"amount": Decimal(5_000)}),
    ("velocity-count", {"count_1h": 11}, {"count_1h": 10}),
    ("velocity-sum", {"sum_24h": 1_000_001}, {"sum_24h": 1_000_000}),
    ("small-then-large", {"min_amount_1m": 199, "amount": Decimal("500.01")}, {"min_amount_1m": 200}),
    ("small-then-large", {"min_amount_1m": 199, "amount": Decimal("500.01")}, {"amount": Decimal(500)}),
    ("impossible-travel", {"speed_kmh": 900.001, "km_from_last": 100.001}, {"speed_kmh": 900.0}),
    ("impossible-travel", {"speed_kmh": 900.001, "km_from_last": 100.001}, {"km_from_last": 100.0}),
    ("new-device-high-amount", {"new_device": True, "amount": Decimal("500.01")}, {"amount": Decimal(500)}),
    ("new-device-high-amount", {"new_device": True, "amount": Decimal("500.01")}, {"new_device": False}),
    (
        "country-mismatch",
        {"country_is_home": False, "new_country": True, "amount": Decimal("100.01")},
        {"amount": Decimal(100)},
    ),
    (
        "country-mismatch",
        {"country_is_home": False, "new_country": True, "amount": Decimal("100.01")},
        {"country_is_home": True},
    ),
    (
        "country-mismatch",
        {"country_is_home": False, "new_country": True, "amount": Decimal("100.01")},
        {"new_country": False},
    ),
    ("risky-mcc", {"mcc": "7995", "amount": Decimal("250.01")}, {"amount": Decimal(250)}),
    ("risky-mcc", {"mcc": "4829", "amount": Decimal("250.01")}, {"mcc": "4830"}),
    ("night-high-amount", {"is_night": True, "amount": Decimal("1000.01")}, {"amount": Decimal(1_000)}),
    ("night-high-amount", {"is_night": True, "amount": Decimal("1000.01")}, {"is_night": False}),
    ("card-testing", {"declines_1h": 5}, {"declines_1h": 4}),
    ("card-testing", {"small_count_1h": 4, "merchants_1h": 4}, {"small_count_1h": 3}),
    ("card-testing", {"small_count_1h": 4, "merchants_1h": 4}, {"merchants_1h": 3}),
    ("high-value", {"amount": Decimal("10000.01")}, {"amount": Decimal(10_000)}),
    ("fraud-score-high", {"score": 0.9}, {"score": 0.8999999999999999}),
    ("fraud-score-high", {"score": 0.9}, {"degraded": True}),
    ("fraud-score-elevated", {"score": 0.75}, {"score": 0.7499999999999999}),
    ("fraud-score-elevated", {"score": 0.8999999999999999}, {"score": 0.9}),
    ("fraud-score-elevated", {"score": 0.75}, {"degraded": True}),
]

# What each rule says when it fires; a change here is a change of policy.
SAYS = {
    "amount-limit": (Severity.MEDIUM, Verdict.VERIFY),
    "velocity-count": (Severity.MEDIUM, Verdict.VERIFY),
    "velocity-sum": (Severity.HIGH, Verdict.REVIEW),
    "small-then-large": (Severity.HIGH, Verdict.DECLINE),
    "impossible-travel": (Severity.HIGH, Verdict.DECLINE),
    "new-device-high-amount": (Severity.MEDIUM, Verdict.VERIFY),
    "country-mismatch": (Severity.MEDIUM, Verdict.VERIFY),
    "risky-mcc": (Severity.MEDIUM, Verdict.VERIFY),
    "night-high-amount": (Severity.MEDIUM, Verdict.VERIFY),
    "card-testing": (Severity.CRITICAL, Verdict.DECLINE),
    "high-value": (Severity.HIGH, Verdict.REVIEW),
    "fraud-score-high": (Severity.CRITICAL, Verdict.DECLINE),
    "fraud-score-elevated": (Severity.HIGH, Verdict.REVIEW),
}

MISSING = [(rule_id, name) for rule_id, rule in RULES.items() for name in rule.names]


def _firing(rule_id: str) -> dict[str, Value]:
    """Values on which *rule_id* fires."""
    return QUIET | next(beyond for id_, beyond, _ in LIMITS if id_ == rule_id)


@pytest.mark.parametrize(("rule_id", "beyond", "back"), LIMITS)
def test_at_the_limit_and_one_beyond(rule_id: str, beyond: dict[str, Value], back: dict[str, Value]) -> None:
    """A rule fires just beyond its limit, and does not at the limit."""
    assert evaluate(RULES[rule_id], QUIET | beyond) is not None
    assert evaluate(RULES[rule_id], QUIET | beyond | back) is None


@pytest.mark.parametrize(("rule_id", "name"), MISSING)
def test_missing_value(rule_id: str, name: str) -> None:
    """A rule that would fire does not when a value it names is missing, and lists it."""
    values = _firing(rule_id) | {name: None}
    assert apply([RULES[rule_id]], values) == RuleOutcome((), (f"{rule_id}:{name}",))


@pytest.mark.parametrize("rule_id", SAYS)
def test_says(rule_id: str) -> None:
    """A hit carries the severity and outcome its rule is known for, and the values that made it fire."""
    values = _firing(rule_id)
    hit = evaluate(RULES[rule_id], values)
    assert hit is not None
    assert (hit.severity, hit.outcome) == SAYS[rule_id]
    assert hit.values == {name: values[name] for name in RULES[rule_id].names}


@pytest.mark.parametrize("event_type", ["login", "device_change", "payee_added"])
@pytest.mark.parametrize("rule_id", SAYS)
def test_only_payments_fire(rule_id: str, event_type: str) -> None:
    """An event that is not a payment fires no rule, whatever its values."""
    assert evaluate(RULES[rule_id], _firing(rule_id) | {"event_type": event_type}) is None


def test_book_is_in_analysts_order() -> None:
    """The book holds exactly the known rules in their order, those on the score after the others."""
    assert list(RULES) == list(SAYS)
    assert [rule.rule.id for rule in BOOK.after] == ["fraud-score-high", "fraud-score-elevated"]


def test_only_high_value_has_priority() -> None:
    """Only high-value alerts take the priority route."""
    assert [rule.rule.id for rule in BOOK.rules if rule.rule.priority] == ["high-value"]


def test_quiet_payment() -> None:
    """An ordinary payment fires nothing and lacks nothing."""
    assert apply(BOOK.rules, QUIET) == RuleOutcome((), ())
