"""
Articles in the merchants' stage, as drawings: versions and payments in, features and state out.

    t+0d  A     the article is told of
    t+1d  p     a payment for it sees A
    t+2d  B     its price falls
    t+3d  q     sees B; one dated t+1d, which comes now, still sees A
    t+4d  X     it is removed; r, a day later, sees nothing
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.article import Article
from schemas.errors import BrokenPromise
from tests.builders import NOON_MS, ONE_DAY_MS, article, payment
from tests.oracle import Oracle
from tests.unit.operators.stage import Stage
from udfs.features.listing import MOST_PASSED, UNKNOWN, Listing
from udfs.operators.articles import decode_listings, encode_listings, forgotten_ms

pytestmark = pytest.mark.unit

DAY = 1.0
MOMENT = 0.001 / 86_400  # of a day: a millisecond


def ratios(stage: Stage) -> dict[str, Any]:
    """Amount to list price of each payment that left, by its id."""
    return {one.txn.transaction_id: one.features.get("amount_to_list_price") for one in stage.passed}


@pytest.mark.parametrize("wait", [False, True])
def test_payments_see_the_version_of_their_time(*, wait: bool) -> None:
    """The drawing above, live and with the watermark: each sees what was in force, whenever it comes."""
    stage = Stage(wait=wait)
    stage.sells(0, list_price_minor=1_234)
    stage.pays("p", 1, article_id="r-1")
    stage.sells(2, list_price_minor=617)
    stage.pays("q", 3, article_id="r-1")
    stage.pays("late", 1, article_id="r-1")
    stage.removes(4)
    stage.pays("r", 5, article_id="r-1")
    stage.watermark(5)
    assert ratios(stage) == {"p": 1.0, "q": 2.0, "late": 1.0, "r": None}


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize(
    ("sold", "paid", "ratio"),
    [
        (1, 1 - MOMENT, None),  # told of a moment after the payment
        (1, 1, 1.0),  # at the payment's own time
        (1, 1 + MOMENT, 1.0),
        (-400, 400, 1.0),  # whatever the age: it holds until there is another
    ],
)
def test_at_the_edge(sold: float, paid: float, ratio: float | None, *, wait: bool) -> None:
    """A version is in force from the millisecond of its update on."""
    stage = Stage(wait=wait)
    stage.sells(sold, list_price_minor=1_234)
    stage.pays("p", paid, article_id="r-1")
    stage.watermark(paid)
    assert ratios(stage) == {"p": ratio}


def test_an_article_of_the_payments_time_comes_first() -> None:
    """
    With the watermark an article counts for payments of its very time, though it comes after them.

    arrive   p(1)  A(1)      watermark 1 -> p sees A
    """
    stage = Stage(wait=True)
    stage.pays("p", 1, article_id="r-1")
    stage.sells(1, list_price_minor=1_234)
    stage.watermark(1)
    assert ratios(stage) == {"p": 1.0}


def test_an_older_version_arrives_late() -> None:
    """
    A version older than the newest takes its place, and does not undo the newest.

    arrive   B(2)  A(0)      p(1) sees A, q(3) sees B
    """
    stage = Stage()
    stage.sells(2, list_price_minor=617)
    stage.sells(0, list_price_minor=1_234)
    stage.pays("p", 1, article_id="r-1")
    stage.pays("q", 3, article_id="r-1")
    assert ratios(stage) == {"p": 1.0, "q": 2.0}


def test_read_far_ahead() -> None:
    """With the watermark a stock told a hundred times ahead of its payments is what each of them sees."""
    stage = Stage(wait=True)
    for number in range(100):
        stage.sells(number / 100, stock=number % 2)
    for number in range(100):
        stage.pays(f"{number:02}", number / 100, article_id="r-1")
    stage.watermark(1)
    assert [one.features["article_in_stock"] for one in stage.passed] == [n % 2 == 1 for n in range(100)]
    stage.sells(1)
    assert len(decode_listings(stage.states["articles"]["m-1"]["r-1"])) == MOST_PASSED


@pytest.mark.parametrize(
    ("sold", "paid", "found"),
    [
        ({}, {}, (0.5, True, True)),
        ({"currency": "USD"}, {}, (None, True, True)),
        ({"list_price_minor": 0}, {}, (None, True, True)),
        ({"list_price_minor": None, "currency": None}, {}, (None, True, True)),
        ({"category": "books", "stock": 0}, {}, (0.5, False, False)),
        ({"category": None, "stock": None}, {}, (0.5, None, None)),
        ({}, {"article_id": "r-2"}, (None, None, None)),  # nobody has told of it
        ({}, {"event_type": "login"}, ()),  # pays for nothing
        ({}, {"article_id": None}, ()),
        ({}, {"merchant_id": None}, ()),
    ],
)
def test_what_is_said(sold: dict[str, Any], paid: dict[str, Any], found: tuple[Any, ...]) -> None:
    """What is known is said; what is not is None, and of a payment without an article nothing at all."""
    stage = Stage()
    stage.sells(0, **sold)
    stage.pays("p", 1, **({"article_id": "r-1"} | paid))
    features = stage.passed[0].features
    assert tuple(features[name] for name in UNKNOWN if name in features) == found


def test_an_article_is_of_one_merchant() -> None:
    """What one merchant calls its article says nothing of another's."""
    stage = Stage()
    stage.sells(0)
    stage.pays("p", 1, article_id="r-1", merchant_id="m-2")
    assert ratios(stage) == {"p": None}


