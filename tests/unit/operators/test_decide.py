"""What the deciding operator promises while it lives: order, marks, profiles, refusals, back-pressure."""

from __future__ import annotations

import pytest

from schemas.wire_out import encode_json
from tests.builders import NOON_MS, ONE_MINUTE_MS, ONE_SECOND_MS, customer_message, raw_avro, raw_json
from tests.fakes import PERIOD_MS, Bench
from udfs.operators import rows
from udfs.operators.account_state import decode_state

pytestmark = pytest.mark.unit


def txn(transaction_id: str, second: float = 0, **fields: object) -> bytes:
    """A payment of account a-1, *second* seconds after noon."""
    event_time = NOON_MS + int(second * ONE_SECOND_MS)
    return raw_json(transaction_id=transaction_id, event_time=event_time, auth_result="approved",
                    decline_reason=..., **fields)  # fmt: skip


@pytest.fixture
def bench() -> Bench:
    """An operator that has seen nothing."""
    return Bench()


def test_decision_follows_the_score(bench: Bench) -> None:
    """A transaction is decided when its score is there and the operator is next called, not before."""
    bench.send(txn("t1"))
    bench.send(txn("t2", account_id="a-2"), key="a-2")
    assert bench.ids() == []
    bench.scores.answer(0, value=0.25)
    bench.send(txn("t3", account_id="a-2"), key="a-2")
    [row] = bench.decided
    assert (row["transaction_id"], row["verdict"], row["score"]) == ("t1", "approve", 0.25)
    assert (row["late"], row["out_of_order"], row["degraded"]) == (False, False, False)


def test_avro_and_json_are_told_apart(bench: Bench) -> None:
    """Both wire forms come on one topic, and the same content is decided alike."""
    bench.send(raw_json(transaction_id="json"))
    bench.send(raw_avro(account_id="a-2", transaction_id="avro"), key="a-2")
    bench.scores.answer()
    bench.advance(10)
    assert [row["card_token"] for row in bench.decided] == [bench.decided[0]["card_token"]] * 2


@pytest.mark.parametrize("answered", [(2, 0, 0), (2, 1, 0), (1, 0, 0)])
def test_account_order_is_kept(bench: Bench, answered: tuple[int, ...]) -> None:
    """
    An account's decisions leave in the order of arrival, whichever answer comes first.

    asked     t1 t2 t3
    answered  t3 .. ..
    leave              t1 t2 t3
    """
    for name in ("t1", "t2", "t3"):
        bench.send(txn(name))
    for place in answered:
        bench.scores.answer(place)
        bench.advance(10)
    assert bench.ids() == ["t1", "t2", "t3"]


def test_accounts_do_not_wait_for_each_other(bench: Bench) -> None:
    """An answer waits for its account's elder, never for another account."""
    bench.send(txn("old"))
    bench.send(txn("new", account_id="a-2"), key="a-2")
    bench.scores.answer(1)
    bench.advance(10)
    assert bench.ids() == ["new"]


def test_duplicate_changes_nothing(bench: Bench) -> None:
    """A transaction seen again is neither asked for nor decided nor counted into the windows."""
    for raw in (txn("t1"), txn("t1"), txn("t2", second=1)):
        bench.send(raw)
    bench.scores.answer()
    bench.advance(10)
    assert [(row["transaction_id"], row["count_1m"]) for row in bench.decided] == [("t1", 1), ("t2", 2)]
    assert bench.count("duplicates") == 1


def test_out_of_order_is_marked(bench: Bench) -> None:
    """
    An event older than the account's newest is decided at once, marked, and stands at its place.

    t   0   10   20
        A        B     then C at 10, which sees A alone, then D at 20.5, which sees all
    """
    for name, second in (("A", 0), ("B", 20), ("C", 10), ("D", 20.5)):
        bench.send(txn(name, second))
    bench.scores.answer()
    bench.advance(10)
    marks = [(row["transaction_id"], row["out_of_order"], row["count_1m"]) for row in bench.decided]
    assert marks == [("A", False, 1), ("B", False, 2), ("C", True, 2), ("D", False, 4)]
    assert bench.count("out_of_order") == 1


@pytest.mark.parametrize(("second", "late"), [(9.999, True), (10, True), (10.001, False)])
def test_late_is_marked(bench: Bench, second: float, late: bool) -> None:  # noqa: FBT001
    """An event at or before the watermark is late; it is decided all the same."""
    bench.watermark(NOON_MS + 10 * ONE_SECOND_MS)
    bench.send(txn("t1", second))
    bench.scores.answer()
    bench.advance(10)
    assert [row["late"] for row in bench.decided] == [late]
    assert bench.count("late") == late


