"""Transactions that wait a bounded time for their account's first profile (ADR-0022)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.wire_out import encode_json
from tests.builders import NOON_MS, ONE_SECOND_MS, customer_message, raw_json
from tests.fakes import PERIOD_MS, Bench, Checkpoint
from udfs.operators import rows
from udfs.operators.account_state import decode_state
from udfs.operators.decide import _MOST_HELD

pytestmark = pytest.mark.unit

WAIT_MS = 300
RESTART_MS = 200


def waiting(**settings: Any) -> Bench:
    """A live operator in which an account waits 300 ms for its first profile."""
    return Bench(**({"profile_wait_ms": WAIT_MS} | settings))


def pay(bench: Bench, name: str, second: float = 5, account: str = "a-1") -> None:
    """The payment called *name* comes, of *second* seconds after noon."""
    event_time = NOON_MS + int(second * ONE_SECOND_MS)
    raw = raw_json(transaction_id=name, account_id=account, event_time=event_time, auth_result="approved",
                   decline_reason=...)  # fmt: skip
    bench.send(raw, key=account)


def tell(bench: Bench, second: float = 0, account: str = "a-1") -> None:
    """The profile comes that was updated *second* seconds after noon."""
    raw = encode_json(customer_message(updated=NOON_MS + int(second * ONE_SECOND_MS)))
    bench.send(raw, key=account, partition=rows.FROM_PROFILES)


def held(bench: Bench, account: str = "a-1") -> list[str]:
    """What the packed value of an account holds."""
    packed = bench.states["account"].get(account)
    return [each.txn.transaction_id for each in decode_state(packed).held]


def told(bench: Bench) -> list[tuple[str, bool]]:
    """Every score comes; the decisions so far, and whether each knew a profile."""
    bench.scores.answer()
    bench.advance(0)
    bench.send(b'{"clock":true}', key=rows.CLOCK_KEY)
    return [(row["transaction_id"], row["profile_known"]) for row in bench.decided]


SCENES = {
    # p a profile, a number the milliseconds that pass, any other word a payment
    "in time": ("t1 100 p", [("t1", True)], []),
    "before it": ("p t1", [("t1", True)], []),
    "still waiting": ("t1 299", [], ["t1"]),
    "too late": ("t1 310 p", [("t1", False)], []),
    "in the order of arrival": ("t1 100 t2 100 t3 p t4", [(f"t{n}", True) for n in (1, 2, 3, 4)], []),
    "nobody overtakes": ("t1 200 t2 110", [("t1", False), ("t2", False)], []),
    "the next one waits anew": ("t1 310 t2 200", [("t1", False)], ["t2"]),
    "twice": ("t1 t1 100 t1 p t1", [("t1", True)], []),
    "two profiles": ("t1 p p t2", [("t1", True), ("t2", True)], []),
}


@pytest.mark.parametrize("name", SCENES)
def test_first_profile_is_waited_for(name: str) -> None:
    """
    A transaction of an account without a profile waits up to 300 ms for it, and then goes on marked.

    ms   0 ........ 100 ......... 300
         t1 held     p: t1 knows it     t1 goes on, profile_known false
    """
    script, expected, kept = SCENES[name]
    bench = waiting()
    for word in script.split():
        if word.isdigit():
            bench.advance(int(word))
        else:
            tell(bench) if word == "p" else pay(bench, word)
    assert told(bench) == expected
    assert held(bench) == kept


def test_a_version_of_later_ends_the_wait() -> None:
    """A profile that is not in force yet ends the wait: none of the past will come, so it goes on marked."""
    bench = waiting()
    pay(bench, "t1", second=5)
    tell(bench, second=6)
    assert told(bench) == [("t1", False)]


def test_accounts_wait_for_their_own() -> None:
    """An account's profile lets go what that account holds, and nothing else."""
    bench = waiting()
    pay(bench, "t1")
    pay(bench, "u1", account="a-2")
    tell(bench)
    assert told(bench) == [("t1", True)]
    assert held(bench, "a-2") == ["u1"]


def test_late_and_out_of_order_are_told_as_they_came() -> None:
    """What is held keeps its mark of lateness, and its place in the order of arrival."""
    bench = waiting()
    bench.watermark(NOON_MS + 3 * ONE_SECOND_MS)
    pay(bench, "new", second=5)
    pay(bench, "old", second=2)
    bench.watermark(NOON_MS + 9 * ONE_SECOND_MS)
    tell(bench)
    assert told(bench) == [("new", True), ("old", True)]
    assert [(row["late"], row["out_of_order"]) for row in bench.decided] == [(False, False), (True, True)]


def test_no_more_than_so_many_are_held() -> None:
    """When an account holds as many as it may, all of them go on at once, in their order."""
    bench = waiting()
    names = [f"t{number}" for number in range(_MOST_HELD + 1)]
    for name in names[:-1]:
        pay(bench, name)
    assert held(bench) == names[:-1]
    pay(bench, names[-1])
    assert told(bench) == [(name, False) for name in names]
    assert held(bench) == []


def test_held_transactions_are_restored() -> None:
    """What is held is in state and its timer in the checkpoint: a restart loses neither."""
    first = waiting()
    pay(first, "t1")
    pay(first, "t2")
    second = waiting(restored=first.checkpoint(), now_ms=first.now_ms + RESTART_MS)
    assert held(second) == ["t1", "t2"]
    pay(second, "t3")
    second.advance(WAIT_MS - RESTART_MS + 10)
    assert told(second) == [("t1", False), ("t2", False), ("t3", False)]


