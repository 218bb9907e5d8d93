"""
The one packed value an account keeps, and what its pending decisions promise.

Rules: Flink never sees these types, so the version byte alone makes an upgrade
safe; fields are only appended, with defaults; a shape that reached production
stays in tests/fixtures/state. Pure: times and epochs are arguments. ADR-0004.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any, NamedTuple

import msgspec

from schemas.decision import RuleHit
from schemas.errors import BrokenPromise
from schemas.fx_rate import FxRate
from schemas.record import Record, asdict, astuple, replace
from schemas.transaction import Transaction
from udfs.features.history import AccountHistory
from udfs.features.names import BY_NAME, Snapshot
from udfs.features.packed_log import Packed
from udfs.features.places import PLACES, UNPLACED
from udfs.features.profile import Profile
from udfs.features.recent import recent_of
from udfs.features.versions import as_of
from udfs.operators.arrived import Arrived, Waiting

STATE_VERSION = 1


class Undecided(Record, frozen=True):
    """A judged transaction that lacks only its score: enough to ask again, and to speak."""

    txn: Transaction
    profile: Profile | None
    account_version: int
    features: Snapshot
    hits: tuple[RuleHit, ...]  # of the rules that do not need the score
    missing: tuple[str, ...]
    late: bool
    out_of_order: bool


class _Packed(Record, frozen=True):
    """An `Undecided` as it rests: its features by place, because their names would be most of it."""

    txn: Transaction
    profile: Profile | None
    account_version: int
    features: list[Any]  # in the order of PLACES
    hits: list[list[Any]]  # field by field: a value's exact type is not told
    missing: tuple[str, ...]
    late: bool
    out_of_order: bool
    more: dict[str, Any] = msgspec.field(default_factory=dict)  # features that have no place


class Pending(Record, frozen=True):
    """A promise to decide: who asked, when its marker timer fires, and what about."""

    epoch_ms: int  # start of the operator that asked last
    marker_ms: int
    transaction_id: str
    body: bytes  # an encoded Undecided, opened only to ask again


class AccountState(Record, frozen=True):
    """All that an account keeps."""

    history: AccountHistory = AccountHistory()
    profile: Profile | None = None  # its newest version
    pending: tuple[Pending, ...] = ()
    earlier: tuple[Profile, ...] = ()  # versions of the profile before the newest, oldest first
    held: tuple[Arrived, ...] = ()  # what waits for the account's first profile, in the order of arrival

    def profile_at(self, event_time_ms: int) -> Profile | None:
        """The newest version that was updated at or before *event_time_ms*, mostly the newest of all."""
        newest = self.profile
        if newest is None or newest.updated_ms <= event_time_ms:
            return newest
        return as_of(self.earlier, event_time_ms)


_ENCODER = msgspec.msgpack.Encoder()
_STATE = msgspec.msgpack.Decoder(AccountState)
_UNDECIDED = msgspec.msgpack.Decoder(_Packed)
_WAITING = msgspec.msgpack.Decoder(Waiting)
_LOG = msgspec.msgpack.Decoder(Packed)
_RATES = msgspec.msgpack.Decoder(tuple[FxRate, ...])
_PREFIX = bytes([STATE_VERSION])


def encode_state(state: AccountState) -> bytes:
    """The packed value of *state*, its version first."""
    return _PREFIX + _ENCODER.encode(state)


def decode_state(packed: bytes | None) -> AccountState:
    """
    The state of a packed value; a new account's when there is none.

    Raises:
        BrokenPromise: If its version is not known, or the bytes are not what it says.
    """
    if not packed:
        return AccountState()
    state: AccountState = _opened("account state", _STATE, packed)
    return _in_columns(state) if state.history.entries else state


def _in_columns(state: AccountState) -> AccountState:
    """*state* as of before raw entries rested in columns."""
    recent = recent_of(state.history.entries)
    return replace(state, history=replace(state.history, entries=(), recent=recent))


def _opened(what: str, decoder: Any, packed: bytes) -> Any:
    if packed[0] != STATE_VERSION:
        raise BrokenPromise(what, f"version {packed[0]}", f"version {STATE_VERSION}")
    try:
        return decoder.decode(memoryview(packed)[1:])
    except msgspec.DecodeError as error:
        raise BrokenPromise(what, str(error), f"packed by version {STATE_VERSION}") from error


def encode_undecided(undecided: Undecided) -> bytes:
    """*undecided* as it rests in a `Pending`."""
    features = undecided.features
    packed = replace(undecided, features=[features.get(name) for name in PLACES])
    if not UNPLACED:
        return _ENCODER.encode(packed)
    return _ENCODER.encode((*astuple(packed), {name: features[name] for name in UNPLACED}))


def decode_undecided(body: bytes) -> Undecided:
    """What a `Pending` is about; a feature that was not known when it was packed is missing."""
    packed = _UNDECIDED.decode(body)
    by_place = dict(zip_longest(PLACES, packed.features))
    known = by_place | dict.fromkeys(UNPLACED) | packed.more
    fields = asdict(packed) | {
        "features": {name: known[name] for name in BY_NAME},
        "hits": tuple(RuleHit(*hit) for hit in packed.hits),
    }
    del fields["more"]
    return Undecided(**fields)


def encode_waiting(waiting: Waiting) -> bytes:
    """What is of one event time, as it waits for the watermark."""
    return _PREFIX + _ENCODER.encode(waiting)


def decode_waiting(body: bytes | None) -> Waiting:
    """What waits; nothing where there is none. Raises BrokenPromise as `decode_state`."""
    if not body:
        return Waiting()
    waiting: Waiting = _opened("what waits", _WAITING, body)
    return waiting


def encode_log(log: Packed) -> bytes:
    """An entity's log as it rests, its version first."""
    return _PREFIX + _ENCODER.encode(log)


def decode_log(body: bytes | None) -> Packed:
    """The log of an entity; an empty one when there is none. Raises BrokenPromise as `decode_state`."""
    if not body:
        return Packed()
    log: Packed = _opened("log of an entity", _LOG, body)
    return log


def encode_rates(versions: tuple[FxRate, ...]) -> bytes:
    """The versions of a currency's rate as they rest, their version of ours first."""
    return _PREFIX + _ENCODER.encode(versions)


def decode_rates(body: bytes) -> tuple[FxRate, ...]:
    """What `encode_rates` packed. Raises BrokenPromise as `decode_state`."""
    versions: tuple[FxRate, ...] = _opened("exchange rates", _RATES, body)
    return versions


class Sorted(NamedTuple):
    """An account's pending transactions, without those that are finished."""

    again: tuple[Pending, ...]  # a former life's, to be asked for again
    flying: tuple[Pending, ...]  # this life's, not decided yet


def sort_out(
    pending: tuple[Pending, ...], epoch_ms: int, flying: frozenset[str], open_from_ms: float
) -> Sorted:
    """
    Tell what is still open among *pending*, in the account's order.

    Args:
        pending: What the packed value holds; a former life's come first.
        epoch_ms: The life (operator start) that asks.
        flying: Ids that memory knows to be out for a score.
        open_from_ms: Former promises with an earlier marker timer were kept before the checkpoint.
    """
    return Sorted(
        again=tuple(p for p in pending if p.epoch_ms != epoch_ms and p.marker_ms >= open_from_ms),
        flying=tuple(p for p in pending if p.epoch_ms == epoch_ms and p.transaction_id in flying),
    )
