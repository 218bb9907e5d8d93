"""
From an account's state and a transaction to what is undecided, and with a score to a decision.

Rule: pure; the one place where features, rules and verdict meet, so that
stream, backtest and tests say the same.
"""

from __future__ import annotations

from operator import attrgetter
from typing import NamedTuple

from schemas.currency import major
from schemas.decision import Decision, Score, Value
from schemas.transaction import Transaction
from udfs.features.blocks import Blocks
from udfs.features.engine import observe
from udfs.features.history import AccountHistory
from udfs.features.names import Snapshot
from udfs.features.profile import Profile
from udfs.operators.account_state import AccountState, Undecided
from udfs.operators.arrived import Arrived
from udfs.rules.book import RuleBook
from udfs.rules.evaluate import apply
from udfs.rules.judge import judge

_HOUR_MS = 3_600_000
_RULE_FIELDS = (
    "amount_minor",
    "base_minor",
    "currency",
    "event_type",
    "mcc",
    "channel",
    "country",
    "auth_result",
    "decline_reason",
    "entry_mode",
    "merchant_id",
)
_rule_fields = attrgetter(*_RULE_FIELDS)


class Consideration(NamedTuple):
    """The history to keep, what is undecided, and the values a model is asked with."""

    history: AccountHistory
    undecided: Undecided
    values: dict[str, Value]


def consider(
    state: AccountState, arrived: Arrived, book: RuleBook, blocks: Blocks, *, late: bool
) -> Consideration:
    """Observe what *arrived* and apply every rule that does not need the score."""
    txn = arrived.txn
    profile = state.profile_at(txn.event_time_ms)
    history, snapshot, out_of_order = observe(state.history, txn, profile, blocks)
    snapshot.update(arrived.features)
    values = rule_values(txn, snapshot, profile)
    outcome = apply(book.before, values)
    undecided = Undecided(
        txn=txn,
        profile=profile,
        account_version=history.decided,
        features=snapshot,
        hits=outcome.hits,
        missing=outcome.missing,
        late=late,
        out_of_order=out_of_order,
    )
    return Consideration(history, undecided, values)


def recall(undecided: Undecided) -> dict[str, Value]:
    """The values of a transaction that was considered in a former life."""
    return rule_values(undecided.txn, undecided.features, undecided.profile)


def conclude(
    undecided: Undecided, values: dict[str, Value], score: Score, book: RuleBook, attempt: int
) -> Decision:
    """The verdict on *undecided*, whose rules saw *values*, now that *score* is there."""
    outcome = apply(book.after, {**values, "score": score.value, "degraded": score.degraded})
    hits = (*undecided.hits, *outcome.hits)
    txn = undecided.txn
    return Decision(
        transaction_id=txn.transaction_id,
        account_id=txn.account_id,
        event_time_ms=txn.event_time_ms,
        amount_minor=txn.amount_minor,
        currency=txn.currency,
        verdict=judge(hits),
        score=score,
        late=undecided.late,
        out_of_order=undecided.out_of_order,
        attempt=attempt,
        account_version=undecided.account_version,
        hits=hits,
        missing=(*undecided.missing, *outcome.missing),
        rules_version=book.version,
    )


def rule_values(txn: Transaction, snapshot: Snapshot, profile: Profile | None) -> dict[str, Value]:
    """Everything a rule may name before the score is there."""
    values = dict(snapshot)
    values.update(zip(_RULE_FIELDS, _rule_fields(txn), strict=True))
    values["amount"] = major(txn.amount_minor, txn.currency)
    values["hour"] = txn.event_time_ms // _HOUR_MS % 24
    values["segment"] = profile.segment if profile else None
    values["kyc_level"] = profile.kyc_level if profile else None
    values["risk_tier"] = profile.risk_tier if profile else None
    return values