def test_profile_is_learned_then_known(bench: Bench) -> None:
    """Transactions after a profile know it, the ones before do not; the store is told at once."""
    bench.send(txn("before"))
    bench.send(encode_json(customer_message()), partition=rows.FROM_PROFILES)
    bench.send(txn("after", second=1))
    bench.scores.answer()
    bench.advance(10)
    assert [row["profile_known"] for row in bench.decided] == [False, True]
    assert bench.tables[1]["c-1"][0] == NOON_MS
    assert bench.tables[1]["c-1"][1]["segment"] == "retail"


@pytest.mark.parametrize(
    ("raw", "place", "reason", "topic"),
    [
        (b"{", ("a-1", 3), "not_json", "transactions"),
        (None, ("a-1", 3), "empty_message", "transactions"),
        (txn("t1"), ("a-9", 3), "wrong_account", "transactions"),
        (txn("t1"), ("", 3), "missing_key", "transactions"),
        (txn("t1", second=301), ("a-1", 3), "future_time", "transactions"),
        (txn("t1", amount_minor=-1), ("a-1", 3), "out_of_range", "transactions"),
        (b"[]", ("a-1", rows.FROM_PROFILES), "not_an_object", "customers"),
    ],
)
def test_refused_record_is_a_dead_letter(
    bench: Bench, raw: bytes | None, place: tuple[str, int], reason: str, topic: str
) -> None:
    """What intake refuses leaves on the side output with its place, and the next good one is decided."""
    key, partition = place
    bench.send(raw, key=key, partition=partition)
    bench.send(txn("good"))
    bench.scores.answer()
    bench.advance(10)
    [letter] = bench.dead
    assert (letter["reason"], letter["topic"], letter["partition"]) == (reason, topic, partition)
    assert (letter["offset"], letter["record_time_ms"]) == (1, NOON_MS)
    assert bench.ids() == ["good"]
    assert bench.count("dead_letters") == 1


def test_refused_record_leaves_no_trace(bench: Bench) -> None:
    """A refused record touches neither state nor timers."""
    bench.send(b"{")
    assert (bench.states["account"], bench.processing, bench.event) == ({}, set(), set())


def test_card_number_is_nowhere(bench: Bench) -> None:
    """The card number is in no state and in nothing that leaves; its last four digits are."""
    bench.send(txn("t1"))
    bench.send(txn("t1", amount_minor=-1))
    bench.scores.answer()
    bench.advance(10)
    everything = repr((bench.states, bench.decided, bench.dead, bench.tables))
    assert "4111111111111111" not in everything
    assert bench.decided[0]["card_last4"] == "1111"


def test_clock_tick_produces_nothing(bench: Bench) -> None:
    """A clock tick is no transaction: no state, no timer, no output."""
    bench.send(b'{"clock":true}', key=rows.CLOCK_KEY)
    assert (bench.decided, bench.dead, bench.states["account"], bench.processing) == ([], [], {}, set())


def test_clock_tick_drains(bench: Bench) -> None:
    """Any call lets answers leave, a clock tick's too."""
    bench.send(txn("t1"))
    bench.scores.answer()
    bench.send(b'{"clock":true}', key=rows.CLOCK_KEY)
    assert bench.ids() == ["t1"]


def test_answers_leave_when_nothing_arrives(bench: Bench) -> None:
    """Within 6 ms of its answer a decision has left, although no message comes."""
    bench.send(txn("t1"))
    bench.advance(100)
    bench.scores.answer()
    bench.advance(6)
    assert bench.ids() == ["t1"]


def test_ticks_end_with_the_last_answer(bench: Bench) -> None:
    """When nothing is out for a score, the marker is the only timer left."""
    bench.send(txn("t1"))
    bench.scores.answer()
    bench.advance(10)
    assert [at % 10 for at, _ in bench.processing] == [0]


def test_ticks_survive_a_clock_that_is_set_back(bench: Bench) -> None:
    """An hour's step back of the wall clock does not hold answers up for an hour."""
    bench.send(txn("t1"))
    bench.advance(7)
    bench.processing = {timer for timer in bench.processing if timer[0] % 10 == 0}  # the tick has just fired
    bench.now_ms -= 60 * ONE_MINUTE_MS
    bench.send(txn("t2"))
    bench.scores.answer()
    bench.advance(10)
    assert bench.ids() == ["t1", "t2"]


