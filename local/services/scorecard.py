"""
The model of the local endpoint: a plain logistic scorecard.

The log odds of fraud begin at BASE and each line of POINTS adds a share of its
points: none at *low* or less, all of them at *high* or more, in proportion between.
A missing value adds nothing. The score is 1 / (1 + e^-odds). It is no trained model:
it stands in for one, gives an ordinary payment less than 0.1, and the same row always
the same score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp
from typing import NamedTuple

BASE = -4.0  # a payment about which nothing is remarkable scores 0.018


class Points(NamedTuple):
    """What one feature adds to the log odds; *low* above *high* means that less is worse."""

    feature: str
    low: float
    high: float
    points: float


POINTS = (
    Points("amount", 300, 10_000, 1.5),  # major units
    Points("amount_to_mean", 3, 30, 2.5),
    Points("amount_z", 3, 12, 0.5),
    Points("count_1m", 1, 6, 3.0),
    Points("count_1h", 4, 20, 1.5),
    Points("declines_1h", 0, 6, 3.0),
    Points("merchants_1h", 4, 10, 1.0),
    Points("small_count_1h", 1, 6, 3.0),
    Points("min_amount_1m", 200, 50, 0.5),  # a tiny payment just before, minor units
    Points("speed_kmh", 300, 1_000, 2.5),
    Points("km_from_home", 500, 5_000, 0.5),
    Points("new_device", 0, 1, 0.9),
    Points("new_merchant", 0, 1, 0.2),
    Points("new_country", 0, 1, 1.3),
    Points("country_is_home", 1, 0, 0.4),
    Points("is_night", 0, 1, 0.4),
)


class BadRow(ValueError):
    """A row has not the columns that the model was made for, or no number where it needs one."""


def scorer(columns: Sequence[str]) -> Callable[[str], float]:
    """
    A function from a CSV line of *columns* to its score, a few microseconds a line.

    Points of features that are not among *columns* are left out. The function raises
    BadRow for a line with another number of fields, or text in a field that it uses.
    """
    terms = [
        (columns.index(p.feature), p.low, p.high - p.low, p.points) for p in POINTS if p.feature in columns
    ]
    width = len(columns)

    def score(line: str) -> float:
        fields = line.split(",")
        if len(fields) != width:
            raise BadRow(f"{len(fields)} fields, expected {width}")
        odds = BASE
        for index, low, span, points in terms:
            if field := fields[index]:
                odds += points * min(max((_number(field) - low) / span, 0.0), 1.0)
        return 1.0 / (1.0 + exp(-odds))

    return score


def _number(field: str) -> float:
    try:
        return float(field)
    except ValueError as error:
        raise BadRow(f"found {field!r}, expected a number") from error
