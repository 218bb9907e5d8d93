"""
HTML and SVG, an element at a time.

Rule: what goes into an element is markup; plain text is escaped first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from local.bench.tabular import Table


class Naming(NamedTuple):
    """What a picture is called, and what it shows, for those who can't see it."""

    key: str
    title: str
    description: str


def element(name: str, *inside: str, **attributes: str | float | None) -> str:
    """An element; an attribute is written with dashes (`class_` is `class`), and left out when None."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(inside)}</{name}>"


def picture(naming: Naming, width: float, height: float, *inside: str) -> str:
    """An SVG of its own proportions, with title and description."""
    key = naming.key
    return element(
        "svg",
        element("title", escape(naming.title), id=f"{key}-title"),
        element("desc", escape(naming.description), id=f"{key}-desc"),
        *inside,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
        style=f"max-width:{width:g}px",
    )


def words(text: str, x: float, y: float, class_: str, anchor: str = "start") -> str:
    """A line of text in a picture."""
    return element("text", escape(text), x=x, y=y, class_=class_, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """A straight line in a picture."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def data_table(table: Table) -> str:
    """*table* with a caption, its heads marked as such, wide ones to be scrolled."""
    heads = (
        element("th", escape(column), scope="col", class_=_side(table, number))
        for number, column in enumerate(table.columns)
    )
    head = element("thead", element("tr", *heads))
    body = element("tbody", *(element("tr", *_cells(table, row)) for row in table.rows))
    made = element("table", element("caption", escape(table.title)), head, body)
    note = element("p", escape(table.note), class_="note") if table.note else ""
    # what scrolls must be reachable without a pointer
    return element("div", made, class_="wide", tabindex=0, role="region", aria_label=table.title) + note


def _cells(table: Table, row: Sequence[str]) -> Iterator[str]:
    first, *others = row
    yield element("th", escape(first), scope="row")
    for number, cell in enumerate(others, start=1):
        yield element("td", escape(cell), class_=_side(table, number))


def _side(table: Table, number: int) -> str | None:
    return None if number < table.words else "number"


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
