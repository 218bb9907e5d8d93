"""Reading back: one final decision a transaction, its latency, and what fired."""

from __future__ import annotations

import threading
from collections import namedtuple
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import pytest
from kafka.errors import KafkaError

from local.generator.tally import Decided, Latency, Tally, latency_of
from local.watcher import TOPICS, Watcher

pytestmark = pytest.mark.unit

Record = namedtuple("Record", ["topic", "timestamp", "value"])  # noqa: PYI024  as kafka-python's


def message(transaction_id: str, verdict: str = "approve", **changes: Any) -> dict[str, Any]:
    """A decision or alert as the job writes it."""
    plain = {"transaction_id": transaction_id, "verdict": verdict, "attempt": 1, "reasons": []}
    account = {"account_id": "a", "account_version": 1}
    return plain | account | {"late": False, "degraded": False} | changes


def fired(*rules: str) -> list[dict[str, str]]:
    """The reasons of a decision on which those rules fired."""
    return [{"rule": rule} for rule in rules]


class FakeConsumer:
    """Gives its batches once each, then tells that it is drained; *failing* polls raise first."""

    def __init__(self, batches: list[list[Record]], failing: list[Exception] | None = None) -> None:
        """Nothing was polled yet."""
        self.batches = batches
        self.failing = failing or []
        self.calls: list[str] = []
        self.drained = threading.Event()
        self.closed = threading.Event()

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """Every topic has two."""
        return {0, 1}

    def assign(self, partitions: Iterable[Any]) -> None:
        """Notes how many partitions."""
        self.calls.append(f"assign {len(list(partitions))}")

    def seek_to_end(self) -> None:
        """Notes the call."""
        self.calls.append("end")

    def seek_to_beginning(self) -> None:
        """Notes the call."""
        self.calls.append("beginning")

    def position(self, partition: Any) -> int:
        """Always the first offset."""
        return 0

    def poll(self, timeout_ms: int) -> Mapping[Any, list[Any]]:
        """The next batch, or nothing."""
        if self.failing:
            raise self.failing.pop()
        if self.batches:
            return {"partition": self.batches.pop(0)}
        self.drained.set()
        return {}

    def close(self) -> None:
        """Tells that it is closed."""
        self.closed.set()


def record(topic: str, content: dict[str, Any], timestamp: int = 0) -> Record:
    """A record as kafka-python gives it."""
    return Record(topic, timestamp, orjson.dumps(content))


def watched(
    batches: list[list[Record]], sent_ms: dict[str, int] | None = None, failing: list[Exception] | None = None
) -> Watcher:
    """A watcher that has read *batches* and was stopped."""
    consumer = FakeConsumer(batches, failing)
    watcher = Watcher("unused", sent_ms, connect=lambda: consumer).start()
    consumer.drained.wait(5)
    watcher.stop()
    assert consumer.closed.is_set()
    return watcher


def test_counts_transactions() -> None:
    """Decisions and alerts are counted by transaction, repeated ones apart; dead letters by message."""
    batch = [
        record("decisions", message("1")),
        record("decisions", message("2", "review", reasons=fired("a", "b"), degraded=True)),
        record("decisions", message("1", attempt=2)),
        record("alerts", message("2", "review", reasons=fired("a", "b"))),
        record("alerts-priority", message("2", "review", reasons=fired("a", "b"))),
        record("dead-letters", {}),
    ]
    seen = watched([batch]).snapshot()
    assert (seen.decisions, seen.duplicates, seen.alerts, seen.dead_letters) == (2, 1, 1, 1)
    assert (seen.degraded, seen.late) == (1, 0)
    assert seen.verdicts == {"approve": 1, "review": 1}
    assert seen.alerts_by_rule == {"a": 1, "b": 1}


def test_highest_attempt_is_final() -> None:
    """Whatever the order of arrival, the decision with the highest attempt is the one that counts."""
    first, second = message("1", "decline", attempt=7, late=True), message("1", "verify", attempt=9)
    for order in ((first, second), (second, first)):
        watcher = watched([[record("decisions", one) for one in order]])
        assert list(watcher.decided()) == [Decided("1", "verify", ())]
        assert watcher.snapshot().late == 0


def test_account_versions() -> None:
    """The highest version of each account is known, whatever the order of arrival."""
    batch = [
        record("decisions", message(str(n), account_version=version)) for n, version in enumerate((1, 3, 2))
    ]
    assert watched([batch]).versions() == {"a": 3}


def test_latency() -> None:
    """Latency is the broker's time of the first decision less the send time; unknown senders have none."""
    batch = [
        record("decisions", message("1"), 1030),
        record("decisions", message("1", attempt=2), 9000),
        record("decisions", message("2"), 1010),
        record("alerts", message("1"), 1050),
    ]
    seen = watched([batch], {"1": 1000}).snapshot()
    assert seen.latency == Latency(30.0, 30.0, 30.0)
    assert seen.recent_alert_latency.p50 == 50.0
    assert watched([batch]).snapshot().latency == Latency()


def test_reads_what_comes() -> None:
    """Reading begins at the end of every partition of every output topic, or at the beginning if asked to."""
    consumer = FakeConsumer([])
    Watcher("unused", connect=lambda: consumer).start().stop()
    assert consumer.calls == [f"assign {2 * len(TOPICS)}", "end"]
    consumer = FakeConsumer([])
    Watcher("unused", connect=lambda: consumer).start(from_beginning=True).stop()
    assert consumer.calls[-1] == "beginning"


def test_broker_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that does not answer is asked again."""
    monkeypatch.setattr("local.watcher.time.sleep", lambda _: None)
    seen = watched([[record("decisions", message("1"))]], failing=[KafkaError(), KafkaError()]).snapshot()
    assert seen.decisions == 1


def test_failure_is_told() -> None:
    """What ends the reading is raised to whoever asks for a snapshot."""
    consumer = FakeConsumer([[Record("decisions", 0, b"not JSON")]])
    watcher = Watcher("unused", connect=lambda: consumer).start()
    assert consumer.closed.wait(5)
    with pytest.raises(ValueError, match=r"JSON|unexpected|literal"):
        watcher.snapshot()


def test_tally_of_nothing() -> None:
    """Nothing seen is zero everywhere, and no latency."""
    tally = Tally()
    assert (len(tally), tally.duplicates, tally.late, tally.degraded) == (0, 0, 0, 0)
    assert (tally.verdicts(), tally.by_rule(), tally.latency()) == ({}, {}, Latency())


def test_percentiles() -> None:
    """Percentiles are over what was measured."""
    assert latency_of([-1, *range(1001)]) == Latency(500.0, 990.0, 999.0)
