"""The checks' registry and how a report is told."""

from __future__ import annotations

import pytest

from local.accept.__main__ import CHECKS, first_word
from local.accept.checks import Report, broken, share, table

pytestmark = pytest.mark.unit


def test_a_table() -> None:
    """Figures stand one a line, counts with thousands, shares as per cent, faults below."""
    report = Report(name="flood", figures={"sent": 1_000, "degraded": 0.012}, faults=("one is lost",))
    assert table(report).splitlines() == [
        "flood",
        "  sent             1,000",
        "  degraded         1.20%",
        "  FAULT: one is lost",
    ]


def test_no_faults() -> None:
    """A report without faults says so."""
    assert table(Report(name="x", figures={}, faults=())).endswith("all promises kept")


def test_broken_promises() -> None:
    """Only promises that were not kept are told."""
    assert broken([(True, "kept"), (False, "broken")]) == ("broken",)


def test_a_share_of_nothing() -> None:
    """A share of nothing is 0."""
    assert share(0, 0) == 0.0


def test_names() -> None:
    """No two checks have one name, and `ONLY` finds each by the first word of its name."""
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert {"outage", "flood", "ordering"} <= {first_word(check) for check in CHECKS}