def test_no_article_costs_nothing() -> None:
    """A payment that names no article asks nothing of the articles' state."""
    stage = Stage()
    asked: list[str] = []
    articles = stage.operator._articles
    assert articles is not None
    articles.at = lambda article_id, _: asked.append(article_id)  # type: ignore[method-assign, assignment, return-value, func-returns-value]
    stage.pays("p", 0)
    stage.pays("q", 1, article_id="r-1")
    assert asked == ["r-1"]


def test_told_after_it_was_removed() -> None:
    """
    An article that comes back is known again; between, it is not.

    A(0)  X(1)  B(2)      p(0.5) A    q(1.5) nothing    r(2.5) B
    """
    stage = Stage()
    stage.sells(0, list_price_minor=1_234)
    stage.removes(1)
    stage.sells(2, list_price_minor=617)
    for name, day in (("p", 0.5), ("q", 1.5), ("r", 2.5)):
        stage.pays(name, day, article_id="r-1")
    assert ratios(stage) == {"p": 1.0, "q": None, "r": 2.0}
    stage.watermark(4)
    stage.pays("s", 5, article_id="r-1")
    assert ratios(stage)["s"] == 2.0


@pytest.mark.parametrize("wait", [False, True])
def test_what_was_removed_is_forgotten(*, wait: bool) -> None:
    """A day or two after its removal nothing is left of an article; before, what comes late still sees it."""
    stage = Stage(wait=wait)
    stage.sells(0, list_price_minor=1_234)
    stage.sells(0, "r-2")
    stage.removes(1)
    stage.removes(1)  # told again
    stage.watermark(1.9)
    stage.pays("late", 0.5, article_id="r-1")
    assert ratios(stage) == {"late": 1.0}
    stage.watermark(3)
    assert stage.states["articles"]["m-1"].keys() == {"r-2"}
    assert stage.states["waiting"] == {}
    stage.watermark(50)
    assert stage.timers == set()


def test_a_removal_that_is_undone_forgets_nothing() -> None:
    """The timer of a removal leaves an article alone that was told of since, or removed again later."""
    stage = Stage()
    stage.sells(0)
    stage.removes(1)
    stage.sells(2)
    stage.removes(3)
    stage.watermark((forgotten_ms("r-1", NOON_MS + ONE_DAY_MS) - NOON_MS) / ONE_DAY_MS)
    assert [one.removed for one in decode_listings(stage.states["articles"]["m-1"]["r-1"])] == [
        False,
        True,
        False,
        True,
    ]


def test_a_merchant_that_is_not_seen_keeps_its_articles() -> None:
    """When the log of a merchant expires its articles stay: the topic will not tell of them again."""
    stage = Stage()
    stage.sells(0, list_price_minor=1_234)
    stage.pays("p", 1)
    stage.watermark(60)
    assert (stage.states["log"], stage.states["blocks"], stage.timers) == ({}, {}, set())
    stage.pays("q", 61, article_id="r-1")
    assert ratios(stage)["q"] == 1.0


def test_a_removal_and_an_expiry_share_a_timer() -> None:
    """Where both fall on one millisecond, both are done."""
    stage = Stage()
    stage.pays("p")
    [(expires_ms, _)] = stage.timers
    removed_ms = expires_ms - (forgotten_ms("r-1", NOON_MS) - NOON_MS)
    stage.removes((removed_ms - NOON_MS) / ONE_DAY_MS)
    assert [at_ms for at_ms, _ in stage.timers] == [expires_ms]
    stage.watermark((expires_ms - NOON_MS) / ONE_DAY_MS)
    assert (stage.states["log"], stage.states["articles"], stage.timers) == ({}, {}, set())


def test_restored() -> None:
    """A new life knows the articles, what waits, and what is to be forgotten."""
    first = Stage(wait=True)
    first.sells(0, list_price_minor=1_234)
    first.sells(0, "r-2")
    first.removes(1, "r-2")
    first.pays("p", 1, article_id="r-1")
    second = Stage(wait=True, restored=first)
    second.watermark(1)
    assert ratios(second) == {"p": 1.0}
    second.watermark(3)
    assert second.states["articles"]["m-1"].keys() == {"r-1"}


