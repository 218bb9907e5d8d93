"""An account's events in, snapshots and state out: order, ties, duplicates, bounds."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import pytest

from schemas.transaction import Transaction
from tests.unit.features.scenario import DAY, HOUR, MINUTE, NOON_MS, at, last, past, seconds_kept, seen
from udfs.features.blocks import MemoryBlocks
from udfs.features.engine import is_duplicate, observe
from udfs.features.history import LIMITS, AccountHistory, Limits
from udfs.features.names import BY_NAME
from udfs.operators.account_state import AccountState, encode_state

pytestmark = pytest.mark.unit


def packed(history: AccountHistory) -> bytes:
    """*history* as it rests in an account's state."""
    return encode_state(AccountState(history=history))


THREE = Limits(max_kept=3)


class Scene(NamedTuple):
    """Payments of 1, 2, 4, ... minor units in the order they come, so that a sum tells which were counted."""

    name: str
    drawing: str
    came_s: list[float]
    sums_1m: list[int]
    marked: list[bool]  # out_of_order
    kept_s: list[float]  # raw entries in state at the end
    truncated: list[bool]
    limits: Limits = LIMITS


SCENES = [
    Scene(
        name="in order",
        drawing="  0 1---30 2---60 4   the window (0, 60] of the third leaves the first out",
        came_s=[0, 30, 60],
        sums_1m=[1, 3, 6],
        marked=[False, False, False],
        kept_s=[0, 30, 60],
        truncated=[False, False, False],
    ),
    Scene(
        name="late one sees only its past, later ones see it",
        drawing="  0 1---10 4---20 2---30 8   4 comes third: it counts 1 and itself, not 2; 8 counts all",
        came_s=[0, 20, 10, 30],
        sums_1m=[1, 3, 5, 15],
        marked=[False, False, True, False],
        kept_s=[0, 10, 20, 30],
        truncated=[False, False, False, False],
    ),
    Scene(
        name="ties count those that came before",
        drawing="  0 1,2---10 8---0 4 comes last, at the first two's time",
        came_s=[0, 0, 0, 10],
        sums_1m=[1, 3, 7, 15],
        marked=[False, False, False, False],
        kept_s=[0, 0, 0, 10],
        truncated=[False, False, False, False],
    ),
    Scene(
        name="late tie counts its elders and not its future",
        drawing="  0 1,4---10 2   4 comes last",
        came_s=[0, 10, 0],
        sums_1m=[1, 3, 5],
        marked=[False, False, True],
        kept_s=[0, 0, 10],
        truncated=[False, False, False],
    ),
    Scene(
        name="entries leave state at 24 h",
        drawing="  0 1---1 h 2---...---24 h 4---25 h 8   at 24 h the first leaves, at 25 h the second",
        came_s=[0, HOUR, DAY, DAY + HOUR],
        sums_1m=[1, 2, 4, 8],
        marked=[False, False, False, False],
        kept_s=[DAY, DAY + HOUR],
        truncated=[False, False, False, False],
    ),
    Scene(
        name="late one whose window reaches back to what has left",
        drawing="  0 1---...---24 h - 1 s 4---24 h 2   4 comes third: its window holds 1, which has left",
        came_s=[0, DAY, DAY - 1],
        sums_1m=[1, 2, 4],
        marked=[False, False, True],
        kept_s=[DAY - 1, DAY],
        truncated=[False, False, True],
    ),
    Scene(
        name="so late that it leaves at once",
        drawing="  0 2 comes second---...---30 h 1---30 h + 1 s 4",
        came_s=[30 * HOUR, 0, 30 * HOUR + 1],
        sums_1m=[1, 2, 5],
        marked=[False, True, False],
        kept_s=[30 * HOUR, 30 * HOUR + 1],
        truncated=[False, True, False],
    ),
    Scene(
        name="more than are kept",
        drawing="  0 1---1 2---2 4---3 8---4 16   three are kept: the last sees 16 + 8 + 4 + 2, not 1",
        came_s=[0, 1, 2, 3, 4],
        sums_1m=[1, 3, 7, 15, 30],
        marked=[False, False, False, False, False],
        kept_s=[2, 3, 4],
        truncated=[False, False, False, False, True],
        limits=THREE,
    ),
    Scene(
        name="truncated until no window reaches back to the cut",
        drawing="  0 1---1 2---2 4---3 8---...---24 h - 1 s 16---24 h + 1 s 32   1 and 2 were cut",
        came_s=[0, 1, 2, 3, DAY - 1, DAY + 1],
        sums_1m=[1, 3, 7, 15, 16, 48],
        marked=[False, False, False, False, False, False],
        kept_s=[3, DAY - 1, DAY + 1],
        truncated=[False, False, False, False, True, False],
        limits=THREE,
    ),
]


