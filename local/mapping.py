"""
Anyone's CSV or Parquet file as a source of traffic.

Rules: the file is streamed; a value that can't be used stops the reading with its
row, column, what was found and what was expected (rows count from 1, without the
header). Files beside the data are used when they are there. docs/your-own-data.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from local.generator.traffic import DAY_MS, Message, Sample
from local.mappings import values
from local.mappings.spec import Cell, Fields, Renamed, Spec, load_spec
from local.mappings.tables import MappingError, Table, open_table
from local.mappings.values import BadValueError, Convert

__all__ = ["MappedSource", "MappingError", "open_source"]

BACKWARDS_MS = 1_000  # rows this much out of order are taken as they are: within a replay's lateness
NEEDED = frozenset(("transaction_id", "account_id", "event_time", "amount", "amount_minor", "currency"))
NEEDED_OF_ARTICLES = frozenset(("article_id", "merchant_id"))
NEEDED_OF_RATES = frozenset(("currency", "rate", "effective"))
_OF_REMOVED = ("article_id", "merchant_id", "updated")

CONVERTERS: dict[str, Convert] = {
    "account_ids": values.texts,
    "amount": values.decimal,
    "amount_minor": values.whole,
    "card_number": values.card_number,
    "home_latitude": values.number,
    "home_longitude": values.number,
    "is_fraud": values.truth,
    "latitude": values.number,
    "list_price": values.decimal,
    "list_price_minor": values.whole,
    "longitude": values.number,
    "rate": values.rate,
    "removed": values.truth,
    "stock": values.pieces,
}
MINOR = {"amount": "amount_minor", "list_price": "list_price_minor"}  # major units, and what they become
_OF_LABEL = ("transaction_id", "account_id", "card_number", "merchant_id")
TIMES = frozenset(("event_time", "reported", "updated", "opened", "effective"))


def open_source(data: Path, mapping: str, label_delay_days: float | None = None) -> MappedSource:
    """
    The file *data* as a source, through the mapping of that name or path.

    Args:
        data: CSV (also gzipped) or Parquet.
        mapping: `handbook`, `sparkov` or a YAML file.
        label_delay_days: From a transaction to its label; None is the mapping's own.

    Raises:
        MappingError: If the mapping, the file or one of its columns is missing or wrong.
    """
    spec = load_spec(mapping)
    delay_days = spec.label_delay_days if label_delay_days is None else label_delay_days
    return MappedSource(data, spec, delay_days)


class MappedSource:
    """A file read through a mapping. `notes` says which optional files were found."""

    def __init__(self, data: Path, spec: Spec, label_delay_days: float) -> None:
        self._data = data
        self._spec = spec
        self._delay_ms = int(label_delay_days * DAY_MS)
        self._table = open_table(data, spec.delimiter)
        self._reader = _Reader(data.name, self._table, {**spec.transactions, **spec.label})
        self.notes: list[str] = []
        self._customers = self._beside("customers", spec.customers_file, spec.customers)
        self._merchants = self._beside("merchants", spec.merchants_file, spec.merchants)
        self._inventory = self._beside("inventory", spec.inventory_file, spec.inventory, NEEDED_OF_ARTICLES)
        self._rates = self._beside("rates", spec.rates_file, spec.rates, NEEDED_OF_RATES)

    @property
    def name(self) -> str:
        """What to call the source when speaking to a person."""
        return f"{self._data.name} ({self._spec.name})"

    @property
    def features(self) -> dict[str, Renamed]:
        """The features that the data's users know by names of their own."""
        return self._spec.features

    @property
    def total(self) -> int | None:
        """Rows of a Parquet file; None for CSV."""
        return self._table.rows

    @property
    def base(self) -> str | None:
        """The currency of the rates' file, if there is one."""
        return self._spec.rates["base"].constant if self._rates else None

    def rates(self) -> Iterator[Message]:
        """Every row of the rates' file, if there is one, in the order of `effective`."""
        rows = self._rates.messages() if self._rates else ()
        return iter(sorted(rows, key=itemgetter("effective")))

    def customers(self) -> Iterator[Message]:
        """Every row of the customers' file, if there is one."""
        return self._customers.messages() if self._customers else iter(())

    def articles(self) -> Iterator[Message]:
        """Every row of the inventory's file, if there is one; of one that was removed, no more than that."""
        for row, message in enumerate(self._inventory.messages() if self._inventory else (), 1):
            if not message.pop("removed", False):
                yield message
            elif "updated" in message:
                yield {name: message[name] for name in _OF_REMOVED} | {"removed": True}
            else:
                where = f"{self._spec.inventory_file} row {row}, updated"
                raise MappingError(where, "nothing", "when the article was removed")

    def samples(self) -> Iterator[Sample]:
        """Every row as a transaction with its label. Raises MappingError at the first that can't be used."""
        if self._spec.sort:
            rows = sorted(self._rows(), key=lambda sample: sample.transaction["event_time"])
            return iter(rows)
        return self._forwards()

    def _forwards(self) -> Iterator[Sample]:
        newest_ms = 0
        for sample in self._rows():
            now_ms = sample.transaction["event_time"]
            if now_ms < newest_ms - BACKWARDS_MS:
                where = f"{self._data.name} row {sample.row}, event_time"
                found = f"a time {(newest_ms - now_ms) / 1000:.0f} s before an earlier row's"
                raise MappingError(where, found, "rows in the order of time, or `sort: true` in the mapping")
            newest_ms = max(newest_ms, now_ms)
            yield sample

    def _rows(self) -> Iterator[Sample]:
        positions = self._positions
        for row, message in enumerate(self._reader.messages(), 1):
            told = self._label(message)
            position = positions.get(message.get("merchant_id"))
            if position is not None:
                message.setdefault("latitude", position[0])
                message.setdefault("longitude", position[1])
            yield Sample(message, told, row)

    def _label(self, message: Message) -> Message | None:
        is_fraud, reported_ms, kind = (message.pop(name, None) for name in ("is_fraud", "reported", "kind"))
        if is_fraud is None:
            return None
        if reported_ms is None:
            reported_ms = message["event_time"] + self._delay_ms
        told = {name: message[name] for name in _OF_LABEL if name in message}
        told |= {"is_fraud": is_fraud, "reported": reported_ms}
        return told if kind is None else told | {"kind": kind}

    @cached_property
    def _positions(self) -> dict[str | None, tuple[float, float]]:
        if self._merchants is None:
            return {}
        found = list(self._merchants.messages())
        return {m["merchant_id"]: (m["latitude"], m["longitude"]) for m in found if "longitude" in m}

    def _beside(
        self, what: str, file: str | None, fields: Fields, needed: frozenset[str] = NEEDED
    ) -> _Reader | None:
        if file is None:
            return None
        path = self._data.parent / file
        if not path.is_file():
            self.notes.append(f"{what}: none ({path.name} is not beside the data)")
            return None
        self.notes.append(f"{what}: {path}")
        return _Reader(path.name, open_table(path, self._spec.delimiter), fields, needed)


