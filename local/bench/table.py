"""A report as plain text, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from local.bench import figures
from local.bench.reading import Report, duration, told
from local.bench.tabular import Table


def table(report: Report) -> str:
    """Every table that *report* has something for, in aligned columns."""
    known = told(report)
    found = [made for make in figures.ALL if (made := make(known)) is not None]
    return "\n\n".join([headline(known), *("\n".join(_lines(each)) for each in found)]) + "\n"


def headline(report: Report) -> str:
    """What was measured, where, when, and how long it took; parts that are not told are left out."""
    dirty = " with uncommitted changes" if report.get("dirty") else ""
    commit = f"bench of {report['commit']}{dirty}" if "commit" in report else "bench"
    parts = [commit, report.get("machine"), report.get("date")]
    parts += [f"took {duration(report['seconds'])}"] if "seconds" in report else []
    return " | ".join(part for part in parts if part)


def _lines(made: Table) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(made.columns, *made.rows, strict=True)]
    above = ""
    yield made.title
    for row in (made.columns, *made.rows):
        first, *others = row
        told = "" if first == above and made.words > 1 else first  # a group is named once
        cells = [
            cell.ljust(width) if number < made.words else cell.rjust(width)
            for number, (cell, width) in enumerate(zip((told, *others), widths, strict=True))
        ]
        above = first
        yield ("  " + "  ".join(cells)).rstrip()
    if made.note:
        yield f"  {made.note}"