def payments(came_s: list[float]) -> list[Transaction]:
    """Payments of doubling amounts at these seconds, in this order."""
    return [at(second, 2**n, transaction_id=f"t{n}") for n, second in enumerate(came_s)]


@pytest.mark.parametrize("scene", SCENES, ids=[scene.name for scene in SCENES])
def test_scene(scene: Scene) -> None:
    """Messages in the order drawn give these sums and marks, and leave these entries in state."""
    history, blocks, observed = AccountHistory(), MemoryBlocks(), []
    for event in payments(scene.came_s):
        observed.append(observe(history, event, None, blocks, scene.limits))
        history = observed[-1].history
    assert [one.snapshot["sum_1m"] for one in observed] == scene.sums_1m
    assert [one.out_of_order for one in observed] == scene.marked
    assert [one.snapshot["truncated"] for one in observed] == scene.truncated
    assert seconds_kept(history) == scene.kept_s


def test_snapshot_has_every_feature() -> None:
    """Every feature of the table is in every snapshot, and nothing else."""
    assert seen(at(0)).keys() == BY_NAME.keys()


def test_versions_count_every_event() -> None:
    """The account's version counts events of every type, its payments only those."""
    history = past([at(0), at(1, event_type="login"), at(2)])
    assert (history.decided, history.payments, history.newest_ms) == (3, 2, NOON_MS + 2_000)


def test_observing_changes_nothing_given() -> None:
    """The history given stays as it was: the same call gives the same answer."""
    history = past([at(0, device_id="d", merchant_id="m")])
    assert observe(history, at(1), None, MemoryBlocks()) == observe(history, at(1), None, MemoryBlocks())


@pytest.mark.parametrize(
    ("second", "duplicate"), [(5, True), (0, True), (-5, True), (DAY - 0.001, True), (DAY, False)]
)
def test_duplicates(second: float, *, duplicate: bool) -> None:
    """An id seen before less than 24 h of event time away is a duplicate, at 24 h it is not."""
    history = past([at(0, transaction_id="same"), at(1, transaction_id="other")])
    assert is_duplicate(history, at(second, transaction_id="same")) is duplicate
    assert not is_duplicate(history, at(second, transaction_id="new"))


def test_a_duplicate_of_what_was_cut_is_not_recognised() -> None:
    """Beyond the entries kept duplicates can't be told; those kept are."""
    history = past(payments([0, 1, 2, 3]), THREE)
    assert not is_duplicate(history, at(0, transaction_id="t0"), THREE)
    assert is_duplicate(history, at(1, transaction_id="t1"), THREE)


def test_state_empties_as_event_time_moves_on() -> None:
    """A month later one entry is left of hundreds, and the packed history has shrunk to match."""
    busy = past(at(n, transaction_id=f"t{n}") for n in range(300))
    quiet = observe(busy, at(299 + 30 * DAY), None, MemoryBlocks()).history
    assert (len(busy.recent), len(quiet.recent)) == (LIMITS.max_kept, 1)
    assert len(packed(quiet)) < 370 < len(packed(busy))


def test_state_is_bounded() -> None:
    """The busiest of accounts keeps less than 27 kB, whatever ids it has."""
    busy = past(
        at(
            n,
            10**12,
            transaction_id=f"{n:036}",
            merchant_id=f"m{n}",
            device_id=f"d{n}",
            country=f"{n % 100:02}",
            latitude=52.52,
            longitude=13.405,
        )
        for n in range(600)
    )
    assert len(packed(busy)) < 27_000


@pytest.mark.parametrize(
    ("moment", "is_night", "is_weekend"),
    [
        ("2023-11-14T05:59:59.999+00:00", True, False),
        ("2023-11-14T06:00:00+00:00", False, False),
        ("2023-11-17T23:59:59.999+00:00", False, False),
        ("2023-11-18T00:00:00+00:00", True, True),
        ("2023-11-19T23:59:59.999+00:00", False, True),
        ("2023-11-20T00:00:00+00:00", True, False),
    ],
)
def test_calendar(moment: str, *, is_night: bool, is_weekend: bool) -> None:
    """Night ends at 6 UTC; the weekend is Saturday and Sunday, UTC, whole."""
    event_time_ms = round(datetime.fromisoformat(moment).timestamp() * 1000)
    snapshot = last([at((event_time_ms - NOON_MS) / 1000)]).snapshot
    assert (snapshot["is_night"], snapshot["is_weekend"]) == (is_night, is_weekend)


def test_a_minute_is_not_an_hour() -> None:
    """Each window holds what the shorter ones hold, and more."""
    snapshot = seen(at(0), at(DAY - 2 * HOUR), at(DAY - 2 * MINUTE), at(DAY - 1))
    assert [snapshot[f"count_{window}"] for window in ("1m", "1h", "24h")] == [1, 2, 4]
