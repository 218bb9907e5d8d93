"""
Anyone's CSV or Parquet file as a source of traffic.

Rules: the file is streamed; a value that can't be used stops the reading with its
row, column, what was found and what was expected (rows count from 1, without the
header). Files beside the data are used when they are there. docs/your-own-data.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cached_property
from operator import itemgetter
from pathlib import Path

from local.generator.traffic import DAY_MS, Message, Sample
from local.mappings.reader import NEEDED, NEEDED_OF_ARTICLES, NEEDED_OF_RATES, Reader
from local.mappings.spec import Fields, Renamed, Spec, load_spec
from local.mappings.tables import MappingError, open_table

__all__ = ["MappedSource", "MappingError", "open_source"]

BACKWARDS_MS = 1_000  # rows this much out of order are taken as they are: within a replay's lateness
_OF_REMOVED = ("article_id", "merchant_id", "updated")
_OF_LABEL = ("transaction_id", "account_id", "card_number", "merchant_id")


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
        self._reader = Reader(data.name, self._table, {**spec.transactions, **spec.label})
        self.notes: list[str] = []
        self._customers = self._beside("customers", spec.customers_file, spec.customers)
        self._merchants = self._beside("merchants", spec.merchants_file, spec.merchants)
        self._inventory = self._beside("inventory", spec.inventory_file, spec.inventory, NEEDED_OF_ARTICLES)
        self._rates = self._beside("rates", spec.rates_file, spec.rates, NEEDED_OF_RATES)

    def narrowed(self, fields: Collection[str]) -> MappedSource:
        """The same rows, with no more than *fields* and the label of each: no other column is read."""
        transactions = {name: cell for name, cell in self._spec.transactions.items() if name in fields}
        label = {name: cell for name, cell in self._spec.label.items() if name != "kind"}
        spec = replace(self._spec, transactions=transactions, label=label, merchants_file=None)
        return MappedSource(self._data, spec, self._delay_ms / DAY_MS)

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
        pop = message.pop
        is_fraud, reported_ms, kind = pop("is_fraud", None), pop("reported", None), pop("kind", None)
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
    ) -> Reader | None:
        if file is None:
            return None
        path = self._data.parent / file
        if not path.is_file():
            self.notes.append(f"{what}: none ({path.name} is not beside the data)")
            return None
        self.notes.append(f"{what}: {path}")
        return Reader(path.name, open_table(path, self._spec.delimiter), fields, needed)
