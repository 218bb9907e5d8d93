"""Reads the hot state back from DynamoDB."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from local.errors import StackError
from local.setup_ends import client

_WAIT_S = 60.0
_POLL_S = 0.25


def items(endpoint: str, table: str) -> Iterator[dict[str, Any]]:
    """Every item of *table*, in DynamoDB's own JSON."""
    pages = client("dynamodb", endpoint).get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]


def wait_for_hot_state(endpoint: str, versions: Mapping[str, int]) -> None:
    """
    Every account of *versions* is in DynamoDB, as new as that or newer.

    Raises:
        StackError: If some are still older after a minute.
    """
    deadline = time.monotonic() + _WAIT_S
    while behind := _behind(endpoint, versions):
        if time.monotonic() > deadline:
            raise StackError(f"hot state: {behind:,} accounts in DynamoDB are older than their last decision")
        time.sleep(_POLL_S)


def _behind(endpoint: str, versions: Mapping[str, int]) -> int:
    written = {
        item["account_id"]["S"]: int(item["version"]["N"]) for item in items(endpoint, "account_state")
    }
    return sum(written.get(account, 0) < version for account, version in versions.items())
