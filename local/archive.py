"""Reading the folders of a run or replay, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import and_
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from schemas.errors import ConfigurationError

_ROWS = 16_384  # of a batch: some 8 MB of features


def require_folders(out: Path, names: Sequence[str]) -> None:
    """
    *out* has the archive's folders *names*.

    Raises:
        ConfigurationError: If it has not; it lists those missing.
    """
    missing = [name for name in names if not (out / name).is_dir()]
    if missing:
        raise ConfigurationError(str(out), f"no {', '.join(missing)}", "the folder of a run or replay")


def batches(
    folder: Path, columns: Sequence[str], only: pc.Expression | None = None
) -> Iterator[pa.RecordBatch]:
    """
    The *columns* of every row of *folder* that *only* holds for, in the order of its files.

    Raises:
        ConfigurationError: If a file is not Parquet, or has not these columns.
    """
    with _parquet(folder, columns):
        rows = ds.dataset(folder, format="parquet")
        if rows.files:  # a folder without files has no columns either
            yield from rows.to_batches(
                columns=list(columns), filter=only, batch_size=_ROWS, batch_readahead=2, fragment_readahead=1
            )


def columns_of(folder: Path) -> set[str]:
    """The names of the columns of *folder*, as its first file has them. Raises as `batches` does."""
    with _parquet(folder, ()):
        return set(ds.dataset(folder, format="parquet").schema.names)


def until(column: str, as_of_ms: int | None) -> pc.Expression | None:
    """What holds for rows whose time *column* is at or before *as_of_ms*; None for all rows."""
    return None if as_of_ms is None else ds.field(column) <= _moment(as_of_ms)


def within(column: str, from_ms: int | None, until_ms: int | None) -> pc.Expression | None:
    """What holds for rows whose time *column* is in [from_ms, until_ms); None, an open end, for all rows."""
    ends = [] if from_ms is None else [ds.field(column) >= _moment(from_ms)]
    ends += [] if until_ms is None else [ds.field(column) < _moment(until_ms)]
    return reduce(and_, ends) if ends else None


def epoch_ms(times: pa.Array) -> pa.Array:
    """Timestamps as UTC epoch ms."""
    return times.cast(pa.timestamp("ms", times.type.tz)).cast(pa.int64())


def _moment(time_ms: int) -> pa.Scalar:
    return pa.scalar(time_ms, pa.timestamp("ms", "UTC"))


@contextmanager
def _parquet(folder: Path, columns: Sequence[str]) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        told = str(error).partition("\n")[0]
        raise ConfigurationError(
            str(folder), told, f"Parquet with {', '.join(columns) or 'columns'}"
        ) from error
