"""
What a merchant sells, in Flink's keyed state.

Rules (ADR-0024): an article is touched when it is told of, when a payment names it, and when it
is forgotten, never else; it is forgotten only after it was removed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.article import Article
from schemas.errors import BrokenPromise
from udfs.features.listing import Listing, listing_of, relisted
from udfs.features.log import MARGIN_MS
from udfs.features.versions import as_of
from udfs.operators.idle import of_day

_VERSION = 1
_PREFIX = bytes([_VERSION])
_ENCODER = msgspec.msgpack.Encoder()
_LISTINGS = msgspec.msgpack.Decoder(tuple[Listing, ...])


class Articles:
    """The current merchant's articles: a map from the article's id to its packed versions, oldest first."""

    def __init__(self, state: Any) -> None:
        self._state = state

    def at(self, article_id: str, event_time_ms: int) -> Listing | None:
        """The version in force at *event_time_ms*; None if none is known that is so old."""
        return as_of(decode_listings(self._state.get(article_id)), event_time_ms)

    def learn(self, told: Article, passed_ms: int) -> None:
        """Keep a version more; *passed_ms* is how far event time has come."""
        known = decode_listings(self._state.get(told.article_id))
        self._state.put(told.article_id, encode_listings(relisted(known, listing_of(told), passed_ms)))

    def forget(self, article_id: str, now_ms: int) -> None:
        """Nothing is kept of an article that was removed so long ago that no event can ask for it."""
        known = decode_listings(self._state.get(article_id))
        if known and known[-1].removed and forgotten_ms(article_id, known[-1].updated_ms) <= now_ms:
            self._state.remove(article_id)


def forgotten_ms(article_id: str, removed_ms: int) -> int:
    """When an article that was removed may be forgotten: a day later, and spread over another one."""
    return removed_ms + MARGIN_MS + of_day(article_id)


def encode_listings(listings: tuple[Listing, ...]) -> bytes:
    """An article's versions as they rest, the version of their form first."""
    return _PREFIX + _ENCODER.encode(listings)


def decode_listings(body: bytes | None) -> tuple[Listing, ...]:
    """
    The versions of an article; none where there is nothing.

    Raises:
        BrokenPromise: If the version of their form is not known, or the bytes are not what it says.
    """
    if not body:
        return ()
    if body[0] != _VERSION:
        raise BrokenPromise("article", f"version {body[0]}", f"version {_VERSION}")
    try:
        return _LISTINGS.decode(memoryview(body)[1:])
    except msgspec.DecodeError as error:
        raise BrokenPromise("article", str(error), f"packed by version {_VERSION}") from error
