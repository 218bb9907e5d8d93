"""From a message to the transaction it tells of, or to the dead letter that says why there is none."""

from __future__ import annotations

from typing import Any, NamedTuple

from pyflink.common import Row

from schemas.card import CardKey
from schemas.dead_letter import Source, dead_letter
from schemas.errors import RecordError
from schemas.intake import read_transaction
from udfs.operators import rows
from udfs.operators.arrived import Arrived, decode_arrived
from udfs.operators.counters import Counters


def refusal(topic: str, message: rows.Arrival, error: RecordError, ctx: Any) -> Row:
    """The dead letter of a *message* of *topic*, as every operator that reads one sends it."""
    source = Source(topic, message.partition, message.offset, ctx.timestamp(), message.key)
    return rows.dead_letter_row(dead_letter(error, source, message.raw))


class Reading(NamedTuple):
    """What the deciding operator's messages are read with, and counted by."""

    transactions_topic: str
    customers_topic: str
    card_key: CardKey
    counters: Counters

    def transaction(self, message: rows.Arrival, ctx: Any) -> Arrived:
        """What came through the stages of other entities, or, where there are none, from the topic."""
        if message.partition == rows.STAGED:
            return decode_arrived(message.raw)
        txn = read_transaction(message.raw, message.key, ctx.timestamp(), self.card_key)
        self.counters.accepted()
        return Arrived(txn)

    def refused(self, message: rows.Arrival, error: RecordError, ctx: Any) -> Row:
        """The dead letter of *message*."""
        self.counters.refused()
        from_profiles = message.partition == rows.FROM_PROFILES
        topic = self.customers_topic if from_profiles else self.transactions_topic
        return refusal(topic, message, error, ctx)
