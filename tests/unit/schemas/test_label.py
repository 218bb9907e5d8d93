"""What intake lets in as a label, and what it keeps out."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.errors import RecordError
from schemas.intake import read_label
from schemas.wire_out import encode_avro, encode_json
from tests.builders import CARD_KEY, CARD_NUMBER, label, label_message

pytestmark = pytest.mark.unit


def test_label_arrives() -> None:
    """A label's message becomes a label with a card token, from JSON and from Avro."""
    fields = label_message()
    assert read_label(encode_json(fields), CARD_KEY) == label()
    assert read_label(encode_avro("label", fields), CARD_KEY) == label()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("is_fraud", 1, "wrong_type"),
        ("is_fraud", "true", "wrong_type"),
        ("is_fraud", None, "missing_field"),
        ("reported", True, "wrong_type"),
        ("merchant_id", CARD_NUMBER, "card_in_clear"),
        ("kind", f"stolen {CARD_NUMBER}", "card_in_clear"),
    ],
)
def test_label_beyond_a_limit_is_refused(name: str, value: Any, reason: str) -> None:
    """A label with a value that is not allowed is refused; a number is no truth value."""
    with pytest.raises(RecordError) as caught:
        read_label(encode_json(label_message(**{name: value})), CARD_KEY)
    assert (caught.value.where, caught.value.reason) == (name, reason)
