"""
The slow, plain oracle of the features: keeps every event in a list and computes by definition.

Rule: shares no code with udfs.features, so that both are wrong only if the
definition is. What state forgets (the bounds of `Limits`) is defined here over
the whole past: the newest so many, and nothing older than 24 h.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from types import MappingProxyType

from schemas.article import Article
from schemas.decision import Value
from schemas.transaction import Transaction
from udfs.features.catalogue import CATALOGUE
from udfs.features.history import Limits
from udfs.features.profile import Profile

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
SOLD_ON_AT_ONCE = {
    "computers", "electronics", "game_consoles", "gift_cards", "jewellery", "phones", "sneakers", "watches",
}  # fmt: skip
TWO_MAJOR = {"JPY": 2, "KWD": 2_000}  # in minor units; 200 elsewhere


NO_FRAUDS: Mapping[str, int] = MappingProxyType({})


class Oracle:
    """The past of every account, in the order in which it was told."""

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008  (immutable)
        frauds: Mapping[str, int] = NO_FRAUDS,
        articles: Sequence[Article] = (),
    ) -> None:
        """
        Begin with no past.

        *limits* are what state keeps, *frauds* when which transaction is reported, *articles* all that was
        ever told of any, each in the order in which it was.
        """
        self.limits = limits
        self.frauds = frauds
        self.articles = articles
        self.told: dict[str, list[Transaction]] = {}

    def is_duplicate(self, txn: Transaction) -> bool:
        """Whether an event of this id, still kept and less than 24 h away, was told before."""
        return any(
            old.transaction_id == txn.transaction_id and abs(old.event_time_ms - txn.event_time_ms) < DAY_MS
            for old in self.kept(txn.account_id)
        )

    def describe(self, txn: Transaction, profile: Profile | None = None) -> dict[str, Value]:
        """Every feature of *txn* by definition; *txn* is then part of the past."""
        past = self.told.setdefault(txn.account_id, [])
        features = {
            **self._windows(txn),
            **_long(past, txn),
            **self._merchant(txn),
            **self.of_article(txn),
            **_habit(past, txn),
            **self._travel(past, txn),
            **self._firsts(past, txn),
            **_calendar(txn),
            **_profile(txn, profile),
            **self._behaviour(past, txn),
            "truncated": any(_since(old, txn) < DAY_MS for old in self._forgotten(txn.account_id))
            or is_behind(past, txn),
        }
        past.append(txn)
        return features

    def kept(self, account_id: str) -> list[Transaction]:
        """The events that state still holds raw, in event-time order."""
        past = sorted(self.told.get(account_id, []), key=lambda old: old.event_time_ms)
        return [old for old in past[-self.limits.max_kept :] if _since(old, past[-1]) < DAY_MS]

    def _forgotten(self, account_id: str) -> list[Transaction]:
        """The events that state no longer holds raw."""
        kept = self.kept(account_id)
        return [old for old in self.told[account_id] if not any(old is one for one in kept)]

    def _windows(self, txn: Transaction) -> dict[str, Value]:
        """Payments in (t - w, t], those told before at the same time too."""
        earlier = [old for old in self.kept(txn.account_id) if old.event_time_ms <= txn.event_time_ms]

        def window(span_ms: int) -> list[Transaction]:
            return [old for old in (*earlier, txn) if _since(old, txn) < span_ms and _pays(old)]

        minute, hour = window(MINUTE_MS), window(HOUR_MS)
        least = [old.amount_minor for old in minute if old is not txn and old.currency == txn.currency]
        return {
            "count_1m": len(minute),
            "count_1h": len(hour),
            "sum_1m": _sum(minute, txn.currency),
            "sum_1h": _sum(hour, txn.currency),
            "min_amount_1m": min(least, default=None),
            "declines_1h": sum(old.auth_result == "declined" for old in hour),
            "merchants_1h": len({old.merchant_id for old in hour} - {None}),
            "small_count_1h": sum(old.amount_minor < TWO_MAJOR.get(old.currency, 200) for old in hour),
        }

    def _merchant(self, txn: Transaction) -> dict[str, Value]:
        """Payments at the merchant a week ago and longer, and the share of frauds that are known by now."""
        entries = [entry for entry in CATALOGUE if entry.entity == "merchant"]
        if txn.merchant_id is None:
            return {entry.name: None for entry in entries}
        past = [old for told in self.told.values() for old in told if old.merchant_id == txn.merchant_id]
        features: dict[str, Value] = {}
        for entry in entries:
            longest_ms = 7 * DAY_MS + _LENGTHS_MS[entry.window]
            window = [old for old in past if _pays(old) and 7 * DAY_MS <= _since(old, txn) < longest_ms]
            known = [
                old for old in window if self.frauds.get(old.transaction_id, math.inf) <= txn.event_time_ms
            ]
            share = len(known) / len(window) if window else 0.0
            features[entry.name] = len(window) if entry.aggregate == "count" else share
        return features

    def of_article(self, txn: Transaction) -> dict[str, Value]:
        """What was told last, of an update at or before the payment, of the article that it names."""
        told = [
            (one.updated_ms, number, one)
            for number, one in enumerate(self.articles)
            if (one.merchant_id, one.article_id) == (txn.merchant_id, txn.article_id)
            and one.updated_ms <= txn.event_time_ms
        ]
        article = max(told)[2] if told and _pays(txn) else None
        if article is None or article.removed:
            return dict.fromkeys(("amount_to_list_price", "high_resale", "article_in_stock"))
        is_priced = article.currency == txn.currency and article.list_price_minor
        return {
            "amount_to_list_price": float(Fraction(txn.amount_minor, article.list_price_minor or 1))
            if is_priced
            else None,
            "high_resale": article.category and article.category in SOLD_ON_AT_ONCE,
            "article_in_stock": None if article.stock is None else article.stock != 0,
        }

    def _travel(self, past: list[Transaction], txn: Transaction) -> dict[str, Value]:
        """From the newest position at or before the event, of the few that are kept."""
        placed = sorted((old for old in past if _placed(old)), key=lambda old: old.event_time_ms)
        earlier = [
            old for old in placed[-self.limits.max_positions :] if old.event_time_ms <= txn.event_time_ms
        ]
        if not _placed(txn) or not earlier:
            return dict.fromkeys(("seconds_since_last", "km_from_last", "speed_kmh"))
        seconds = _since(earlier[-1], txn) / 1000
        km = _km(_place(earlier[-1]), _place(txn))
        return {
            "seconds_since_last": seconds,
            "km_from_last": km,
            "speed_kmh": None if km < 1 else km / ((seconds or 1) / 3600),
        }

    def _behaviour(self, past: list[Transaction], txn: Transaction) -> dict[str, Value]:
        """When, how often and how much the account paid before, and what that makes it."""
        gone = sorted(old.event_time_ms for old in self._forgotten(txn.account_id) if _pays(old))
        known = [old.event_time_ms for old in self.kept(txn.account_id) if _pays(old)] + gone[-1:]
        days = [
            Fraction(txn.event_time_ms - paid_ms, DAY_MS) for paid_ms in known if paid_ms <= txn.event_time_ms
        ]
        month = [old for old in past if _pays(old) and 0 <= _since(old, txn) < 30 * DAY_MS]
        amounts = [old.amount_minor for old in past if _pays(old) and old.currency == txn.currency]
        levels = {
            "recency_level": 4 - sum(min(days) >= limit for limit in (1, 7, 30)) if days else None,
            "frequency_level": 1 + sum(len(month) >= limit for limit in (2, 9, 61)),
            "amount_level": None
            if not amounts
            else 1
            + sum(
                Fraction(sum(amounts), len(amounts)) >= limit * TWO_MAJOR.get(txn.currency, 200) / 2
                for limit in (10, 50, 200)
            ),
        }
        behaviour = "new" if sum(map(_pays, past)) < 3 else _group(**levels)
        return {"recency_days": float(min(days)) if days else None, **levels, "behaviour": behaviour}

    def _firsts(self, past: list[Transaction], txn: Transaction) -> dict[str, Value]:
        """Not among the last used, once the account has paid."""
        pays = any(_pays(old) for old in past)

        def first(name_of: Callable[[Transaction], str | None], most: int) -> bool | None:
            name = name_of(txn)
            return None if name is None else pays and name not in _last_used(map(name_of, past), most)

        return {
            "new_device": first(lambda old: old.device_id, self.limits.max_devices),
            "new_merchant": first(lambda old: old.merchant_id, self.limits.max_merchants),
            "new_country": first(lambda old: old.country, self.limits.max_countries),
        }


_LENGTHS_MS = {"1d": DAY_MS, "24h": DAY_MS, "7d": 7 * DAY_MS, "30d": 30 * DAY_MS}


def is_behind(past: list[Transaction], txn: Transaction) -> bool:
    """Whether *txn* is so far out of order that its windows reach back to what may be forgotten."""
    return any(_since(txn, old) >= DAY_MS for old in past if _pays(old))


def _long(past: list[Transaction], txn: Transaction) -> dict[str, Value]:
    """The catalogue's features of an account, by definition, over the whole past."""
    told = [old for old in (*past, txn) if _pays(old) and _since(old, txn) >= 0]
    features: dict[str, Value] = {}
    for entry in CATALOGUE:
        if entry.entity == "account" and entry.currency == "event":
            window = [old for old in told if _since(old, txn) < _LENGTHS_MS[entry.window]]
            amounts = [old.amount_minor for old in window if old.currency == txn.currency]
            by_definition: dict[str, Value] = {
                "count": len(window),
                "sum": sum(amounts),
                "mean": float(Fraction(sum(amounts), len(amounts))) if amounts else None,
                "max": max(amounts, default=None),
                "ratio": _ratio(txn, sum(amounts) - txn.amount_minor, len(amounts) - 1),
                "distinct": len({old.merchant_id for old in window} - {None}),
            }
            features[entry.name] = by_definition[entry.aggregate]
    return features | _in_base(told, txn)


