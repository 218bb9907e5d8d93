"""
Every name a rule may use: its kind, and what it means.

Rule: this is the single place. A feature that is not listed here can't be
named by a rule; one that is listed and absent from the values is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Kind(StrEnum):
    """What a value is; the kinds never mix."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"


class Meaning(NamedTuple):
    """What stands behind a name."""

    kind: Kind
    text: str


_TRANSACTION = {
    "amount": Meaning(Kind.NUMBER, "amount in major units of `currency`, exact"),
    "amount_minor": Meaning(Kind.NUMBER, "amount in minor units of `currency`"),
    "currency": Meaning(Kind.TEXT, "ISO 4217 alphabetic code"),
    "event_type": Meaning(Kind.TEXT, "payment, login, device_change, payee_added"),
    "mcc": Meaning(Kind.TEXT, "merchant category code, four digits, a text: '7995'"),
    "channel": Meaning(Kind.TEXT, "pos, ecommerce, atm, wire, ach, wallet, transfer"),
    "country": Meaning(Kind.TEXT, "ISO 3166-1 alpha-2 code of where it happened"),
    "auth_result": Meaning(Kind.TEXT, "approved, declined"),
    "decline_reason": Meaning(Kind.TEXT, "why it was declined"),
    "entry_mode": Meaning(Kind.TEXT, "chip, contactless, swipe, manual, online"),
    "merchant_id": Meaning(Kind.TEXT, "the merchant"),
    "hour": Meaning(Kind.NUMBER, "hour of event time, UTC, 0 to 23"),
}

_PROFILE = {
    "segment": Meaning(Kind.TEXT, "customer segment: retail, premium, business"),
    "kyc_level": Meaning(Kind.TEXT, "none, basic, full"),
    "risk_tier": Meaning(Kind.TEXT, "low, medium, high"),
    "profile_known": Meaning(Kind.BOOLEAN, "the customer's profile had arrived"),
    "account_age_days": Meaning(Kind.NUMBER, "days since the account was opened"),
    "country_is_home": Meaning(Kind.BOOLEAN, "`country` is the customer's home country"),
    "km_from_home": Meaning(Kind.NUMBER, "distance from the customer's home"),
}

_WINDOWS = {
    "count_1m": Meaning(Kind.NUMBER, "payments in (t - 1 min, t], declined ones and this one included"),
    "count_1h": Meaning(Kind.NUMBER, "the same in (t - 1 h, t]"),
    "count_24h": Meaning(Kind.NUMBER, "the same in (t - 24 h, t]"),
    "sum_1m": Meaning(Kind.NUMBER, "minor units paid in `currency` in (t - 1 min, t], this one included"),
    "sum_1h": Meaning(Kind.NUMBER, "the same in (t - 1 h, t]"),
    "sum_24h": Meaning(Kind.NUMBER, "the same in (t - 24 h, t]"),
    "declines_1h": Meaning(Kind.NUMBER, "declined payments in (t - 1 h, t]"),
    "merchants_1h": Meaning(Kind.NUMBER, "distinct merchants in (t - 1 h, t]"),
    "small_count_1h": Meaning(Kind.NUMBER, "payments below 2.00 in (t - 1 h, t]"),
    "min_amount_1m": Meaning(Kind.NUMBER, "smallest earlier payment in (t - 1 min, t], minor units"),
    "truncated": Meaning(Kind.BOOLEAN, "the account's history was cut, so windows may be short"),
}

_ACCOUNT = {
    "account_count": Meaning(Kind.NUMBER, "payments of the account before this one"),
    "account_mean": Meaning(Kind.NUMBER, "their mean amount, minor units"),
    "account_deviation": Meaning(Kind.NUMBER, "their sample deviation, minor units"),
    "amount_to_mean": Meaning(Kind.NUMBER, "this amount over the account's mean, a ratio"),
    "amount_z": Meaning(Kind.NUMBER, "this amount's distance from the mean, in deviations"),
    "seconds_since_last": Meaning(Kind.NUMBER, "seconds since the account's last event"),
    "km_from_last": Meaning(Kind.NUMBER, "distance from the account's last known position"),
    "speed_kmh": Meaning(Kind.NUMBER, "speed needed to come from there"),
    "new_device": Meaning(Kind.BOOLEAN, "the account has a past without this device"),
    "new_merchant": Meaning(Kind.BOOLEAN, "the account has a past without this merchant"),
    "new_country": Meaning(Kind.BOOLEAN, "the account has a past without this country"),
    "is_night": Meaning(Kind.BOOLEAN, "the hour is before 6, UTC"),
    "is_weekend": Meaning(Kind.BOOLEAN, "Saturday or Sunday, UTC"),
}

_AFTER_SCORING = {
    "score": Meaning(Kind.NUMBER, "the model's probability of fraud, 0 to 1"),
    "degraded": Meaning(Kind.BOOLEAN, "the score is a fallback, not the model's"),
}

NAMES: Mapping[str, Meaning] = MappingProxyType(
    {**_TRANSACTION, **_PROFILE, **_WINDOWS, **_ACCOUNT, **_AFTER_SCORING},
)
KINDS: Mapping[str, Kind] = MappingProxyType({name: meaning.kind for name, meaning in NAMES.items()})
AFTER_SCORING = frozenset(_AFTER_SCORING)  # a rule that names one of these waits for the score
