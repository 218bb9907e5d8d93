"""
One table's rows as messages of the wire form, column by column, each cell through its converter.

Rule: a cell that can't be used stops the reading with its row and column; rows count from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from local.generator.traffic import Message
from local.mappings import values
from local.mappings.spec import Cell, Fields
from local.mappings.tables import MappingError, Table
from local.mappings.values import BadValueError, Convert

NEEDED = frozenset(("transaction_id", "account_id", "event_time", "amount", "amount_minor", "currency"))
NEEDED_OF_ARTICLES = frozenset(("article_id", "merchant_id"))
NEEDED_OF_RATES = frozenset(("currency", "rate", "effective"))

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
TIMES = frozenset(("event_time", "reported", "updated", "opened", "effective"))


class _Reading(NamedTuple):
    field: str
    column: str
    place: int  # of the column among those read
    convert: Convert

    def of(self, cells: Sequence[Any]) -> list[Any]:
        """The field's values; None where a cell is empty, or NaN."""
        convert = self.convert
        return [None if cell is None or cell != cell else convert(cell) for cell in cells]  # noqa: PLR0124


class Reader:
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
