"""
`make features`: the features of a file's transactions, for training, without the engine.

Rules: nothing is computed here: `local.observing` calls the stream's own code. What the catalogue has
comes from a process an entity (`local.lanes`), the whole snapshot from one.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import batched
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from local.lanes import CALENDAR, ROWS, Lot, by_entity
from local.mapping import MappedSource, open_source
from local.mappings.spec import Renamed
from local.mappings.tables import MappingError
from local.observing import Everything, listings_of, profiles_of, steps_of, whole
from local.stack import tell
from udfs.features.catalogue import CATALOGUE
from udfs.features.names import BY_NAME

_TYPES = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "text": pa.string()}
_TOLD_EVERY_S = 2.0


def main(arguments: Sequence[str]) -> int:
    """0 when the features are written, 1 after a message if not."""
    options = _parser().parse_args(arguments)
    try:
        source = open_source(options.data, options.mapping, options.label_delay_days)
        wanted = _wanted(source, options.only)
        rows, seconds = write_features(source, wanted, options.out)
    except MappingError as error:
        tell(f"error: {error}")
        return 1
    rate = rows / seconds
    figures = {
        "transactions": rows,
        "features": len(wanted),
        "seconds": round(seconds, 2),
        "rows_per_s": round(rate),
    }
    (options.out / "summary.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(f"{rows:,} transactions, {len(wanted)} features, {seconds:.1f} s, {rate:,.0f} rows/s")
    print(f"{options.out}/features/*.parquet")
    return 0


def write_features(source: MappedSource, wanted: dict[str, Renamed], out: Path) -> tuple[int, float]:
    """
    One Parquet file in *out*/features with `transaction_id` and each of *wanted*, a row a transaction.

    Returns:
        Rows, and seconds taken.
    """
    began_s = time.monotonic()
    folder = out / "features"
    folder.mkdir(parents=True, exist_ok=True)
    schema = pa.schema(
        [("transaction_id", pa.string()), *((name, _type_of(one)) for name, one in wanted.items())]
    )
    progress = _Progress(source.total, began_s)
    with pq.ParquetWriter(folder / "part-0.parquet", schema) as file:
        for ids, columns in _computed(source, frozenset(one.feature for one in wanted.values())):
            named = [_scaled(columns[one.feature], one) for one in wanted.values()]
            file.write_table(pa.table([pa.array(ids, pa.string()), *named], schema=schema))
            progress.add(len(ids))
    return progress.rows, time.monotonic() - began_s


class _Progress:
    def __init__(self, total: int | None, began_s: float) -> None:
        self.rows = 0
        self._total = total
        self._began_s = self._told_s = began_s

    def add(self, rows: int) -> None:
        self.rows += rows
        now_s = time.monotonic()
        if now_s - self._told_s > _TOLD_EVERY_S:
            self._told_s = now_s
            of = f" of {self._total:,}" if self._total else ""
            tell(f"{self.rows:,}{of} rows, {self.rows / (now_s - self._began_s):,.0f}/s")


def _wanted(source: MappedSource, only: str | None) -> dict[str, Renamed]:
    """Which features, and under which names: those asked for, else the mapping's, else all."""
    if only is None:
        return source.features or {name: Renamed(name) for name in BY_NAME}
    names = [name.strip() for name in only.split(",")]
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        raise MappingError("FEATURES", ", ".join(unknown), "names as in docs/features.md")
    return {name: Renamed(name) for name in names}


def _type_of(one: Renamed) -> pa.DataType:
    return pa.float64() if one.divide_by != 1 else _TYPES[BY_NAME[one.feature].type]


def _scaled(values: list[Any], one: Renamed) -> pa.Array:
    if one.divide_by == 1:
        return pa.array(values, _type_of(one))
    return pa.array([None if value is None else value / one.divide_by for value in values], pa.float64())


def _computed(source: MappedSource, names: frozenset[str]) -> Iterator[Lot]:
    """Features of *names* at least, lot by lot, in event-time order."""
    of_catalogue = frozenset(entry.name for entry in CATALOGUE)
    return by_entity(source, names) if names <= of_catalogue | CALENDAR else _by_account(source)


def _by_account(source: MappedSource) -> Iterator[Lot]:
    """Lots of the whole snapshot, in this process."""
    everything = Everything(profiles_of(source), listings_of(source))
    observed = filter(None, map(everything.take, steps_of(source, whole)))
    for lot in batched(observed, ROWS):
        yield Lot([each for each, _ in lot], {name: [values[name] for _, values in lot] for name in BY_NAME})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="CSV or Parquet file")
    parser.add_argument("--mapping", required=True, help="handbook, sparkov or a YAML file")
    parser.add_argument("--out", type=Path, default=Path("out/features"), help="folder for the output")
    parser.add_argument("--label-delay-days", type=float, help="to its label (the mapping's)")
    parser.add_argument("--only", help="names of features, with commas (the mapping's own, or all)")
    return parser


if __name__ == "__main__":
    gc.disable()  # millions of objects and no cycles: to look for some costs a fifth of the time
    sys.exit(main(sys.argv[1:]))
