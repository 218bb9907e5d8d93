"""
What the deciding operator promises across a crash: nothing pending is lost, no two decisions differ.

A life is a `Bench`; what Flink keeps of it is a `Checkpoint`. Restarts take longer than 30 ms here,
as anywhere: that is what tells a former life's timers from this one's.
"""

from __future__ import annotations

from typing import Any

import pytest

from schemas.wire_out import encode_json
from tests.builders import NOON_MS, ONE_SECOND_MS, customer_message, raw_json
from tests.fakes import PERIOD_MS, Bench
from udfs.operators import rows
from udfs.operators.account_state import decode_state

pytestmark = pytest.mark.unit

RESTART_MS = 200


def txn(transaction_id: str, second: float = 0, account: str = "a-1", **fields: Any) -> bytes:
    """A payment of *account*, *second* seconds after noon."""
    event_time = NOON_MS + int(second * ONE_SECOND_MS)
    known = {"auth_result": "approved", "decline_reason": ...}
    return raw_json(
        transaction_id=transaction_id, event_time=event_time, account_id=account, **(known | fields)
    )


def died(bench: Bench, after_ms: int = RESTART_MS) -> Bench:
    """A new life from a checkpoint taken now; memory is lost, the stores are not."""
    return Bench(restored=bench.checkpoint(), now_ms=bench.now_ms + after_ms, tables=bench.tables)


def pending_ids(bench: Bench) -> list[str]:
    """What the packed value of account a-1 calls pending."""
    return [each.transaction_id for each in decode_state(bench.states["account"]["a-1"]).pending]


def settle(bench: Bench) -> None:
    """Time passes and every score comes, until no timer is left; a minute is enough for anything."""
    until_ms = bench.now_ms + 60 * PERIOD_MS
    while bench.processing and bench.now_ms < until_ms:
        bench.scores.answer()
        bench.advance(PERIOD_MS)


def test_open_transaction_is_asked_again() -> None:
    """What was out for a score at the crash is scored again by its former life's marker timer."""
    first = Bench()
    first.send(txn("t1"))
    second = died(first)
    settle(second)
    assert second.ids() == ["t1"]
    assert second.count("rescored_after_restart") == 1


def test_nothing_is_asked_before_its_timer() -> None:
    """A restored operator is silent until a timer or a message comes."""
    first = Bench()
    first.send(txn("t1"))
    second = died(first)
    second.advance(0)
    assert second.scores.rows == []
    second.advance(PERIOD_MS)
    assert len(second.scores.rows) == 1


def test_restart_after_the_marker_was_due() -> None:
    """A long outage changes nothing: overdue timers fire at once and ask again."""
    first = Bench()
    first.send(txn("t1"))
    second = died(first, after_ms=3_600_000)
    second.advance(0)
    assert len(second.scores.rows) == 1
    settle(second)
    assert second.ids() == ["t1"]


def test_asked_with_the_same_row_and_decided_the_same() -> None:
    """Asked again, a transaction has the features, hits and values that it had the first time."""
    first = Bench()
    first.send(encode_json(customer_message()), partition=rows.FROM_PROFILES)
    first.send(txn("t1", amount_minor=150))
    first.send(txn("t2", second=7, amount_minor=1_200_050, mcc="7995", device_id="d-9", country="FR"))
    kept = first.checkpoint()
    settle(first)
    second = Bench(restored=kept, now_ms=first.now_ms + RESTART_MS)
    settle(second)
    assert second.scores.rows[-1] == first.scores.rows[-1]
    assert without_attempt(second.decided[-1]) == without_attempt(first.decided[-1])
    assert second.decided[-1]["attempt"] > first.decided[-1]["attempt"]
    assert len(second.decided[-1]["decision"]["reasons"]) >= 5


def test_decided_long_before_the_checkpoint_is_not_asked_again() -> None:
    """
    Promises whose markers had fired before the checkpoint are known to be kept.

    old decided ... its marker fires ... new asked | crash: new is asked again, old is not
    """
    first = Bench()
    first.send(txn("old"))
    first.scores.answer()
    first.advance(3 * PERIOD_MS)
    first.send(txn("new", account="a-2"), key="a-2")
    second = died(first)
    second.advance(2 * PERIOD_MS)  # the former life's timer of a-2 fires
    second.send(txn("touch", second=5))
    assert len(second.scores.rows) == 2
    settle(second)
    assert second.ids() == ["new", "touch"]
    assert second.count("rescored_after_restart") == 1


