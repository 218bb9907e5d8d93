"""The short form of the kill check: SIGKILL twice in a replay changes nothing of what is left."""

from __future__ import annotations

import pytest

from local.accept.checks import Size, table
from local.accept.kill import kill
from local.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_killed_replay_leaves_what_one_left_alone_does(stack: Stack) -> None:
    """Killed with transactions pending, every one is decided, and archive and hot state are the same."""
    report = kill(stack, Size.SHORT)
    assert report.faults == (), table(report)
