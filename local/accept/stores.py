"""What a replay left in the stores, read back so that it can be compared."""

from __future__ import annotations

from pathlib import Path

from local.accept.sameness import Left, lasting, rows_of
from local.hot_state import items
from local.stack import Stack


def left_in(stack: Stack, out: Path) -> Left:
    """The rows that a replay exported to *out*, and the hot items of the stack it ran on."""
    endpoint = stack.endpoints["dynamodb"]
    return Left(
        decisions=rows_of(out / "decisions"),
        features=rows_of(out / "features"),
        transactions=rows_of(out / "transactions"),
        accounts={item["account_id"]["S"]: item for item in items(endpoint, "account_state")},
        customers={item["customer_id"]["S"]: item for item in items(endpoint, "customer_profile")},
        recent={
            item["transaction_id"]["S"]: lasting(item) for item in items(endpoint, "recent_transactions")
        },
    )
