"""An article that a merchant sells: what the inventory says of it from one update to the next."""

from __future__ import annotations

from schemas.record import Record


class Article(Record, frozen=True):
    """One version of an article. The price is of one piece, in minor units; times in UTC epoch ms."""

    article_id: str  # the merchant's own name for it; other merchants' may be the same
    merchant_id: str
    updated_ms: int
    category: str | None = None  # e.g. electronics, gift_cards, books
    list_price_minor: int | None = None
    currency: str | None = None  # ISO 4217 alphabetic code, of the list price
    stock: int | None = None  # pieces at hand
    removed: bool = False  # from updated_ms on it is sold no more
