"""The CSV line that the model gets, against a plain encoder."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decision import Value
from udfs.features.names import BY_NAME
from udfs.scoring.row import COLUMNS, encode_row

pytestmark = pytest.mark.unit

_number = st.integers(-(2**63), 2**63 - 1) | st.floats() | st.decimals(allow_nan=False, allow_infinity=False)
_value = st.none() | st.booleans() | _number
_amount = st.none() | st.decimals(0, 10**12, places=2) | st.integers(0, 10**12)
_rows = st.fixed_dictionaries({**dict.fromkeys(COLUMNS, _value), "amount": _amount})


def _plainly(value: Value) -> str:
    """One field, written without haste."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return repr(int(value) if isinstance(value, bool) else value)


@given(_rows)
@settings(deadline=None)
def test_agrees_with_a_plain_encoder(values: dict[str, Value]) -> None:
    """Any values give one field a column, in order: exact numbers, booleans as 0 and 1, the missing empty."""
    fields = encode_row(values).decode("ascii").split(",")
    plain = [_plainly(values[column]) for column in COLUMNS]
    assert [field and float(field) for field in fields] == [field and float(field) for field in plain]
    assert fields[0] == plain[0]


def test_what_it_looks_like() -> None:
    """The amount is its exact decimal in major units; there is no line end, and no space."""
    values = {**dict.fromkeys(COLUMNS), "amount": Decimal("12.30"), "hour": 9, "is_night": False}
    assert encode_row(values) == b"12.30,9,0" + b"," * (len(COLUMNS) - 3)


def test_columns_are_features() -> None:
    """Each column occurs once and is a numeric feature, the amount or the hour."""
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert set(COLUMNS) <= {"amount", "hour", *BY_NAME}


def test_an_absent_column_is_a_mistake() -> None:
    """A column that is not among the values at all is no missing value, but a KeyError."""
    with pytest.raises(KeyError):
        encode_row({"amount": 1})
