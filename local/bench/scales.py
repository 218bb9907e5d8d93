"""From figures to places in a picture, and the round figures that stand at an axis."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor, log10
from typing import NamedTuple

_STEPS = (1, 2, 5)


class Scale(NamedTuple):
    """*low* is at *start* and *high* at *end*, what is between them in proportion, or by its logarithm."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Where *value* is; what is off the scale is at its end."""
        low, high, here = self.low, self.high, min(max(value, self.low), self.high)
        if self.logarithmic:
            low, high, here = log10(low), log10(high), log10(here)
        return self.start + (here - low) / (high - low) * (self.end - self.start)


def linear(values: Iterable[float], start: float, end: float) -> Scale:
    """From zero to a round figure that none of *values* exceeds."""
    most = max(values, default=0.0)
    step = _step(most)
    return Scale(0.0, max(ceil(most / step) * step, step), start, end)


def logarithmic(values: Iterable[float], start: float, end: float) -> Scale:
    """Between figures of 1, 2 or 5 and zeros, which leave none of *values* out but zeros and less."""
    seen = [value for value in values if value > 0] or [1.0]
    figures = _ones_twos_fives(floor(log10(min(seen))) - 1, ceil(log10(max(seen))) + 1)
    low = max(figure for figure in figures if figure <= min(seen))
    high = min(figure for figure in figures if figure > max(seen))
    return Scale(low, high, start, end, logarithmic=True)


def ticks(scale: Scale) -> list[float]:
    """The round figures from one end of *scale* to the other."""
    if scale.logarithmic:
        figures = _ones_twos_fives(floor(log10(scale.low)), ceil(log10(scale.high)) + 1)
        return [figure for figure in figures if scale.low * 0.999 <= figure <= scale.high * 1.001]
    step = _step(scale.high)
    return [number * step for number in range(round(scale.high / step) + 1)]


def _step(most: float) -> float:
    """The round step of which four or five reach *most*."""
    if most <= 0:
        return 1.0
    rough = most / 5
    magnitude = 10.0 ** floor(log10(rough))
    return next(step * magnitude for step in (*_STEPS, 10) if step * magnitude >= rough * (1 - 1e-9))


def _ones_twos_fives(low: int, high: int) -> list[float]:
    return [step * 10.0**power for power in range(low, high + 1) for step in _STEPS]
