"""What the deciding operator asks of the interpreter of its process."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest

from udfs import interpreter

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The interpreter is left as it was found."""
    switch_s = sys.getswitchinterval()
    gc.unfreeze()
    interpreter._pass_over_libraries.cache_clear()
    yield
    sys.setswitchinterval(switch_s)
    gc.unfreeze()


def test_what_is_there_is_passed_over() -> None:
    """So that no pause grows with the libraries."""
    before = gc.get_freeze_count()
    interpreter.settle()
    assert gc.get_freeze_count() > before


def test_what_comes_later_is_not() -> None:
    """An operator that is started anew leaves nothing behind."""
    interpreter.settle()
    passed_over = gc.get_freeze_count()
    interpreter.settle()
    assert gc.get_freeze_count() == passed_over


def test_a_waiting_thread_gets_its_turn_soon() -> None:
    """Ten times a millisecond at the most."""
    interpreter.settle()
    assert sys.getswitchinterval() == pytest.approx(0.0001)
