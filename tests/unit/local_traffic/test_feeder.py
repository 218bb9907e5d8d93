"""Feeding Kafka: what is sent when, and that nothing is lost when the broker refuses, fails or is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, pairwise
from typing import Any

import orjson
import pytest
from kafka.errors import InvalidTimestampError, KafkaError, KafkaTimeoutError
from kafka.partitioner.default import murmur2

from local.feeder import Feeder, FeedReport, Plan, live
from local.generator import Generator
from local.generator.delivery import AHEAD_MS, WINDOW
from local.generator.order import Order
from local.generator.traffic import (
    CUSTOMERS,
    HOUR_MS,
    INPUT_TOPICS,
    INVENTORY,
    LABELS,
    RATES,
    TRANSACTIONS,
    Message,
    Sample,
)

pytestmark = pytest.mark.unit

NOW_MS = 1_704_067_200_000
START_MS = NOW_MS - 10 * 24 * HOUR_MS
PARTITIONS = 4


class FakeClock:
    """Time passes when somebody sleeps, and by *step_s* whenever it is asked for."""

    def __init__(self, step_s: float = 0.0) -> None:
        """Time begins at 0 s."""
        self.at_s = 0.0
        self.step_s = step_s

    def now_ms(self) -> int:
        """`NOW_MS` and what has passed since."""
        return NOW_MS + int(self.at_s * 1000)

    def seconds(self) -> float:
        """What has passed since the beginning."""
        self.at_s += self.step_s
        return self.at_s

    def sleep(self, seconds: float) -> None:
        """That much has passed."""
        self.at_s += seconds


class FakeFuture:
    """An answer that is there at once."""

    def __init__(self, exception: Exception | None = None) -> None:
        """The answer is *exception*, or good."""
        self.is_done = True
        self.exception = exception


class FakeBroker:
    """Keeps what it takes; *fail* says with what error a record fails, or None."""

    def __init__(self, fail: Callable[[int, bytes], Exception | None] = lambda _n, _v: None) -> None:
        """Nothing was taken yet."""
        self.taken: list[tuple[str, bytes, Message, int, int]] = []
        self.fail = fail
        self.asked = 0
        self.producers = 0

    def connect(self) -> FakeProducer:
        """A new producer to this broker."""
        self.producers += 1
        return FakeProducer(self)

    def of(self, topic: str) -> list[Message]:
        """The messages of *topic*, clock ticks left out."""
        return [m for t, key, m, _, _ in self.taken if t == topic and key != b"__clock__"]

    def ticks(self) -> list[tuple[str, int, int]]:
        """Topic, partition and time of every clock tick."""
        return [(t, partition, at) for t, key, _, at, partition in self.taken if key == b"__clock__"]


class FakeProducer:
    """Hands everything to its broker at once."""

    def __init__(self, broker: FakeBroker) -> None:
        """The connection is open."""
        self.broker = broker
        self.closed = False

    def send(
        self, topic: str, value: bytes | None, key: bytes, *, partition: int, timestamp_ms: int
    ) -> FakeFuture:
        """The broker's answer, its record kept if it is good."""
        broker = self.broker
        broker.asked += 1
        error = broker.fail(broker.asked, value or b"")
        if error is None:
            message = {} if value is None else orjson.loads(value)
            broker.taken.append((topic, key, message, timestamp_ms, partition))
        return FakeFuture(error)

    def partitions_for(self, topic: str) -> set[int]:
        """Every topic has `PARTITIONS`."""
        return set(range(PARTITIONS))

    def flush(self, timeout: float | None = None) -> None:
        """All is answered already."""

    def close(self, timeout: float | None = None) -> None:
        """The connection is closed."""
        self.closed = True


class FakeSource:
    """A source of one customer and the given samples."""

    name = "mine.csv"
    total = 3
    base: str | None = None

    def __init__(
        self, samples: list[Sample], updates_ms: tuple[int, ...] = (), told: tuple[Message, ...] = ()
    ) -> None:
        """The samples are kept as they are; the customer is updated at *updates_ms*, *told* is of r-1."""
        self._samples, self._updates_ms, self._told = samples, updates_ms, told

    def articles(self) -> Iterator[Message]:
        """What is told of article r-1 of m-1."""
        return ({"merchant_id": "m-1", "article_id": "r-1", **told} for told in self._told)

    def rates(self) -> Iterator[Message]:
        """None."""
        return iter(())

    def customers(self) -> Iterator[Message]:
        """One customer, of no date, and its later versions."""
        customer = {"customer_id": "c", "account_ids": ["a-0"]}
        yield customer
        yield from ({**customer, "updated": updated_ms} for updated_ms in self._updates_ms)

    def samples(self) -> Iterator[Sample]:
        """The samples."""
        return iter(self._samples)


