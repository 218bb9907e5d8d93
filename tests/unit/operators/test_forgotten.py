"""An account that is not seen any more is forgotten by event time, but for what must stay (ADR-0026)."""

from __future__ import annotations

import pytest

from schemas.wire_out import encode_json
from tests.builders import NOON_MS, customer_message, raw_json
from tests.fakes import Bench
from udfs.features.history import AccountHistory
from udfs.features.windows import DAY_MS
from udfs.operators import rows
from udfs.operators.account_state import AccountState, decode_state

pytestmark = pytest.mark.unit

IDLE_DAYS = 31


def pay(bench: Bench, name: str, day: float) -> None:
    """A payment *day* days after noon, decided and written."""
    event_ms = NOON_MS + int(day * DAY_MS)
    bench.send(raw_json(transaction_id=name, event_time=event_ms), record_ms=event_ms)
    bench.scores.answer()
    bench.advance(10)


def passed(bench: Bench, day: float) -> None:
    """Event time has passed that day's noon."""
    bench.watermark(NOON_MS + int(day * DAY_MS))


def kept(bench: Bench) -> AccountState:
    """What is in state of the account."""
    return decode_state(bench.states["account"].get("a-1"))


@pytest.mark.parametrize("wait", [False, True])
def test_an_account_that_is_not_seen_is_forgotten(wait: bool) -> None:  # noqa: FBT001
    """After so many days, and at most two, its past, blocks and timer are gone; its version is not."""
    bench = Bench(wait_for_watermark=wait, idle_days=IDLE_DAYS)
    for number, day in enumerate((*[0] * 8, 1, 2)):  # eight make a block that rests when the next begins
        pay(bench, f"t{number}", day)
        passed(bench, day)
    bench.scores.answer()
    bench.advance(10)
    passed(bench, 2 + IDLE_DAYS)
    assert (kept(bench).history.payments, len(bench.states["blocks"])) == (10, 1)
    passed(bench, 2 + IDLE_DAYS + 2)
    assert kept(bench).history == AccountHistory(decided=10)
    assert (bench.states["blocks"], bench.event, kept(bench).pending) == ({}, set(), ())
    bench.operator.close()
    assert bench.metrics.counters["accounts_forgotten"].count == 1


def test_an_account_has_one_such_timer() -> None:
    """However many days it pays on; while it pays it is not forgotten."""
    bench = Bench(idle_days=IDLE_DAYS)
    for day in range(40):
        pay(bench, f"t{day}", day)
        passed(bench, day)
        assert len(bench.event) == 1
    assert kept(bench).history.payments == 40


def test_a_profile_stays() -> None:
    """The topic will not tell it again."""
    bench = Bench(idle_days=IDLE_DAYS)
    message = customer_message(updated=NOON_MS)
    bench.send(encode_json(message), partition=rows.FROM_PROFILES)
    pay(bench, "t1", 0)
    passed(bench, IDLE_DAYS + 3)
    pay(bench, "t2", 60)
    assert (bench.decided[-1]["profile_known"], bench.decided[-1]["account_count"]) == (True, 0)


def test_one_that_returns_goes_on_counting() -> None:
    """Its version is newer than the hot store's, it is as good as new, and it will be forgotten again."""
    bench = Bench(idle_days=IDLE_DAYS)
    pay(bench, "t1", 0)
    passed(bench, IDLE_DAYS + 3)
    pay(bench, "t2", 60)
    assert (bench.decided[-1]["account_version"], bench.decided[-1]["account_count"]) == (2, 0)
    passed(bench, 60 + IDLE_DAYS + 3)
    assert kept(bench).history.payments == 0


def test_a_restore_forgets_too() -> None:
    """The timer is in the checkpoint."""
    bench = Bench(idle_days=IDLE_DAYS)
    pay(bench, "t1", 0)
    bench = Bench(restored=bench.checkpoint(), now_ms=bench.now_ms, idle_days=IDLE_DAYS)
    passed(bench, IDLE_DAYS + 3)
    assert kept(bench).history.payments == 0
