"""
What a merchant's inventory says of an article from one update to the next, and what it says of a payment.

Rules: a payment sees the version of its own time (`versions`); a price is compared in its own
currency alone. `names` takes its entries from here; the categories are data, in docs/features.md too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter

from schemas.article import Article
from schemas.decision import Value
from schemas.record import Record
from schemas.transaction import Transaction
from udfs.features.behaviour import Declared
from udfs.features.versions import placed

# Categories of what is sold on at once, for nearly its price: a choice, to be made longer where loss shows.
HIGH_RESALE = (
    "computers",
    "electronics",
    "game_consoles",
    "gift_cards",
    "jewellery",
    "phones",
    "sneakers",
    "watches",
)

OF_ARTICLE = (
    Declared(
        "amount_to_list_price",
        "float",
        "ratio",
        "This payment's amount divided by the list price of the article that it names",
        "no article known, no list price or one of 0, or one in another currency",
    ),
    Declared(
        "high_resale",
        "bool",
        "",
        f"The article's category is one of {', '.join(HIGH_RESALE)}",
        "no article known, or no category",
    ),
    Declared(
        "article_in_stock",
        "bool",
        "",
        "The merchant has a piece of the article at hand",
        "no article known, or no stock told",
    ),
)
UNKNOWN: dict[str, Value] = {one.name: None for one in OF_ARTICLE}

MOST_PASSED = 4  # versions that event time has passed: for events that come late
MOST = 256  # of all, 30 to 60 bytes each; event time goes by while they wait (ADR-0024)


class Listing(Record, frozen=True):
    """A version of an article, as its merchant knows it. Rests in state: fields are only appended."""

    updated_ms: int
    category: str | None = None
    list_price_minor: int | None = None
    currency: str | None = None
    stock: int | None = None
    removed: bool = False


def listing_of(article: Article) -> Listing:
    """What the merchant of *article* keeps."""
    return Listing(
        updated_ms=article.updated_ms,
        category=article.category,
        list_price_minor=article.list_price_minor,
        currency=article.currency,
        stock=article.stock,
        removed=article.removed,
    )


_updated = attrgetter("updated_ms")


def relisted(
    listings: Sequence[Listing], told: Listing, passed_ms: int, most: int = MOST
) -> tuple[Listing, ...]:
    """
    *listings*, oldest first, with *told* at its place; a version of the same time is told again.

    Of those that event time, *passed_ms*, has passed the newest few stay, of all at most *most*.
    """
    known = placed(listings, told, _updated)
    passed = bisect_right(known, passed_ms, key=_updated)
    return known[max(0, passed - MOST_PASSED, len(known) - most) :]


def names_article(txn: Transaction) -> bool:
    """Whether *txn* pays a merchant for an article."""
    return txn.article_id is not None and txn.merchant_id is not None and txn.event_type == "payment"


def article_features(txn: Transaction, listing: Listing | None) -> dict[str, Value]:
    """What *listing*, of the article that *txn* pays for, says about it; all is None without one."""
    if listing is None or listing.removed:
        return dict(UNKNOWN)
    return {
        "amount_to_list_price": _to_list_price(txn, listing),
        "high_resale": None if listing.category is None else listing.category in HIGH_RESALE,
        "article_in_stock": None if listing.stock is None else listing.stock > 0,
    }


def _to_list_price(txn: Transaction, listing: Listing) -> float | None:
    if not listing.list_price_minor or listing.currency != txn.currency:
        return None
    return txn.amount_minor / listing.list_price_minor
