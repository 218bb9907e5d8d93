"""The packed value of an account: restored for ever, refused when not known, sorted after a restore."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import astuple

from schemas.decision import RuleHit, Severity, Verdict
from schemas.errors import BrokenPromise
from schemas.label import Label
from schemas.record import replace
from tests.builders import NOON_MS, customer, hit, payment, rate
from udfs.features.blocks import MemoryBlocks
from udfs.features.engine import observe
from udfs.features.history import AccountHistory
from udfs.features.names import BY_NAME
from udfs.features.places import PLACES
from udfs.features.profile import profile_of
from udfs.operators.account_state import (
    AccountState,
    Pending,
    Undecided,
    decode_rates,
    decode_state,
    decode_undecided,
    decode_waiting,
    encode_rates,
    encode_state,
    encode_undecided,
    encode_waiting,
    sort_out,
)
from udfs.operators.arrived import Arrived, Waiting

pytestmark = pytest.mark.unit


FIXTURES = Path(__file__).parents[2] / "fixtures" / "state" / "v1"
KNOWN_V1 = tuple((FIXTURES / "features.txt").read_text().split())


def undecided() -> Undecided:
    """One in which every field says something."""
    history, snapshot, _ = observe(AccountHistory(), payment(), profile_of(customer()), MemoryBlocks())
    return Undecided(
        txn=payment(),
        profile=profile_of(customer()),
        account_version=history.decided,
        features=snapshot,
        hits=(hit(values={"amount_minor": 1_234, "country": "DE", "speed_kmh": 0.5}, priority=True),),
        missing=("impossible-travel:speed_kmh",),
        late=True,
        out_of_order=True,
    )


def full() -> AccountState:
    """An account in which every field says something: what v1/account_full.bin was written from."""
    history = observe(AccountHistory(), payment(), None, MemoryBlocks()).history
    body = encode_undecided(undecided())
    pending = Pending(epoch_ms=NOON_MS, marker_ms=NOON_MS + 2_020, transaction_id="t-1", body=body)
    return AccountState(history=history, profile=profile_of(customer()), pending=(pending, pending))


def versioned() -> AccountState:
    """An account that knows two versions of its profile: what v1/account_versions.bin was written from."""
    newest, earlier = customer(), customer(updated_ms=NOON_MS - 1, segment=None, home_country="FR")
    return AccountState(profile=profile_of(newest), earlier=(profile_of(earlier),))


def holding() -> AccountState:
    """An account that holds a transaction for its first profile: v1/account_held.bin."""
    return AccountState(held=(Arrived(payment(), {"merchant_risk_7d": 0.5}, late=True),))


SHAPES = {
    "account_empty.bin": AccountState(),
    "account_full.bin": full(),  # of before raw entries rested in columns
    "account_columns.bin": full(),
    "account_versions.bin": versioned(),
    "account_held.bin": holding(),
}


@pytest.mark.parametrize("name", SHAPES)
def test_fixture_is_restored(name: str) -> None:
    """Each shape that reached production is restored to what it was."""
    assert decode_state((FIXTURES / name).read_bytes()) == SHAPES[name]


def test_fixture_of_a_pending_transaction_can_be_decided() -> None:
    """What the fixture calls pending opens to the transaction, features and hits that it was."""
    [pending, _] = decode_state((FIXTURES / "account_full.bin").read_bytes()).pending
    assert decode_undecided(pending.body) == undecided()


def test_places_of_features_stay() -> None:
    """Every feature has one place in state, and those of the fixtures have theirs for ever."""
    assert sorted(PLACES) == sorted(BY_NAME)
    assert PLACES[: len(KNOWN_V1)] == KNOWN_V1


def test_no_fixture_is_forgotten() -> None:
    """Every account in the folder of this version is restored by a test."""
    assert {path.name for path in FIXTURES.glob("account_*.bin")} == SHAPES.keys()


@pytest.mark.parametrize("state", SHAPES.values(), ids=SHAPES)
def test_round_trip(state: AccountState) -> None:
    """What is packed is restored."""
    assert decode_state(encode_state(state)) == state


@pytest.mark.parametrize("packed", [None, b""])
def test_new_account_has_nothing(packed: bytes | None) -> None:
    """An account that was never written has no past, no profile and nothing pending."""
    assert decode_state(packed) == AccountState()


def test_fields_not_yet_written_have_their_defaults() -> None:
    """A value packed before its last fields existed is restored with their defaults."""
    shorter = b"\x01" + msgspec.msgpack.encode(astuple(full())[:1])
    assert decode_state(shorter) == AccountState(history=full().history)


def test_fields_of_the_future_are_refused() -> None:
    """A value that a later job packed with one field more fails the task: dropping it would lose it."""
    longer = b"\x01" + msgspec.msgpack.encode((*astuple(full()), "a field to come"))
    with pytest.raises(BrokenPromise):
        decode_state(longer)


@pytest.mark.parametrize("packed", [b"\x00\x90", b"\x02\x90", b"\x01", b"\x01\xc1", b"\x01\x93\x01\x02\x03"])
def test_unknown_bytes_break_the_promise(packed: bytes) -> None:
    """Another version, or bytes that are none of ours, fail the task, in both states."""
    with pytest.raises(BrokenPromise, match="account state"):
        decode_state(packed)
    with pytest.raises(BrokenPromise, match="what waits"):
        decode_waiting(packed)


def test_waiting_round_trip() -> None:
    """Transactions that wait are restored, in their order; where nothing waits there are none."""
    arrived = (Arrived(payment()), Arrived(payment(transaction_id="t-2", latitude=None), {"n": 1}, late=True))
    waiting = Waiting(arrived=arrived, labels=(Label("t-1", "a-1", is_fraud=True, reported_ms=NOON_MS),))
    assert decode_waiting(encode_waiting(waiting)) == waiting
    assert decode_waiting(None) == Waiting()


def test_rates_are_restored() -> None:
    """A rate's versions that reached production are restored, and bytes that are none of ours refused."""
    versions = (rate(), rate(rate="0.8125", effective_ms=NOON_MS + 1))
    assert decode_rates(encode_rates(versions)) == versions
    assert decode_rates((FIXTURES / "rates.bin").read_bytes()) == versions
    with pytest.raises(BrokenPromise, match="exchange rates"):
        decode_rates(b"\x02\x90")


