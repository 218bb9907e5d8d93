"""
Has a change made it slower? `make bench-check` compares with the committed ratios.

Rules: a figure is a cost as a ratio to something measured beside it, so that the machine
cancels and *more is slower*: a pure stage in yardsticks, the job in costs of its floor
(the floor's transactions a second divided by the job's). What is slower is measured a
second time before it is told: noise only ever adds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from local.bench import pure

BASELINE = Path(__file__).parents[2] / "tests" / "benchmarks" / "baseline.json"
TOLERANCE = 0.25  # issue 5: a change that slows by a quarter is seen

Ratios = Mapping[str, float]
Measures = Mapping[str, Callable[[], Ratios]]


class Change(StrEnum):
    """What became of a figure."""

    STEADY = ""
    SLOWER = "SLOWER"
    FASTER = "faster"  # by more than the tolerance: the baseline is out of date
    NEW = "new, not in the baseline"
    MISSING = "in the baseline, not measured"


class Compared(NamedTuple):
    """A figure, as it was committed and as it was measured."""

    name: str
    committed: float | None
    measured: float | None
    change: Change


def compare(committed: Ratios, measured: Ratios, tolerance: float = TOLERANCE) -> list[Compared]:
    """Each figure of either side, first what was measured, and what became of it."""
    gone = [name for name in committed if name not in measured]
    return [
        Compared(name, was, is_now, _change(was, is_now, tolerance))
        for name in (*measured, *gone)
        for was, is_now in [(committed.get(name), measured.get(name))]
    ]


def slower(compared: Sequence[Compared]) -> list[str]:
    """The names of what is slower by more than the tolerance."""
    return [one.name for one in compared if one.change is Change.SLOWER]


def table(compared: Sequence[Compared]) -> str:
    """*compared* for a person."""
    lines = (f"  {one.name:<22} {_told(one)} {one.change}".rstrip() for one in compared)
    return "\n".join((f"  {'':<22} {'committed':>10} {'measured':>10} {'change':>8}", *lines))


def measured_again(committed: Ratios, measure: Callable[[], Ratios]) -> Ratios:
    """What *measure* says; where that is slower than *committed*, the lower of two measurements."""
    first = measure()
    if not slower(compare(committed, first)):
        return first
    second = measure()
    return {name: min(ratio, second.get(name, ratio)) for name, ratio in first.items()}


def pure_ratios() -> Ratios:
    """The pure stages' costs in yardsticks."""
    return {cost.stage: cost.ratio for cost in pure.measure(pure.SECONDS)}


PURE: Measures = {"pure": pure_ratios}


def main(arguments: Sequence[str], measures: Measures = PURE, baseline: Path = BASELINE) -> int:
    """
    The comparison is on the terminal; with `--update` the baseline holds what was measured.

    Args:
        arguments: Of the command line.
        measures: What is measured, by its section of the baseline: `pure`, `job`, ... A section
            that is not measured now is left out of the comparison and stays in the baseline.
        baseline: The committed figures.

    Returns:
        0, or 1 if something is slower by more than a quarter.
    """
    options = _parser().parse_args(arguments)
    committed = _read(baseline)
    if options.update:
        _write(baseline, committed | {section: measure() for section, measure in measures.items()})
        return 0
    faults: list[str] = []
    for section, measure in measures.items():
        faults += _checked(committed.get(section, {}), measure)
    if faults:
        print(f"slower by more than {TOLERANCE:.0%}: {', '.join(faults)}", file=sys.stderr)
    return 1 if faults else 0


def _checked(committed: Ratios, measure: Callable[[], Ratios]) -> list[str]:
    compared = compare(committed, measured_again(committed, measure))
    print(table(compared), flush=True)
    return slower(compared)


def _change(committed: float | None, measured: float | None, tolerance: float) -> Change:
    if measured is None:
        return Change.MISSING
    if committed is None:
        return Change.NEW
    if measured > committed * (1 + tolerance):
        return Change.SLOWER
    return Change.FASTER if measured * (1 + tolerance) < committed else Change.STEADY


def _told(one: Compared) -> str:
    was, is_now = ("-" if ratio is None else f"{ratio:.3f}" for ratio in (one.committed, one.measured))
    change = f"{one.measured / one.committed - 1:+.0%}" if one.committed and one.measured else ""
    return f"{was:>10} {is_now:>10} {change:>8}"


def _read(baseline: Path) -> dict[str, Ratios]:
    return json.loads(baseline.read_text()) if baseline.exists() else {}


def _write(baseline: Path, sections: Mapping[str, Ratios]) -> None:
    rounded = {
        section: {name: round(ratio, 4) for name, ratio in ratios.items()}
        for section, ratios in sections.items()
    }
    baseline.parent.mkdir(parents=True, exist_ok=True)
    baseline.write_text(json.dumps(rounded, indent=2) + "\n")
    print(f"{baseline}: {', '.join(rounded)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.bench.check", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write what is measured as the new baseline")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
