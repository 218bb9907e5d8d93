"""The figures of features as a person at a terminal reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from local.quality import Quality
from udfs.features.quality import Figures
from udfs.features.windows import HOUR_MS

_COLUMNS = {  # head: width
    "rows": 9,
    "missing": 7,
    "was": 7,
    "least": 9,
    "most": 9,
    "mean": 9,
    "PSI": 7,
    "chance": 7,
    "marked": 7,
}


def worst(told: Quality) -> list[Figures]:
    """Of each feature the period with the highest PSI beyond chance, the first of equals; by feature."""
    found: dict[str, Figures] = {}
    for one in told.figures:
        if one.feature not in found or _beyond(one) > _beyond(found[one.feature]):
            found[one.feature] = one
    return list(found.values())


def table(told: Quality) -> Iterator[str]:
    """*told* as lines: of each feature its worst period, and in how many it is marked."""
    periods = {one.from_ms: one.rows for one in told.figures}
    marked = Counter(one.feature for one in told.figures if one.marks)
    rows, hours = sum(periods.values()), told.period_ms / HOUR_MS
    yield f"{rows:,} transactions, {len(periods):,} periods of {hours:g} h"
    yield ""
    yield _line("feature", "worst period", list(_COLUMNS))
    for one in worst(told):
        yield _line(one.feature, _time(one.from_ms), [*_cells(one), f"{marked[one.feature]:,}", *one.marks])


def _cells(one: Figures) -> list[str]:
    return [
        f"{one.rows:,}",
        _percent(one.null_rate),
        _percent(one.baseline_null_rate),
        *map(_number, (one.least, one.most, one.mean)),
        *("-" if each is None else f"{each:.3f}" for each in (one.psi, one.chance)),
    ]


def _beyond(one: Figures) -> float:
    return -1e9 if one.psi is None or one.chance is None else one.psi - one.chance


def _time(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.5g}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _line(name: str, period: str, cells: Sequence[str]) -> str:
    widths = [*_COLUMNS.values(), *(0 for _ in cells)]
    aligned = [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([f"{name:<20}", f"{period:<16}", *aligned])