def test_nothing_was_open() -> None:
    """Where no former timer is left, an account touched after the first marker asks for its new one alone."""
    first = Bench()
    first.send(txn("old"))
    first.scores.answer()
    first.advance(3 * PERIOD_MS)
    second = died(first)
    second.send(txn("other", account="a-2"), key="a-2")
    settle(second)
    second.send(txn("touch", second=5))
    settle(second)
    assert second.ids() == ["other", "touch"]


def test_touched_account_asks_again_in_order() -> None:
    """
    An account touched before its timer asks for its elders first, and its new one leaves after them.

    first life   t1 t2 |          (answers lost)
    second life        t3 arrives; answers come t3 t2 t1; leave t1 t2 t3
    """
    first = Bench()
    for name in ("t1", "t2"):
        first.send(txn(name))
    second = died(first)
    second.send(txn("t3", second=1))
    assert len(second.scores.rows) == 3
    second.scores.answer(2, 1, 0)
    second.advance(10)
    assert second.ids() == ["t1", "t2", "t3"]
    settle(second)
    assert second.ids() == ["t1", "t2", "t3"]


def test_crash_after_a_crash() -> None:
    """A second crash before anything was answered loses nothing either."""
    first = Bench()
    first.send(txn("t1"))
    second = died(first)
    second.advance(PERIOD_MS + 50)  # asked again, and renewed in state
    third = died(second)
    settle(third)
    assert third.ids() == ["t1"]


def test_crash_before_the_former_timers_fired() -> None:
    """A life that dies before it asks hands the promises on as they were."""
    first = Bench()
    first.send(txn("t1"))
    third = died(died(first, after_ms=50), after_ms=50)
    settle(third)
    assert third.ids() == ["t1"]


def test_profile_is_told_to_the_store_again() -> None:
    """A profile whose write was lost in the crash is written by the next life."""
    first = Bench()
    first.customers.is_away = True
    first.send(encode_json(customer_message()), partition=rows.FROM_PROFILES)
    assert first.tables[1] == {}
    second = died(first)
    settle(second)
    assert second.tables[1]["c-1"][0] == NOON_MS


def test_hot_item_is_told_to_the_store_again() -> None:
    """An account whose decision left but whose write was lost is written by the next life."""
    first = Bench()
    first.accounts.is_away = True
    first.send(txn("t1"))
    first.scores.answer()
    first.advance(10)
    second = died(first)
    settle(second)
    assert second.tables[0]["a-1"][0] == 1


@pytest.mark.parametrize("away_periods", [0, 2, 9, 30])
def test_recent_transactions_are_told_to_the_store_again(away_periods: int) -> None:
    """Every transaction whose write was lost is written by the next life, not its account's last alone."""
    first = Bench()
    first.recent.is_away = True
    for name in ("t1", "t2", "t3"):
        first.send(txn(name))
        first.scores.answer()
        first.advance(10)
    first.advance(away_periods * PERIOD_MS)
    second = died(first)
    settle(second)
    assert sorted(item["transaction_id"] for _, item in second.tables[2].values()) == ["t1", "t2", "t3"]


@pytest.mark.parametrize("repeated", [(), ("t1",), ("t2", "t1")])
def test_hot_item_is_told_again_though_an_elder_is_open(repeated: tuple[str, ...]) -> None:
    """
    The account's newest item is owed as long as any; that its own transaction is written is not enough.

    Nor is it told by what comes again before the former life's timer fires.

    first life   t1, t2 decided; t2 among the recent, t1 and the account not, for long | crash
    """
    first = Bench()
    first.accounts.is_away = first.recent.is_away = True
    for name in ("t1", "t2"):
        first.send(txn(name))
        first.scores.answer()
        first.advance(10)
    first.recent.owed.popitem()  # t2, the newest
    first.advance(3 * PERIOD_MS)
    first.send(txn("other", account="a-2"), key="a-2")
    second = died(first)
    second.advance(2 * PERIOD_MS)  # the former life's timer of a-2 fires, that of a-1 is a long one
    for name in repeated:
        second.send(txn(name))
    settle(second)
    assert second.tables[0]["a-1"][0] == 2
    assert second.ids() == ["other", "t1", "t2"]


def test_what_is_written_leaves_the_state() -> None:
    """A transaction rests in its account's state until it is written, and no longer."""
    bench = Bench()
    bench.recent.is_away = True
    for name in ("t1", "t2"):
        bench.send(txn(name))
        bench.scores.answer()
        bench.advance(10)
    assert pending_ids(bench) == ["t1", "t2"]
    bench.recent.is_away = False
    bench.recent.write()
    bench.send(txn("t3"))
    assert pending_ids(bench) == ["t3"]


