"""
Which features rest in state by place, and in which (ADR-0018).

Rule: a place is for ever. A release adds its new names at the end; what a user adds to the
catalogue is not here, and rests by name.
"""

from __future__ import annotations

from udfs.features.names import BY_NAME

PLACES: tuple[str, ...] = (
    "count_1m",
    "sum_1m",
    "min_amount_1m",
    "count_1h",
    "sum_1h",
    "declines_1h",
    "merchants_1h",
    "small_count_1h",
    "count_24h",
    "sum_24h",
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
    "is_night",
    "is_weekend",
    "country_is_home",
    "profile_known",
    "account_age_days",
    "truncated",
    "before_seven",
    "count_7d",
    "count_30d",
    "mean_24h",
    "mean_7d",
    "mean_30d",
    "merchant_count_1d",
    "merchant_risk_1d",
    "merchant_count_7d",
    "merchant_risk_7d",
    "merchant_count_30d",
    "merchant_risk_30d",
    "max_30d",
    "ratio_30d",
    "merchants_7d",
    "recency_days",
    "recency_level",
    "frequency_level",
    "amount_level",
    "behaviour",
    "amount_to_list_price",
    "high_resale",
    "article_in_stock",
    "sum_24h_base",
    "sum_30d_base",
)
UNPLACED: tuple[str, ...] = tuple(name for name in BY_NAME if name not in PLACES)
