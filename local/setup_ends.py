"""
What the job expects to find at its ends: topics, tables, a bucket.

On AWS, infrastructure makes them; here one call does. All of it can be done again
and changes nothing that is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.topics import create_topics
from udfs.clients.dynamodb import ACCOUNT_STATE, CUSTOMER_PROFILE, RECENT_TRANSACTIONS, Table
from udfs.clients.dynamodb_recent import EXPIRES, INDEX, INDEXED, PARTITION, SORT

BUCKET = "fraudstream-archive"
REGION = "us-east-1"  # DynamoDB Local and S3Proxy take any
LOCAL_KEY = "local"  # key id and secret alike: the local services check neither


def client(service: str, endpoint: str) -> Any:
    """A boto3 client of *service* that talks to the local *endpoint*."""
    make: Any = boto3.client  # its stubs have an overload a service, none for a name in a variable
    return make(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=LOCAL_KEY,
        aws_secret_access_key=LOCAL_KEY,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}),
    )


def create_ends(endpoints: Mapping[str, str]) -> None:
    """
    The topics, tables and the bucket of the job exist on the services at *endpoints*.

    Args:
        endpoints: What `endpoints.json` holds: addresses of `kafka`, `dynamodb` and `s3`.

    Raises:
        KafkaError: If the broker does not answer.
        BotoCoreError: If DynamoDB or S3 does not answer.
    """
    create_topics(endpoints["kafka"])
    create_tables(endpoints["dynamodb"])
    create_bucket(endpoints["s3"])


def create_tables(endpoint: str) -> None:
    """Every table of `TABLES` exists, paid by request."""
    dynamodb = client("dynamodb", endpoint)
    existing = dynamodb.list_tables()["TableNames"]
    for table in (each for each in TABLES if each["TableName"] not in existing):
        dynamodb.create_table(**table)
        if table["TableName"] == RECENT_TRANSACTIONS.name:
            expiry = {"Enabled": True, "AttributeName": EXPIRES}
            dynamodb.update_time_to_live(TableName=table["TableName"], TimeToLiveSpecification=expiry)


def by_key(table: Table) -> dict[str, Any]:
    """The arguments of CreateTable for *table*, an item a key."""
    return {
        "TableName": table.name,
        "KeySchema": [_key(table.key, "HASH")],
        "AttributeDefinitions": [_text(table.key)],
        "BillingMode": "PAY_PER_REQUEST",
    }


def recent_transactions() -> dict[str, Any]:
    """The arguments of CreateTable for the transactions of each account, and their index by id."""
    index = {
        "IndexName": INDEX,
        "KeySchema": [_key(INDEXED, "HASH")],
        "Projection": {"ProjectionType": "ALL"},
    }
    return {
        "TableName": RECENT_TRANSACTIONS.name,
        "KeySchema": [_key(PARTITION, "HASH"), _key(SORT, "RANGE")],
        "AttributeDefinitions": [_text(PARTITION), _text(SORT), _text(INDEXED)],
        "GlobalSecondaryIndexes": [index],
        "BillingMode": "PAY_PER_REQUEST",
    }


def _key(attribute: str, kind: str) -> dict[str, str]:
    return {"AttributeName": attribute, "KeyType": kind}


def _text(attribute: str) -> dict[str, str]:
    return {"AttributeName": attribute, "AttributeType": "S"}


TABLES = (by_key(ACCOUNT_STATE), by_key(CUSTOMER_PROFILE), recent_transactions())


def create_bucket(endpoint: str) -> None:
    """The archive's bucket exists."""
    s3 = client("s3", endpoint)
    try:
        s3.create_bucket(Bucket=BUCKET)
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise
