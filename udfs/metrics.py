"""
Every metric of the job: kind, unit, meaning, and what to do about it.

Rule: a metric that is not listed here does not exist; names never change, since
dashboards and alarms hold on to them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """How a metric moves: up only, up and down, or as a distribution."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(NamedTuple):
    """One number the job shows, and what whoever sees it does."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    what_to_do: str


_C, _G, _H = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM

_DECIDING = (
    Metric("decisions", _C, "transactions", "Decisions emitted, repeats after a restart included.",
           "Flat while transactions arrive: look at the job's state and at pending_scores."),
    Metric("alerts", _C, "alerts", "Decisions whose verdict or hits made an alert.",
           "A jump: compare by rule; a rule was changed, or an attack is on."),
    Metric("priority_alerts", _C, "alerts", "Alerts that went to alerts-priority too.",
           "Staff the queue; a jump without high amounts is a rule gone wrong."),
    Metric("missing_features", _C, "rule evaluations", "Rules that did not fire because a value was missing.",
           "A jump: a producer stopped sending a field, or profiles stopped arriving."),
    Metric("truncated", _C, "transactions", "Decided on a history that was cut at its entry limit.",
           "Find the account: a few are normal, many mean the limit is too low."),
    Metric("accounts_forgotten", _C, "accounts", "Accounts whose past was forgotten, not seen for so long.",
           "A jump: event time ran ahead; look for a producer with a wrong clock."),
    Metric("decide_us", _H, "us", "Time one transaction takes in the operator, scoring excluded.",
           "Above 200 at p50: the task is near its limit, add parallelism."),
)  # fmt: skip

_INTAKE = (
    Metric("dead_letters", _C, "records", "Records that failed a check and went to dead-letters.",
           "Read topic dead-letters by reason; tell the producer."),
    Metric("dead_letters_in_a_row", _G, "records", "Dead letters since the last good record.",
           "Above 100: a producer or its schema broke; the job goes on, decisions do not."),
    Metric("duplicates", _C, "transactions", "Seen before within the horizon, changed nothing.",
           "A jump: a producer repeats itself, or the job went back to a checkpoint."),
    Metric("late", _C, "transactions", "Decided although later than the allowed lateness; copied to late.",
           "A jump: a source is behind, or another one's clock moved event time ahead."),
    Metric("out_of_order", _C, "transactions", "Decided after a newer event of the same account.",
           "A jump: a producer lost its key order, or partitions are read unevenly."),
    Metric("labels_matched", _C, "labels", "Labels that reached the payment they are of.",
           "Flat while labels arrive: look at labels_unmatched."),
    Metric("labels_unmatched", _C, "labels", "Labels of payments that their merchant does not keep.",
           "Some are older than the longest window; a jump: the producer names other merchants or ids."),
    Metric("articles", _C, "versions", "Versions of articles taken into merchants' state.",
           "Flat for a day: the inventory topic has stopped."),
    Metric("articles_unknown", _C, "payments", "Payments that name an article no version of which is known.",
           "A jump: topic inventory is behind, or the producers use other ids."),
    Metric("profiles", _C, "accounts", "Customer profiles taken into accounts' state.",
           "Flat for a day: the customers topic has stopped."),
    Metric("held_for_profile", _C, "transactions", "Held for their account's first profile.",
           "Near all of them: topic customers is behind, away, or names other accounts."),
    Metric("rates", _C, "rates", "Exchange rates of the base currency taken in.",
           "Flat for longer than they usually last: fx-rates has stopped; payments keep the last rate."),
    Metric("rates_of_another_base", _C, "rates", "Exchange rates passed over, for another base.",
           "All of them: base/currency is not what the topic tells."),
    Metric("without_base_amount", _C, "transactions", "Their currency had no rate at their event time.",
           "A jump: a currency is missing from fx-rates, or its history begins too late."),
    Metric("labels", _C, "labels", "Fraud labels taken in.",
           "Flat for a day: the label feed has stopped; precision can't be told."),
)  # fmt: skip

_SCORING = (
    Metric("pending_scores", _G, "transactions", "Submitted to the scorer and not answered yet.",
           "At its limit: the operator waits for the endpoint; look at score_latency_ms."),
    Metric("score_calls", _C, "calls", "Calls of the model endpoint, repeats excluded.",
           "For the ratio rows per call; near 1 at high rates means batching is off."),
    Metric("score_calls_in_flight", _G, "calls", "Calls under way.",
           "At max_in_flight_calls: the endpoint is too slow or too small."),
    Metric("score_latency_ms", _H, "ms", "From submit to answer, fallbacks included.",
           "p99 near the deadline: scale the endpoint before the breaker opens."),
    Metric("degraded_scores", _C, "transactions", "Decided with the fallback value instead of a score.",
           "Above 1 % for 5 min: look at the endpoint; the reasons below say what failed."),
    Metric("degraded_timeout", _C, "transactions", "Degraded: no answer before the deadline.",
           "The endpoint is slow: scale it, or raise the deadline."),
    Metric("degraded_throttled", _C, "transactions", "Degraded: the endpoint refused the rate.",
           "Raise the endpoint's instances or quota."),
    Metric("degraded_bad_response", _C, "transactions", "Degraded: the answer was not one score a row.",
           "A wrong model was deployed: roll it back."),
    Metric("degraded_breaker_open", _C, "transactions", "Degraded: the breaker kept the call back.",
           "Follows the other reasons; should end within 5 s of the endpoint's return."),
    Metric("degraded_unavailable", _C, "transactions", "Degraded: no connection, or an error status.",
           "Check that the endpoint is in service, the role allowed, the network open."),
    Metric("rescored_after_restart", _C, "transactions", "Pending at a restart and scored again.",
           "Expected after a restart only; without one, report a defect."),
)  # fmt: skip

_STORE = (
    Metric("store_writes", _C, "items", "Items written to DynamoDB.",
           "Flat while decisions grow: look at store_retries."),
    Metric("store_stale", _C, "items", "Writes refused because a version as new was there.",
           "Expected after a restart only; without one, two jobs write the same table."),
    Metric("store_retries", _C, "writes", "Writes that failed and will be tried again.",
           "Growing: raise the table's capacity, or look at its availability."),
    Metric("store_refused", _C, "items", "Items DynamoDB can never take; dropped.",
           "Any: the log names the key; report a defect."),
    Metric("store_skipped", _C, "items", "Recent transactions not written: too many were owed.",
           "Any: DynamoDB was away or too slow for long; the archive has them."),
    Metric("store_dirty", _G, "keys", "Keys whose latest version is not in DynamoDB yet.",
           "At its limit the operator waits: as for store_retries."),
    Metric("store_oldest_dirty_ms", _G, "ms", "How long the longest unwritten key has waited.",
           "Above 5,000: readers of hot state see the past; as for store_retries."),
)  # fmt: skip

METRICS: tuple[Metric, ...] = (*_DECIDING, *_INTAKE, *_SCORING, *_STORE)

BY_NAME: dict[str, Metric] = {metric.name: metric for metric in METRICS}
