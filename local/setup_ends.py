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

BUCKET = "fraudstream-archive"
TABLES = {"account_state": "account_id", "customer_profile": "customer_id"}  # table: its partition key
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
    for table, key in TABLES.items():
        if table not in existing:
            dynamodb.create_table(**table_definition(table, key))


def table_definition(table: str, key: str) -> dict[str, Any]:
    """The arguments of CreateTable for *table* with the text partition key *key*."""
    return {
        "TableName": table,
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }


def create_bucket(endpoint: str) -> None:
    """The archive's bucket exists."""
    s3 = client("s3", endpoint)
    try:
        s3.create_bucket(Bucket=BUCKET)
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise
