"""What a merchant's inventory says about a payment that names one of its articles."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.article import Article
from schemas.decision import Value
from tests.builders import NOON_MS, article, payment
from tests.oracle import Oracle
from udfs.features.listing import (
    HIGH_RESALE,
    MOST,
    MOST_PASSED,
    OF_ARTICLE,
    UNKNOWN,
    Listing,
    article_features,
    listing_of,
    names_article,
    relisted,
)
from udfs.features.versions import as_of

pytestmark = pytest.mark.unit

PAGE = Path(__file__).parents[3] / "docs" / "features.md"
AHEAD_MS = -1  # a watermark that has passed nothing
PASSED_MS = 10**15  # one that has passed everything


def said(amount_minor: int = 1_234, currency: str = "EUR", **fields: Any) -> list[Value]:
    """The three features of a payment for an article with *fields*."""
    txn = payment(amount_minor=amount_minor, currency=currency, article_id="r-1")
    return list(article_features(txn, listing_of(article(**fields))).values())


@pytest.mark.parametrize(
    ("amount_minor", "fields", "ratio"),
    [
        (2_468, {}, 1.0),
        (1_234, {}, 0.5),
        (0, {}, 0.0),
        (1, {"list_price_minor": 3}, 1 / 3),
        (10**12, {"list_price_minor": 1}, 1e12),
        (1_234, {"list_price_minor": 0}, None),
        (1_234, {"list_price_minor": None, "currency": None}, None),
        (1_234, {"currency": "USD"}, None),
    ],
)
def test_amount_to_list_price(amount_minor: int, fields: dict[str, Any], ratio: float | None) -> None:
    """The amount is divided by the list price, in one currency alone, and never by nothing."""
    assert said(amount_minor, **fields)[0] == ratio


@pytest.mark.parametrize("category", [*HIGH_RESALE, "books", "Phones", None])
def test_high_resale(category: str | None) -> None:
    """A category is on the list as it stands there, or it is not; without one nothing is said."""
    assert said(category=category)[1] is (None if category is None else category in HIGH_RESALE)


@pytest.mark.parametrize(("stock", "at_hand"), [(None, None), (0, False), (1, True), (10**9, True)])
def test_article_in_stock(stock: int | None, at_hand: bool | None) -> None:  # noqa: FBT001  # an answer
    """One piece is enough; where no stock is told nothing is said."""
    assert said(stock=stock)[2] is at_hand


def test_nothing_is_said_of_what_is_not_known() -> None:
    """An article that is unknown, or was removed, leaves every feature missing."""
    txn = payment(article_id="r-1")
    assert article_features(txn, None) == UNKNOWN == dict.fromkeys(one.name for one in OF_ARTICLE)
    assert article_features(txn, Listing(0, "phones", 1_000, "EUR", 3, removed=True)) == UNKNOWN


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, False),
        ({"article_id": "r-1"}, True),
        ({"article_id": "r-1", "merchant_id": None}, False),
        ({"article_id": "r-1", "event_type": "login"}, False),
    ],
)
def test_which_events_name_an_article(fields: dict[str, Any], *, names: bool) -> None:
    """A payment to a merchant names one; other events, and one without a merchant, do not."""
    assert names_article(payment(**fields)) is names


def test_listing_keeps_what_merchants_need() -> None:
    """Every field of a listing comes from the article's."""
    told = Article("r", "m", 7, "books", 5, "EUR", 3, removed=True)
    assert listing_of(told) == Listing(7, "books", 5, "EUR", 3, removed=True)


def kept(told_ms: list[int], passed_ms: int, most: int = MOST) -> list[int]:
    """Which versions stay, told in this order while the watermark stands at *passed_ms*."""
    versions: tuple[Listing, ...] = ()
    for updated_ms in told_ms:
        versions = relisted(versions, Listing(updated_ms), passed_ms, most)
    return [each.updated_ms for each in versions]


@pytest.mark.parametrize(
    ("told_ms", "passed_ms", "stay_ms"),
    [
        ([], 0, []),
        ([30, 10, 20, 10], PASSED_MS, [10, 20, 30]),  # each at its place, and once
        ([1, 2, 3, 4, 5, 6], PASSED_MS, [3, 4, 5, 6]),  # passed: the newest four
        ([1, 2, 3, 4, 5, 6], AHEAD_MS, [1, 2, 3, 4, 5, 6]),  # payments of their times are still to come
        ([1, 2, 3, 4, 5, 6], 5, [2, 3, 4, 5, 6]),  # one at the watermark is passed
        ([6, 5, 4, 3, 2, 1], 5, [2, 3, 4, 5, 6]),  # in whichever order they come
        ([2, 3, 4, 5, 1], PASSED_MS, [2, 3, 4, 5]),  # older than all that are kept
    ],
)
def test_versions_that_stay(told_ms: list[int], passed_ms: int, stay_ms: list[int]) -> None:
    """What event time has not passed stays, and the newest four of the rest, by time of update."""
    assert MOST_PASSED == 4
    assert kept(told_ms, passed_ms) == stay_ms


@pytest.mark.parametrize(("told", "stay"), [(5, 5), (6, 5)])
def test_versions_are_bounded(told: int, stay: int) -> None:
    """An article that is told without end keeps its newest versions, whatever event time has passed."""
    assert kept(list(range(told)), AHEAD_MS, most=5) == list(range(told))[-stay:]


def test_version_told_again_takes_its_place() -> None:
    """Of one time of update the version told last stays."""
    told = (Listing(1), Listing(2, "old"), Listing(3), Listing(2, "new"))
    versions = reduce(lambda known, one: relisted(known, one, AHEAD_MS), told, ())
    assert [each.category for each in versions] == [None, "new", None]


def test_docs_list_the_categories() -> None:
    """docs/features.md names each category of high resale."""
    assert not [name for name in HIGH_RESALE if f"`{name}`" not in PAGE.read_text()]


listings = st.builds(
    Article,
    article_id=st.just("r-1"),
    merchant_id=st.just("m-1"),
    updated_ms=st.integers(NOON_MS - 5, NOON_MS + 5),
    category=st.sampled_from((None, "phones", "books")),
    list_price_minor=st.none() | st.integers(0, 10**12),
    currency=st.sampled_from((None, "EUR", "JPY")),
    stock=st.sampled_from((None, 0, 1)),
    removed=st.booleans(),
)
payments = st.builds(
    payment,
    event_time_ms=st.integers(NOON_MS - 6, NOON_MS + 6),
    amount_minor=st.integers(0, 10**12),
    currency=st.sampled_from(("EUR", "JPY")),
    event_type=st.sampled_from(("payment", "payment", "login")),
    merchant_id=st.sampled_from(("m-1", "m-1", "m-2", None)),
    article_id=st.sampled_from(("r-1", "r-1", "r-2", None)),
)


@given(told=st.lists(listings, max_size=12), txn=payments)
def test_equals_the_oracle(told: list[Article], txn: Any) -> None:
    """Told in any order, an article says of a payment what the definition says."""
    known = reduce(lambda versions, one: relisted(versions, listing_of(one), AHEAD_MS), told, ())
    is_known = names_article(txn) and (txn.merchant_id, txn.article_id) == ("m-1", "r-1")
    found = as_of(known, txn.event_time_ms) if is_known else None
    assert article_features(txn, found) == Oracle(articles=told).of_article(txn)
