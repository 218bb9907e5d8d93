"""
The pure core: an account's past and an event go in, the new past and a snapshot come out.

Rules: no clock, no chance; an event sees only what is dated at or before it,
and what was observed before it; every feature of `names.FEATURES` is in every
snapshot, None when missing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from schemas.decision import Value
from schemas.transaction import Transaction
from udfs.features.behaviour import behaviour_features, newest
from udfs.features.blocks import Blocks
from udfs.features.catalogue import ACCOUNT, STAGES
from udfs.features.history import LIMITS, AccountHistory, Limits, cut_to
from udfs.features.known import digest, knows, remember
from udfs.features.listing import UNKNOWN
from udfs.features.log import Log
from udfs.features.names import Snapshot
from udfs.features.profile import Profile, profile_features
from udfs.features.recent import PAYMENT, Entry, Recent, entry_of
from udfs.features.tally import window_features
from udfs.features.totals import habit_features, paid, total_of
from udfs.features.travel import been, position_of, travel_features
from udfs.features.windows import HOUR_MS, LONGEST_MS

_NIGHT_ENDS_HOUR = 6
_MORNING_HOUR = 7
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_SATURDAY = 5


class Observation(NamedTuple):
    """What observing an event leaves: the history to keep, and the features to judge by."""

    history: AccountHistory
    snapshot: Snapshot
    out_of_order: bool  # a newer event of the account had been observed


# The other entities' features are their stages' to tell.
_UNSEEN: dict[str, Value] = {name: None for stage in STAGES for name in stage.absent} | UNKNOWN


def observe(
    history: AccountHistory,
    txn: Transaction,
    profile: Profile | None,
    blocks: Blocks,
    limits: Limits = LIMITS,
) -> Observation:
    """
    Add *txn* to *history* and describe the account as of *txn*.

    Windows are (t - w, t], *txn* itself included; entries dated after it do not
    count. Totals and the known devices, merchants and countries are of all
    events observed before, in the order of the calls. O(n) in the entries kept.

    Args:
        history: What the last observation of the same account left.
        txn: The event, not a duplicate (see `is_duplicate`); amount in minor units.
        profile: The customer's profile, when known.
        blocks: Where the account's older events rest; written to.
        limits: How much history is kept.

    Returns:
        The history to keep, the snapshot with every feature, and whether *txn* came out of order.

    Source: the feature contract in docs/features.md.
    """
    entry = entry_of(txn)
    before = history.recent.until(txn.event_time_ms)
    here = position_of(txn)
    snapshot = window_features(history.recent, before, entry)
    snapshot |= _habit(history, entry)
    snapshot |= travel_features(history.positions, here)
    snapshot |= _firsts(history, txn)
    snapshot |= calendar_features(txn.event_time_ms)
    snapshot |= profile_features(txn, profile)
    log = Log(ACCOUNT.plan, blocks, history.log)
    snapshot |= _long(log, txn)
    snapshot |= behaviour_features(history, before, entry, snapshot)
    snapshot |= _UNSEEN
    cut = history.cut_ms is not None and history.cut_ms > txn.event_time_ms - LONGEST_MS
    snapshot["truncated"] = cut or log.is_partial(txn.event_time_ms)
    return Observation(
        history=_grown(history, history.recent.with_one(entry, before), txn, limits, log),
        snapshot=snapshot,
        out_of_order=history.newest_ms is not None and txn.event_time_ms < history.newest_ms,
    )


def is_duplicate(history: AccountHistory, txn: Transaction, limits: Limits = LIMITS) -> bool:
    """
    Whether an event of the same id, less than 24 h of event time away, was observed before.

    One that was cut from history (see `Limits.max_kept`) can't be recognised.
    """
    place = history.recent.find(txn.transaction_id)
    return place >= 0 and abs(history.recent.time_ms(place) - txn.event_time_ms) < limits.horizon_ms


def _grown(
    history: AccountHistory, recent: Recent, txn: Transaction, limits: Limits, log: Log
) -> AccountHistory:
    pays = txn.event_type == "payment"
    newest_ms = _later(history.newest_ms, txn.event_time_ms)
    cut = cut_to(recent, newest_ms, limits)
    return AccountHistory(
        totals=paid(history.totals, txn, limits.max_currencies) if pays else history.totals,
        positions=been(history.positions, position_of(txn), limits.max_positions),
        devices=_used(history.devices, txn.device_id, limits.max_devices),
        merchants=_used(history.merchants, txn.merchant_id, limits.max_merchants),
        countries=_used(history.countries, txn.country, limits.max_countries),
        decided=history.decided + 1,
        payments=history.payments + pays,
        newest_ms=newest_ms,
        cut_ms=_later(history.cut_ms, recent.time_ms(cut - 1)) if cut else history.cut_ms,
        cut_paid_ms=newest(history.cut_paid_ms, recent.paid_last(cut)),
        log=log.packed() if pays else history.log,
        recent=recent.without(cut),
    )


def _long(log: Log, txn: Transaction) -> Snapshot:
    """The catalogue's features of the account; only payments are counted."""
    event = ACCOUNT.event_of(txn)
    reading = log.observe(event) if event.counts else log.read(txn.event_time_ms)
    return ACCOUNT.features(log, reading, event)


def _later(known_ms: int | None, told_ms: int) -> int:
    return told_ms if known_ms is None else max(known_ms, told_ms)


def _used(known: bytes, name: str | None, most: int) -> bytes:
    return known if name is None else remember(known, digest(name), most)


def _habit(history: AccountHistory, entry: Entry) -> Snapshot:
    amount_minor = entry.amount_minor if entry.kind == PAYMENT else None
    return {
        "account_count": history.payments,
        **habit_features(total_of(history.totals, entry.currency), amount_minor),
    }


def _firsts(history: AccountHistory, txn: Transaction) -> Snapshot:
    has_past = history.payments > 0
    return {
        "new_device": _is_new(history.devices, txn.device_id, has_past=has_past),
        "new_merchant": _is_new(history.merchants, txn.merchant_id, has_past=has_past),
        "new_country": _is_new(history.countries, txn.country, has_past=has_past),
    }


def _is_new(known: bytes, name: str | None, *, has_past: bool) -> bool | None:
    return None if name is None else has_past and not knows(known, digest(name))


def calendar_features(event_time_ms: int) -> Snapshot:
    """What the UTC calendar says of a time."""
    return _of_hour(event_time_ms // HOUR_MS)


@lru_cache(maxsize=1024)
def _of_hour(hour: int) -> Snapshot:
    days, hour_of_day = divmod(hour, 24)
    return {
        "is_night": hour_of_day < _NIGHT_ENDS_HOUR,
        "before_seven": hour_of_day < _MORNING_HOUR,
        "is_weekend": (days + _EPOCH_WEEKDAY) % 7 >= _SATURDAY,
    }
