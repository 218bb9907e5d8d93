"""
The row of numbers that the model sees.

Rule: the model was trained on these columns in this order. Columns are only
appended, and never without a new model.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from operator import itemgetter

import orjson

from schemas.decision import Value

COLUMNS: tuple[str, ...] = (
    "amount",  # major units, exact
    "hour",
    "is_night",
    "is_weekend",
    "count_1m",
    "count_1h",
    "count_24h",
    "sum_1m",
    "sum_1h",
    "sum_24h",
    "declines_1h",
    "merchants_1h",
    "small_count_1h",
    "min_amount_1m",
    "account_count",
    "account_mean",
    "account_deviation",
    "amount_to_mean",
    "amount_z",
    "seconds_since_last",
    "km_from_last",
    "speed_kmh",
    "km_from_home",
    "new_device",
    "new_merchant",
    "new_country",
    "country_is_home",
    "profile_known",
    "account_age_days",
    "truncated",
)

_OTHERS = itemgetter(*COLUMNS[1:])


def encode_row(values: Mapping[str, Value]) -> bytes:
    """
    One CSV line of COLUMNS, without its line end.

    Booleans are 0 and 1. What is missing or not finite is an empty field,
    which XGBoost reads as missing. The amount is its exact decimal. About 3 us.

    Raises:
        KeyError: If a column other than the amount is not among *values*; missing is None.
    """
    others = orjson.dumps(_OTHERS(values), default=_exact)[1:-1]  # orjson writes NaN and infinity as null
    fields = others.replace(b"null", b"").replace(b"true", b"1").replace(b"false", b"0").replace(b'"', b"")
    return b"%b,%b" % (_amount(values["amount"]), fields)


def _amount(amount: Value) -> bytes:
    if amount is None:
        return b""
    return format(amount, "f").encode() if isinstance(amount, Decimal) else str(amount).encode()


def _exact(value: object) -> str:
    """What orjson does not know: a Decimal, written in quotes that encode_row takes away."""
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(type(value).__name__)