def _in_base(told: list[Transaction], txn: Transaction) -> dict[str, Value]:
    """Of the payments, in whatever currency, that have a base amount; nothing where *txn* has none."""
    days = {"sum_24h_base": 1, "sum_30d_base": 30}
    if txn.base_minor is None:
        return dict.fromkeys(days)
    based = [(old.base_minor, _since(old, txn)) for old in told if old.base_minor is not None]
    return {name: sum(paid for paid, age in based if age < span * DAY_MS) for name, span in days.items()}


def _group(recency_level: int | None, frequency_level: int, amount_level: int | None) -> str | None:
    """By definition, in words: what is not seen for long is dormant, whatever it was before."""
    if recency_level is None:
        return None
    if recency_level == 1:
        return "dormant"
    if frequency_level == 4:
        return "heavy"
    if amount_level == 4:
        return "high_value"
    return "regular" if frequency_level == 3 else "occasional"


def _ratio(txn: Transaction, earlier_minor: int, earlier: int) -> float | None:
    """The amount of a payment beside the mean of so many earlier ones."""
    return (
        float(Fraction(txn.amount_minor * earlier, earlier_minor)) if _pays(txn) and earlier_minor else None
    )


def _habit(past: list[Transaction], txn: Transaction) -> dict[str, Value]:
    """Mean and sample deviation, by fractions, of what was paid before in this currency."""
    amounts = [Fraction(old.amount_minor) for old in past if _pays(old) and old.currency == txn.currency]
    mean = statistics.mean(amounts) if amounts else None
    deviation = statistics.stdev(amounts) if len(amounts) > 1 else None
    amount = txn.amount_minor if _pays(txn) else None
    return {
        "account_count": sum(map(_pays, past)),
        "account_mean": None if mean is None else float(mean),
        "account_deviation": None if deviation is None else float(deviation),
        "amount_to_mean": float(amount / mean) if mean and amount is not None else None,
        "amount_z": float((amount - mean) / deviation)
        if mean is not None and deviation and amount is not None
        else None,
    }


