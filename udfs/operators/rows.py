"""
The only place that knows Row: what comes in from Flink's tables, what goes out to them.

Rule: Python fills one Row a transaction for the topics and one for the archive, in the
order of `columns`; the JVM routes them.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

import orjson
from pyflink.common import Row, Types
from pyflink.datastream import OutputTag

from schemas.currency import major_text
from schemas.dead_letter import DeadLetter
from schemas.dead_letter import encode as encode_dead_letter
from schemas.decision import (
    Decision,
    encode_alert,
    encode_decision,
    encode_reasons,
    is_alert,
    is_priority,
    verdict_name,
)
from schemas.label import Label
from udfs.features.names import FEATURES
from udfs.operators.account_state import Undecided
from udfs.operators.columns import ANSWER, BYTES, DEAD_LETTER, DECIDED, LABEL, TRANSACTION, row_type

# (account, (account, message, partition, offset), record timestamp);
# a keyed function is given the second field alone.
INCOMING = Types.ROW(
    [
        Types.STRING(),
        Types.ROW([Types.STRING(), BYTES, Types.INT(), Types.LONG()]),
        Types.INSTANT(),
    ]
)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
CLOCK_KEY = "__clock__"  # a record with this key only moves event time
# In place of a partition, on the way between operators:
FROM_PROFILES = -1  # a profile, to one of its accounts
STAGED = -2  # a transaction that was checked: `arrived.Arrived`
FROM_LABELS = -3  # a label, to the merchant whose payment it is of
FROM_INVENTORY = -4  # an article, to the merchant that sells it
FROM_RATES = -5  # an exchange rate, to each subtask of the first stage


class Arrival(NamedTuple):
    """A message as it came, and where from."""

    key: str
    raw: bytes
    partition: int
    offset: int


DECIDED_TYPE = row_type(DECIDED)
LABEL_TYPE = row_type(LABEL)
DEAD_LETTERS = OutputTag("dead-letters", row_type(DEAD_LETTER))
ANSWERS = OutputTag("answers", row_type(ANSWER))
LABELLED = OutputTag("labelled", INCOMING)

_transaction_values = attrgetter(*(column.name for column in TRANSACTION))
_feature_values = itemgetter(*(feature.name for feature in FEATURES))


def subtask_of(runtime_context: Any) -> int:
    """Index of this parallel instance. Thread mode's own accessor calls what Flink 2 removed."""
    inner: Any = getattr(runtime_context, "_runtime_context", None)  # the way round; process mode has none
    if hasattr(inner, "getTaskInfo"):
        return int(inner.getTaskInfo().getIndexOfThisSubtask())
    return int(runtime_context.get_index_of_this_subtask())


def key_of(ctx: Any) -> str:
    """The current account; about 20 us in thread mode, so not for the common path."""
    key = ctx.get_current_key()
    return str(key if isinstance(key, str) else key[0])


def arrival(row: Any) -> Arrival:
    """The message of a nested row, empty where the record had no value."""
    key, raw, partition, offset = row
    return Arrival(key, raw or b"", partition, offset)


def has_value(row: Any) -> bool:
    """Whether the record of a nested row had a value; without one it removes what its key names."""
    return row[1] is not None


def profile_row(account_id: str, raw: bytes, offset: int, timestamp: Any) -> Row:
    """A profile's message, addressed to one of its accounts."""
    return Row(account_id, Row(account_id, raw, FROM_PROFILES, offset), timestamp)


def passed_row(key: str, body: bytes, what: int) -> Row:
    """What goes on to the operator of *key*; *what* is STAGED, FROM_LABELS, FROM_INVENTORY or FROM_RATES."""
    return Row(key, Row(key, body, what, 0), None)


def dead_letter_row(letter: DeadLetter) -> Row:
    """A dead letter, keyed by its account when that is known."""
    return Row(letter.account_id or "", encode_dead_letter(letter))


def label_row(label: Label) -> Row:
    """A label for the archive, by the hour it was reported in."""
    return Row(
        label.transaction_id,
        label.account_id,
        label.is_fraud,
        label.reported_ms,
        label.card_token,
        label.merchant_id,
        label.kind,
        *_date_and_hour(label.reported_ms // 3_600_000),
    )


def answer_row(decision: Decision) -> Row:
    """One decision as the topics are told of it, in the order of `ANSWER`."""
    encoded = encode_decision(decision)
    return Row(
        decision.account_id,
        encoded,
        encode_alert(decision, encoded) if is_alert(decision) else None,
        is_priority(decision),
        decision.late,
    )


def decided_row(decision: Decision, undecided: Undecided) -> Row:
    """One decision with all that the archive keeps of it, in the order of `DECIDED`."""
    txn = undecided.txn
    return Row(
        txn.transaction_id,
        txn.account_id,
        txn.event_time_ms,
        decision.attempt,
        *_date_and_hour(txn.event_time_ms // 3_600_000),
        *_decision_values(decision),
        *_transaction_values(txn),
        *_feature_values(undecided.features),
    )


def _decision_values(decision: Decision) -> tuple[Any, ...]:
    score = decision.score
    return (
        major_text(decision.amount_minor, decision.currency),
        decision.amount_minor,
        decision.currency,
        verdict_name(decision.verdict),
        float(score.value),
        score.source,
        score.degraded,
        score.reason,
        decision.late,
        decision.out_of_order,
        decision.account_version,
        encode_reasons(decision).decode(),
        orjson.dumps(decision.missing).decode(),
        decision.rules_version,
        score.model_version,
    )


@lru_cache(maxsize=4096)
def _date_and_hour(hour: int) -> tuple[str, str]:
    days, hour_of_day = divmod(hour, 24)
    return date.fromordinal(_EPOCH_DAY + days).isoformat(), f"{hour_of_day:02d}"
