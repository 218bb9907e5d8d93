"""Lines over an axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from local.bench.markup import Naming, element, line, picture, words
from local.bench.reading import count
from local.bench.scales import Scale, linear, logarithmic, ticks

_WIDTH = 430.0
_HEIGHT = 300.0
_LEFT = 56.0
_RIGHT = 54.0  # for the names at the lines' ends
_TOP = 30.0
_BOTTOM = 44.0
_APART = 12.0  # the least that names keep between them


class Line(NamedTuple):
    """
    A line through *points*, its name at its end.

    *class_* is the CSS class of its colour and dash. Points are marked with their figures
    where *tell* words them.
    """

    name: str
    points: Sequence[tuple[float, float]]
    class_: str
    tell: Callable[[float], str] | None = None


class Axes(NamedTuple):
    """What is measured to the right and upwards, and the figures that the axes must hold."""

    x: str
    y: str
    xs: Sequence[float]
    ys: Sequence[float]
    logarithmic: bool = False
    x_ticks: Sequence[float] | None = None  # where not round figures


def curves(naming: Naming, axes: Axes, lines: Sequence[Line]) -> str:
    """*lines* over *axes*, in a picture that fits beside another one."""
    across = linear(axes.xs, _LEFT, _WIDTH - _RIGHT)
    if axes.x_ticks:
        across = across._replace(high=max(axes.x_ticks))  # figures stand at the ticks and nowhere else
    scaled = logarithmic if axes.logarithmic else linear
    upwards = scaled(axes.ys, _HEIGHT - _BOTTOM, _TOP)
    return picture(
        naming,
        _WIDTH,
        _HEIGHT,
        *_frame(axes, across, upwards),
        *(_curve(each, across, upwards) for each in lines),
        *_names(lines, across, upwards),
    )


def _frame(axes: Axes, across: Scale, upwards: Scale) -> Iterator[str]:
    for value in ticks(upwards):
        y = upwards.at(value)
        yield line(_LEFT, y, _WIDTH - _RIGHT, y, "grid")
        yield words(_plain(value), _LEFT - 7, y + 4, "tick", "end")
    for value in axes.x_ticks or ticks(across):
        yield words(count(value), across.at(value), _HEIGHT - _BOTTOM + 17, "tick", "middle")
    yield words(axes.y, 0, 13, "axis")
    yield words(axes.x, (_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 6, "axis", "middle")


def _curve(each: Line, across: Scale, upwards: Scale) -> str:
    places = [(across.at(x), upwards.at(y)) for x, y in each.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    marks = (
        element("circle", _tip(each, point), cx=x, cy=y, r=3.5, class_=each.class_)
        for (x, y), point in zip(places, each.points, strict=True)
        if each.tell
    )
    return element("polyline", points=path, class_=f"line {each.class_}") + "".join(marks)


def _tip(each: Line, point: tuple[float, float]) -> str:
    x, y = point
    return element("title", escape(f"{each.name} at {count(x)}: {each.tell(y) if each.tell else y}"))


def _names(lines: Sequence[Line], across: Scale, upwards: Scale) -> Iterator[str]:
    """Each line's name at its end, from the highest down, moved down where two would meet."""
    ends = sorted((upwards.at(each.points[-1][1]), each.name, each) for each in lines if each.name)
    free = 0.0
    for y, name, each in ends:
        free = max(y, free)
        yield words(name, across.at(each.points[-1][0]) + 8, free + 4, f"end {each.class_}")
        free += _APART


def _plain(value: float) -> str:
    return f"{value:,.6g}"
