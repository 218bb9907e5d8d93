"""What DynamoDB is told of account, customer and transaction: absolute values, flat. docs/dynamodb.md."""

from __future__ import annotations

from typing import Any

from schemas.decision import BETWEEN, Decision, verdict_name
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


def recent_key(account_id: str, transaction_id: str) -> str:
    """What a recent transaction is called while it is owed: ids of an account are its own."""
    return account_id + BETWEEN + transaction_id


def recent_item(decision: Decision, undecided: Undecided) -> dict[str, Any]:
    """The transaction as decided, under its account, in the order of event time."""
    txn = undecided.txn
    return {
        "account_id": txn.account_id,
        "event_key": f"{txn.event_time_ms:015d}#{txn.transaction_id}",
        "transaction_id": txn.transaction_id,
        "event_time_ms": txn.event_time_ms,
        "event_type": txn.event_type,
        "amount_minor": txn.amount_minor,
        "currency": txn.currency,
        "merchant_id": txn.merchant_id,
        "mcc": txn.mcc,
        "channel": txn.channel,
        "country": txn.country,
        "card_token": txn.card_token,
        "verdict": verdict_name(decision.verdict),
        "score": float(decision.score.value),
        "score_degraded": decision.score.degraded,
        "reasons": [hit.rule_id for hit in decision.hits],
        "account_version": decision.account_version,
        "attempt": decision.attempt,
    }


def customer_item(profile: Profile) -> dict[str, Any]:
    """The customer as the account knows it; key and version are the table's own."""
    item = asdict(profile)
    del item["customer_id"], item["updated_ms"]
    return item
