"""
The archive as the user gets it: one row a transaction, in a few Parquet files.

Rules: of rows with one transaction id the highest `attempt` is final (of labels, the
last reported of a day); files whose name, or whose folder's, begins with `.` or `_` are
not finished and are not read. A day at a time is in memory: rows of one transaction
share their day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from local.mappings.spec import Renamed

EXPORTED = ("decisions", "features", "transactions", "labels")
PARTITIONS = ("event_date", "event_hour")
FIRST = {
    "decisions": (
        "transaction_id", "account_id", "event_time", "amount", "amount_minor", "currency", "verdict",
        "score", "score_source", "degraded", "late", "out_of_order", "attempt", "reasons",
    ),
    "features": ("transaction_id",),
    "transactions": ("transaction_id", "account_id", "event_time"),
    "labels": ("transaction_id", "account_id", "is_fraud", "reported"),
}  # fmt: skip
TIMES = ("event_time", "reported")  # of the archive: UTC, without saying so
AMOUNT = pa.decimal128(18, 4)  # 10**12 minor units at most; no currency has more than 4 decimals


class Counts(NamedTuple):
    """Rows written to each folder, and rows of the archive that others superseded."""

    decisions: int
    features: int
    transactions: int
    labels: int
    superseded: int


def export_archive(fs: pafs.FileSystem, root: str, out: Path) -> Counts:
    """
    Each of the folders `EXPORTED` in *out* holds one row for each transaction of the archive.

    Each day is one `part-YYYY-MM-DD.parquet`, in the order of event time. What these
    folders held before is gone.

    Args:
        fs: An S3 or local file system.
        root: The archive on it: a bucket (and prefix), or a folder.
        out: A local folder.
    """
    written, superseded = {}, 0
    for name in EXPORTED:
        read, written[name] = _export(fs, f"{root.rstrip('/')}/{name}", out / name)
        superseded += read - written[name]
    return Counts(superseded=superseded, **written)


def add_named(folder: Path, named: Mapping[str, Renamed]) -> None:
    """Each file of *folder* has the features of *named* under those names too."""
    for path in sorted(folder.glob("part-*.parquet")):
        rows = pq.read_table(path)
        for name, one in named.items():
            values = rows.column(one.feature)
            rows = rows.append_column(
                name, values if one.divide_by == 1 else pc.divide(values, one.divide_by)
            )
        pq.write_table(rows, path)


def s3(endpoint: str, access_key: str, secret_key: str, region: str = "us-east-1") -> pafs.FileSystem:
    """The S3 server at *endpoint* (`http://host:port`) as a file system."""
    scheme, _, address = endpoint.rpartition("://")
    return pafs.S3FileSystem(
        access_key=access_key,
        secret_key=secret_key,
        region=region,
        scheme=scheme or "http",
        endpoint_override=address,
    )


def finished_files(fs: pafs.FileSystem, root: str) -> list[str]:
    """The finished files under *root*, sorted; none when there is no such folder."""
    found = fs.get_file_info(pafs.FileSelector(root, recursive=True, allow_not_found=True))
    paths = [info.path for info in found if info.type == pafs.FileType.File and info.size]
    return sorted(path for path in paths if not _hidden(path, root))


def final_rows(rows: pa.Table) -> pa.Table:
    """*rows* with the final one of each transaction alone, by time and id. O(n log n)."""
    latest = "attempt" if "attempt" in rows.column_names else "reported"
    order = [("transaction_id", "ascending"), (latest, "descending")]
    ordered = rows.take(pc.sort_indices(rows, sort_keys=order))
    ids = ordered.column("transaction_id").combine_chunks()
    first = np.ones(len(ids), dtype=bool)
    first[1:] = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    kept = ordered.filter(pa.array(first))
    by_time = [name for name in (*TIMES, "transaction_id") if name in kept.column_names]
    return kept.sort_by([(name, "ascending") for name in by_time])


def _export(fs: pafs.FileSystem, root: str, out: Path) -> tuple[int, int]:
    """Write the final rows of each day; rows read and rows written."""
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("part-*.parquet"):
        old.unlink()
    read = written = 0
    for day, paths in sorted(_by_day(finished_files(fs, root)).items()):
        rows = ds.dataset(paths, filesystem=fs, format="parquet").to_table()
        kept = final_rows(rows)
        pq.write_table(_presented(kept, out.name), out / f"part-{day}.parquet")
        read, written = read + len(rows), written + len(kept)
    return read, written


def _by_day(paths: Iterable[str]) -> dict[str, list[str]]:
    days: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        _, _, rest = path.partition("event_date=")
        days[rest.partition("/")[0] or "undated"].append(path)
    return dict(days)


def _presented(rows: pa.Table, name: str) -> pa.Table:
    """The columns people look for first, in their types: time as a timestamp, the amount as a decimal."""
    columns: dict[str, Any] = {
        column: rows.column(column) for column in rows.column_names if column not in PARTITIONS
    }
    for time in (name for name in TIMES if name in columns):
        columns[time] = columns[time].cast(pa.timestamp("ms")).cast(pa.timestamp("ms", tz="UTC"))
    if "amount" in columns:
        columns["amount"] = columns["amount"].cast(AMOUNT)
    first = [column for column in FIRST[name] if column in columns]
    return pa.table({column: columns[column] for column in dict.fromkeys([*first, *columns])})


def _hidden(path: str, root: str) -> bool:
    inside = path.removeprefix(root).split("/")
    return any(part.startswith((".", "_")) for part in inside if part)
