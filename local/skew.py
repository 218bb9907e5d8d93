"""
`fraudstream features skew`: features as seen when deciding, beside the same features computed afterwards.

Rules: nothing but the archive is read, and its own transactions and labels are computed anew by the code
of `make features`. A difference is explained by the marks of the decision, or it is not. Features of
profiles and articles, of which the archive knows nothing, are not compared.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.dataset as ds

from local.archive import require_folders
from local.generator.traffic import Message
from local.observing import Everything, steps
from schemas.transaction import Transaction
from udfs.features.catalogue import STAGES
from udfs.features.listing import UNKNOWN
from udfs.features.names import BY_NAME

# Why a feature may differ, in the order in which it is looked for
LATE = "late"
OUT_OF_ORDER = "out of order"
AFTER = "after one out of order"
LABEL = "label"
OTHER = "unexplained"
REASONS = (LATE, OUT_OF_ORDER, AFTER, LABEL, OTHER)

# What profiles and articles told is not in the archive, and not compared.
_ELSEWHERE = frozenset(("profile_known", "country_is_home", "km_from_home", "account_age_days", *UNKNOWN))
_OF_OTHERS = frozenset(name for stage in STAGES for name in stage.absent)
_NEAR = 1e-9  # of floats, relative
_FOLDERS = ("decisions", "transactions", "features", "labels")


class Skew(NamedTuple):
    """
    What differs.

    Attributes:
        rows: Transactions compared.
        differing: Of each feature that differs, rows by reason.
        no_profile: Transactions decided without their customer's profile.
    """

    rows: int
    differing: Mapping[str, Mapping[str, int]]
    no_profile: int

    @property
    def unexplained(self) -> int:
        """Differences that no mark of a decision explains."""
        return sum(reasons.get(OTHER, 0) for reasons in self.differing.values())


def skew(out: Path) -> Skew:
    """
    Compare the features of the archive in *out* (of `make run` or `make replay`) with those computed anew.

    Raises:
        ConfigurationError: If *out* has no archive.
    """
    require_folders(out, _FOLDERS)
    seen = {row["transaction_id"]: row for row in _rows(out / "features")}
    marks = {row["transaction_id"]: row for row in _rows(out / "decisions")}
    labels = {row["transaction_id"]: _label(row) for row in _rows(out / "labels")}
    everything, found = Everything({}), defaultdict[str, Counter[str]](Counter)
    disturbed: set[str] = set()
    for step in steps((txn, labels.get(txn.transaction_id)) for txn in _transactions(out)):
        taken = everything.take(step)
        if taken is None or step.txn is None:
            continue
        mark, row = marks[taken[0]], seen[taken[0]]
        for name in _differing(row, taken[1]):
            found[name][_reason(name, mark, disturbed)] += 1
        if mark["late"] or mark["out_of_order"]:
            disturbed.add(mark["account_id"])
    return Skew(len(seen), found, sum(not row["profile_known"] for row in seen.values()))


def table(told: Skew) -> Iterator[str]:
    """*told* as lines for a terminal."""
    yield f"{told.rows:,} transactions, {told.no_profile:,} of them decided without a profile"
    if not told.differing:
        yield "no feature differs"
        return
    yield "  ".join([f"{'feature':<24}", *(f"{reason:>22}" for reason in REASONS)])
    for name, reasons in sorted(told.differing.items()):
        yield "  ".join([f"{name:<24}", *(f"{reasons.get(reason, 0):>22,}" for reason in REASONS)])


def _rows(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _table(folder).to_pylist()
    return rows


def _table(folder: Path) -> pa.Table:
    return ds.dataset(folder, format="parquet").to_table()


def _transactions(out: Path) -> Iterator[Transaction]:
    """The archive's transactions by event time."""
    names = set(Transaction.__struct_fields__)
    for row in sorted(_rows(out / "transactions"), key=lambda row: row["event_time"]):
        row["event_time_ms"] = round(row["event_time"].timestamp() * 1000)
        yield Transaction(**{name: value for name, value in row.items() if name in names})


def _label(row: Mapping[str, Any]) -> Message:
    return {**row, "reported": round(row["reported"].timestamp() * 1000)}


def _differing(seen: Mapping[str, Any], computed: Mapping[str, Any]) -> Iterator[str]:
    for name in BY_NAME.keys() - _ELSEWHERE:
        if not _same(seen.get(name), computed[name]):
            yield name


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= _NEAR * max(1.0, abs(one), abs(other))
    return bool(one == other)


def _reason(name: str, mark: Mapping[str, Any], disturbed: set[str]) -> str:
    if mark["late"]:
        return LATE
    if mark["out_of_order"]:
        return OUT_OF_ORDER
    if mark["account_id"] in disturbed:
        return AFTER
    # the other entities see other accounts' transactions, and labels when they arrive
    return LABEL if name in _OF_OTHERS else OTHER
