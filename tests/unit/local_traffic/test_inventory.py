"""What the generator's merchants sell, and what of it honest people and thieves buy."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import mean

import pytest

from local.generator.inventory import CATEGORIES, CHANGES_WITHIN_MS, DISCOUNT, FATES
from local.generator.traffic import Message, Sample
from tests.unit.local_traffic.generated import START_MS, generator, kind_of, traffic
from udfs.features.listing import HIGH_RESALE

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    """Traffic with more fraud than is usual."""
    return traffic(20_000, fraud_ratio=0.02)


@pytest.fixture(scope="module")
def versions() -> dict[tuple[str, str], list[Message]]:
    """All that is told of each article, in its order."""
    told: dict[tuple[str, str], list[Message]] = defaultdict(list)
    for message in generator().articles():
        told[message["merchant_id"], message["article_id"]].append(message)
    return told


def named(samples: list[Sample], *, stolen: bool) -> list[Message]:
    """The payments that name an article, of thieves (who took a card or an account) or of the honest."""
    return [
        sample.transaction
        for sample in samples
        if "article_id" in sample.transaction
        and (kind_of(sample) in ("stolen_card", "account_takeover", "card_testing")) == stolen
    ]


def test_articles_come_before_the_traffic(versions: dict[tuple[str, str], list[Message]]) -> None:
    """Each article is there 1 ms before the start; what is told later comes in the days after, in order."""
    for told in versions.values():
        times = [message["updated"] for message in told]
        assert times[0] == START_MS - 1
        assert times == sorted(set(times))
        assert times[-1] < START_MS + CHANGES_WITHIN_MS


def test_what_becomes_of_articles(versions: dict[tuple[str, str], list[Message]]) -> None:
    """Prices fall, shelves empty and are filled, articles go, and some return; most stay as they are."""
    found: Counter[str] = Counter()
    for first, *later in versions.values():
        if not later:
            found["stays"] += 1
        elif "removed" in later[0]:
            found["returns" if len(later) == 2 else "removed"] += 1
        elif later[0]["stock"] == 0:
            found["sold out"] += 1
        else:
            assert later[0]["list_price_minor"] < first["list_price_minor"]
            found["cheaper"] += 1
    assert found.keys() == set(FATES)
    assert found["stays"] > found.total() / 2


def test_same_seed() -> None:
    """The same seed tells of the same articles, another one of others."""
    assert list(generator().articles()) == list(generator().articles())
    assert list(generator(seed=2).articles()) != list(generator().articles())


def test_payments_name_what_their_merchant_sells(
    samples: list[Sample], versions: dict[tuple[str, str], list[Message]]
) -> None:
    """A payment that names an article is an online one, at the merchant that sells it."""
    paid = named(samples, stolen=False) + named(samples, stolen=True)
    assert len(paid) > 500
    for transaction in paid:
        assert transaction["channel"] == "ecommerce"
        assert (transaction["merchant_id"], transaction["article_id"]) in versions


def test_some_merchants_and_some_payments_have_none(samples: list[Sample]) -> None:
    """A payment online names an article at times, never most of the time."""
    online = [sample.transaction for sample in samples if sample.transaction.get("channel") == "ecommerce"]
    assert 0.1 < mean("article_id" in transaction for transaction in online) < 0.5


def test_honest_payments_cost_what_the_article_does(
    samples: list[Sample], versions: dict[tuple[str, str], list[Message]]
) -> None:
    """In the merchant's currency the honest pay the first list price, less a discount at most."""
    ratios = []
    for transaction in named(samples, stolen=False):
        first = versions[transaction["merchant_id"], transaction["article_id"]][0]
        if first["currency"] == transaction["currency"]:
            ratios.append(transaction["amount_minor"] / first["list_price_minor"])
    assert len(ratios) > 200
    assert DISCOUNT[0] * 0.99 < min(ratios)
    assert max(ratios) < 1.01 * DISCOUNT[1]


def test_thieves_take_what_sells_again(
    samples: list[Sample], versions: dict[tuple[str, str], list[Message]]
) -> None:
    """Of thieves' articles far more are of high resale than of honest people's."""

    def share(paid: list[Message]) -> float:
        categories = [versions[each["merchant_id"], each["article_id"]][0]["category"] for each in paid]
        return mean(category in HIGH_RESALE for category in categories)

    thieves, honest = named(samples, stolen=True), named(samples, stolen=False)
    assert len(thieves) > 50
    assert share(thieves) > 1.4 * share(honest)


def test_categories_are_of_both_sorts() -> None:
    """Some of what is sold sells again, some does not."""
    sold = {category for categories in CATEGORIES.values() for category in categories}
    assert sold & set(HIGH_RESALE)
    assert sold - set(HIGH_RESALE)
