"""What `make bench-check` says of figures that were given to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from local.bench.check import Change, Ratios, compare, main, measured_again, slower, table

pytestmark = pytest.mark.unit


def says(*answers: Ratios) -> Callable[[], Ratios]:
    """A measurement that gives each of *answers* in turn."""
    left = iter(answers)
    return lambda: next(left)


def committed_to(path: Path, **sections: Ratios) -> Path:
    """A baseline of *sections* in *path*."""
    baseline = path / "baseline.json"
    baseline.write_text(json.dumps(sections))
    return baseline


@pytest.mark.parametrize(
    ("measured", "change"),
    [
        (2.00, Change.STEADY),
        (2.48, Change.STEADY),
        (2.50, Change.STEADY),
        (2.52, Change.SLOWER),
        (1.62, Change.STEADY),
        (1.58, Change.FASTER),
    ],
)
def test_a_quarter_is_the_limit(measured: float, change: Change) -> None:
    """A cost that was 2 is told as slower at 26 % more, not at 24 % or at a quarter; so the other way."""
    (compared,) = compare({"rules": 2.0}, {"rules": measured})
    assert compared.change is change


def test_only_what_is_slower_is_named() -> None:
    """Of several figures those that are slower are named, in the order in which they were measured."""
    committed = {"rules": 1.0, "intake": 1.0, "conclude": 1.0}
    assert slower(compare(committed, {"rules": 1.3, "conclude": 1.1, "intake": 9.0})) == ["rules", "intake"]


def test_a_new_and_a_missing_figure_are_told() -> None:
    """What the baseline lacks and what was not measured stand in the comparison, and are not slower."""
    compared = compare({"old": 1.0}, {"new": 1.0})
    assert [(one.name, one.change) for one in compared] == [("new", Change.NEW), ("old", Change.MISSING)]
    assert not slower(compared)


def test_the_table_shows_both_figures_and_the_change() -> None:
    """A line names the figure, what was committed, what was measured, by how much and what that means."""
    line = table(compare({"rules": 2.0}, {"rules": 3.0})).splitlines()[1]
    assert line.split() == ["rules", "2.000", "3.000", "+50%", "SLOWER"]


def test_what_looks_slower_is_measured_again() -> None:
    """A figure that was slow once and as before the second time counts as before."""
    assert measured_again({"rules": 1.0}, says({"rules": 1.4}, {"rules": 1.0})) == {"rules": 1.0}


def test_what_looks_as_before_is_measured_once() -> None:
    """Nothing is measured twice while nothing is slower."""
    assert measured_again({"rules": 1.0}, says({"rules": 1.1})) == {"rules": 1.1}


def test_what_stays_slower_fails_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A figure of any section that is slower both times is named, and the command fails."""
    baseline = committed_to(tmp_path, pure={"rules": 1.0}, job={"throughput": 3.0})
    measures = {"pure": says({"rules": 1.0}), "job": says({"throughput": 4.0}, {"throughput": 4.1})}
    assert main([], measures, baseline) == 1
    assert "slower by more than 25%: throughput" in capsys.readouterr().err


def test_what_is_as_before_passes(tmp_path: Path) -> None:
    """The command succeeds when nothing is slower, whatever is committed of sections not measured now."""
    baseline = committed_to(tmp_path, pure={"rules": 1.0}, job={"throughput": 3.0})
    assert main([], {"pure": says({"rules": 1.2})}, baseline) == 0


def test_an_update_writes_what_was_measured(tmp_path: Path) -> None:
    """After `--update` the sections measured are new, gone stages with them, and the others as they were."""
    baseline = committed_to(tmp_path, pure={"rules": 1.0, "gone": 1.0}, job={"throughput": 3.0})
    assert main(["--update"], {"pure": says({"rules": 1.23456})}, baseline) == 0
    assert json.loads(baseline.read_text()) == {"pure": {"rules": 1.2346}, "job": {"throughput": 3.0}}
