"""The archive as the user gets it: finished files only, one row a transaction, the last attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.export import Counts, export_archive, final_rows

pytestmark = pytest.mark.unit

HOUR_MS = 3_600_000


def at(time_ms: int) -> datetime:
    """A time as the archive holds it: UTC, without saying so."""
    return datetime(1970, 1, 1) + timedelta(milliseconds=time_ms)  # noqa: DTZ001  # as it rests in Parquet


def decision(transaction_id: str, attempt: int = 1, **changes: Any) -> dict[str, Any]:
    """A decision's row in the archive."""
    row = {
        "transaction_id": transaction_id,
        "attempt": attempt,
        "account_id": "a",
        "event_time": at(1_704_067_200_000),
    }
    return row | {"score": 0.5, "amount": "12.34", "verdict": "approve"} | changes


def put(
    archive: Path, name: str, rows: list[dict[str, Any]], day: str = "2024-01-01", file: str = "part-0"
) -> None:
    """*rows* are a file of the archive."""
    folder = archive / name / f"event_date={day}" / "event_hour=00"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / file)


def export(archive: Path, out: Path) -> Counts:
    """The archive in that folder is exported."""
    return export_archive(pafs.LocalFileSystem(), str(archive), out)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Every row of an exported folder, file by file."""
    return [row for file in sorted(folder.glob("part-*.parquet")) for row in pq.read_table(file).to_pylist()]


def test_one_row_a_transaction(tmp_path: Path) -> None:
    """Of rows with one id the highest attempt is kept, in whichever file it stands."""
    put(tmp_path / "archive", "decisions", [decision("1", 1), decision("2", 1)])
    put(
        tmp_path / "archive",
        "decisions",
        [decision("1", 3, verdict="review"), decision("1", 2)],
        file="part-1",
    )
    put(tmp_path / "archive", "features", [{"transaction_id": "1", "attempt": 1, "count_1h": 4}])
    counts = export(tmp_path / "archive", tmp_path / "out")
    assert counts == Counts(decisions=2, features=1, transactions=0, labels=0, superseded=2)
    rows = rows_of(tmp_path / "out" / "decisions")
    assert [(row["transaction_id"], row["attempt"], row["verdict"]) for row in rows] == [
        ("1", 3, "review"),
        ("2", 1, "approve"),
    ]
    assert rows_of(tmp_path / "out" / "features") == [{"transaction_id": "1", "attempt": 1, "count_1h": 4}]


def test_columns(tmp_path: Path) -> None:
    """The promised columns come first; the time is a timestamp, the amount an exact decimal."""
    put(tmp_path, "decisions", [decision("1", extra=1)])
    export(tmp_path, tmp_path / "out")
    (row,) = rows_of(tmp_path / "out" / "decisions")
    assert list(row) == [
        "transaction_id", "account_id", "event_time", "amount", "verdict", "score", "attempt", "extra",
    ]  # fmt: skip
    assert row["event_time"] == datetime(2024, 1, 1, tzinfo=UTC)
    assert row["amount"] == Decimal("12.34")


@pytest.mark.parametrize("file", [".part-0.inprogress", "_part-0", "_temporary/part-0"])
def test_unfinished_files(tmp_path: Path, file: str) -> None:
    """Files that are hidden, or in hidden folders, are not read."""
    put(tmp_path, "decisions", [decision("1")])
    hidden = tmp_path / "decisions" / "event_date=2024-01-01" / "event_hour=00" / file
    hidden.parent.mkdir(exist_ok=True)
    hidden.write_bytes(b"not Parquet")
    assert export(tmp_path, tmp_path / "out").decisions == 1


def test_a_file_a_day(tmp_path: Path) -> None:
    """Each day of event time is one file, in the order of event time; what was there before is gone."""
    out = tmp_path / "out" / "decisions"
    out.mkdir(parents=True)
    (out / "part-1999-01-01.parquet").write_bytes(b"old")
    put(
        tmp_path,
        "decisions",
        [decision("2", event_time=at(2 * HOUR_MS)), decision("1", event_time=at(3 * HOUR_MS))],
    )
    put(tmp_path, "decisions", [decision("3", event_time=at(25 * HOUR_MS))], day="2024-01-02")
    export(tmp_path, tmp_path / "out")
    assert [file.name for file in sorted(out.iterdir())] == [
        "part-2024-01-01.parquet",
        "part-2024-01-02.parquet",
    ]
    assert [row["transaction_id"] for row in rows_of(out)] == ["2", "1", "3"]


def test_labels(tmp_path: Path) -> None:
    """A label has no attempt: of a transaction's labels of one day the last reported is kept."""
    rows = [
        {"transaction_id": "1", "is_fraud": fraud, "reported": at(ms)}
        for fraud, ms in ((True, 5), (False, 3))
    ]
    put(tmp_path, "labels", rows)
    assert export(tmp_path, tmp_path / "out").labels == 1
    (row,) = rows_of(tmp_path / "out" / "labels")
    assert (row["is_fraud"], row["reported"]) == (True, datetime(1970, 1, 1, 0, 0, 0, 5000, tzinfo=UTC))


def test_empty_archive(tmp_path: Path) -> None:
    """An archive without files gives empty folders."""
    assert export(tmp_path / "none", tmp_path / "out") == Counts(0, 0, 0, 0, 0)
    assert (tmp_path / "out" / "decisions").is_dir()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=30))
def test_final_rows(rows: list[tuple[int, int]]) -> None:
    """Each id is kept once, with its highest attempt."""
    table = pa.table({"transaction_id": [str(i) for i, _ in rows], "attempt": [a for _, a in rows]})
    highest: dict[str, int] = {}
    for identity, attempt in rows:
        highest[str(identity)] = max(attempt, highest.get(str(identity), 0))
    kept = final_rows(table).to_pylist()
    assert [(row["transaction_id"], row["attempt"]) for row in kept] == sorted(highest.items())
