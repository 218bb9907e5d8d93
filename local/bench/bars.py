"""Lying bars, in groups: one figure each, or parts that add up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from local.bench.markup import Naming, element, line, picture, words
from local.bench.scales import Scale, linear, ticks

_WIDTH = 940.0
_LABELS = 230.0  # what the names may take
_FIGURES = 150.0  # and the figures behind the bars
_ROW = 26.0
_BAR = 17.0
_HEAD = 30.0
_FOOT = 26.0
_GAP = 1.5
_ROOM = 34.0  # a part narrower than this has no room for its figure


class Part(NamedTuple):
    """A piece of a bar: how long, the CSS class of its colour, what it is in words, and its figure."""

    value: float
    colour: str
    words: str
    figure: str = ""


class Bar(NamedTuple):
    """A bar of one or more parts, its name before it and its figure behind."""

    name: str
    parts: Sequence[Part]
    figure: str


Groups = Mapping[str, Sequence[Bar]]


def bars(naming: Naming, groups: Groups, tell: Callable[[float], str]) -> str:
    """The bars of *groups*, each group under its heading, on one scale; *tell* words the axis."""
    height = sum((_HEAD if title else 0) + _ROW * len(group) for title, group in groups.items())
    totals = [sum(part.value for part in bar.parts) for group in groups.values() for bar in group]
    scale = linear(totals, _LABELS, _WIDTH - _FIGURES)
    drawn = (_bar(bar, y, scale) for bar, y in _places(groups))
    return picture(
        naming,
        _WIDTH,
        height + _FOOT,
        *(_rule(scale, value, height, tell) for value in ticks(scale)),
        *_headings(groups),
        *drawn,
    )


def legend(colours: Mapping[str, str]) -> str:
    """What each colour is: name to CSS class."""
    return element(
        "ul",
        *(
            element("li", element("span", class_=f"swatch {class_}"), escape(name))
            for name, class_ in colours.items()
        ),
        class_="legend",
    )


def _places(groups: Groups) -> Iterable[tuple[Bar, float]]:
    y = 0.0
    for title, group in groups.items():
        y += _HEAD if title else 0
        for bar in group:
            yield bar, y
            y += _ROW


def _headings(groups: Groups) -> Iterable[str]:
    y = 0.0
    for title, group in groups.items():
        if title:
            yield words(title, 0, y + _HEAD - 9, "heading")
        y += (_HEAD if title else 0) + _ROW * len(group)


def _rule(scale: Scale, value: float, height: float, tell: Callable[[float], str]) -> str:
    x = scale.at(value)
    return line(x, 0, x, height, "grid") + words(tell(value), x, height + 18, "tick", "middle")


def _bar(bar: Bar, y: float, scale: Scale) -> str:
    middle, begin, pieces = y + _BAR / 2 + 8, 0.0, []
    for part in bar.parts:
        left, right = scale.at(begin), scale.at(begin + part.value)
        pieces.append(_whole(part, left, right, y) if len(bar.parts) == 1 else _piece(part, left, right, y))
        begin += part.value
    return element(
        "g",
        words(bar.name, _LABELS - 10, middle, "name", "end"),
        *pieces,
        words(bar.figure, scale.at(begin) + 8, middle, "figure"),
    )


def _whole(part: Part, left: float, right: float, y: float) -> str:
    tip = element("title", escape(part.words))
    return element("rect", tip, x=left, y=y + 4, width=right - left, height=_BAR, rx=2.0, class_=part.colour)


def _piece(part: Part, left: float, right: float, y: float) -> str:
    """A part among others: apart from its neighbours, with its figure in it where there is room."""
    drawn = _whole(part, left, max(right - _GAP, left), y)
    if right - left < _ROOM:
        return drawn
    return drawn + words(part.figure, (left + right - _GAP) / 2, y + _BAR, "inside", "middle")
