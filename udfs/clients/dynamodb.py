"""
DynamoDB: one item a key, written whole, under a version condition.

Rules: an item is absolute (never an increment), so that writing it again, or
late, changes nothing. Key shapes and attributes are told in docs/dynamodb.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from schemas.errors import Malformed, OutOfRange, StoreUnavailable, Throttled
from udfs.clients.aws_http import Answer, AwsAddress, AwsHttp, CredentialSource, Service
from udfs.clients.hot_state import Item
from udfs.clients.signing import DefaultCredentials

DYNAMODB = Service(endpoint="dynamodb", signing="dynamodb")


class Table(NamedTuple):
    """A table by its name, and the attributes that hold key (S) and version (N)."""

    name: str
    key: str
    version: str


ACCOUNT_STATE = Table(name="account_state", key="account_id", version="version")
CUSTOMER_PROFILE = Table(name="customer_profile", key="customer_id", version="updated_ms")
RECENT_TRANSACTIONS = Table(name="recent_transactions", key="account_id", version="attempt")

# The condition of every write, clause by clause; #names because attributes may be reserved words.
NOTHING_THERE = "attribute_not_exists(#key)"
OLDER_THERE = "#version < :version"
IS_NEWER = f"{NOTHING_THERE} OR {OLDER_THERE}"

TARGET = "DynamoDB_20120810"
CONDITION_FAILED = "ConditionalCheckFailed"
_JSON = "application/x-amz-json-1.0"
_THROTTLES = (
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "LimitExceededException",
)
_HOPELESS = ("ValidationException", "SerializationException", "ItemCollectionSizeLimitExceededException")


class DynamoTable:
    """One DynamoDB table; a write waits at most *timeout_ms* ms and is tried once."""

    def __init__(self, http: AwsHttp, table: Table, timeout_ms: int) -> None:
        self.table = table
        self._http = http
        self._where = f"table {table.name}"
        self._timeout_ms = timeout_ms

    async def put(self, key: str, version: int, item: Item) -> bool:
        """
        Make *item* the one of *key* unless one as new is there already; False if one was.

        Raises:
            Throttled: DynamoDB refused the rate.
            StoreUnavailable: No answer in time, no connection, or any other error.
            RecordError: This item can never be written.
        """
        body = orjson.dumps(put_of(self.table, key, version, item))
        answer = await self.post(f"{TARGET}.PutItem", body)
        if answer.status == 200:
            return True
        if answer.error_type == f"{CONDITION_FAILED}Exception":
            return False
        raise self.refusal(answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def post(self, target: str, body: bytes) -> Answer:
        """
        DynamoDB's answer to the call *target*.

        Raises:
            StoreUnavailable: No answer in time, or no connection.
        """
        headers = {"Content-Type": _JSON, "X-Amz-Target": target}
        try:
            return await self._http.post("/", headers, body, self._timeout_ms / 1000)
        except TimeoutError as error:
            raise StoreUnavailable(self._where, "no answer", f"one within {self._timeout_ms} ms") from error
        except ConnectionError as error:
            raise StoreUnavailable(self._where, str(error), "a connection") from error

    def refusal(self, answer: Answer) -> Throttled | StoreUnavailable | Malformed:
        """The error that *answer*, which is none of success, stands for."""
        found = f"{answer.status} {answer.error_type}"
        if answer.error_type in _THROTTLES or answer.status == 429:
            return Throttled(self._where, found, "200")
        if answer.error_type in _HOPELESS:
            return Malformed(self._where, f"{found} {answer.body[:200]!r}", "an item DynamoDB takes")
        return StoreUnavailable(self._where, found, "200")


def put_of(table: Table, key: str, version: int, item: Item) -> dict[str, object]:
    """The put that writes *item* under `IS_NEWER`, as DynamoDB's JSON; raises as `encode` does."""
    keyed = {**item, table.key: key, table.version: version}
    return {
        "TableName": table.name,
        "Item": encode(keyed),
        "ConditionExpression": IS_NEWER,
        "ExpressionAttributeNames": {"#key": table.key, "#version": table.version},
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }


_LEAST, _TOO_MUCH = 1e-130, 1e126
_NUMBERS = {int, float}  # what most are: an account has eighty
_PLAIN = {str: "S", bool: "BOOL"}

type AttributeValue = dict[str, str | bool | list[AttributeValue]]


def encode(item: Item) -> dict[str, AttributeValue]:
    """
    Return *item* as DynamoDB JSON: number N (its exact text), str S, bool BOOL, list L; None is left out.

    Raises:
        OutOfRange: If a number is not finite, or too small or great for DynamoDB.
        Malformed: If a value is of any other type.
    """
    return {name: _attribute(name, value) for name, value in item.items() if value is not None}


def _attribute(name: str, value: object) -> AttributeValue:
    if type(value) in _NUMBERS and _fits(value):
        return {"N": repr(value)}
    plain = _PLAIN.get(type(value))
    return {plain: value} if plain else _checked(name, value)  # type: ignore[dict-item]  # by its type


def _checked(name: str, value: object) -> AttributeValue:
    match value:
        case int() | float() | Decimal():
            return {"N": _number(name, value)}
        case list() | tuple():
            return {"L": [_attribute(name, part) for part in value]}
    raise Malformed(f"attribute {name}", type(value).__name__, "a number, text, bool or list")


def _number(name: str, value: float | Decimal) -> str:
    if (isinstance(value, Decimal) and not value.is_finite()) or not _fits(value):
        raise OutOfRange(f"attribute {name}", str(value), "0, or a magnitude of 1E-130 to under 1E+126")
    return str(value)


def _fits(value: Any) -> bool:  # float, int or Decimal: one comparison for all
    """What DynamoDB's N takes; more than 38 digits, which no value of ours has, it refuses itself."""
    return bool(value == 0 or _LEAST <= abs(value) < _TOO_MUCH)  # false for NaN


def decode(attributes: Mapping[str, AttributeValue]) -> dict[str, object]:
    """Return the item that `encode` made *attributes* of; whole numbers as int, others as Decimal."""
    return {name: _value(attribute) for name, attribute in attributes.items()}


def _value(attribute: AttributeValue) -> object:
    ((kind, value),) = attribute.items()
    match kind, value:
        case "N", str():
            return int(value) if value.lstrip("-").isdigit() else Decimal(value)
        case "L", list():
            return [_value(part) for part in value]
        case _:
            return value


def dynamo_table(
    table: Table, timeout_ms: int, address: AwsAddress, credentials: CredentialSource | None = None
) -> DynamoTable:
    """Return *table* at *address*, signing with botocore's default chain unless told otherwise."""
    return DynamoTable(AwsHttp(DYNAMODB, address, credentials or DefaultCredentials()), table, timeout_ms)
