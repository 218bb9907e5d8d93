"""
What both peers do with a transaction: three windows over its account's payments, six of our rules.

A window of length w at event time t is (t - w, t], the transaction itself included. Neither
peer has such a window ready for several lengths at once beside the event itself, so their
users keep the account's last day in state and count it:

* Quix Streams' `sliding_window` is of one length, emits the aggregate in place of the
  event, and reaches from t - w to t with both ends included.
* Bytewax' `SlidingWindower` hops by a fixed offset, and tells a window when it closes.

Of the 13 rules of udfs/rules/book.yaml these windows and the event itself carry six. Left
out: small-then-large (a minimum), card-testing (declines, small amounts and merchants
counted), impossible-travel (positions), new-device-high-amount (known devices),
country-mismatch (known countries and the customer's profile), fraud-score-high and
fraud-score-elevated (a model). So are checks, tokens, duplicates and the other features.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WINDOWS_MS = {"1m": 60_000, "1h": HOUR_MS, "24h": DAY_MS}
NO_DECIMALS = {"JPY"}  # of the generator's currencies
RISKY_MCC = {"4829", "5966", "5967", "6051", "7273", "7995"}
OUTCOMES = ("approve", "verify", "review", "decline")

Seen = dict[str, Any]
RULES: dict[str, tuple[str, Callable[[Seen], bool]]] = {
    "amount-limit": ("verify", lambda seen: seen["amount"] > 5_000),
    "velocity-count": ("verify", lambda seen: seen["count_1h"] > 10),
    "velocity-sum": ("review", lambda seen: seen["sum_24h"] > 1_000_000),
    "risky-mcc": ("verify", lambda seen: seen.get("mcc") in RISKY_MCC and seen["amount"] > 250),
    "night-high-amount": ("verify", lambda seen: seen["is_night"] and seen["amount"] > 1_000),
    "high-value": ("review", lambda seen: seen["amount"] > 10_000),
}


def decide(past: list[Any], txn: Seen) -> tuple[list[Any], Seen]:
    """The account's payments of the last day, [event time, amount] each, and the decision on *txn*."""
    now_ms, pays = txn["event_time"], txn["event_type"] == "payment"
    past = [payment for payment in past if payment[0] > now_ms - DAY_MS]
    if pays:
        past.append([now_ms, txn["amount_minor"]])
    windows = windows_at(past, now_ms)
    hits = hits_of({**txn, **windows, **facts(txn)}) if pays else []
    verdict = max([RULES[hit][0] for hit in hits], key=OUTCOMES.index, default="approve")
    return past, {
        "transaction_id": txn["transaction_id"],
        "account_id": txn["account_id"],
        "event_time": now_ms,
        "verdict": verdict,
        "reasons": hits,
        **windows,
    }


def windows_at(past: list[Any], now_ms: int) -> dict[str, int]:
    """Count and sum of each window's payments."""
    windows = {}
    for name, span_ms in WINDOWS_MS.items():
        amounts = [amount for time_ms, amount in past if now_ms - span_ms < time_ms <= now_ms]
        windows[f"count_{name}"] = len(amounts)
        windows[f"sum_{name}"] = sum(amounts)
    return windows


def facts(txn: Seen) -> Seen:
    """What the rules want to know of the event alone; the amount in major units."""
    return {
        "amount": txn["amount_minor"] / (1 if txn["currency"] in NO_DECIMALS else 100),
        "is_night": txn["event_time"] % DAY_MS < 6 * HOUR_MS,
    }


def hits_of(seen: Seen) -> list[str]:
    """The rules that fire."""
    return [rule for rule, (_, fires) in RULES.items() if fires(seen)]
