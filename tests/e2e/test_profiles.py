"""The short form of the profiles check: Python inside the JVM or beside it, the same is decided."""

from __future__ import annotations

import pytest

from local.accept.checks import Size, table
from local.accept.profiles import profiles
from local.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_both_profiles_leave_the_same(stack: Stack) -> None:
    """Archive and hot state of a replay in process mode are those of one in thread mode."""
    report = profiles(stack, Size.SHORT)
    assert report.faults == (), table(report)
