"""From state and transaction to what is undecided, and with a score to a decision: pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas.decision import Decision, Score, Verdict
from schemas.record import replace
from tests.builders import NOON_MS, ONE_HOUR_MS, customer, payment
from udfs.clients.dynamodb import encode
from udfs.features.blocks import MemoryBlocks
from udfs.features.names import FEATURES
from udfs.features.profile import profile_of
from udfs.operators.account_state import AccountState, Undecided, decode_undecided, encode_undecided
from udfs.operators.arrived import Arrived
from udfs.operators.hot_items import account_item, customer_item, recent_item
from udfs.operators.judgement import Consideration, conclude, consider, recall
from udfs.rules.book import load_book
from udfs.scoring.row import encode_row

pytestmark = pytest.mark.unit

BOOK = load_book("""
version: 7
rules:
  - {id: large, version: 2, severity: low, outcome: verify, title: Large, when: amount > 10}
  - {id: far, version: 1, severity: low, outcome: review, title: Far, when: speed_kmh > 900}
  - {id: model, version: 1, severity: high, outcome: decline, title: M, when: score >= 0.9 and not degraded}
""")
HIGH = Score(0.9, "endpoint", "m-1")
LOW = Score(0.1, "endpoint", "m-1")
NONE = Score.unavailable("timeout", 1.0)


def considered(state: AccountState = AccountState(), **fields: Any) -> Consideration:  # noqa: B008  # immutable
    """A payment, considered in *state*."""
    return consider(state, Arrived(payment(**fields)), BOOK, MemoryBlocks(), late=False)


def decided(undecided: Undecided, score: Score) -> Decision:
    return conclude(undecided, recall(undecided), score, BOOK, 5)


@pytest.mark.parametrize(
    ("amount_minor", "score", "verdict", "hits"),
    [
        (1_000, LOW, Verdict.APPROVE, []),
        (1_001, LOW, Verdict.VERIFY, ["large"]),
        (1_000, HIGH, Verdict.DECLINE, ["model"]),
        (1_001, HIGH, Verdict.DECLINE, ["large", "model"]),
        (1_001, NONE, Verdict.VERIFY, ["large"]),
    ],
)
def test_the_most_severe_wins(amount_minor: int, score: Score, verdict: Verdict, hits: list[str]) -> None:
    """The verdict is that of the most severe hit, of rules before and after the score alike."""
    decision = decided(considered(amount_minor=amount_minor).undecided, score)
    assert (decision.verdict, [hit.rule_id for hit in decision.hits]) == (verdict, hits)


def test_missing_values_are_listed() -> None:
    """A rule that lacks a value does not fire and is listed with the name of it."""
    assert decided(considered().undecided, LOW).missing == ("far:speed_kmh",)


def test_decision_says_on_what_grounds() -> None:
    """A decision carries the rule book's version, the score, the attempt and the account's version."""
    decision = decided(considered().undecided, LOW)
    assert (decision.attempt, decision.account_version, decision.score) == (5, 1, LOW)
    assert decision.rules_version == BOOK.version


def test_recalled_values_are_those_it_was_asked_with() -> None:
    """After a rest in state a transaction asks with the row that it asked with before."""
    state = AccountState(profile=profile_of(customer()))
    consideration = considered(state)
    restored = decode_undecided(encode_undecided(consideration.undecided))
    assert recall(restored) == consideration.values
    assert encode_row(recall(restored)) == encode_row(consideration.values)


def test_restored_transaction_is_decided_alike() -> None:
    """A rest in state changes neither verdict nor hits nor what is missing."""
    undecided = considered(amount_minor=123_456).undecided
    restored = decode_undecided(encode_undecided(undecided))
    before, after = (decided(each, HIGH) for each in (undecided, restored))
    assert replace(after, hits=()) == replace(before, hits=())
    assert [hit.rule_id for hit in after.hits] == [hit.rule_id for hit in before.hits]


def test_considering_changes_nothing() -> None:
    """The state that was given is as it was; the history to keep is a new one."""
    state = AccountState()
    assert considered(state).history.decided == 1
    assert state == AccountState()


def test_every_feature_is_kept() -> None:
    """What is undecided keeps every feature by name."""
    assert considered().undecided.features.keys() == {feature.name for feature in FEATURES}


def test_rules_see_transaction_and_profile() -> None:
    """Beside the features, a rule may name the transaction's fields, exact amount, hour and profile."""
    state = AccountState(profile=profile_of(customer(segment="business")))
    values = considered(state, event_time_ms=NOON_MS + ONE_HOUR_MS).values
    assert (values["amount"], values["hour"], values["segment"]) == (Decimal("12.34"), 13, "business")
    assert {values[name] for name in ("channel", "mcc", "country")} == {"pos", "5411", "DE"}
    assert values.keys().isdisjoint({"card_token", "card_last4", "ip_token"})


def test_account_item_is_flat_and_whole() -> None:
    """The hot item tells the last decision and every feature, in values that DynamoDB has."""
    undecided = considered(AccountState(profile=profile_of(customer()))).undecided
    item = account_item(decided(undecided, HIGH), undecided)
    assert (item["last_transaction_id"], item["last_verdict"], item["last_score"]) == ("t-1", "decline", 0.9)
    assert {feature.name for feature in FEATURES} <= item.keys()
    assert all(value is None or isinstance(value, bool | int | float | str) for value in item.values())


def test_recent_item_is_the_transaction_as_decided() -> None:
    """A recent transaction stands under its account, in the order of event time, with verdict and reasons."""
    undecided = considered(amount_minor=900_000).undecided
    item = recent_item(decided(undecided, HIGH), undecided)
    assert item["event_key"] == f"{NOON_MS:015d}#{undecided.txn.transaction_id}"
    assert (item["amount_minor"], item["verdict"]) == (900_000, "decline")
    assert item["reasons"] == ["large", "model"]
    assert set(encode(item)) >= {"account_id", "event_key", "transaction_id"}


def test_customer_item_leaves_key_and_version_to_the_table() -> None:
    """The customer's item is its profile, without the table's own key and version."""
    item = customer_item(profile_of(customer()))
    assert item["segment"] == "retail"
    assert item.keys().isdisjoint({"customer_id", "updated_ms"})