def _calendar(txn: Transaction) -> dict[str, Value]:
    """Night and weekend, UTC."""
    moment = datetime.fromtimestamp(txn.event_time_ms / 1000, UTC)
    return {
        "is_night": moment.hour < 6,
        "before_seven": moment.hour < 7,
        "is_weekend": moment.strftime("%a") in {"Sat", "Sun"},
    }


def _profile(txn: Transaction, profile: Profile | None) -> dict[str, Value]:
    """Country, distance and age against the profile."""
    features: dict[str, Value] = dict.fromkeys(("country_is_home", "km_from_home", "account_age_days"))
    features["profile_known"] = profile is not None
    if profile is None:
        return features
    if txn.country is not None and profile.home_country is not None:
        features["country_is_home"] = txn.country == profile.home_country
    if _placed(txn) and profile.home_lat is not None and profile.home_lon is not None:
        features["km_from_home"] = _km(_place(txn), (profile.home_lat, profile.home_lon))
    if profile.opened_ms is not None:
        features["account_age_days"] = math.floor(Fraction(txn.event_time_ms - profile.opened_ms, DAY_MS))
    return features


def _pays(txn: Transaction) -> bool:
    """Whether *txn* is a payment, and so counts."""
    return txn.event_type == "payment"


def _sum(window: list[Transaction], currency: str) -> int:
    """The sum of one currency, in minor units."""
    return sum(old.amount_minor for old in window if old.currency == currency)


def _since(old: Transaction, txn: Transaction) -> int:
    """How much older *old* is than *txn*, in ms."""
    return txn.event_time_ms - old.event_time_ms


def _placed(txn: Transaction) -> bool:
    """Whether *txn* has a position."""
    return txn.latitude is not None and txn.longitude is not None


def _place(txn: Transaction) -> tuple[float, float]:
    """The position of an event that has one, in degrees."""
    assert txn.latitude is not None
    assert txn.longitude is not None
    return txn.latitude, txn.longitude


def _km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The angle between two directions, by atan2 of cross and dot product, times the mean radius."""
    (ax, ay, az), (bx, by, bz) = _direction(*one), _direction(*other)
    cross = math.hypot(ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    return 6371.0088 * math.atan2(cross, ax * bx + ay * by + az * bz)


def _direction(latitude: float, longitude: float) -> tuple[float, float, float]:
    """The unit vector to a point given in degrees."""
    phi, lam = math.radians(latitude), math.radians(longitude)
    return math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)


def _last_used(names: map[str | None], most: int) -> list[str]:
    """The last *most* names, each once, the last used first."""
    used: list[str] = []
    for name in reversed(list(names)):
        if name is not None and name not in used:
            used.append(name)
    return used[:most]
