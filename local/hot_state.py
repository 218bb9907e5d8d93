"""Reads the hot state back from DynamoDB."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from local.errors import StackError
from local.patience import Patience
from local.setup_ends import client
from udfs.clients.dynamodb import ACCOUNT_STATE

_WAIT_S = 60.0
_KEYS = 100  # of one BatchGetItem
_POLL_S = 0.25
_QUIET_S = 5.0


def items(endpoint: str, table: str) -> Iterator[dict[str, Any]]:
    """Every item of *table*, in DynamoDB's own JSON."""
    pages = client("dynamodb", endpoint).get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]


def wait_for_hot_state(endpoint: str, versions: Mapping[str, int]) -> None:
    """
    Every account of *versions* is in DynamoDB, as new as that or newer.

    Asked by key: a scan of a store that is busy writing gets no answer.

    Raises:
        StackError: If some are older, and none of them has become newer for a minute.
    """
    reader, left = client("dynamodb", endpoint), dict(versions)
    patience = Patience(_WAIT_S, time.monotonic)
    while left:
        written = _versions(reader, list(islice(left, _KEYS)))
        done = [account for account, version in written.items() if version >= left[account]]
        for account in done:
            del left[account]
        if patience.is_out(len(left)):
            older = f"{len(left):,} accounts in DynamoDB are older than their last decision"
            raise StackError(f"hot state: {older}")
        if not done:
            time.sleep(_POLL_S)


def _versions(reader: Any, accounts: Sequence[str]) -> dict[str, int]:
    """The version of each of *accounts* that is there."""
    keys = [{ACCOUNT_STATE.key: {"S": account}} for account in accounts]
    request = {ACCOUNT_STATE.name: {"Keys": keys, "ConsistentRead": True}}
    found = reader.batch_get_item(RequestItems=request)["Responses"][ACCOUNT_STATE.name]
    return {item[ACCOUNT_STATE.key]["S"]: int(item[ACCOUNT_STATE.version]["N"]) for item in found}


def settled_count(endpoint: str, table: str, enough: float = math.inf) -> int:
    """
    How many items *table* has as soon as it has *enough*, or when no more have come for 5 s.

    DynamoDB Local counts at once; a scan of many items fails while it is busy.
    """
    reader, patience = client("dynamodb", endpoint), Patience(_QUIET_S, time.monotonic)
    while (count := _item_count(reader, table)) < enough and not patience.is_out(count):
        time.sleep(_POLL_S)
    return count


def _item_count(reader: Any, table: str) -> int:
    return int(reader.describe_table(TableName=table)["Table"]["ItemCount"])
