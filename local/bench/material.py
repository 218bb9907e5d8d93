"""
What the pure stages are measured on: an account of the generator, so much of its past, and what it does next.

Rule: every field of a transaction is filled, and all is drawn from a fixed seed, so that
two measurements are of the same work.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from itertools import islice
from typing import NamedTuple

from local.generator.engine import Generator
from local.generator.traffic import DAY_MS, Message
from schemas.card import CardKey
from schemas.fields import TRANSACTION_FIELDS
from schemas.intake import read_customer, read_transaction
from schemas.transaction import Transaction
from schemas.wire_out import encode_json
from udfs.features.blocks import MemoryBlocks
from udfs.features.engine import observe
from udfs.features.history import AccountHistory
from udfs.features.profile import Profile, profile_of

CARD_KEY = CardKey(version="k1", secret=b"a secret of the bench, 32 bytes!")
NEXT = 64  # different transactions that a stage is measured on
_START_MS = 1_767_225_600_000  # 2026-01-01
_PAST_MS = DAY_MS * 9 // 10  # all of the past is within the longest window
_FILLED = len(TRANSACTION_FIELDS) - 1  # a reason to decline is none of a payment that was approved


class Account(NamedTuple):
    """An account with its past, and the messages of which any may come next."""

    history: AccountHistory
    profile: Profile
    messages: list[Message]

    @property
    def transactions(self) -> list[Transaction]:
        """The messages as intake lets them in."""
        return [taken_in(message) for message in self.messages]


def account(kept: int) -> Account:
    """An account that keeps *kept* payments of the last day."""
    generator = Generator(seed=5, accounts=1, start_ms=_START_MS, fraud_ratio=0.0)
    messages = list(islice(_filled(generator), kept + NEXT))
    every_ms = _PAST_MS // kept
    for number, message in enumerate(messages):
        message["event_time"] = _START_MS + min(number, kept) * every_ms
    profile = _profile(next(generator.customers()))
    blocks = MemoryBlocks()
    history = reduce(
        lambda history, message: observe(history, taken_in(message), profile, blocks).history,
        messages[:kept],
        AccountHistory(),
    )
    return Account(history, profile, messages[kept:])


def taken_in(message: Message) -> Transaction:
    """*message* as intake lets it in."""
    return read_transaction(encode_json(message), message["account_id"], message["event_time"], CARD_KEY)


def _filled(generator: Generator) -> Iterator[Message]:
    """The account's payments; what one does not say is as it was in the last one that did."""
    known: Message = {}
    for sample in generator.samples():
        known = {**known, **sample.transaction}
        known.pop("decline_reason", None)
        if sample.transaction["event_type"] == "payment" and len(known) == _FILLED:
            yield {**known, **sample.transaction}  # with its own reason, if it was declined


def _profile(message: Message) -> Profile:
    return profile_of(read_customer(encode_json({"updated": _START_MS - 1, **message})))