def test_source_is_held_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `max_pending` transactions in flight the next message waits until one has its answer."""
    bench = Bench(max_pending=2)
    monkeypatch.setattr("udfs.operators.decide.time.sleep", lambda _: bench.scores.answer(0))
    for name in ("t1", "t2"):
        bench.send(txn(name))
    assert bench.ids() == []
    bench.send(txn("t3"))
    assert bench.ids() == ["t1"]
    assert len(bench.scores.unanswered) == 2


def test_finished_leave_the_state_at_the_next_touch(bench: Bench) -> None:
    """A decided transaction stays in the packed value until its account is next touched."""
    bench.send(txn("t1"))
    bench.scores.answer()
    bench.advance(10)
    assert pending(bench) == ["t1"]
    bench.send(txn("t2", second=1))
    assert pending(bench) == ["t2"]


def test_unfinished_stay_in_the_state(bench: Bench) -> None:
    """A touch leaves what is still out for a score, in its order."""
    for name in ("t1", "t2", "t3"):
        bench.send(txn(name))
    bench.scores.answer(0)
    bench.send(txn("t4"))
    assert pending(bench) == ["t2", "t3", "t4"]


def test_marker_timer_finds_nothing_to_do(bench: Bench) -> None:
    """In normal life a marker timer fires without touching state, and none is left after it."""
    bench.send(txn("t1"))
    bench.scores.answer()
    bench.advance(10)
    touched = bench.account.touched
    bench.advance(2 * PERIOD_MS)
    assert bench.account.touched == touched
    assert bench.processing == set()


def test_slow_score_renews_its_promise(bench: Bench) -> None:
    """A transaction that outlives its marker timer gets another one, and is decided once."""
    bench.send(txn("t1"))
    bench.advance(3 * PERIOD_MS)
    [held] = decode_state(bench.states["account"]["a-1"]).pending
    assert held.marker_ms > bench.now_ms
    assert (held.marker_ms, "a-1") in bench.processing
    bench.scores.answer()
    bench.advance(2 * PERIOD_MS)
    assert bench.ids() == ["t1"]
    assert bench.processing == set()


def test_degraded_score_is_told(bench: Bench) -> None:
    """A fallback score decides by rules alone and says that it is one."""
    bench.send(txn("t1"))
    bench.scores.answer(degraded=True)
    bench.advance(10)
    [row] = bench.decided
    assert (row["degraded"], row["score_source"], row["degraded_reason"]) == (True, "fallback", "timeout")
    assert bench.count("degraded_scores") == 1


def test_hits_before_and_after_the_score_are_joined(bench: Bench) -> None:
    """The verdict is the most severe of the rules before the score and of those that name it."""
    bench.send(txn("t1", amount_minor=600_000))
    bench.scores.answer(value=0.95)
    bench.advance(10)
    [row] = bench.decided
    assert [reason["rule"] for reason in row["decision"]["reasons"]] == ["amount-limit", "fraud-score-high"]
    assert row["verdict"] == "decline"
    assert row["alert"]["alert_id"] != row["decision"]["decision_id"]


def test_decision_id_is_of_the_transaction() -> None:
    """Two operators that decide the same transaction give the decision the same id."""
    ids = set()
    for started_ms in (NOON_MS, NOON_MS + ONE_MINUTE_MS):
        bench = Bench(now_ms=started_ms)
        bench.send(txn("t1"))
        bench.scores.answer()
        bench.advance(10)
        [row] = bench.decided
        ids.add(row["decision"]["decision_id"])
        assert row["attempt"] == started_ms
    assert len(ids) == 1


def test_hot_item_is_the_account_as_of_its_last_decision(bench: Bench) -> None:
    """The store is told of each decision under the account's version."""
    for name in ("t1", "t2"):
        bench.send(txn(name))
    bench.scores.answer()
    bench.advance(10)
    version, item = bench.tables[0]["a-1"]
    assert (version, item["last_transaction_id"], item["count_1m"]) == (2, "t2", 2)


def test_close_writes_what_is_owed(bench: Bench) -> None:
    """An operator that closes writes its hot items, publishes its counts and leaves the scorer."""
    bench.accounts.is_away = True
    bench.send(txn("t1"))
    bench.scores.answer()
    bench.advance(10)
    bench.accounts.is_away = False
    bench.operator.close()
    assert "a-1" in bench.tables[0]
    assert bench.metrics.counters["decisions"].count == 1
    assert bench.metrics.counters["store_writes"].count == 2  # the account, and the transaction
    assert not bench.scores.is_attached


def pending(bench: Bench) -> list[str]:
    """Ids that the packed value of account a-1 calls pending."""
    return [entry.transaction_id for entry in decode_state(bench.states["account"]["a-1"]).pending]