class FakeExchange(FakeSource):
    """The same, and a rate for each hour from a day before the first event, without end."""

    base = "EUR"

    def rates(self) -> Iterator[Message]:
        """Of the dollar."""
        rate = {"currency": "USD", "base": "EUR", "rate": "0.9"}
        return ({**rate, "effective": START_MS + hour * HOUR_MS} for hour in count(-24))


def sample(number: int, time_ms: int, label_ms: int | None = None, *, is_fraud: bool = True) -> Sample:
    """A transaction in row *number* + 1, labelled if *label_ms* says when."""
    identity = {"transaction_id": f"t-{number}", "account_id": f"a-{number % 7}"}
    label = {**identity, "is_fraud": is_fraud, "reported": label_ms, "kind": "theft"}
    return Sample({**identity, "event_time": time_ms}, None if label_ms is None else label, number + 1)


def minutely(count: int) -> list[Sample]:
    """*count* transactions, one a minute."""
    return [sample(number, START_MS + number * 60_000) for number in range(count)]


def feed(broker: FakeBroker, samples: list[Sample], plan: Plan | None = None) -> tuple[FeedReport, Feeder]:
    """The report of feeding *samples* to *broker*, and the feeder."""
    feeder = Feeder("unused", connect=broker.connect, clock=FakeClock())
    return feeder.feed(FakeSource(samples), plan), feeder


def test_records() -> None:
    """A record's key is its account, its time the event's, its partition Kafka's choice for the key."""
    broker = FakeBroker()
    report, feeder = feed(broker, minutely(30))
    records = [r for r in broker.taken if r[0] == TRANSACTIONS and r[1] != b"__clock__"]
    assert [message["transaction_id"] for _, _, message, _, _ in records] == [f"t-{n}" for n in range(30)]
    for _, key, message, time_ms, partition in records:
        assert key == message["account_id"].encode()
        assert time_ms == message["event_time"]
        assert partition == (murmur2(key) & 0x7FFFFFFF) % PARTITIONS
    assert report.transactions == 30
    assert feeder.sent_ms == {f"t-{n}": NOW_MS for n in range(30)}


def test_customers_first() -> None:
    """Profiles come before all else, 1 ms older than the first event, dated so where they say no date."""
    broker = FakeBroker()
    report, _ = feed(broker, minutely(3))
    topic, key, message, time_ms, _ = broker.taken[0]
    assert (topic, key, time_ms, message["updated"]) == (CUSTOMERS, b"c", START_MS - 1, START_MS - 1)
    assert report.customers == 1


def test_later_versions_when_updated() -> None:
    """A version of a profile that is updated during the traffic is sent at its time, and counted."""
    broker, minute_ms = FakeBroker(), 60_000
    updates = (START_MS + 2 * minute_ms, START_MS - 7 * minute_ms, START_MS + 1, START_MS + HOUR_MS)
    feeder = Feeder("unused", connect=broker.connect, clock=FakeClock())
    report = feeder.feed(FakeSource(minutely(4), updates))
    sent = [(topic, time_ms - START_MS) for topic, key, _, time_ms, _ in broker.taken if key != b"__clock__"]
    assert sent == [
        (CUSTOMERS, -1),
        (CUSTOMERS, -1),
        (TRANSACTIONS, 0),
        (CUSTOMERS, 1),
        (TRANSACTIONS, minute_ms),
        (CUSTOMERS, 2 * minute_ms),
        (TRANSACTIONS, 2 * minute_ms),
        (TRANSACTIONS, 3 * minute_ms),
    ]
    assert (report.customers, report.labels, report.transactions) == (4, 0, 4)


def test_inventory_first_and_when_updated() -> None:
    """
    Articles come before all else and at their updates; a removal has no value, and always its own time.

    A removal that is older than the traffic must not seem newer than what was told after it.
    """
    told: tuple[Message, ...] = (
        {"stock": 1},
        {"updated": START_MS - 900, "removed": True},
        {"updated": START_MS - 500, "stock": 2},
        {"updated": START_MS + 1, "stock": 3},
        {"updated": START_MS + 60_000, "removed": True},
        {"updated": START_MS + HOUR_MS, "stock": 4},
    )
    broker = FakeBroker()
    feeder = Feeder("unused", connect=broker.connect, clock=FakeClock())
    report = feeder.feed(FakeSource(minutely(2), told=told))
    sent = [
        (key, message.get("stock"), message.get("updated"), time_ms - START_MS)
        for topic, key, message, time_ms, _ in broker.taken
        if topic == INVENTORY and key != b"__clock__"
    ]
    assert sent == [
        (b"m-1/r-1", 1, 0, -1),
        (b"m-1/r-1", None, None, -900),
        (b"m-1/r-1", 2, START_MS - 500, -1),
        (b"m-1/r-1", 3, START_MS + 1, 1),
        (b"m-1/r-1", None, None, 60_000),
    ]
    assert (report.articles, report.customers, report.labels, report.transactions) == (5, 1, 0, 2)