def test_profile_after_a_restart() -> None:
    """A profile that comes after the restart is known to what was held before it."""
    first = waiting()
    pay(first, "t1")
    second = waiting(restored=first.checkpoint(), now_ms=first.now_ms + RESTART_MS)
    tell(second)
    assert told(second) == [("t1", True)]


def test_nothing_is_held_any_more_after_a_change_of_settings() -> None:
    """A life that does not wait lets go what the former one held, before anything newer."""
    first = waiting()
    pay(first, "t1")
    second = Bench(restored=first.checkpoint(), now_ms=first.now_ms + RESTART_MS)
    pay(second, "t2")
    assert told(second) == [("t1", False), ("t2", False)]


def test_elders_of_a_former_life_leave_first() -> None:
    """What was out for a score at the crash is asked again before what was held behind it."""
    first = Bench()
    pay(first, "t1")
    second = waiting(restored=first.checkpoint(), now_ms=first.now_ms + 30)
    pay(second, "t2")
    tell(second)
    assert told(second) == [("t1", False), ("t2", True)]


def test_nothing_is_left() -> None:
    """When all is decided no hold is left, in state or in timers."""
    bench = waiting()
    pay(bench, "t1")
    tell(bench)
    told(bench)
    bench.advance(3 * PERIOD_MS)
    assert (held(bench), bench.processing) == ([], set())


def test_holds_are_counted() -> None:
    """Each transaction that is held is counted."""
    bench = waiting()
    pay(bench, "t1")
    pay(bench, "t2")
    tell(bench)
    pay(bench, "t3")
    assert bench.count("held_for_profile") == 2


@pytest.mark.parametrize("wait_ms", [0, WAIT_MS])
def test_known_accounts_pay_nothing(wait_ms: int) -> None:
    """Where a profile is known, a transaction costs what it costs without the setting."""
    bench = waiting(profile_wait_ms=wait_ms)
    tell(bench)
    touched, timers = bench.account.touched, set(bench.processing)
    pay(bench, "t1")
    assert bench.account.touched == touched + 1
    assert len({when for when, _ in bench.processing - timers}) <= 2  # a marker, if it is not set, and a tick


def test_wait_is_of_the_first_alone() -> None:
    """Without the setting nothing waits."""
    bench = Bench()
    pay(bench, "t1")
    assert told(bench) == [("t1", False)]


actions = st.one_of(
    st.tuples(st.just("pay"), st.integers(1, 2)),
    st.tuples(st.just("pay"), st.integers(1, 2)),
    st.tuples(st.just("tell"), st.integers(1, 2)),
    st.tuples(st.just("wait"), st.sampled_from((1, 50, WAIT_MS, PERIOD_MS))),
    st.tuples(st.just("answer"), st.just(0)),
    st.tuples(st.just("checkpoint"), st.just(0)),
    st.tuples(st.just("crash"), st.integers(30, 2 * PERIOD_MS)),
)


class Story:
    """The lives of one operator; a crash goes back to the last checkpoint, and so does the source."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.bench = waiting()
        self.lives = [self.bench]
        self.log: list[tuple[str, int]] = []  # what the source has sent since the beginning
        self.kept: tuple[Checkpoint, int] = (self.bench.checkpoint(), 0)

    def do(self, action: str, argument: int) -> None:
        """One thing happens."""
        if action in ("pay", "tell"):
            self.log.append((action, argument))
            self._send(len(self.log) - 1)
        elif action == "wait":
            self.bench.advance(argument)
        elif action == "answer":
            self.bench.scores.answer()
        elif action == "checkpoint":
            self.kept = self.bench.checkpoint(), len(self.log)
        else:
            self._crash(argument)

    def _send(self, place: int) -> None:
        action, account = self.log[place]
        if action == "tell":
            tell(self.bench, account=f"a-{account}")
        else:
            pay(self.bench, f"t{place}", second=place / 10, account=f"a-{account}")

    def _crash(self, restart_ms: int) -> None:
        restored, sent = self.kept
        self.bench = waiting(restored=restored, now_ms=self.bench.now_ms + restart_ms)
        self.lives.append(self.bench)
        for place in range(sent, len(self.log)):
            self._send(place)

    def end(self) -> None:
        """Every score comes and all timers fire."""
        for _ in range(15):
            self.bench.scores.answer()
            self.bench.advance(PERIOD_MS)


@settings(max_examples=80, deadline=None)
@given(script=st.lists(actions, max_size=40))
def test_any_story_holds_nothing_for_ever(script: list[tuple[str, int]]) -> None:
    """Whatever happens: each payment is decided, none overtakes another of its account, none is left."""
    story = Story()
    for action, argument in script:
        story.do(action, argument)
    story.end()
    paid = {f"t{place}" for place, (action, _) in enumerate(story.log) if action == "pay"}
    assert {name for life in story.lives for name in life.ids()} == paid
    for life in story.lives:
        for account in ("a-1", "a-2"):
            names = [r["transaction_id"] for r in life.decided if r["account_id"] == account]
            assert names == sorted(set(names), key=lambda name: int(name[1:]))
    assert (held(story.bench), held(story.bench, "a-2"), story.bench.processing) == ([], [], set())
