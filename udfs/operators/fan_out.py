"""A customer's profile goes to each of its accounts, where the payments are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyflink.common import Row
from pyflink.datastream import ProcessFunction

from schemas.dead_letter import Source, dead_letter
from schemas.errors import RecordError
from schemas.intake import read_customer
from udfs.operators import rows


class FanOutProfiles(ProcessFunction):
    """
    Every account of a customer is sent the profile's message.

    Key, State: none. Emits: one `rows.INCOMING` row an account; dead letters on
    `rows.DEAD_LETTERS`. If a profile is missing or late, its accounts are
    decided without it, and say so (`profile_known`).
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def process_element(self, value: Any, ctx: ProcessFunction.Context) -> Iterator[Any]:
        """Address the message to each account that it names; a clock tick goes no further."""
        _, nested, timestamp = value
        message = rows.arrival(nested)
        if message.key == rows.CLOCK_KEY:
            return
        try:
            customer = read_customer(message.raw)
        except RecordError as error:
            source = Source(self._topic, message.partition, message.offset, ctx.timestamp(), message.key)
            yield rows.DEAD_LETTERS, rows.dead_letter_row(dead_letter(error, source, message.raw))
            return
        for account_id in customer.account_ids:
            yield _addressed(account_id, message, timestamp)


def _addressed(account_id: str, message: rows.Arrival, timestamp: Any) -> Row:
    return rows.profile_row(account_id, message.raw, message.offset, timestamp)
