"""What intake lets in as a customer, and what it keeps out."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.errors import RecordError
from schemas.intake import read_customer
from schemas.wire_out import encode_avro, encode_json
from tests.builders import customer, customer_message

pytestmark = pytest.mark.unit


def test_customer_arrives() -> None:
    """A customer's message becomes a customer, from JSON and from Avro."""
    fields = customer_message()
    assert read_customer(encode_json(fields)) == customer()
    assert read_customer(encode_avro("customer", fields)) == customer()


CUSTOMER_REFUSED = [
    ("account_ids", [], "account_ids", "bad_length"),
    ("account_ids", [f"a-{n}" for n in range(1_001)], "account_ids", "bad_length"),
    ("account_ids", ["a-1", "a-2", 3], "account_ids[2]", "wrong_type"),
    ("account_ids", ["a-1", "a-1"], "account_ids", "repeated_item"),
    ("account_ids", "a-1", "account_ids", "wrong_type"),
    ("updated", None, "updated", "missing_field"),
    ("updated", -1, "updated", "out_of_range"),
    ("home_country", "UK", "home_country", "unknown_code"),
    ("home_latitude", None, "home_latitude", "half_position"),
    ("home_longitude", 181, "home_longitude", "out_of_range"),
    ("kyc_level", "complete", "kyc_level", "unknown_code"),
    ("risk_tier", "none", "risk_tier", "unknown_code"),
    ("opened", -2_208_988_800_001, "opened", "out_of_range"),
    ("segment", "", "segment", "bad_length"),
]


@pytest.mark.parametrize(("name", "value", "path", "reason"), CUSTOMER_REFUSED)
def test_customer_beyond_a_limit_is_refused(name: str, value: Any, path: str, reason: str) -> None:
    """A customer with a value that is not allowed is refused, down to the place in a list."""
    with pytest.raises(RecordError) as caught:
        read_customer(encode_json(customer_message(**{name: value})))
    assert (caught.value.where, caught.value.reason) == (path, reason)


def test_customer_at_the_limits_is_kept() -> None:
    """A thousand accounts, and one opened in 1900, are allowed."""
    accounts = [f"a-{n}" for n in range(1_000)]
    found = read_customer(encode_json(customer_message(account_ids=accounts, opened=-2_208_988_800_000)))
    assert (found.account_ids, found.opened_ms) == (tuple(accounts), -2_208_988_800_000)
