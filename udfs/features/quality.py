"""
Has a feature changed? Shares of its values now, beside those of a baseline.

Rules: counts are exact, integers until the last division. What is missing is a bin of
its own; a value that is not finite is missing, as it is for rules and model. Numpy
is imported here and nowhere else in the core: nothing that decides calls this module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import log, sqrt
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

BINS = 10  # between deciles: what credit scoring, where PSI comes from, has always used
FLOOR = 1e-4  # of a share in the index: an empty bin would make it infinite
WATCH, DRIFT = 0.1, 0.25  # the limits of PSI that everyone uses
_ROSE = 0.01  # of a share of missing values, beside the baseline's: less is not told
_SIGMAS = 3.0  # beyond it, it is not chance
_MOST_TEXTS = 50  # that have a bin of their own

type Values = NDArray[Any]  # int64, float64, booleans, or texts as objects


class Bins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    Where values are counted: place 0 is for what is missing.

    Attributes:
        edges: Of numbers: bin i holds (edge i-1, edge i], the first and last are open.
        texts: Of texts: one bin each, and a last one for all others; None for numbers.
    """

    edges: tuple[int | float, ...] = ()
    texts: tuple[str, ...] | None = None

    @property
    def number(self) -> int:
        """How many bins there are."""
        return 2 + len(self.edges if self.texts is None else self.texts)

    def count(self, values: Values, missing: int) -> NDArray[np.int64]:
        """How many of *values*, none of which is missing, are in each bin; O(n log bins)."""
        if self.texts is None:
            places = 1 + np.searchsorted(np.asarray(self.edges), values, side="left")
            counts = np.bincount(places, minlength=self.number)
        else:
            found = Counter(values.tolist())
            counts = np.array([0, *(found[text] for text in self.texts), 0])
            counts[-1] = len(values) - counts.sum()
        counts[0] = missing
        return counts.astype(np.int64)


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A feature's baseline: its bins, and the share of each; no shares without rows."""

    bins: Bins
    shares: tuple[float, ...]
    rows: int

    @property
    def null_rate(self) -> float | None:
        """Share of the missing; None without rows."""
        return self.shares[0] if self.shares else None

    @property
    def is_whole(self) -> bool:
        """Whether shares and edges are what bins and rows promise; a file may say anything."""
        edges = self.bins.edges
        rises = all(one < other for one, other in pairwise(edges))
        return self.rows >= 0 and rises and len(self.shares) == (self.bins.number if self.rows else 0)


class Figures(NamedTuple):
    """
    A feature in a period.

    Attributes:
        feature: Its name.
        from_ms: The period is [from_ms, until_ms) of event time.
        until_ms: Its end.
        rows: Transactions.
        null_rate: Share of the missing, 0..1; None without rows.
        least: Smallest value; None if there is none, or of texts.
        most: Greatest value.
        mean: Of the values that are there; of a boolean the share of true.
        psi: Population stability index beside the baseline; None without rows or baseline.
        chance: PSI that as few rows reach once in a thousand though nothing has changed.
        baseline_null_rate: The baseline's; None without one.
    """

    feature: str
    from_ms: int
    until_ms: int
    rows: int
    null_rate: float | None
    least: int | float | None
    most: int | float | None
    mean: float | None
    psi: float | None
    chance: float | None
    baseline_null_rate: float | None

    @property
    def marks(self) -> tuple[str, ...]:
        """`drift` or `watch` where PSI is beyond its limit, and `missing more`; both only beyond chance."""
        drift = "drift" if self._is_beyond(DRIFT) else "watch" if self._is_beyond(WATCH) else ""
        more = "missing more" if self.is_missing_more else ""
        return tuple(mark for mark in (drift, more) if mark)

    @property
    def is_missing_more(self) -> bool:
        """Whether the share of the missing rose by more than a point, and more than by chance."""
        was, now = self.baseline_null_rate, self.null_rate
        if was is None or now is None:
            return False
        return now - was > max(_ROSE, _SIGMAS * sqrt(was * (1 - was) / self.rows))

    def _is_beyond(self, limit: float) -> bool:
        return self.psi is not None and self.chance is not None and self.psi > max(limit, self.chance)


