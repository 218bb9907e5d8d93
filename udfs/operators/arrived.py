"""
A transaction on its way: checked, tokenised, and what the stages before have seen.

Rule: packed by place and never kept but while it waits; no personal datum is in it
that is not a token.
"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.article import Article
from schemas.fx_rate import FxRate
from schemas.label import Label
from schemas.record import Record
from schemas.transaction import Transaction, tie_break


class Arrived(Record, frozen=True):
    """A transaction, the features of the entities before the account, and whether it came late there."""

    txn: Transaction
    features: dict[str, Any] = msgspec.field(default_factory=dict)
    late: bool = False


class Waiting(Record, frozen=True):
    """What waits for the watermark at one event time: labels are known before transactions are seen."""

    arrived: tuple[Arrived, ...] = ()
    labels: tuple[Label, ...] = ()
    gone: tuple[str, ...] = ()  # articles that were removed long ago, to be forgotten

    def with_more(self, more: Waiting) -> Waiting:
        """What both have, in their order."""
        return Waiting(
            arrived=(*self.arrived, *more.arrived),
            labels=(*self.labels, *more.labels),
            gone=(*self.gone, *more.gone),
        )


_ENCODER = msgspec.msgpack.Encoder()
_ARRIVED = msgspec.msgpack.Decoder(Arrived)
_LABEL = msgspec.msgpack.Decoder(Label)
_ARTICLE = msgspec.msgpack.Decoder(Article)
_RATE = msgspec.msgpack.Decoder(FxRate)


def encode(item: Arrived | Label | Article | FxRate) -> bytes:
    """*item* as it travels from one operator to the next."""
    return _ENCODER.encode(item)


def decode_arrived(body: bytes) -> Arrived:
    """The transaction that `encode` packed."""
    return _ARRIVED.decode(body)


def decode_label(body: bytes) -> Label:
    """The label that `encode` packed."""
    return _LABEL.decode(body)


def decode_article(body: bytes) -> Article:
    """The article that `encode` packed."""
    return _ARTICLE.decode(body)


def decode_rate(body: bytes) -> FxRate:
    """The exchange rate that `encode` packed."""
    return _RATE.decode(body)


def in_order(arrived: Arrived) -> tuple[int, str]:
    """Order of those of one event time."""
    return tie_break(arrived.txn)
