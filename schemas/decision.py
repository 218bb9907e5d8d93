"""
A verdict with its reasons: what the job exists to say, and its form on the wire.

Rules: outcomes are ordered, and the most severe one wins; that order is this
module's `Verdict` and nowhere else. Ids are functions of account and transaction
alone, so that a repeated decision overwrites itself wherever it lands.
"""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from hashlib import sha1
from typing import Any
from uuid import UUID

import orjson

from schemas.currency import major_text
from schemas.record import Record

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


class RuleHit(Record, frozen=True):
    """A rule that fired, and the values that made it fire."""

    rule_id: str
    version: int
    severity: int
    outcome: int
    values: dict[str, Value]
    priority: bool = False  # route alerts of this hit to alerts-priority


class Score(Record, frozen=True):
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


class Decision(Record, frozen=True):
    """What was decided on one transaction, and on what grounds. Time in UTC epoch ms."""

    transaction_id: str
    account_id: str
    event_time_ms: int
    amount_minor: int
    currency: str
    verdict: int
    score: Score
    late: bool
    out_of_order: bool
    attempt: int  # the deciding operator's start, epoch ms; of decisions with one id the highest is final
    account_version: int
    hits: tuple[RuleHit, ...]
    missing: tuple[str, ...]  # "rule_id:name" of each value that a rule lacked
    rules_version: str


_DECISIONS = UUID("6a8f1f5e-2f0e-5d0a-9a55-3c1d0f4b7e01")  # ours, drawn once; never change them
_ALERTS = UUID("0b6f6d0c-54c9-5b57-8e0b-7d1a2c9e4f02")
BETWEEN = "\x1f"  # not printable, so in no id: two pairs of ids can't read the same
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}  # its two high bits are 10
_VERDICTS = {int(verdict): verdict.name.lower() for verdict in Verdict}
_SEVERITIES = {int(severity): severity.name.lower() for severity in Severity}


def verdict_name(verdict: int) -> str:
    """Return what *verdict* is called in every output."""
    return _VERDICTS[verdict]


def decision_id(account_id: str, transaction_id: str) -> str:
    """Return the id of the one decision on *transaction_id* of *account_id*; about 1 us."""
    return _uuid5(_DECISIONS, account_id + BETWEEN + transaction_id)


def alert_id(account_id: str, transaction_id: str) -> str:
    """Return the id of the one alert on *transaction_id* of *account_id*; never that of its decision."""
    return _uuid5(_ALERTS, account_id + BETWEEN + transaction_id)


def _uuid5(namespace: UUID, name: str) -> str:
    """Return the text of `uuid.uuid5` (RFC 9562, 5.5), without its object: a third of the cost."""
    digits = sha1(namespace.bytes + name.encode(), usedforsecurity=False).hexdigest()
    variant = _VARIANT[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def is_priority(decision: Decision) -> bool:
    """Tell whether the alert belongs on alerts-priority: a hit asks for it."""
    return bool(decision.hits) and any(hit.priority for hit in decision.hits)


def is_alert(decision: Decision) -> bool:
    """Tell whether somebody must look: the verdict is above approve, or a hit has priority."""
    return decision.verdict > Verdict.APPROVE or is_priority(decision)


def encode_decision(decision: Decision) -> bytes:
    """
    Return *decision* as one JSON object; docs/schemas.md describes it.

    `amount` is exact decimal text in major units, `amount_minor` the same in minor ones.

    Raises:
        KeyError: If currency, verdict or a severity is none that exists.
    """
    return orjson.dumps(_fields(decision), default=_plain)


def encode_alert(decision: Decision, encoded: bytes) -> bytes:
    """Return the alert of *decision*, which `encode_decision` wrote as *encoded*: that, with `alert_id`."""
    identity = alert_id(decision.account_id, decision.transaction_id).encode()
    return b'{"alert_id":"%b",%b' % (identity, encoded[1:])


def encode_reasons(decision: Decision) -> bytes:
    """Return the reasons of *decision* alone, as `encode_decision` writes them: a JSON list."""
    return orjson.dumps([_reason(hit) for hit in decision.hits], default=_plain)


def _fields(decision: Decision) -> dict[str, Any]:
    """Return the JSON fields of *decision*; Decimals are still numbers."""
    score = decision.score
    return {
        "decision_id": decision_id(decision.account_id, decision.transaction_id),
        "transaction_id": decision.transaction_id,
        "account_id": decision.account_id,
        "event_time": decision.event_time_ms,
        "amount": major_text(decision.amount_minor, decision.currency),
        "amount_minor": decision.amount_minor,
        "currency": decision.currency,
        "verdict": _VERDICTS[decision.verdict],
        "score": score.value,
        "score_source": score.source,
        "degraded": score.degraded,
        "degraded_reason": score.reason,
        "late": decision.late,
        "out_of_order": decision.out_of_order,
        "attempt": decision.attempt,
        "account_version": decision.account_version,
        "priority": is_priority(decision),
        "reasons": [_reason(hit) for hit in decision.hits],
        "missing": decision.missing,
        "rules_version": decision.rules_version,
        "model_version": score.model_version,
    }


def _reason(hit: RuleHit) -> dict[str, Any]:
    """Return the JSON fields of *hit*."""
    return {
        "rule": hit.rule_id,
        "version": hit.version,
        "severity": _SEVERITIES[hit.severity],
        "outcome": _VERDICTS[hit.outcome],
        "values": hit.values,
    }


def _plain(value: object) -> str:
    """Return the exact text of a Decimal, all digits written out."""
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"no JSON form for {type(value).__name__}")