def test_exact_amounts_in_hits_keep_their_digits() -> None:
    """A Decimal among a hit's values comes back as the same digits."""
    before = RuleHit("r", 1, Severity.LOW, Verdict.VERIFY, {"amount": Decimal("5000.10")})
    packed = encode_undecided(replace(undecided(), hits=(before,)))
    [after] = decode_undecided(packed).hits
    assert str(after.values["amount"]) == "5000.10"


def open_ids(
    *entries: tuple[int, int, str], flying: str = "", open_from_ms: float = -math.inf
) -> tuple[str, str]:
    """Ids to ask again and ids that still fly, of entries (life, marker, id), seen from life 2."""
    pending = tuple(Pending(life, marker_ms, name, b"") for life, marker_ms, name in entries)
    found = sort_out(pending, 2, frozenset(flying), open_from_ms)
    return "".join(p.transaction_id for p in found.again), "".join(p.transaction_id for p in found.flying)


@pytest.mark.parametrize(
    ("entries", "flying", "open_from_ms", "expected"),
    [
        ((), "", -math.inf, ("", "")),
        (((2, 10, "a"), (2, 10, "b")), "b", -math.inf, ("", "b")),  # this life's: memory knows
        (((1, 10, "a"), (1, 20, "b")), "", -math.inf, ("ab", "")),  # nothing known of the former life
        (((1, 10, "a"), (1, 20, "b")), "", 20, ("b", "")),  # its timers up to 20 had fired
        (((1, 10, "a"), (1, 20, "b")), "", math.inf, ("", "")),  # all had
        (((1, 20, "a"), (2, 30, "b")), "b", 20, ("a", "b")),  # a former life's come first
        (((3, 20, "a"),), "", 20, ("a", "")),  # a clock set back: another life all the same
    ],
)
def test_sorting_out(
    entries: tuple[tuple[int, int, str], ...], flying: str, open_from_ms: float, expected: tuple[str, str]
) -> None:
    """Open is what a former life had open at its checkpoint, and what this life has out for a score."""
    assert open_ids(*entries, flying=flying, open_from_ms=open_from_ms) == expected


@pytest.mark.parametrize(
    ("event_time_ms", "country"), [(NOON_MS - 2, None), (NOON_MS - 1, "FR"), (NOON_MS, "DE")]
)
def test_profile_as_of_a_time(event_time_ms: int, country: str | None) -> None:
    """An account has the profile that was in force at a time, and none before its first."""
    profile = versioned().profile_at(event_time_ms)
    assert (profile and profile.home_country) == country
    assert AccountState().profile_at(event_time_ms) is None
