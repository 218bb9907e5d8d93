"""
`fraudstream features quality`: each feature in each period, beside a baseline.

Rules: nothing but the archive is read, once, a batch at a time; what is kept does not grow with its rows.
Only the baseline's quantiles hold a column in memory. What is counted, and how, is `udfs.features.quality`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from local.archive import batches, columns_of, epoch_ms, require_folders, within
from schemas.errors import ConfigurationError
from udfs.features.names import FEATURES
from udfs.features.quality import Bins, Count, Figures, Reference, Values, reference_of
from udfs.features.windows import DAY_MS

_FOLDER = "features"
FILE = "feature_quality.json"
_TIME = "event_time"
_MOST_PERIODS = 5_000  # each keeps some 20 KB
_VERSION = 1


class Span(NamedTuple):
    """Event time [from_ms, until_ms); None is open."""

    from_ms: int | None = None
    until_ms: int | None = None


class Baseline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What features were like: of the rows of one archive, of a span of event time."""

    version: int = _VERSION
    from_ms: int | None
    until_ms: int | None
    features: dict[str, Reference]


class Quality(NamedTuple):
    """The figures of each feature in each period, by period, then in the features' own order."""

    period_ms: int
    figures: list[Figures]


def baseline_of(out: Path, span: Span = Span()) -> Baseline:  # noqa: B008  # immutable
    """
    The baseline of the features in *out* (of `make run` or `make replay`); a column is in memory at a time.

    Raises:
        ConfigurationError: If *out* has no features.
    """
    return Baseline(
        from_ms=span.from_ms,
        until_ms=span.until_ms,
        features={name: _reference(out / _FOLDER, name, span) for name in _features_of(out)},
    )


def write_baseline(baseline: Baseline, path: Path) -> None:
    """*baseline* is in *path* as JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(baseline), indent=1) + b"\n")


def read_baseline(path: Path) -> Baseline:
    """
    The baseline that `write_baseline` wrote.

    Raises:
        ConfigurationError: If *path* holds something else.
    """
    try:
        told = msgspec.json.decode(path.read_bytes(), type=Baseline)
    except msgspec.DecodeError as error:
        raise ConfigurationError(str(path), str(error), "what `features baseline` writes") from error
    if told.version != _VERSION:
        raise ConfigurationError(str(path), f"version {told.version}", f"version {_VERSION}")
    for name, reference in told.features.items():
        if not reference.is_whole:
            raise ConfigurationError(f"{path}: {name}", "bins and shares that do not fit", "a share a bin")
    return told


def quality(
    out: Path,
    baseline: Baseline,
    period_ms: int = DAY_MS,
    span: Span = Span(),  # noqa: B008  # immutable
) -> Quality:
    """
    The figures of each feature of the catalogue in each period of *out*, empty ones between others too.

    A feature that the archive has not is missing in every row. Periods begin at multiples of
    *period_ms* since 1970, UTC.

    Args:
        out: Folder of a run or replay.
        baseline: What to compare with; a feature that is not in it has figures, and no PSI.
        period_ms: Length of a period.
        span: Rows outside are left out.

    Raises:
        ConfigurationError: If *out* has no features, or they take too many periods.
    """
    held = _features_of(out)
    names = [one.name for one in FEATURES if one.name in held or one.name in baseline.features]
    counted = _Periods(names, baseline.features)
    for batch in batches(out / _FOLDER, [_TIME, *held], within(_TIME, *span)):
        numbers = epoch_ms(batch.column(_TIME)).to_numpy(zero_copy_only=False) // period_ms
        for number in np.unique(numbers).tolist():
            rows = batch.filter(pa.array(numbers == number))
            counted.add(number, {name: values_of(rows.column(name)) for name in held}, len(rows))
    return Quality(period_ms, list(counted.figures(period_ms)))


def values_of(column: pa.Array) -> Values:
    """The values that are there and finite."""
    there = column.drop_null()
    if pa.types.is_null(there.type):
        return np.zeros(0)
    if pa.types.is_string(there.type):
        return np.array([*there.to_pylist(), ""], dtype=object)[:-1]  # so that none is an array of texts too
    if pa.types.is_floating(there.type):
        there = there.filter(pc.is_finite(there))
    values: Values = there.to_numpy(zero_copy_only=False)
    return values


def write_quality(told: Quality, out: Path) -> Path:
    """`feature_quality.json` is in *out*, with a record a feature and period; its path."""
    path = out / FILE
    content = {"period_ms": told.period_ms, "figures": [record(one) for one in told.figures]}
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
    return path


def record(figures: Figures) -> dict[str, Any]:
    """*figures* as files and the topic have them."""
    return {**figures._asdict(), "marks": figures.marks}


class _Periods:
    """What is counted, by period."""

    def __init__(self, names: list[str], references: Mapping[str, Reference]) -> None:
        self._names = names
        self._references = references
        self._counts: dict[int, dict[str, Count]] = {}

    def add(self, number: int, columns: Mapping[str, Values], rows: int) -> None:
        """Count *rows* of period *number*; a feature without a column is missing in all of them."""
        if number not in self._counts:
            self._counts[number] = self._none()
            self._require_few()
        counts = self._counts[number]
        for name in self._names:
            values = columns.get(name)
            if values is None:
                values = np.zeros(0)
            counts[name].add(values, rows - len(values))

    def figures(self, period_ms: int) -> Iterator[Figures]:
        """Of every period from the first to the last."""
        for number in range(min(self._counts, default=0), max(self._counts, default=-1) + 1):
            counts = self._counts.get(number) or self._none()
            period = (number * period_ms, (number + 1) * period_ms)
            for name in self._names:
                yield counts[name].figures(name, period, self._references.get(name))

    def _none(self) -> dict[str, Count]:
        return {
            name: Count(self._references[name].bins if name in self._references else Bins())
            for name in self._names
        }

    def _require_few(self) -> None:
        periods = max(self._counts) - min(self._counts) + 1
        if periods > _MOST_PERIODS:
            expected = f"at most {_MOST_PERIODS:,}: a longer period, or a shorter span"
            raise ConfigurationError("period", f"{periods:,} of them", expected)


def _features_of(out: Path) -> list[str]:
    require_folders(out, [_FOLDER])
    held = columns_of(out / _FOLDER)
    return [one.name for one in FEATURES if one.name in held]


def _reference(folder: Path, name: str, span: Span) -> Reference:
    columns = [batch.column(name) for batch in batches(folder, [name], within(_TIME, *span))]
    values = [values_of(column) for column in columns]
    rows = sum(len(column) for column in columns)
    joined = np.concatenate(values) if values else np.zeros(0)
    return reference_of(joined, rows - len(joined))
