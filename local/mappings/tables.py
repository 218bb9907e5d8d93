"""Rows of anyone's CSV or Parquet file, streamed: memory does not grow with the file."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import batched
from pathlib import Path
from typing import Any, Protocol, TextIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import ConfigurationError

BATCH_ROWS = 8192


class MappingError(ConfigurationError):
    """A mapping, or the data it is for, can't be used: *where* names file, row and column."""


class Table(Protocol):
    """A file with named columns."""

    columns: Sequence[str]
    rows: int | None  # roughly; None when not known without reading all
    timestamps: Mapping[str, bool]  # columns of such values, and whether they state their zone

    def read(self, columns: Sequence[str], in_ms: Collection[str] = ()) -> Iterator[Sequence[Sequence[Any]]]:
        """Lots of rows: of each of *columns* its cells; None is an empty one. Timestamps *in_ms* are ints."""


def open_table(path: Path, delimiter: str = ",") -> Table:
    """
    The table in *path*: Parquet if it begins as one, else CSV (also gzipped) with a header line.

    Raises:
        MappingError: If there is no such file, or it is empty or unreadable.
    """
    if not path.is_file():
        raise MappingError(str(path), "no such file", "a CSV or Parquet file")
    with path.open("rb") as file:
        start = file.read(4)
    return ParquetTable(path) if start == b"PAR1" else CsvTable(path, delimiter)


class ParquetTable:
    """A Parquet file, read a batch at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            file = pq.ParquetFile(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise MappingError(str(path), "a damaged Parquet file", "a whole one") from error
        self.columns: Sequence[str] = tuple(file.schema_arrow.names)
        self.rows: int | None = file.metadata.num_rows
        self.timestamps: Mapping[str, bool] = {
            field.name: field.type.tz is not None
            for field in file.schema_arrow
            if pa.types.is_timestamp(field.type)
        }

    def read(self, columns: Sequence[str], in_ms: Collection[str] = ()) -> Iterator[Sequence[Sequence[Any]]]:
        """Lots of rows, as Python values."""
        wanted = list(columns)
        with pq.ParquetFile(self._path) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=wanted):
                cells = {name: batch.column(name) for name in wanted}
                yield [
                    (_epoch_ms(cells[name]) if name in in_ms else cells[name]).to_pylist() for name in wanted
                ]


def _epoch_ms(times: pa.Array) -> pa.Array:
    """As integers, to the nearest millisecond."""
    return pc.round_temporal(times, unit="millisecond").cast(pa.timestamp("ms")).cast(pa.int64())


class CsvTable:
    """A CSV file in UTF-8 with a header line; every cell is text."""

    def __init__(self, path: Path, delimiter: str) -> None:
        self._path = path
        self._delimiter = delimiter
        self.rows: int | None = None
        self.timestamps: Mapping[str, bool] = {}
        header = next(self._lines(), None)
        if not header:
            raise MappingError(str(path), "an empty file", "a header line with column names")
        self.columns: Sequence[str] = tuple(header)

    def read(
        self,
        columns: Sequence[str],
        in_ms: Collection[str] = (),  # noqa: ARG002  # text has no timestamps
    ) -> Iterator[Sequence[Sequence[Any]]]:
        """
        Lots of rows, as text.

        Raises:
            MappingError: At a row with another number of cells than the header.
        """
        places = [self.columns.index(name) for name in columns]
        for lot in batched(self._rows(), BATCH_ROWS):
            yield [[row[place] or None for row in lot] for place in places]

    def _rows(self) -> Iterator[list[str]]:
        width = len(self.columns)
        for number, cells in enumerate(self._lines(), 0):
            if len(cells) != width:
                where = f"{self._path.name} row {number}"
                raise MappingError(where, f"{len(cells)} cells", f"{width}, as in the header line")
            if number:
                yield cells

    def _lines(self) -> Iterator[list[str]]:
        try:
            with self._open() as file:
                yield from filter(None, csv.reader(file, delimiter=self._delimiter))
        except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile) as error:
            raise MappingError(self._path.name, str(error), "CSV in UTF-8") from error

    def _open(self) -> TextIO:
        if self._path.suffix == ".gz":
            return gzip.open(self._path, "rt", encoding="utf-8-sig", newline="")
        return self._path.open(encoding="utf-8-sig", newline="")
