"""What intake lets in as an exchange rate, and what it keeps out."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.errors import RecordError
from schemas.intake import read_rate
from schemas.wire_out import encode_avro, encode_json
from tests.builders import rate, rate_message

pytestmark = pytest.mark.unit


def test_rate_arrives() -> None:
    """A rate's message becomes a rate, from JSON and from Avro, its decimal as it was told."""
    fields = rate_message(rate="0.9170")
    assert read_rate(encode_json(fields)) == rate(rate="0.9170")
    assert read_rate(encode_avro("fx_rate", fields)) == rate(rate="0.9170")


@pytest.mark.parametrize(
    ("name", "value", "path", "reason"),
    [
        ("currency", "XXX", "currency", "unknown_code"),
        ("currency", "EUR", "currency", "contradiction"),
        ("currency", None, "currency", "missing_field"),
        ("base", "eur", "base", "unknown_code"),
        ("rate", 0.917, "rate", "wrong_type"),
        ("rate", 1, "rate", "wrong_type"),
        ("rate", "", "rate", "bad_format"),
        ("rate", "0.0", "rate", "out_of_range"),
        ("rate", "-1", "rate", "bad_format"),
        ("rate", "1e3", "rate", "bad_format"),
        ("rate", "NaN", "rate", "bad_format"),
        ("rate", ".5", "rate", "bad_format"),
        ("rate", "\u0661", "rate", "bad_format"),
        ("rate", "1" * 10, "rate", "bad_format"),
        ("rate", "0." + "1" * 13, "rate", "bad_format"),
        ("effective", -1, "effective", "out_of_range"),
        ("effective", "today", "effective", "bad_format"),
        ("effective", None, "effective", "missing_field"),
    ],
)
def test_rate_beyond_a_limit_is_refused(name: str, value: Any, path: str, reason: str) -> None:
    """A rate with a value that is not allowed is refused for that field; a number is no exact decimal."""
    with pytest.raises(RecordError) as caught:
        read_rate(encode_json(rate_message(**{name: value})))
    assert (caught.value.where, caught.value.reason) == (path, reason)


@pytest.mark.parametrize("text", ["1" * 9, "0." + "0" * 11 + "1", "1." + "1" * 12])
def test_rate_at_the_limits_is_kept(text: str) -> None:
    """Nine digits, twelve behind the point, and the least above 0 are allowed."""
    assert read_rate(encode_json(rate_message(rate=text))).rate == text