class _Reading(NamedTuple):
    field: str
    column: str
    place: int  # of the column among those read
    convert: Convert

    def of(self, cells: Sequence[Any]) -> list[Any]:
        """The field's values; None where a cell is empty, or NaN."""
        convert = self.convert
        return [None if cell is None or cell != cell else convert(cell) for cell in cells]  # noqa: PLR0124


class _Reader:
    """Rows of one table as messages."""

    def __init__(self, name: str, table: Table, fields: Fields, needed: frozenset[str] = NEEDED) -> None:
        self._name = name
        self._needed = needed
        self._table = table
        self._columns = list(dict.fromkeys(cell.column for cell in fields.values() if cell.column))
        missing = [column for column in self._columns if column not in table.columns]
        if missing:
            raise MappingError(name, f"no column {', '.join(missing)}", f"one of {', '.join(table.columns)}")
        self._constants = {
            field: self._guarded("the mapping", field, _converter(field, cell), cell.constant)
            for field, cell in fields.items()
            if cell.column is None
        }
        self._in_ms = self._told_in_ms(fields)
        self._readings = [
            _Reading(field, cell.column, self._columns.index(cell.column), self._converter(field, cell))
            for field, cell in fields.items()
            if cell.column is not None
        ]

    def _told_in_ms(self, fields: Fields) -> frozenset[str]:
        """Columns that need no reading: timestamps of a known zone, and of nothing but times."""
        of_others = {cell.column for field, cell in fields.items() if field not in TIMES or cell.format}
        zones = {cell.column: cell.zone for field, cell in fields.items() if field in TIMES}
        return frozenset(
            column
            for column, states_zone in self._table.timestamps.items()
            if column in zones and column not in of_others and (states_zone or zones[column] == "UTC")
        )

    def _converter(self, field: str, cell: Cell) -> Convert:
        return int if cell.column in self._in_ms else _converter(field, cell)

    def messages(self) -> Iterator[Message]:
        """Every row; MappingError before the lot of rows in which one can't be used."""
        before = 0
        for cells in self._table.read(self._columns, self._in_ms):
            yield from self._lot(cells, before)
            before += len(cells[0])

    def _lot(self, cells: Sequence[Sequence[Any]], before: int) -> Iterator[Message]:
        """The rows of *cells*, a list a column, column by column: at half the price."""
        columns = {reading.field: self._column(reading, cells, before) for reading in self._readings}
        for major in MINOR.keys() & columns.keys():
            columns[MINOR[major]] = self._minor(columns.pop(major), columns, before)
        names = list(columns)
        whole = not any(None in column for column in columns.values())
        for row in zip(*columns.values(), strict=True):
            message = dict(zip(names, row, strict=True))
            if not whole:
                message = {name: value for name, value in message.items() if value is not None}
            yield {**self._constants, **message}

    def _column(self, reading: _Reading, cells: Sequence[Sequence[Any]], before: int) -> list[Any]:
        column = cells[reading.place]
        try:
            found = reading.of(column)
        except BadValueError:
            at, error = next(_faults(lambda at: reading.of(column[at : at + 1]), len(column)))
            raise self._error(before + at + 1, reading.column, error) from None
        if reading.field in self._needed and None in found:
            nothing = BadValueError("nothing", f"a value for {reading.field}")
            raise self._error(before + found.index(None) + 1, reading.column, nothing)
        return found

    def _minor(self, amounts: Sequence[Any], columns: dict[str, list[Any]], before: int) -> list[int | None]:
        currencies = columns.get("currency") or [self._constants["currency"]] * len(amounts)
        pairs = list(zip(amounts, currencies, strict=True))
        try:
            return [None if amount is None else values.minor(amount, currency) for amount, currency in pairs]
        except BadValueError:
            at, error = next(
                _faults(lambda at: pairs[at][0] is not None and values.minor(*pairs[at]), len(pairs))
            )
            raise self._error(before + at + 1, "currency", error) from None

    def _guarded(self, where: str, field: str, convert: Convert, cell: Any) -> Any:
        try:
            return convert(cell)
        except BadValueError as error:
            raise MappingError(f"{where}, {field}", error.found, error.expected) from None

    def _error(self, row: int, column: str | None, error: BadValueError) -> MappingError:
        return MappingError(f"{self._name} row {row}, column {column}", error.found, error.expected)


