"""
Every name a rule may use: its kind, and what it means.

Rule: this is the single place. Features come from their own catalogue, so a
new one can be named at once; a name that is absent from the values is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from udfs.features.names import FEATURES, Feature


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
    "base_minor": Meaning(Kind.NUMBER, "amount in minor units of the base currency; missing without a rate"),
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
}

_AFTER_SCORING = {
    "score": Meaning(Kind.NUMBER, "the model's probability of fraud, 0 to 1"),
    "degraded": Meaning(Kind.BOOLEAN, "the score is a fallback, not the model's"),
}

_KIND_OF_FEATURE = {"int": Kind.NUMBER, "float": Kind.NUMBER, "bool": Kind.BOOLEAN, "text": Kind.TEXT}


def _meaning(feature: Feature) -> Meaning:
    parts = (feature.meaning, feature.window, feature.unit)
    return Meaning(_KIND_OF_FEATURE[feature.type], "; ".join(part for part in parts if part))


_FEATURES = {feature.name: _meaning(feature) for feature in FEATURES}

NAMES: Mapping[str, Meaning] = MappingProxyType({**_TRANSACTION, **_PROFILE, **_FEATURES, **_AFTER_SCORING})
KINDS: Mapping[str, Kind] = MappingProxyType({name: meaning.kind for name, meaning in NAMES.items()})
AFTER_SCORING = frozenset(_AFTER_SCORING)  # a rule that names one of these waits for the score
