"""
When two runs are the same: DESIGN's definition, as a comparison of what they left.

Rule: each transaction's features and rule hits agree, and verdict and score agree
where neither run is degraded; processing-time fields (the attempt) are not compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.dataset as ds

Rows = Mapping[str, Mapping[str, Any]]  # by transaction or account id

_PROCESSING_TIME = {"attempt", "expires_s"}
_SCORED = {"verdict", "score", "score_source", "degraded", "degraded_reason", "model_version"}


class Left(NamedTuple):
    """What a run left: rows of the exported folders and hot items, by what they are of."""

    decisions: Rows
    features: Rows
    transactions: Rows
    accounts: Rows
    customers: Rows
    recent: Rows


class Differences(NamedTuple):
    """How many rows of each kind are missing, too many, or not the same; and one example in words."""

    counts: dict[str, int]
    example: str


def rows_of(folder: Path) -> Rows:
    """The rows of an exported folder, by transaction id."""
    rows = ds.dataset(folder, format="parquet").to_table().to_pylist()
    return {row["transaction_id"]: lasting(row) for row in rows}


def compare(one: Left, other: Left) -> Differences:
    """What *other* has differently from *one*."""
    counts, examples = {}, list[str]()
    for kind in Left._fields:
        differing = sorted(_differing(getattr(one, kind), getattr(other, kind)))
        counts[f"{kind} differing"] = len(differing)
        examples += [_words(kind, key, getattr(one, kind), getattr(other, kind)) for key in differing[:1]]
    return Differences(counts, examples[0] if examples else "")


def _differing(one: Rows, other: Rows) -> set[str]:
    return {key for key in one.keys() | other.keys() if not _same(one.get(key), other.get(key))}


def _same(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    if one is None or other is None:
        return False
    left_out = _SCORED if one.get("degraded") or other.get("degraded") else set()
    return all(one.get(name) == other.get(name) for name in one.keys() | other.keys() - left_out)


def lasting(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """*row* without what depends on when it was made."""
    return {name: value for name, value in row.items() if name not in _PROCESSING_TIME}


def _words(kind: str, key: str, one: Rows, other: Rows) -> str:
    left, right = one.get(key, {}), other.get(key, {})
    names = [name for name in left.keys() | right.keys() if left.get(name) != right.get(name)]
    shown = ", ".join(f"{name}: {left.get(name)!r} and {right.get(name)!r}" for name in sorted(names)[:3])
    return f"{kind} of {key}: {shown}"
