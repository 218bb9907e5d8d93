"""What DynamoDB is told of an account and a customer: absolute values, flat. Layout: docs/dynamodb.md."""

from __future__ import annotations

from typing import Any

from schemas.decision import Decision, verdict_name
from schemas.record import asdict
from udfs.features.profile import Profile
from udfs.operators.account_state import Undecided


def account_item(decision: Decision, undecided: Undecided) -> dict[str, Any]:
    """The account as of *decision*: its last verdict and every feature."""
    return {
        "last_transaction_id": decision.transaction_id,
        "last_event_time_ms": decision.event_time_ms,
        "last_verdict": verdict_name(decision.verdict),
        "last_score": float(decision.score.value),
        "last_score_degraded": decision.score.degraded,
        "currency": decision.currency,
        "rules_version": decision.rules_version,
        **undecided.features,
    }


def customer_item(profile: Profile) -> dict[str, Any]:
    """The customer as the account knows it; key and version are the table's own."""
    item = asdict(profile)
    del item["customer_id"], item["updated_ms"]
    return item