def test_rates_a_day_ahead() -> None:
    """A rate is sent a day of event time before it takes effect, and those of before come first of all."""
    broker = FakeBroker()
    feeder = Feeder("unused", connect=broker.connect, clock=FakeClock())
    feeder.feed(FakeExchange([sample(0, START_MS + 1), sample(1, START_MS + 2 * HOUR_MS)]))
    told = [one for one in broker.taken if one[1] != b"__clock__"]
    assert [(topic, (at - START_MS) // HOUR_MS) for topic, _, _, at, _ in told] == [
        *((RATES, hour - 24) for hour in range(-24, 25)),
        (CUSTOMERS, 0),
        (TRANSACTIONS, 0),
        (RATES, 1),
        (RATES, 2),
        (TRANSACTIONS, 2),
    ]
    assert (
        len({key for topic, key, _, _, _ in told if topic == RATES}) == 24 + 25 + 2
    )  # compaction keeps every version


def test_labels_when_due() -> None:
    """Labels are sent when they were reported, those after the end not; the report knows all frauds."""
    broker = FakeBroker()
    samples = [
        sample(0, START_MS, START_MS + 60_000),
        sample(1, START_MS + 60_000, START_MS + HOUR_MS),
        sample(2, START_MS + 60_001, START_MS + HOUR_MS, is_fraud=False),
    ]
    report, _ = feed(broker, samples)
    assert [label["transaction_id"] for label in broker.of(LABELS)] == ["t-0"]
    assert (report.labels, report.labelled) == (1, 3)
    assert report.frauds == {"t-0": "theft", "t-1": "theft"}


def test_ticks_reach_every_partition() -> None:
    """Each round of ticks goes to every partition of every input, and the last is beyond the lateness."""
    broker = FakeBroker()
    feed(broker, minutely(100), Plan(lateness_ms=5000))
    last_ms = START_MS + 99 * 60_000
    everywhere = [(topic, partition) for topic in INPUT_TOPICS for partition in range(PARTITIONS)]
    expected = [(*place, at) for at in (START_MS + HOUR_MS, last_ms + 5000 + HOUR_MS) for place in everywhere]
    assert broker.ticks() == expected


def test_last_tick_is_not_refused() -> None:
    """When the data ends now, the last tick stays within what the broker takes."""
    broker = FakeBroker()
    feed(broker, [sample(0, NOW_MS)])
    assert {at - NOW_MS for _, _, at in broker.ticks()} == {240_000}


def test_rate() -> None:
    """With a rate, transaction n is sent n/rate after the first, and what is overdue at once."""
    feeder = Feeder("unused", connect=FakeBroker().connect, clock=FakeClock())
    report = feeder.feed(FakeSource(minutely(101)), Plan(rate=200.0))
    times = list(feeder.sent_ms.values())
    assert times[-1] - times[0] == pytest.approx(500, abs=3)
    assert all(b - a <= 7 for a, b in pairwise(times))
    assert report.seconds == pytest.approx(0.5, abs=0.01)


def test_until_and_limit() -> None:
    """Nothing from until_ms on is sent, and no more than the limit."""
    order = Order(until_ms=START_MS + 5 * 60_000)
    assert feed(FakeBroker(), minutely(10), Plan(order=order))[0].transactions == 5
    assert feed(FakeBroker(), minutely(10), Plan(order=Order(limit=4)))[0].transactions == 4


def test_nothing_to_send() -> None:
    """A source without transactions sends nothing at all."""
    broker = FakeBroker()
    assert feed(broker, [])[0].transactions == 0
    assert not broker.taken


def test_future_time_is_told_by_row() -> None:
    """An event that the broker would refuse is not sent, but told by row and field; the others are."""
    broker = FakeBroker()
    report, feeder = feed(broker, [sample(0, START_MS), sample(1, NOW_MS + AHEAD_MS + 1), sample(2, NOW_MS)])
    assert [message["transaction_id"] for message in broker.of(TRANSACTIONS)] == ["t-0", "t-2"]
    assert (report.transactions, report.refused) == (2, 1)
    (told,) = report.refusals
    assert told == (
        "mine.csv row 2, event_time: found 2024-01-01T00:05:00.001000+00:00, "
        "expected a time from 1970 to 5 minutes after now (the broker refuses others)"
    )
    assert "t-1" not in feeder.sent_ms


def test_failed_records_are_sent_again() -> None:
    """Records that fail for a time are sent again on a new connection, in their order, until taken."""
    broker = FakeBroker(lambda asked, _: KafkaTimeoutError() if asked in range(10, 40) else None)
    report, _ = feed(broker, minutely(30))
    assert sorted(m["transaction_id"] for m in broker.of(TRANSACTIONS)) == sorted(f"t-{n}" for n in range(30))
    assert report.resent > 0
    assert broker.producers > 1


def test_one_bad_record_of_a_batch() -> None:
    """When a batch is refused for one record, that one alone is left out, and told by its row."""
    broker = FakeBroker()

    def refuse(asked: int, value: bytes) -> Exception | None:
        bad = b'"t-5"' in value
        with_it = asked < 20 and b'"t-' in value  # the whole first batch
        return InvalidTimestampError() if bad or with_it else None

    broker.fail = refuse
    report, feeder = feed(broker, minutely(12))
    assert sorted(m["transaction_id"] for m in broker.of(TRANSACTIONS)) == sorted(
        f"t-{n}" for n in range(12) if n != 5
    )
    assert (report.transactions, report.refused) == (11, 1)
    assert report.refusals[0].startswith("mine.csv row 6, event_time")
    assert "t-5" not in feeder.sent_ms


def test_broker_away() -> None:
    """While no connection can be made, feeding waits; nothing is lost when there is one again."""
    broker = FakeBroker(lambda asked, _: KafkaTimeoutError() if asked == 5 else None)
    attempts = iter([None, KafkaError(), KafkaError(), None])

    def connect() -> FakeProducer:
        error = next(attempts, None)
        if error is not None:
            raise error
        return broker.connect()

    clock = FakeClock()
    report = Feeder("unused", connect=connect, clock=clock).feed(FakeSource(minutely(10)))
    assert report.transactions == len(broker.of(TRANSACTIONS)) == 10
    assert clock.at_s >= 2


def test_window_is_bounded() -> None:
    """Failures are seen long before the end: never are more than the window unanswered."""
    broker = FakeBroker(lambda asked, _: KafkaTimeoutError() if asked == 100 else None)
    report, _ = feed(broker, [sample(number, START_MS + number) for number in range(WINDOW + 500)])
    assert (report.transactions, report.resent) == (WINDOW + 500, 1)
    identities = [message["transaction_id"] for message in broker.of(TRANSACTIONS)]
    assert len(set(identities)) == len(identities) == WINDOW + 500
    assert identities[-1] == f"t-{WINDOW + 499}"


def test_stop() -> None:
    """Stopping ends the feeding soon, with a report of what was sent."""
    feeder = Feeder("unused", connect=FakeBroker().connect, clock=FakeClock())
    plan = Plan(pause_at=5, on_pause=feeder.stop)
    assert feeder.feed(FakeSource(minutely(50)), plan).transactions == 5


def test_stop_without_broker() -> None:
    """Stopping while the broker is away ends the feeding within seconds."""
    clock, broker = FakeClock(), FakeBroker()
    feeder = Feeder("unused", connect=broker.connect, clock=clock)

    def away(asked: int, _: bytes) -> Exception | None:
        if asked > 5:
            feeder.stop()
            raise KafkaTimeoutError
        return None

    broker.fail = away
    feeder.feed(FakeSource(minutely(50)))
    assert 5 < clock.at_s < 10


def test_pause() -> None:
    """At pause_at all is acknowledged, the callback runs once, and feeding goes on."""
    broker, counted = FakeBroker(), []
    plan = Plan(pause_at=5, on_pause=lambda: counted.append(len(broker.of(TRANSACTIONS))))
    report, _ = feed(broker, minutely(9), plan)
    assert counted == [5]
    assert report.transactions == 9


def test_live() -> None:
    """Live traffic lasts the seconds asked for at the rate asked for, and none of it is in the future."""
    source, plan = live(10, 100, 1, NOW_MS)
    assert isinstance(source, Generator)
    broker, clock = FakeBroker(), FakeClock()
    report = Feeder("unused", connect=broker.connect, clock=clock).feed(source, plan)
    assert report.transactions == 1000
    assert report.seconds == pytest.approx(10, abs=0.1)
    assert max(message["event_time"] for message in broker.of(TRANSACTIONS)) <= NOW_MS
    assert report.labels > 0


def test_progress() -> None:
    """Progress counts as feeding goes, and knows the source's total."""
    feeder = feed(FakeBroker(), minutely(3))[1]
    done: Any = feeder.progress
    assert (done.transactions, done.customers, done.total) == (3, 1, 3)
    assert done.event_time_ms == START_MS + 120_000
