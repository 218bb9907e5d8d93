"""What is sent to DynamoDB, and what its answers mean."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Malformed, OutOfRange, StoreUnavailable, Throttled
from tests.unit.clients.steered import FakeHttp, steered
from udfs.clients.aws_http import Answer
from udfs.clients.dynamodb import ACCOUNT_STATE, CUSTOMER_PROFILE, DynamoTable, decode, encode, put_of

pytestmark = pytest.mark.unit

_VALUES = st.one_of(
    st.text(),
    st.booleans(),
    st.integers(-(10**37), 10**37),
    st.floats(min_value=-1e100, max_value=1e100).filter(lambda v: v == 0 or abs(v) > 1e-100),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20),
    st.none(),
    st.lists(st.text()),
)


def error(kind: str, status: int = 400) -> Answer:
    """An error as DynamoDB words it."""
    return Answer(status, {}, json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{kind}"}).encode())


def put_against(answer: Answer | Exception) -> bool:
    """What a put makes of *answer*."""

    async def _scenario() -> bool:
        return await DynamoTable(FakeHttp(answer), ACCOUNT_STATE, 1000).put("a-1", 3, {"x": 1})

    return steered(_scenario)


@given(item=st.dictionaries(st.text(min_size=1), _VALUES))
def test_an_item_comes_back_as_it_was(item: dict[str, Any]) -> None:
    """Encoding and decoding gives every value again, exactly, without what was None; boto3 reads the same."""
    encoded = encode(item)
    expected = {name: value for name, value in item.items() if value is not None}
    read = decode(encoded)
    assert read == {name: Decimal(repr(v)) if isinstance(v, float) else v for name, v in expected.items()}
    boto3 = {name: TypeDeserializer().deserialize(attribute) for name, attribute in encoded.items()}
    assert boto3 == read


def test_each_type_has_its_attribute_type() -> None:
    """Numbers are N with their exact text, text S, truth BOOL, lists L; None is left out."""
    item = {"i": 7, "f": 0.1, "d": Decimal("12.340"), "s": "x", "b": True, "l": ["a"], "n": None}
    assert encode(item) == {
        "i": {"N": "7"},
        "f": {"N": "0.1"},
        "d": {"N": "12.340"},
        "s": {"S": "x"},
        "b": {"BOOL": True},
        "l": {"L": [{"S": "a"}]},
    }


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal("NaN"), 1e-131, 1e126, -1e126, 10**400]
)
def test_a_number_that_dynamodb_cant_hold_is_refused(value: Any) -> None:
    """A number that is not finite, too small or too great raises OutOfRange with the attribute's name."""
    with pytest.raises(OutOfRange, match="attribute x"):
        encode({"x": value})


def test_a_type_that_is_not_known_is_refused() -> None:
    """A value of a type with no DynamoDB form raises Malformed with the attribute's name."""
    with pytest.raises(Malformed, match="attribute x: found object"):
        encode({"x": object()})


def test_a_put_is_absolute_and_conditional() -> None:
    """A write carries the whole item with key and version, unless something as new is there."""
    request = put_of(CUSTOMER_PROFILE, "c-1", 17, {"segment": "retail"})
    assert request == {
        "TableName": "customer_profile",
        "Item": {"segment": {"S": "retail"}, "customer_id": {"S": "c-1"}, "updated_ms": {"N": "17"}},
        "ConditionExpression": "attribute_not_exists(#key) OR #version < :version",
        "ExpressionAttributeNames": {"#key": "customer_id", "#version": "updated_ms"},
        "ExpressionAttributeValues": {":version": {"N": "17"}},
    }


def test_200_is_written() -> None:
    """A put that DynamoDB accepts returns True."""
    assert put_against(Answer(200, {}, b"{}"))


def test_a_failed_condition_is_an_older_write() -> None:
    """A put that finds a version as new returns False: there is nothing left to do."""
    assert not put_against(error("ConditionalCheckFailedException"))


@pytest.mark.parametrize(
    "kind", ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"]
)
def test_a_refused_rate_is_throttled(kind: str) -> None:
    """DynamoDB's ways of refusing a rate are all Throttled: try again."""
    with pytest.raises(Throttled, match=kind):
        put_against(error(kind))


@pytest.mark.parametrize(
    "answer",
    [
        error("InternalServerError", 500),
        error("ResourceNotFoundException"),
        error("ExpiredTokenException"),
        Answer(503, {}, b"<html>"),
        Answer(302, {}, b""),
        TimeoutError(),
        ConnectionError("reset"),
    ],
)
def test_anything_else_is_unavailable(answer: Answer | Exception) -> None:
    """No answer, no connection and all other errors are StoreUnavailable: try again."""
    with pytest.raises(StoreUnavailable):
        put_against(answer)


@pytest.mark.parametrize("kind", ["ValidationException", "SerializationException"])
def test_an_item_that_dynamodb_cant_take_is_malformed(kind: str) -> None:
    """An item that DynamoDB finds invalid is Malformed: trying again is useless."""
    with pytest.raises(Malformed, match=kind):
        put_against(error(kind))


def test_the_documented_items_are_what_is_written() -> None:
    """The examples of docs/dynamodb.md are items that encode gives again, under the documented keys."""
    page = Path(__file__).parents[3] / "docs" / "dynamodb.md"
    examples = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page.read_text(), re.DOTALL)]
    for table, example in zip((ACCOUNT_STATE, CUSTOMER_PROFILE), examples, strict=True):
        assert {table.key, table.version} <= example.keys()
        assert encode(decode(example)) == example
