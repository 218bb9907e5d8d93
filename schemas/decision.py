"""
A verdict with its reasons: what the job exists to say.

Rule: outcomes are ordered, and the most severe one wins; that order is this
module's `Verdict` and nowhere else.
"""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

Value = bool | int | float | Decimal | str | None


class Verdict(IntEnum):
    """What to do with the payment; a higher value overrides a lower one."""

    APPROVE = 0
    VERIFY = 1  # step up: ask the customer to prove who they are
    REVIEW = 2
    DECLINE = 3


class Severity(IntEnum):
    """How grave a rule's hit is."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class RuleHit(NamedTuple):
    """A rule that fired, and the values that made it fire."""

    rule_id: str
    version: int
    severity: int
    outcome: int
    values: dict[str, Value]
    priority: bool = False  # route alerts of this hit to alerts-priority


class Score(NamedTuple):
    """What the model said, or the fallback that says it is one."""

    value: float
    source: str  # "endpoint" or "fallback"
    model_version: str
    degraded: bool = False
    reason: str | None = None  # why degraded: timeout, throttled, breaker_open, bad_response, unavailable

    @classmethod
    def unavailable(cls, reason: str, value: float) -> Score:
        """A score that stands in for the endpoint's, marked as such."""
        return cls(value=value, source="fallback", model_version="none", degraded=True, reason=reason)
