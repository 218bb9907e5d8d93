"""
An account's newest events, a column each: what the short windows, and the recognition of duplicates, look at.

Rule: a column is the very bytes that rest, and is looked at where it lies, so that 256 events cost
little more to read and write than one (ADR-0029). A place that is no payment has no currency and no
merchant.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from schemas.record import Record
from schemas.transaction import Transaction
from udfs.features.known import DIGEST_BYTES, digest, place_of
from udfs.features.small import is_small

PAYMENT = 0
_KINDS = {"payment": PAYMENT, "login": 1, "device_change": 2, "payee_added": 3}
_OTHER_KIND = 9

_PAID, _DECLINED, _SMALL, _KIND_BITS = 1, 2, 4, 3  # of a byte of `Recent.kinds`
_PAYMENTS = (1, 3, 5, 7)
_NO_CURRENCY = 255
_NOBODY = bytes(DIGEST_BYTES)
_WORD = 8  # bytes


class Entry(Record, frozen=True):
    """One event, as short as the windows and the recognition of duplicates allow."""

    event_time_ms: int
    amount_minor: int
    currency: str
    kind: int  # PAYMENT, or a code of another event type
    declined: bool
    small: bool  # below 2.00 major units, as judged when it came
    merchant: bytes | None  # digest of merchant_id
    transaction_id: str


def entry_of(txn: Transaction) -> Entry:
    """What the windows need to know of *txn*."""
    return Entry(
        event_time_ms=txn.event_time_ms,
        amount_minor=txn.amount_minor,
        currency=txn.currency,
        kind=_KINDS.get(txn.event_type, _OTHER_KIND),
        declined=txn.auth_result == "declined",
        small=is_small(txn.amount_minor, txn.currency),
        merchant=None if txn.merchant_id is None else digest(txn.merchant_id),
        transaction_id=txn.transaction_id,
    )


class Counted(NamedTuple):
    """Numbers of payments."""

    payments: int
    declined: int
    small: int


class Recent(Record, frozen=True):
    """Events in event-time order; of equal times, in the order they came."""

    times: bytes = b""  # UTC epoch ms
    amounts: bytes = b""  # minor units
    kinds: bytes = b""  # bits: payment, declined, small; above them the code of what is no payment
    currencies: bytes = b""  # places in *names*
    merchants: bytes = b""  # digests
    ids: bytes = b""  # digests of transaction ids
    names: tuple[str, ...] = ()  # of currencies

    def __len__(self) -> int:
        """How many events."""
        return len(self.kinds)

    def until(self, time_ms: int) -> int:
        """How many are dated at or before *time_ms*."""
        return bisect_right(_words(self.times), time_ms)

    def time_ms(self, place: int) -> int:
        """Event time of the event at *place*."""
        return _words(self.times)[place]

    def find(self, transaction_id: str) -> int:
        """Where the transaction stands; -1 if nowhere."""
        return place_of(self.ids, digest(transaction_id))

    def paid_last(self, end: int) -> int | None:
        """Event time of the newest payment among the first *end*; None if there is none."""
        place = max(self.kinds.rfind(kind, 0, end) for kind in _PAYMENTS)
        return None if place < 0 else self.time_ms(place)

    def counted(self, first: int, end: int) -> Counted:
        """How many from *first* to *end* are payments, declined payments, and small ones."""
        plain, declined, small, both = map(self.kinds[first:end].count, _PAYMENTS)
        return Counted(plain + declined + small + both, declined + both, small + both)

    def paid_to(self, first: int, end: int) -> set[int]:
        """The merchants of the payments from *first* to *end*, as `word` has their digests."""
        found = set(_words(self.merchants)[first:end])
        found.discard(0)
        return found

    def amounts_in(self, currency: str, first: int, end: int) -> list[int]:
        """The amounts of the payments in *currency* from *first* to *end*."""
        own = self.names.index(currency) if currency in self.names else -1
        amounts, currencies = _words(self.amounts)[first:end], self.currencies[first:end]
        return [amount for amount, other in zip(amounts, currencies, strict=True) if other == own]

    def with_one(self, entry: Entry, place: int) -> Recent:
        """The same with *entry* at *place*."""
        pays = entry.kind == PAYMENT
        names = self.names if not pays or entry.currency in self.names else (*self.names, entry.currency)
        at = place * _WORD
        return Recent(
            times=_with(self.times, at, _packed(entry.event_time_ms)),
            amounts=_with(self.amounts, at, _packed(entry.amount_minor)),
            kinds=_with(self.kinds, place, bytes((_kind(entry),))),
            currencies=_with(
                self.currencies, place, bytes((names.index(entry.currency) if pays else _NO_CURRENCY,))
            ),
            merchants=_with(self.merchants, at, (pays and entry.merchant) or _NOBODY),
            ids=_with(self.ids, at, digest(entry.transaction_id)),
            names=names,
        )

    def without(self, oldest: int) -> Recent:
        """The same without so many of the *oldest*."""
        if not oldest:
            return self
        at = oldest * _WORD
        return Recent(
            times=self.times[at:],
            amounts=self.amounts[at:],
            kinds=self.kinds[oldest:],
            currencies=self.currencies[oldest:],
            merchants=self.merchants[at:],
            ids=self.ids[at:],
            names=self.names,
        )


def recent_of(entries: Iterable[Entry]) -> Recent:
    """*entries*, which are in their order."""
    recent = Recent()
    for place, entry in enumerate(entries):
        recent = recent.with_one(entry, place)
    return recent


def word(digested: bytes) -> int:
    """A digest as `Recent.paid_to` has it."""
    return _words(digested)[0]


def _words(column: bytes) -> memoryview[int]:
    return memoryview(column).cast("q")


def _packed(number: int) -> bytes:
    return number.to_bytes(_WORD, sys.byteorder, signed=True)


def _with(column: bytes, at: int, one: bytes) -> bytes:
    return column[:at] + one + column[at:]


def _kind(entry: Entry) -> int:
    if entry.kind != PAYMENT:
        return entry.kind << _KIND_BITS
    return _PAID | _DECLINED * entry.declined | _SMALL * entry.small
