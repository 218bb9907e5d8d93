"""When the store is taken to have all that was written to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local import hot_state

pytestmark = pytest.mark.unit


class FakeStore:
    """A table that has one of *counts* more each time it is asked, and its clock: 0.25 s a question."""

    def __init__(self, counts: Iterator[int]) -> None:
        self._counts = counts
        self.now_s = 0.0

    def describe_table(self, TableName: str) -> dict[str, dict[str, int]]:  # noqa: N803  # boto's
        return {"Table": {"ItemCount": next(self._counts)}}

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def settled(monkeypatch: pytest.MonkeyPatch, counts: list[int], **enough: float) -> tuple[int, float]:
    """What is told of a table with *counts*, the last for ever, and after how many seconds."""
    store = FakeStore(iter([*counts, *[counts[-1]] * 100]))
    monkeypatch.setattr(hot_state, "client", lambda *_: store)
    monkeypatch.setattr(hot_state, "time", store)
    return hot_state.settled_count("address", "table", **enough), store.now_s


def test_a_table_with_enough_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has all that it will."""
    assert settled(monkeypatch, [10, 15, 20], enough=20) == (20, 0.5)


def test_a_store_that_pauses_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy lets it stand still for some seconds."""
    counts = [10, *[10] * 16, 20]  # nothing for 4 s
    assert settled(monkeypatch, counts, enough=20)[0] == 20


def test_what_never_comes_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Live traffic skips what a store can't take."""
    assert settled(monkeypatch, [10], enough=20) == (10, 5.0)
