"""
`make features`: the features of a file's transactions, for training, without the engine.

Rules: nothing is computed here (`local.observing` calls the stream's own code). Each entity has a
process of its own, because its log needs nothing but what happened to it.
"""

from __future__ import annotations

import argparse
import gc
import json
import marshal
import multiprocessing
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import batched
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from local.mapping import MappedSource, open_source
from local.mappings.spec import Renamed
from local.mappings.tables import MappingError
from local.observing import (
    PLAIN,
    Everything,
    Logs,
    Seen,
    Step,
    listings_of,
    marked,
    plain,
    profiles_of,
    steps_of,
    whole,
)
from local.stack import tell
from udfs.features.blocks import Event
from udfs.features.catalogue import CATALOGUE, Entity, event_of
from udfs.features.engine import calendar_features
from udfs.features.names import BY_NAME

_ROWS = 32_768  # at a time from process to process: enough for each key to have some together
_AHEAD = 3  # of such lots, before the slowest is waited for
_TYPES = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "text": pa.string()}
_CALENDAR = frozenset(calendar_features(0))
_TOLD_EVERY_S = 2.0
_END = b""  # no lot is empty


class Lot(NamedTuple):
    """Ids of transactions, and their features by name."""

    ids: list[str]
    columns: dict[str, list[Any]]


def main(arguments: Sequence[str]) -> int:
    """0 when the features are written, 1 after a message if not."""
    options = _parser().parse_args(arguments)
    gc.disable()  # millions of objects and no cycles: to look for some costs a fifth of the time
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


def _computed(
    source: MappedSource, names: frozenset[str]
) -> Iterator[tuple[list[str], dict[str, list[Any]]]]:
    """Ids and columns of *names*, lot by lot, in event-time order."""
    of_catalogue = frozenset(entry.name for entry in CATALOGUE)
    if names <= of_catalogue | _CALENDAR:
        yield from _by_entity(source, names)
    else:
        yield from _by_account(source)


# --- each entity beside the others


class _Lane:
    """An entity's process: lots of what it sees go in, lots of its features come out."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        self._ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_serve, args=(entity, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._thread = ThreadPoolExecutor(max_workers=1)

    def ask(self, lot: Sequence[tuple[Step, Event | None]]) -> Future[list[list[Any]]]:
        """A column a feature, a value a transaction of *lot*; lots are taken in their order."""
        return self._thread.submit(self._exchange, marshal.dumps([self._seen(*each) for each in lot]))

    def close(self) -> None:
        """The process has ended."""
        self._thread.shutdown()
        self._ours.send_bytes(_END)
        self._process.join()

    def _exchange(self, lot: bytes) -> list[list[Any]]:
        self._ours.send_bytes(lot)
        columns: list[list[Any]] = marshal.loads(self._ours.recv_bytes())  # noqa: S302  # from our own process
        return columns

    def _seen(self, step: Step, event: Event | None) -> Seen | None:
        if step.txn is None or event is None:
            return marked(step.label) if self.entity.name == "merchant" else None
        return (self.entity.key_of(step.txn), *self.entity.told(event, step.txn))


def _serve(entity: Entity, ends: Connection) -> None:
    logs = Logs(entity)
    while lot := ends.recv_bytes():
        ends.send_bytes(marshal.dumps(logs.take(marshal.loads(lot))))  # noqa: S302  # from our own process


def _by_entity(source: MappedSource, names: frozenset[str]) -> Iterator[Lot]:
    """Lots of the catalogue's features and the calendar's, no more of them than *names*."""
    entries = [entry for entry in CATALOGUE if entry.name in names]
    lanes = [_Lane(Entity(name, entries)) for name in dict.fromkeys(entry.entity for entry in entries)]
    asked: deque[_Asked] = deque()
    with ExitStack() as stack:
        for lane in lanes:
            stack.enter_context(closing(lane))
        for lot in batched(steps_of(source.narrowed(PLAIN), plain), _ROWS):
            told = [(step, event_of(step.txn) if step.txn else None) for step in lot]
            asked.append(_Asked(lot, [(lane.entity, lane.ask(told)) for lane in lanes]))
            if len(asked) == _AHEAD:
                yield _joined(asked.popleft())
        while asked:
            yield _joined(asked.popleft())


class _Asked(NamedTuple):
    """A lot, and what each entity will say of it."""

    lot: Sequence[Step]
    answers: list[tuple[Entity, Future[list[list[Any]]]]]


def _joined(asked: _Asked) -> Lot:
    transactions = [step.txn for step in asked.lot if step.txn is not None]
    columns: dict[str, list[Any]] = {}
    for entity, answer in asked.answers:
        told = answer.result() or [[] for _ in entity.entries]
        columns |= zip(entity.absent, told, strict=True)
    days = [calendar_features(txn.event_time_ms) for txn in transactions]
    columns |= {name: [day[name] for day in days] for name in _CALENDAR}
    return Lot([txn.transaction_id for txn in transactions], columns)


# --- the whole snapshot, in one process


def _by_account(source: MappedSource) -> Iterator[Lot]:
    everything = Everything(profiles_of(source), listings_of(source))
    observed = filter(None, map(everything.take, steps_of(source, whole)))
    for lot in batched(observed, _ROWS):
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
    sys.exit(main(sys.argv[1:]))
