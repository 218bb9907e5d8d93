"""A customer's profile goes to each of its accounts, an article to its merchant: where the payments are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyflink.common import Row
from pyflink.datastream import ProcessFunction

from schemas.errors import RecordError
from schemas.intake import read_article, read_customer
from udfs.operators import rows
from udfs.operators.arrived import encode
from udfs.operators.reading import refusal


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
            yield rows.DEAD_LETTERS, refusal(self._topic, message, error, ctx)
            return
        for account_id in customer.account_ids:
            yield _addressed(account_id, message, timestamp)


def _addressed(account_id: str, message: rows.Arrival, timestamp: Any) -> Row:
    return rows.profile_row(account_id, message.raw, message.offset, timestamp)


class FanOutInventory(ProcessFunction):
    """
    Every version of an article goes to its merchant; a record without a value says that it is removed.

    Key, State: none. Emits: one `rows.passed_row` a version; dead letters on `rows.DEAD_LETTERS`.
    If an article is missing or late, payments for it are decided without its features.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def process_element(self, value: Any, ctx: ProcessFunction.Context) -> Iterator[Any]:
        """Address the article to the merchant that it names; a clock tick goes no further."""
        message = rows.arrival(value[1])
        if message.key == rows.CLOCK_KEY:
            return
        raw = message.raw if rows.has_value(value[1]) else None
        try:
            article = read_article(raw, message.key, ctx.timestamp())
        except RecordError as error:
            yield rows.DEAD_LETTERS, refusal(self._topic, message, error, ctx)
            return
        yield rows.passed_row(article.merchant_id, encode(article), rows.FROM_INVENTORY)