@pytest.mark.parametrize("away_periods", [2, 9, 30])
def test_store_away_for_long_and_then_a_crash(away_periods: int) -> None:
    """However long the store was away before the crash, its writes are promised by a timer."""
    first = Bench()
    first.accounts.is_away = first.customers.is_away = True
    first.send(encode_json(customer_message(updated=NOON_MS + 1)), partition=rows.FROM_PROFILES)
    first.send(txn("t1"))
    first.scores.answer()
    first.advance(away_periods * PERIOD_MS)
    second = died(first)
    settle(second)
    assert (second.tables[0]["a-1"][0], second.tables[1]["c-1"][0]) == (1, NOON_MS + 1)


def test_store_away_through_two_crashes() -> None:
    """A life that could not write either hands the promise on, though the decision is long made."""
    first = Bench()
    first.accounts.is_away = True
    first.send(txn("t1"))
    first.scores.answer()
    first.advance(3 * PERIOD_MS)
    second = died(first)
    second.accounts.is_away = True
    for _ in range(20):
        second.scores.answer()
        second.advance(PERIOD_MS)
    third = died(second)
    settle(third)
    assert third.tables[0]["a-1"][0] == 1


def test_outstanding_write_renews_the_timer() -> None:
    """While the store is away, and only then, a marker timer is followed by a later one."""
    bench = Bench()
    bench.accounts.is_away = True
    bench.send(txn("t1"))
    bench.send(txn("t2", account="a-2"), key="a-2")
    bench.scores.answer()
    bench.advance(3 * PERIOD_MS)
    assert {key for _, key in bench.processing} == {"a-1", "a-2"}
    assert min(bench.processing)[0] > bench.now_ms + 5 * PERIOD_MS
    bench.accounts.is_away = False
    bench.accounts.write()
    bench.advance(30 * PERIOD_MS)
    assert bench.processing == set()


def test_an_account_that_is_owed_much_keeps_one_timer() -> None:
    """However many of its transactions the store is late for, one timer looks again and promises all."""
    first = Bench()
    first.recent.is_away = True
    for number in range(5):
        first.send(txn(f"t{number}"))
        first.scores.answer()
        first.advance(PERIOD_MS // 5)
    first.advance(3 * PERIOD_MS)
    assert len(first.processing) == 1
    second = died(first)
    settle(second)
    assert {item["transaction_id"] for _, item in second.tables[2].values()} == {f"t{n}" for n in range(5)}


def test_written_account_keeps_no_timer() -> None:
    """An account whose write is done does not look again because another's is owed."""
    bench = Bench()
    bench.send(txn("t1"))
    bench.scores.answer()
    bench.advance(10)
    bench.accounts.is_away = True
    bench.send(txn("t2", account="a-2"), key="a-2")
    bench.scores.answer()
    bench.advance(3 * PERIOD_MS)
    assert {key for _, key in bench.processing} == {"a-2"}


def test_waiting_events_survive() -> None:
    """Events that wait for the watermark are in state, and leave in their order after a crash."""
    first = Bench(wait_for_watermark=True)
    for name, second in (("t2", 2), ("t1", 1)):
        first.send(txn(name, second))
    later = Bench(restored=first.checkpoint(), now_ms=first.now_ms + RESTART_MS, wait_for_watermark=True)
    later.watermark(NOON_MS + 5 * ONE_SECOND_MS)
    settle(later)
    assert later.ids() == ["t1", "t2"]


def test_waiting_events_survive_a_change_of_order() -> None:
    """Events that waited for the watermark are decided by it, though the next life waits for none."""
    first = Bench(wait_for_watermark=True)
    first.send(txn("t1", 1))
    second = died(first)
    second.watermark(NOON_MS + 5 * ONE_SECOND_MS)
    settle(second)
    assert second.ids() == ["t1"]
    assert second.states["waiting"] == {}


def test_pending_is_of_the_life_that_asked_last() -> None:
    """Asked again, a promise stands in state under the new life and a marker timer that is set."""
    first = Bench()
    first.send(txn("t1"))
    second = died(first)
    second.advance(PERIOD_MS + 50)
    [held] = decode_state(second.states["account"]["a-1"]).pending
    assert held.epoch_ms == first.now_ms + RESTART_MS
    assert (held.marker_ms, "a-1") in second.processing


def test_former_life_no_longer_answers() -> None:
    """Without close(), as in thread mode's failover, the former operator's scorer is let go."""
    first = Bench()
    died(first)
    assert not first.scores.is_attached


def without_attempt(row: dict[str, Any]) -> dict[str, Any]:
    """All of a decided row that two lives must agree on."""
    told = {name: value for name, value in row.items() if name != "attempt"}
    for name in ("decision", "alert"):
        if told[name]:
            told[name] = {key: value for key, value in told[name].items() if key != "attempt"}
    return told