def test_counts() -> None:
    """Versions taken in are counted, and payments that name an article of which nothing is known."""
    stage = Stage()
    stage.sells(1)
    stage.removes(2)
    for name, day in (("before", 0), ("known", 1), ("removed", 3)):
        stage.pays(name, day, article_id="r-1")
    stage.pays("none", 4)
    stage.operator.close()
    assert stage.metrics.counters["articles"].count == 2
    assert stage.metrics.counters["articles_unknown"].count == 1


# --- at rest


def test_what_rests_is_restored() -> None:
    """Versions come back as they were; where nothing rests there are none."""
    listings = (Listing(1, "phones", 2, "EUR", 3), Listing(4, removed=True))
    assert decode_listings(encode_listings(listings)) == listings
    assert decode_listings(None) == ()


def test_versions_packed_before_a_field_existed() -> None:
    """A version packed with fewer fields is restored with the defaults of the rest."""
    assert decode_listings(b"\x01\x91\x92\x07\xa1b") == (Listing(7, "b"),)


@pytest.mark.parametrize("packed", [b"\x00\x90", b"\x02\x90", b"\x01", b"\x01\xc1"])
def test_unknown_bytes_break_the_promise(packed: bytes) -> None:
    """Another version, or bytes that are none of ours, fail the task."""
    with pytest.raises(BrokenPromise, match="article"):
        decode_listings(packed)


# --- against the oracle

days = st.integers(0, 40).map(lambda half: half / 2)
told = st.builds(
    article,
    article_id=st.sampled_from(("r-1", "r-2")),
    updated_ms=days.map(lambda day: NOON_MS + int(day * ONE_DAY_MS)),
    category=st.sampled_from((None, "phones", "books")),
    list_price_minor=st.none() | st.integers(0, 10**12),
    currency=st.sampled_from(("EUR", "JPY")),
    stock=st.sampled_from((None, 0, 1)),
    removed=st.booleans(),
)
paid = st.tuples(days, st.sampled_from(("r-1", "r-2", "r-3", None)), st.sampled_from(("EUR", "JPY")))


Told = Article | tuple[str, float, str | None, str]  # a version, or a payment's id, day, article, currency


@settings(deadline=None)  # the machine may be busy
@given(
    articles=st.lists(told, max_size=12),
    payments=st.lists(paid, max_size=6),
    order=st.randoms(use_true_random=False),
    watermarks=st.lists(days, max_size=3),
)
def test_with_the_watermark_it_equals_the_oracle(
    articles: list[Article],
    payments: list[tuple[float, str | None, str]],
    order: Random,
    watermarks: list[float],
) -> None:
    """Whatever comes first, with watermarks between, each payment sees the article as of its time."""
    stage, oracle = Stage(wait=True), Oracle(articles=articles)
    until = [*sorted(watermarks), 100.0]
    paid_for = [(str(number), *each) for number, each in enumerate(payments)]
    for day, arriving in zip(until, rounds([*articles, *paid_for], until, order), strict=True):
        for one in arriving:
            tell(stage, one)
        stage.watermark(day)
    assert len(stage.passed) == len(payments)
    for each in stage.passed:
        assert UNKNOWN | {name: each.features.get(name) for name in UNKNOWN} == oracle.of_article(each.txn)


def rounds(told: Sequence[Told], until: Sequence[float], order: Random) -> list[list[Told]]:
    """
    What arrives before each watermark: nothing late, and otherwise in any order.

    The versions of one article at one time keep theirs, as in a partition.
    """
    arriving: list[list[Told]] = [[] for _ in until]
    drawn: dict[Any, tuple[int, float]] = {}
    for one in told:
        latest = next(place for place, day in enumerate(until) if at_day(one) <= day)
        name = (one.article_id, one.updated_ms) if isinstance(one, Article) else one
        drawn.setdefault(name, (order.randint(0, latest), order.random()))
        arriving[drawn[name][0]].append(one)
    for lot in arriving:
        lot.sort(
            key=lambda one: drawn[(one.article_id, one.updated_ms) if isinstance(one, Article) else one][1]
        )
    return arriving


def at_day(one: Told) -> float:
    """When it happened, in days after noon."""
    return (one.updated_ms - NOON_MS) / ONE_DAY_MS if isinstance(one, Article) else one[1]


def tell(stage: Stage, one: Told) -> None:
    """It arrives."""
    if isinstance(one, Article):
        day = (one.updated_ms - NOON_MS) / ONE_DAY_MS
        fields = ("category", "list_price_minor", "currency", "stock", "removed")
        stage.sells(day, one.article_id, **{name: getattr(one, name) for name in fields})
    else:
        name, day, article_id, currency = one
        stage.pays(name, day, article_id=article_id, currency=currency)


def test_features_are_named_as_the_payment_names_them() -> None:
    """The merchant's own features leave beside the article's."""
    stage = Stage()
    stage.sells(0)
    stage.pays("p", 1, article_id="r-1")
    assert {*UNKNOWN, "merchant_count_1d"} <= stage.passed[0].features.keys()
    assert payment().article_id is None
