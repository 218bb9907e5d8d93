"""docs/settings.md says what the settings are."""

from __future__ import annotations

import pytest

from flink_app.settings_page import PAGE, page

pytestmark = pytest.mark.unit


def test_page_is_up_to_date() -> None:
    """The page is what `python -m flink_app.settings_page` makes of the settings as they are."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_property_has_a_line() -> None:
    """A property's line tells type, unit, default, range and where the default comes from."""
    line = next(line for line in page().splitlines() if line.startswith("| `deadline.ms`"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    expected = [
        "`deadline.ms`",
        "whole number",
        "ms",
        "`200`",
        "10 to 60,000",
        "From submission to the fallback.",
        "DESIGN",
    ]
    assert cells == expected
