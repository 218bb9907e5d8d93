"""Profiles as of event time: which version a transaction sees, whatever came when (ADR-0022)."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.wire_out import encode_json
from tests.builders import NOON_MS, ONE_MINUTE_MS, ONE_SECOND_MS, customer_message, raw_json
from tests.fakes import PERIOD_MS, Bench
from udfs.operators import rows
from udfs.operators.account_state import decode_state

pytestmark = pytest.mark.unit

HOMES = {10: "DE", 20: "FR", 30: "IT"}  # by second of update


def at(second: float) -> int:
    """*second* seconds after noon."""
    return NOON_MS + int(second * ONE_SECOND_MS)


def pay(bench: Bench, second: float, transaction_id: str | None = None) -> None:
    """A payment in Germany comes, named by its second."""
    name = transaction_id or f"{second:g}"
    bench.send(raw_json(transaction_id=name, event_time=at(second), auth_result="approved",
                        decline_reason=..., country="DE"))  # fmt: skip


def tell(bench: Bench, second: int, account: str = "a-1", **fields: Any) -> None:
    """The version of the profile comes that was updated *second* seconds after noon."""
    changes = {"updated": at(second), "home_country": HOMES.get(second, "ES")} | fields
    bench.send(encode_json(customer_message(**changes)), key=account, partition=rows.FROM_PROFILES)


def decided(bench: Bench) -> dict[str, Any]:
    """Every score comes; of each transaction, whether its country is home, None without a profile."""
    bench.scores.answer()
    bench.advance(10)
    return {row["transaction_id"]: row["country_is_home"] for row in bench.decided}


def versions(bench: Bench) -> list[int]:
    """Seconds of update of the versions that account a-1 keeps."""
    state = decode_state(bench.states["account"]["a-1"])
    kept = [*state.earlier, state.profile] if state.profile else []
    return [(each.updated_ms - NOON_MS) // ONE_SECOND_MS for each in kept]


DE, FR, NONE = True, False, None  # a payment in Germany: at home, abroad, not known

SCENES = {
    # what comes, in this order: v is a version of the profile, t a transaction, by second
    "in order": ("v10 t11 v20 t21", {"11": DE, "21": FR}, [10, 20]),
    "at one time the profile is first": ("t10 v10", {"10": DE}, [10]),
    "a transaction before its customer": ("v10 t9", {"9": NONE}, [10]),
    "a late transaction sees its own version": ("v10 v20 t21 t11", {"21": FR, "11": DE}, [10, 20]),
    "versions out of order": ("v20 v10 t11 t21", {"11": DE, "21": FR}, [10, 20]),
    "a version that says the same again": ("v10 v20 v10 v20 t15", {"15": DE}, [10, 20]),
    "more than are kept": ("v10 v20 v30 v40 v50 t15 t21", {"15": NONE, "21": FR}, [20, 30, 40, 50]),
    "a version that is not in force yet": ("v10 v30 t11", {"11": DE}, [10, 30]),
}


def play(bench: Bench, script: str) -> None:
    """What *script* says comes, comes."""
    for word in script.split():
        (tell if word[0] == "v" else pay)(bench, int(word[1:]))


@pytest.mark.parametrize("name", SCENES)
def test_version_in_force(name: str) -> None:
    """
    Under order.wait = watermark a transaction sees the version in force at its time, whatever came first.

    s   9    10    11   15   20    21    30
        -    DE    DE   DE   FR    FR    IT
    """
    script, expected, kept = SCENES[name]
    bench = Bench(wait_for_watermark=True)
    play(bench, script)
    bench.watermark(NOON_MS + ONE_MINUTE_MS)
    assert decided(bench) == expected
    assert versions(bench) == kept


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("v10 t11 v20 t21", {"11": DE, "21": FR}),
        ("t11 v10", {"11": NONE}),  # nothing waits: it goes on marked
        ("t21 v10 t11 v20 t22", {"21": NONE, "11": DE, "22": FR}),
        ("v20 t11 v10 t12", {"11": NONE, "12": DE}),  # the late version is there for the second
    ],
)
def test_version_in_force_on_arrival(script: str, expected: dict[str, Any]) -> None:
    """Under order.wait = none a transaction sees the version in force among those that have come."""
    bench = Bench()
    play(bench, script)
    assert decided(bench) == expected


def test_without_a_profile_the_mark_is_profile_known() -> None:
    """A transaction that goes on without a profile says so, and lacks what a profile would tell."""
    bench = Bench()
    tell(bench, 10)
    pay(bench, 9)
    pay(bench, 10)
    decided(bench)
    told = [(row["profile_known"], row["account_age_days"]) for row in bench.decided]
    assert told == [(False, None), (True, 1_000)]


def test_rules_see_the_version_in_force() -> None:
    """Segment and risk tier of a rule's values are those of the transaction's version."""
    bench = Bench()
    tell(bench, 10, risk_tier="low")
    tell(bench, 20, risk_tier="high")
    pay(bench, 15)
    [undecided] = decode_state(bench.states["account"]["a-1"]).pending
    assert b"low" in undecided.body
    assert b"high" not in undecided.body


@pytest.mark.parametrize("order", list(permutations((10, 20, 30))))
def test_the_store_is_told_of_the_newest(order: tuple[int, ...]) -> None:
    """DynamoDB ends with the newest version, in whichever order they come."""
    bench = Bench()
    for second in order:
        tell(bench, second)
    version, item = bench.tables[1]["c-1"]
    assert (version, item["home_country"]) == (at(30), "IT")


def test_versions_are_restored() -> None:
    """Every version is there after a crash, and the store is told of the newest again."""
    first = Bench()
    first.customers.is_away = True
    tell(first, 20)
    tell(first, 10)
    second = Bench(restored=first.checkpoint(), now_ms=first.now_ms + 200, tables=first.tables)
    second.advance(3 * PERIOD_MS)
    pay(second, 11)
    pay(second, 21)
    assert decided(second) == {"11": DE, "21": FR}
    assert second.tables[1]["c-1"][0] == at(20)


def test_nothing_is_left_of_a_profile_in_timers() -> None:
    """A profile that is written leaves its versions in state, and no timer."""
    bench = Bench()
    tell(bench, 10)
    bench.advance(3 * PERIOD_MS)
    assert (bench.processing, bench.event, versions(bench)) == (set(), set(), [10])


arrivals = st.permutations([f"v{second}" for second in HOMES] + [f"t{second}" for second in range(8, 34, 3)])


@settings(max_examples=60, deadline=None)
@given(script=arrivals)
def test_order_of_arrival_decides_nothing(script: list[str]) -> None:
    """Where events wait for the watermark, any order of profiles and transactions gives the same features."""
    bench = Bench(wait_for_watermark=True)
    play(bench, " ".join(script))
    bench.watermark(NOON_MS + ONE_MINUTE_MS)
    expected = {str(s): None if s < 10 else s < 20 for s in range(8, 34, 3)}
    assert decided(bench) == expected