def _faults(convert: Callable[[int], Any], count: int) -> Iterator[tuple[int, BadValueError]]:
    """The rows of a lot that *convert* refuses."""
    for at in range(count):
        try:
            convert(at)
        except BadValueError as error:
            yield at, error


def _converter(field: str, cell: Cell) -> Convert:
    if field in TIMES:
        convert = values.time_reader(cell.format, ZoneInfo(cell.zone))
    else:
        convert = CONVERTERS.get(field, values.text)
    steps = _text_steps(cell)
    if not steps:
        return convert
    return lambda value: _through(steps, convert, value)


def _text_steps(cell: Cell) -> Sequence[Callable[[str], str | None]]:
    steps: list[Callable[[str], str | None]] = []
    if cell.strip:
        steps.append(lambda value: value.removeprefix(cell.strip))
    if cell.table is not None:
        table, otherwise = cell.table, cell.otherwise
        steps.append(lambda value: table.get(value, otherwise))
    if cell.prefix:
        steps.append(lambda value: cell.prefix + value)
    return steps


def _through(steps: Sequence[Callable[[str], str | None]], convert: Convert, value: Any) -> Any:
    changed: str | None = values.text(value)
    for step in steps:
        if changed is None:
            return None
        changed = step(changed)
    return None if changed is None else convert(changed)
