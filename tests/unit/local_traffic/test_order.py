"""In which order messages are sent: labels when they are due, ticks that make nothing late."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.generator.order import Order, Outgoing, arrange, cut, versions, with_versions
from local.generator.traffic import CUSTOMERS, INVENTORY, LABELS, TRANSACTIONS, Message, Sample

pytestmark = pytest.mark.unit

events = st.lists(
    st.tuples(st.integers(0, 10_000), st.one_of(st.none(), st.integers(0, 5_000))), max_size=40
).map(lambda drawn: [sample(n, *e) for n, e in enumerate(sorted(drawn, key=lambda e: e[0]))])


def sample(number: int, time_ms: int, delay_ms: int | None = None) -> Sample:
    """A transaction, with a label *delay_ms* later if that is given."""
    transaction = {"transaction_id": str(number), "account_id": "a", "event_time": time_ms}
    if delay_ms is None:
        return Sample(transaction)
    label = {"transaction_id": str(number), "account_id": "a", "reported": time_ms + delay_ms}
    return Sample(transaction, label)


def said(messages: list[Outgoing]) -> list[tuple[str, int]]:
    """Topic and time of each message."""
    return [(message.topic, message.time_ms) for message in messages]


def test_label_when_due() -> None:
    """A label goes out before the first transaction that is not older than its report."""
    samples = [sample(0, 0, 10), sample(1, 9), sample(2, 10), sample(3, 20)]
    sent = said(list(arrange(samples, Order(tick_every_ms=1000))))
    assert sent == [
        (TRANSACTIONS, 0),
        (TRANSACTIONS, 9),
        (LABELS, 10),
        (TRANSACTIONS, 10),
        (TRANSACTIONS, 20),
    ]


def test_label_after_the_end() -> None:
    """A label that is reported after the last transaction is not sent."""
    assert said(list(arrange([sample(0, 0, 10)], Order()))) == [(TRANSACTIONS, 0)]


class Shop:
    """A source of versions alone: a customer's and an article's."""

    name, total, base = "shop", None, None

    def rates(self) -> Iterator[Message]:
        return iter(())

    def customers(self) -> Iterator[Message]:
        return iter([{"customer_id": "c", "updated": updated} for updated in (120, 60, 181)])

    def articles(self) -> Iterator[Message]:
        names = {"merchant_id": "m", "article_id": "r"}
        return iter([names, {**names, "updated": 100, "removed": True}])

    def samples(self) -> Iterator[Sample]:
        return iter(())


def test_versions_of_a_source() -> None:
    """A version is of its update; without one a profile is of the time given, an article of all time."""
    found = [(each.topic, each.key, each.time_ms) for each in versions(Shop(), 7)]
    profiles = [(CUSTOMERS, "c", updated) for updated in (120, 60, 181)]
    assert found == [*profiles, (INVENTORY, "m/r", 0), (INVENTORY, "m/r", 100)]


def test_version_when_updated() -> None:
    """A version goes out before the first message that is not older than its update, a tick too."""
    samples = [sample(n, n * 60) for n in range(4)]
    later = [version for version in versions(Shop(), 7) if version.time_ms > 7]
    sent = said(list(with_versions(arrange(samples, Order(tick_every_ms=100)), later)))
    assert sent == [
        (TRANSACTIONS, 0),
        (CUSTOMERS, 60),
        (TRANSACTIONS, 60),
        (INVENTORY, 100),
        (CUSTOMERS, 120),
        ("", 120),
        (TRANSACTIONS, 120),
        (TRANSACTIONS, 180),
    ]


def test_ticks() -> None:
    """A tick of the event time comes each time that tick_every_ms has passed."""
    sent = said(list(arrange([sample(n, n * 60) for n in range(5)], Order(tick_every_ms=100))))
    assert [time_ms for topic, time_ms in sent if not topic] == [120, 240]


@pytest.mark.parametrize(("order", "kept"), [(Order(until_ms=20), 2), (Order(limit=1), 1), (Order(), 3)])
def test_cut(order: Order, kept: int) -> None:
    """Transactions from until_ms on are left out, and all beyond the limit."""
    assert len(list(cut([sample(n, n * 10) for n in range(3)], order))) == kept


@given(events, st.integers(1, 500))
def test_sorted_by_event_time(samples: list[Sample], tick_every_ms: int) -> None:
    """Without shuffling all messages are in the order of their times, ticks included."""
    sent = list(arrange(samples, Order(tick_every_ms=tick_every_ms)))
    assert all(a.time_ms <= b.time_ms for a, b in pairwise(sent))


@given(events, st.integers(1, 3_000), st.integers(0, 9), st.integers(1, 500))
def test_shuffle_is_bounded(samples: list[Sample], shuffle_ms: int, seed: int, tick_every_ms: int) -> None:
    """Shuffled or not the same messages are sent; none is overtaken by one more than shuffle_ms younger."""
    plain = list(arrange(samples, Order(tick_every_ms=10**9)))
    order = Order(shuffle_ms=shuffle_ms, seed=seed, tick_every_ms=tick_every_ms)
    sent = list(arrange(samples, order))
    messages = [message for message in sent if message.topic]
    assert sorted(messages, key=repr) == sorted(plain, key=repr)
    assert sent == list(arrange(samples, order))
    newest_ms = 0
    for message in messages:
        newest_ms = max(newest_ms, message.time_ms)
        assert message.time_ms >= newest_ms - shuffle_ms


@given(events, st.integers(0, 3_000), st.integers(1, 500))
def test_ticks_make_nothing_late(samples: list[Sample], shuffle_ms: int, tick_every_ms: int) -> None:
    """No tick says a later time than the newest message before or after it, less what shuffling allows."""
    sent = list(arrange(samples, Order(shuffle_ms=shuffle_ms, tick_every_ms=tick_every_ms)))
    for place, message in enumerate(sent):
        if not message.topic:
            assert all(later.time_ms >= message.time_ms for later in sent[place:] if later.topic)
