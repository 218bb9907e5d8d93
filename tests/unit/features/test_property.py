"""The whole snapshot against the slow, plain oracle, over random pasts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.record import replace
from schemas.transaction import Transaction
from tests.oracle import DAY_MS, HOUR_MS, MINUTE_MS, Oracle, is_behind
from udfs.features.blocks import MemoryBlocks
from udfs.features.catalogue import CATALOGUE
from udfs.features.engine import is_duplicate, observe
from udfs.features.history import LIMITS, AccountHistory, Limits
from udfs.features.names import BY_NAME
from udfs.features.profile import Profile
from udfs.features.rates import MAX_BASE_MINOR
from udfs.operators.account_state import AccountState, decode_state, encode_state

pytestmark = pytest.mark.unit

START_MS = 1_700_000_000_000
TIGHT = Limits(max_kept=5, max_positions=2, max_devices=2, max_merchants=3, max_countries=2)
EDGES_MS = (
    0,
    1,
    MINUTE_MS - 1,
    MINUTE_MS,
    HOUR_MS - 1,
    HOUR_MS,
    DAY_MS - 1,
    DAY_MS,
    7 * DAY_MS,
    30 * DAY_MS - 1,
    30 * DAY_MS,
)
POSITIONS = ((None, None), (52.5, 13.4), (52.501, 13.401), (48.1, 11.6), (-33.9, 151.2), (0.0, 180.0))

steps_ms = st.sampled_from(EDGES_MS) | st.integers(0, 3 * HOUR_MS)
moves_ms = steps_ms | steps_ms.map(lambda step: -step)


@st.composite
def events(draw: st.DrawFn) -> Transaction:
    """One event of a small world, so that names, places and ids meet again; its time is a step."""
    latitude, longitude = draw(st.sampled_from(POSITIONS))
    return Transaction(
        transaction_id=draw(st.text("abc", min_size=1, max_size=3)),
        account_id="account",
        event_time_ms=draw(moves_ms),
        amount_minor=draw(st.sampled_from((0, 1, 2, 199, 200, 10**12)) | st.integers(0, 10**12)),
        currency=draw(st.sampled_from(("EUR", "JPY", "KWD"))),
        event_type=draw(st.sampled_from(("payment", "payment", "payment", "login", "payee_added"))),
        merchant_id=draw(st.sampled_from((None, "m1", "m2", "m3", "m4"))),
        device_id=draw(st.sampled_from((None, "d1", "d2", "d3"))),
        country=draw(st.sampled_from((None, "DE", "FR", "US"))),
        auth_result=draw(st.sampled_from((None, "approved", "declined"))),
        base_minor=draw(st.none() | st.integers(0, MAX_BASE_MINOR)),
        latitude=latitude,
        longitude=longitude,
    )


OF_CATALOGUE = [entry.name for entry in CATALOGUE]
OF_MONTH = ("frequency_level", "behaviour")  # they take count_30d
OF_OTHERS = {entry.name: None for entry in CATALOGUE if entry.entity != "account"}  # their stages' to tell
profiles = st.none() | st.builds(
    Profile,
    customer_id=st.just("customer"),
    updated_ms=st.just(0),
    home_country=st.sampled_from((None, "DE")),
    home_lat=st.sampled_from((None, 52.5)),
    home_lon=st.just(13.4),
    opened_ms=st.none() | st.integers(START_MS - 400 * DAY_MS, START_MS + DAY_MS),
)


def one_after_another(moves: list[Transaction]) -> list[Transaction]:
    """Event times as drawn steps, forward and back, from the event before."""
    now_ms, dated = START_MS, []
    for move in moves:
        now_ms += move.event_time_ms
        dated.append(replace(move, event_time_ms=now_ms))
    return dated


def nearly(value: object) -> object:
    """A float up to the last digits, anything else exactly."""
    return pytest.approx(value, rel=1e-9, abs=1e-6) if type(value) is float else value


def typed(snapshot: dict[str, object]) -> dict[str, str]:
    """The type of each value that is not missing."""
    return {
        name: "text" if isinstance(value, str) else type(value).__name__
        for name, value in snapshot.items()
        if value is not None
    }


@pytest.mark.parametrize("limits", [LIMITS, TIGHT])
@settings(deadline=None)  # the machine may be busy
@given(moves=st.lists(events(), max_size=25), profile=profiles)
def test_equals_the_oracle(limits: Limits, moves: list[Transaction], profile: Profile | None) -> None:
    """Every feature of every event is what the definition says, in any order, cut or not."""
    history, oracle, blocks = AccountHistory(), Oracle(limits), MemoryBlocks()
    for txn in one_after_another(moves):
        duplicate = is_duplicate(history, txn, limits)
        assert duplicate == oracle.is_duplicate(txn)
        if duplicate:
            continue
        observed = observe(history, txn, profile, blocks, limits)
        behind = is_behind(oracle.told.get("account", []), txn)
        expected = oracle.describe(txn, profile) | OF_OTHERS
        if behind:  # promised is only that it says so
            expected |= {name: observed.snapshot[name] for name in (*OF_CATALOGUE, *OF_MONTH)}
        assert observed.snapshot == {name: nearly(value) for name, value in expected.items()}
        assert typed(observed.snapshot).items() <= {name: BY_NAME[name].type for name in BY_NAME}.items()
        history = decode_state(encode_state(AccountState(history=observed.history))).history
        assert history == observed.history


@settings(deadline=None)  # the machine may be busy
@given(moves=st.lists(events(), max_size=25), order=st.randoms(use_true_random=False))
def test_totals_do_not_depend_on_order(moves: list[Transaction], order: object) -> None:
    """The totals of a currency are the same in whatever order the payments came."""
    shuffled = list(moves)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    histories = []
    for past in (moves, shuffled):
        history, blocks = AccountHistory(), MemoryBlocks()
        for txn in past:
            history = observe(history, txn, None, blocks).history
        histories.append(history)
    assert set(histories[0].totals) == set(histories[1].totals)
