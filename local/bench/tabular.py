"""A table of words and numbers, whoever shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from local.bench.reading import NONE


class Table(NamedTuple):
    """Rows under columns; the first *words* columns are words, the others numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    note: str = ""


def filled(table: Table) -> Table | None:
    """*table* without empty columns; None without rows."""
    kept = [
        number
        for number, _ in enumerate(table.columns)
        if any(row[number] not in {NONE, ""} for row in table.rows)
    ]
    if not table.rows:
        return None
    return table._replace(
        columns=[table.columns[number] for number in kept],
        rows=[[row[number] for number in kept] for row in table.rows],
        words=sum(number < table.words for number in kept),
    )
