"""
Every feature by name: its type, unit, meaning, and when it is missing.

Rule: rules, scoring, the archive's columns and docs/features.md all read this
table; a feature that is not in here does not exist. Names never change their
meaning: a new meaning is a new name.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from schemas.decision import Value
from udfs.features.behaviour import BEHAVIOUR
from udfs.features.catalogue import CATALOGUE
from udfs.features.listing import OF_ARTICLE
from udfs.features.windows import WINDOWS, Window

Snapshot = dict[str, Value]
FeatureType = Literal["int", "float", "bool", "text"]


class Feature(NamedTuple):
    """What a feature's name promises; *type* is also its column type in the archive."""

    name: str
    type: FeatureType
    unit: str
    meaning: str
    missing: str = "never"  # when its value is None
    window: str = ""  # the interval looked at; "" for the account's whole life, or this event alone


class Aggregate(NamedTuple):
    """What can be taken over a window."""

    type: FeatureType
    unit: str
    meaning: str
    missing: str = "never"


AGGREGATES = {  # over the short windows
    "count": Aggregate("int", "payments", "Payment attempts, declined ones too"),
    "sum": Aggregate("int", "minor", "Sum of the payment attempts in this event's currency"),
    "declines": Aggregate("int", "payments", "Payment attempts that were declined"),
    "merchants": Aggregate("int", "merchants", "Distinct merchants of the payment attempts"),
    "small_count": Aggregate("int", "payments", "Payment attempts below 2.00 major units of their currency"),
    "min_amount": Aggregate(
        "int",
        "minor",
        "Smallest earlier payment attempt in this event's currency, this event left out",
        "no such payment",
    ),
}


def window_feature(aggregate: str, window: Window) -> str:
    """The name of *aggregate* over *window*, as in `count_1m`."""
    return f"{aggregate}_{window.name}"


def _window_features() -> tuple[Feature, ...]:
    return tuple(
        Feature(
            name=window_feature(aggregate, window),
            type=AGGREGATES[aggregate].type,
            unit=AGGREGATES[aggregate].unit,
            window=f"(t - {window.name}, t]",
            meaning=AGGREGATES[aggregate].meaning,
            missing=AGGREGATES[aggregate].missing,
        )
        for window in WINDOWS
        for aggregate in window.aggregates
    )


FEATURES: tuple[Feature, ...] = (
    *_window_features(),
    Feature(
        name="account_count",
        type="int",
        unit="payments",
        meaning="Payments of the account before this event",
    ),
    Feature(
        name="account_mean",
        type="float",
        unit="minor",
        meaning="Mean of the earlier payments in this event's currency",
        missing="no earlier payment",
    ),
    Feature(
        name="account_deviation",
        type="float",
        unit="minor",
        meaning="Sample deviation of the earlier payments in this event's currency",
        missing="fewer than two earlier payments",
    ),
    Feature(
        name="amount_to_mean",
        type="float",
        unit="ratio",
        meaning="This payment's amount divided by account_mean",
        missing="no mean, a mean of 0, or not a payment",
    ),
    Feature(
        name="amount_z",
        type="float",
        unit="deviations",
        meaning="How many deviations this payment's amount lies above account_mean",
        missing="no deviation, a deviation of 0, or not a payment",
    ),
    Feature(
        name="seconds_since_last",
        type="float",
        unit="s",
        meaning="Time since the last event with a position",
        missing="this event has no position, or none before it is kept",
    ),
    Feature(
        name="km_from_last",
        type="float",
        unit="km",
        meaning="Great-circle distance from the last event with a position",
        missing="this event has no position, or none before it is kept",
    ),
    Feature(
        name="speed_kmh",
        type="float",
        unit="km/h",
        meaning="Speed needed from the last position; no time at all counts as 1 s",
        missing="no km_from_last, or it is below 1 km",
    ),
    Feature(
        name="km_from_home",
        type="float",
        unit="km",
        meaning="Great-circle distance from the customer's home",
        missing="no position, or no profile with one",
    ),
    Feature(
        name="new_device",
        type="bool",
        unit="",
        meaning="The account has paid before, and never used this device",
        missing="no device_id",
    ),
    Feature(
        name="new_merchant",
        type="bool",
        unit="",
        meaning="The account has paid before, and never used this merchant",
        missing="no merchant_id",
    ),
    Feature(
        name="new_country",
        type="bool",
        unit="",
        meaning="The account has paid before, and was never in this country",
        missing="no country",
    ),
    Feature(
        name="is_night",
        type="bool",
        unit="",
        meaning="The UTC hour is below 6",
    ),
    Feature(
        name="before_seven",
        type="bool",
        unit="",
        meaning="The UTC hour is at most 6",
    ),
    Feature(
        name="is_weekend",
        type="bool",
        unit="",
        meaning="Saturday or Sunday, UTC",
    ),
    Feature(
        name="country_is_home",
        type="bool",
        unit="",
        meaning="The event's country is the customer's home country",
        missing="no country, or no profile with one",
    ),
    Feature(
        name="profile_known",
        type="bool",
        unit="",
        meaning="A version of the customer's profile as old as this event was known when deciding",
    ),
    Feature(
        name="account_age_days",
        type="int",
        unit="days",
        meaning="Whole days since the customer opened",
        missing="no profile that says when",
    ),
    Feature(
        name="truncated",
        type="bool",
        unit="",
        meaning="What a window reaches back to was cut from history or summed up: it may be a little off",
    ),
    *(Feature(one.name, one.type, one.unit, one.meaning, one.missing, one.interval) for one in CATALOGUE),
    *(Feature(*one) for one in (*BEHAVIOUR, *OF_ARTICLE)),
)

BY_NAME = {feature.name: feature for feature in FEATURES}


def table() -> str:
    """The features as a table in Markdown, as docs/features.md shows it."""
    rows = (
        f"| `{one.name}` | {one.type} | {one.unit} | {one.window} | {one.meaning} | {one.missing} |"
        for one in FEATURES
    )
    return "\n".join(
        ("| name | type | unit | window | meaning | missing when |", "|---|---|---|---|---|---|", *rows)
    )
