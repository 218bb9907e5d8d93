"""
What a mapping may say: the fields that each of its sections can give, and those that it must.

Rule: a field's name is the one that the messages have (docs/schemas.md); what a name means stands
in docs/your-own-data.md.
"""

from __future__ import annotations

MANDATORY = ("transaction_id", "account_id", "event_time", "amount", "currency")
# fmt: off
TRANSACTION_FIELDS = frozenset((
    *MANDATORY, "amount_minor", "event_type", "card_number", "customer_id", "counterparty_id", "merchant_id",
    "mcc", "auth_result", "decline_reason", "channel", "country", "latitude", "longitude", "device_id",
    "device_fingerprint", "ip", "entry_mode", "article_id",
))
LABEL_FIELDS = frozenset(("is_fraud", "kind", "reported"))
CUSTOMER_FIELDS = frozenset((
    "customer_id", "account_ids", "updated", "segment", "home_country", "home_latitude", "home_longitude",
    "kyc_level", "risk_tier", "opened",
))
INVENTORY_FIELDS = frozenset((
    "article_id", "merchant_id", "updated", "category", "list_price", "list_price_minor", "currency", "stock",
    "removed",
))
# fmt: on
RATE_FIELDS = frozenset(("currency", "base", "rate", "effective"))
MERCHANT_FIELDS = frozenset(("merchant_id", "latitude", "longitude"))
CELL_KEYS = frozenset(("column", "constant", "prefix", "strip", "table", "otherwise", "format", "zone"))
SECTIONS = frozenset((
    "transactions", "label", "customers", "inventory", "merchants", "rates", "features", "sort", "delimiter",
))  # fmt: skip
NEEDED = {  # of the files beside the data
    "customers": ("customer_id", "account_ids"),
    "inventory": ("article_id", "merchant_id"),
    "merchants": ("latitude", "longitude", "merchant_id"),
    "rates": ("currency", "base", "rate", "effective"),
}
NEEDED_BESIDE = {"removed": "updated", "list_price": "currency", "list_price_minor": "currency"}
