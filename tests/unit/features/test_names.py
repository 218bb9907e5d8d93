"""The table of features: whole, typed, and the one that the docs show."""

from __future__ import annotations

from pathlib import Path

import pytest

from udfs.features.names import BY_NAME, FEATURES, table

pytestmark = pytest.mark.unit

PAGE = Path(__file__).parents[3] / "docs" / "features.md"
CATALOGUE = """
    count_1m count_1h count_24h sum_1m sum_1h sum_24h declines_1h merchants_1h small_count_1h min_amount_1m
    account_count account_mean account_deviation amount_to_mean amount_z
    seconds_since_last km_from_last speed_kmh km_from_home new_device new_merchant new_country
    is_night is_weekend country_is_home profile_known account_age_days truncated
    count_7d count_30d mean_24h mean_7d mean_30d before_seven max_30d ratio_30d merchants_7d
    merchant_count_1d merchant_count_7d merchant_count_30d merchant_risk_1d merchant_risk_7d merchant_risk_30d
    recency_days recency_level frequency_level amount_level behaviour
    amount_to_list_price high_resale article_in_stock
    sum_24h_base sum_30d_base
"""


def test_names_are_those_of_the_contract() -> None:
    """Each feature that rules and the archive were promised exists, once, and no other."""
    assert sorted(feature.name for feature in FEATURES) == sorted(CATALOGUE.split())
    assert len(BY_NAME) == len(FEATURES)


def test_types_are_column_types() -> None:
    """Every feature has one of the four column types, and says what it means and when it is missing."""
    assert {feature.type for feature in FEATURES} == {"int", "float", "bool", "text"}
    assert [feature.name for feature in FEATURES if not feature.meaning or not feature.missing] == []


def test_docs_show_the_table() -> None:
    """docs/features.md holds the table as the code has it (print it with `udfs.features.names.table`)."""
    assert table() in PAGE.read_text()
