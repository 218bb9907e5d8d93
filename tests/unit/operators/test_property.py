"""Random lives of the deciding operator: messages, answers, time, outages, checkpoints and crashes."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import NOON_MS, ONE_SECOND_MS, raw_json
from tests.fakes import PERIOD_MS, Bench, Checkpoint

pytestmark = pytest.mark.unit

LATENESS_MS = 5 * ONE_SECOND_MS
RESTART_MS = st.integers(30, 3 * PERIOD_MS)


class Message(NamedTuple):
    """One record of the source."""

    account: str
    transaction_id: str
    event_time_ms: int
    amount_minor: int

    @property
    def raw(self) -> bytes:
        """As it comes on the topic."""
        return raw_json(
            account_id=self.account,
            transaction_id=self.transaction_id,
            event_time=self.event_time_ms,
            amount_minor=self.amount_minor,
            auth_result="approved",
            decline_reason=...,
        )


@st.composite
def sources(draw: st.DrawFn) -> list[Message]:
    """Up to a dozen payments of three accounts, some out of order, some twice; none beyond the lateness."""
    messages: list[Message] = []
    for number in range(draw(st.integers(1, 12))):
        again = messages and draw(st.integers(0, 5)) == 0
        messages.append(draw(st.sampled_from(messages)) if again else draw(fresh(number)))
    return messages


def fresh(number: int) -> st.SearchStrategy[Message]:
    """A payment that has not been seen, within 4 s after *number* half seconds."""
    return st.builds(
        Message,
        account=st.sampled_from(("a", "b", "c")),
        transaction_id=st.just(f"t{number}"),
        event_time_ms=st.integers(0, 4).map(lambda second: NOON_MS + 500 * number + second * ONE_SECOND_MS),
        amount_minor=st.sampled_from((150, 2_000, 60_000, 1_200_000)),
    )


actions = st.one_of(
    st.just(("send", 0)),
    st.just(("send", 0)),
    st.tuples(st.just("answer"), st.integers(0, 5)),
    st.tuples(st.just("wait"), st.sampled_from((1, 7, 100, PERIOD_MS, 3 * PERIOD_MS, 12 * PERIOD_MS))),
    st.just(("checkpoint", 0)),
    st.tuples(st.just("crash"), RESTART_MS),
    st.just(("store_away", 0)),
    st.just(("store_back", 0)),
)


class Story:
    """The lives of one operator over one source: a crash goes back to the last checkpoint, as Flink does."""

    def __init__(self, source: list[Message], *, waits: bool) -> None:
        """Nothing has happened yet."""
        self.source, self.waits = source, waits
        self.bench = Bench(wait_for_watermark=waits)
        self.sent = 0
        self.kept: tuple[Checkpoint, int] = (self.bench.checkpoint(), 0)
        self.lives = [self.bench]

    def do(self, action: str, argument: int) -> None:
        """One thing happens."""
        getattr(self, action)(argument)

    def send(self, _: int = 0) -> None:
        """The source's next message arrives, and event time follows it at the lateness."""
        if self.sent < len(self.source):
            message = self.source[self.sent]
            self.sent += 1
            self.bench.send(message.raw, key=message.account)
            newest_ms = max(each.event_time_ms for each in self.source[: self.sent])
            self.bench.watermark(newest_ms - LATENESS_MS)

    def answer(self, place: int) -> None:
        """One of those that wait for their score has it."""
        if place < len(self.bench.scores.unanswered):
            self.bench.scores.answer(place)

    def checkpoint(self, _: int = 0) -> None:
        """State, timers and the source's place are kept together."""
        self.kept = self.bench.checkpoint(), self.sent

    def crash(self, restart_ms: int) -> None:
        """All but the last checkpoint and the stores is lost; a new life begins."""
        (restored, self.sent), former = self.kept, self.bench
        self.bench = Bench(
            restored=restored,
            now_ms=former.now_ms + restart_ms,
            tables=former.tables,
            wait_for_watermark=self.waits,
        )
        self.lives.append(self.bench)

    def store_away(self, _: int = 0) -> None:
        """The hot store takes nothing."""
        self.bench.accounts.is_away = self.bench.recent.is_away = True

    def store_back(self, _: int = 0) -> None:
        """The hot store takes what is owed."""
        for writer in (self.bench.accounts, self.bench.recent):
            writer.is_away = False
            writer.write()

    def end(self) -> None:
        """The source is read to its end, event time passes it, every score comes, all timers fire."""
        self.store_back()
        while self.sent < len(self.source):
            self.send()
        self.bench.watermark(NOON_MS + 60 * ONE_SECOND_MS)
        for _ in range(15):
            self.bench.scores.answer()
            self.wait(PERIOD_MS)
        assert self.bench.processing == set()

    def wait(self, ms: int) -> None:
        """Time passes."""
        self.bench.advance(ms)


def versions_in(table: dict[str, tuple[int, Any]]) -> dict[str, int]:
    """The version under which each account stands in the hot store."""
    return {account: version for account, (version, _) in table.items()}


def lasting(table: dict[str, tuple[int, Any]]) -> dict[str, Any]:
    """The recent transactions, but for the attempt that decided them."""
    return {key: {**item, "attempt": 0} for key, (_, item) in table.items()}


def told(row: dict[str, Any]) -> dict[str, Any]:
    """What two lives must agree on: all but the attempt."""
    inside = {
        name: value and {**value, "attempt": 0} for name, value in row.items() if isinstance(value, dict)
    }
    return {**row, **inside, "attempt": 0}


@pytest.mark.parametrize("waits", [False, True])
@settings(max_examples=60, deadline=None)
@given(source=sources(), script=st.lists(actions, max_size=40))
def test_any_story_ends_as_the_undisturbed_one(
    waits: bool,  # noqa: FBT001
    source: list[Message],
    script: list[tuple[str, int]],
) -> None:
    """
    None is lost, none differs, none overtakes, whatever happens when.

    Every transaction is decided at least once; all decisions on it agree with the undisturbed run's,
    features, hits and score; within a life an account's decisions leave in order, each once; and the
    hot store ends with each account's last version, and with every transaction.
    """
    plain = Story(source, waits=waits)
    plain.end()
    undisturbed = {row["transaction_id"]: told(row) for row in plain.bench.decided}
    story = Story(source, waits=waits)
    for action, argument in script:
        story.do(action, argument)
    story.end()

    decided = [row for life in story.lives for row in life.decided]
    assert {row["transaction_id"] for row in decided} == {message.transaction_id for message in source}
    assert all(told(row) == undisturbed[row["transaction_id"]] for row in decided)
    for life in story.lives:
        for account in ("a", "b", "c"):
            versions = [row["account_version"] for row in life.decided if row["account_id"] == account]
            assert versions == sorted(set(versions))
    assert versions_in(story.bench.tables[0]) == versions_in(plain.bench.tables[0])
    assert lasting(story.bench.tables[2]) == lasting(plain.bench.tables[2])