class Count:
    """What is counted of a feature in a period, batch by batch."""

    def __init__(self, bins: Bins) -> None:
        self.rows = 0
        self.bins: NDArray[np.int64] = np.zeros(bins.number, np.int64)
        self._where = bins
        self._least: int | float | None = None
        self._most: int | float | None = None
        self._sum: int | float = 0

    def add(self, values: Values, missing: int) -> None:
        """Count *values*, none of which is missing, and *missing* more rows without one."""
        self.rows += len(values) + missing
        self.bins += self._where.count(values, missing)
        if len(values) and values.dtype != object:
            self._measure(values.astype(np.int64) if values.dtype == np.bool_ else values)

    def figures(self, feature: str, period: tuple[int, int], reference: Reference | None) -> Figures:
        """The figures of *feature* in *period*, from and until in ms."""
        nulls = int(self.bins[0])
        values = self.rows - nulls
        compared = reference if reference is not None and reference.rows and self.rows else None
        return Figures(
            feature=feature,
            from_ms=period[0],
            until_ms=period[1],
            rows=self.rows,
            null_rate=nulls / self.rows if self.rows else None,
            least=self._least,
            most=self._most,
            mean=None if self._least is None else self._sum / values,
            psi=None if compared is None else psi(compared.shares, self.shares()),
            chance=None if compared is None else chance(len(compared.shares), compared.rows, self.rows),
            baseline_null_rate=None if reference is None else reference.null_rate,
        )

    def shares(self) -> tuple[float, ...]:
        """The share of each bin; none without rows."""
        return tuple((self.bins / self.rows).tolist()) if self.rows else ()

    def _measure(self, values: Values) -> None:
        least, most = values.min().item(), values.max().item()
        self._least = least if self._least is None else min(self._least, least)
        self._most = most if self._most is None else max(self._most, most)
        self._sum += _sum(values)


def psi(expected: Sequence[float], actual: Sequence[float]) -> float:
    """
    The population stability index: the sum of (actual - expected) * ln(actual / expected).

    Each share is at least `FLOOR`. 0 where nothing changed; never below.
    """
    floored = [(max(a, FLOOR), max(e, FLOOR)) for a, e in zip(actual, expected, strict=True)]
    return sum((a - e) * log(a / e) for a, e in floored)


def chance(bins: int, rows: int, others: int) -> float:
    """
    PSI that two samples of *rows* and *others* from one population exceed once in a thousand.

    Without drift PSI times n * m / (n + m) is near a chi-square of bins - 1 degrees of freedom;
    its mean and three deviations are taken.
    """
    freedom = bins - 1
    return (freedom + _SIGMAS * sqrt(2 * freedom)) * (1 / rows + 1 / others)


def bins_of(values: Values) -> Bins:
    """
    Bins of about equal shares of *values*, none of which is missing.

    Edges are the deciles, which are values themselves. A value that is several deciles at once has
    a bin of its own, so that a fall is seen as well as a rise. Texts: the most frequent.
    """
    if values.dtype == object:
        found = sorted(Counter(values.tolist()).items(), key=lambda item: (-item[1], item[0]))
        return Bins(texts=tuple(sorted(text for text, _ in found[:_MOST_TEXTS])))
    if values.dtype == np.bool_ or not len(values):
        return Bins(edges=(0,) if values.dtype == np.bool_ else ())
    deciles, times = np.unique(_deciles(values), return_counts=True)
    below = deciles[times > 1]
    below = below - 1 if values.dtype == np.int64 else np.nextafter(below, -np.inf)
    return Bins(edges=tuple(np.union1d(deciles, below).tolist()))


def reference_of(values: Values, missing: int) -> Reference:
    """The baseline of a feature: of *values*, none of which is missing, and *missing* rows without one."""
    bins = bins_of(values)
    count = Count(bins)
    count.add(values, missing)
    return Reference(bins, count.shares(), count.rows)


def _deciles(values: Values) -> Values:
    return np.quantile(values, [n / BINS for n in range(1, BINS)], method="inverted_cdf")


def _sum(values: Values) -> int | float:
    """Of integers exact, whatever they come to."""
    if values.dtype == np.float64:
        return float(values.sum())
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())
