"""The writer's promises, against a store that does whatever a test wants, on a steered clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import OutOfRange, StoreUnavailable, Throttled
from tests.unit.clients.steered import FakeStore, steered
from udfs.clients.loop import LoopThread
from udfs.clients.store import CoalescingWriter, WriterSettings

pytestmark = pytest.mark.unit

MARKER_MS = 2_000


def writer_of(store: Any, **changed: Any) -> CoalescingWriter:
    """A writer on the running loop, with the settings that the test is about."""
    return CoalescingWriter(store, WriterSettings(**changed), asyncio.get_running_loop())


def away_until(second: float, error: Callable[[], Exception]) -> Callable[[int], Awaitable[None]]:
    """A manner that raises *error* until *second*."""

    async def _behave(_: int) -> None:
        await asyncio.sleep(0.005)
        if asyncio.get_running_loop().time() < second:
            raise error()

    return _behave


def test_the_latest_version_wins() -> None:
    """Versions submitted within the wait cost one write, of the latest, within flush_ms of the first."""

    async def _scenario() -> None:
        store = FakeStore()
        writer = writer_of(store)
        for version in (1, 2, 3):
            writer.submit("a", version, {"n": version}, MARKER_MS)
            await asyncio.sleep(0.2)
        await asyncio.sleep(1)
        assert store.puts == [(pytest.approx(0.8), "a", 3)]
        assert store.table == {"a": (3, {"n": 3})}

    steered(_scenario)


def test_an_older_version_submitted_later_is_not_written() -> None:
    """A version that is not newer than the waiting one changes nothing."""

    async def _scenario() -> None:
        store = FakeStore()
        writer = writer_of(store)
        writer.submit("a", 2, {}, MARKER_MS)
        writer.submit("a", 1, {}, MARKER_MS)
        await writer.drain()
        assert [version for _, _, version in store.puts] == [2]
        assert len(writer) == 0

    steered(_scenario)


def test_no_more_is_owed_than_may_be() -> None:
    """With so many keys owed a further one is skipped and counted; a newer version of an owed one is not."""

    async def _scenario() -> None:
        store = FakeStore()
        writer = CoalescingWriter(store, WriterSettings(max_owed=2), asyncio.get_running_loop())
        for key, version in (("a", 1), ("b", 1), ("c", 1), ("a", 2)):
            writer.submit(key, version, {}, MARKER_MS)
        assert (len(writer), writer.counts.skipped, writer.pending("c")) == (2, 1, False)
        await writer.drain()
        writer.submit("c", 1, {}, MARKER_MS)
        await writer.drain()
        assert {key: version for key, (version, _) in store.table.items()} == {"a": 2, "b": 1, "c": 1}

    steered(_scenario)


def test_a_store_that_takes_writes_but_slowly_is_behind() -> None:
    """With a tenth of what may be owed it is worth waiting for, but not while its writes fail."""

    async def _scenario() -> None:
        for store, behind in ((FakeStore(away_until(60, ZeroDivisionError)), False), (FakeStore(), True)):
            writer = CoalescingWriter(store, WriterSettings(max_owed=20), asyncio.get_running_loop())
            writer.submit("a", 1, {}, MARKER_MS)
            assert not writer.is_behind
            await asyncio.sleep(1)
            writer.submit("b", 1, {}, MARKER_MS)
            writer.submit("c", 1, {}, MARKER_MS)
            assert writer.is_behind == behind
            await asyncio.sleep(120)
            assert not writer.is_behind

    steered(_scenario)


def test_a_version_that_the_store_refuses_as_old_counts_as_written() -> None:
    """A write that finds a version as new in the store is settled, and counted as stale."""

    async def _scenario() -> None:
        store = FakeStore()
        store.table["a"] = (5, {})
        writer = writer_of(store)
        writer.submit("a", 4, {}, MARKER_MS)
        await writer.drain()
        assert len(writer) == 0
        assert (writer.counts.written, writer.counts.stale) == (0, 1)

    steered(_scenario)


def test_a_key_is_never_written_twice_at_once() -> None:
    """A version submitted while an elder one is being written waits for its end, and is written then."""

    async def _slow(_: int) -> None:
        await asyncio.sleep(3)

    async def _scenario() -> None:
        store = FakeStore(_slow)
        writer = writer_of(store)
        writer.submit("a", 1, {}, MARKER_MS)
        await asyncio.sleep(1)
        writer.submit("a", 2, {}, MARKER_MS)
        await asyncio.sleep(10)
        assert store.most_at_once == 1
        assert store.table["a"][0] == 2
        assert not writer.pending("a")

    steered(_scenario)


def test_writes_in_flight_are_limited() -> None:
    """However many keys are due, no more than max_in_flight are being written."""

    async def _slow(_: int) -> None:
        await asyncio.sleep(0.02)

    async def _scenario() -> None:
        store = FakeStore(_slow)
        writer = writer_of(store, max_in_flight=4)
        for key in range(50):
            writer.submit(str(key), 1, {}, MARKER_MS)
        await writer.drain()
        assert store.most_at_once == 4
        assert len(store.table) == 50

    steered(_scenario)


@pytest.mark.parametrize(
    "error",
    [
        lambda: Throttled("table", "400", "200"),
        lambda: StoreUnavailable("table", "no connection", "one"),
        ZeroDivisionError,
    ],
)
def test_nothing_is_lost_while_the_store_is_away(error: Callable[[], Exception]) -> None:
    """Through ten minutes without the store all keys stay owed, calls stay few; then all is written."""

    async def _scenario() -> None:
        away_s = 600
        store = FakeStore(away_until(away_s, error))
        writer = writer_of(store, max_in_flight=16)
        for key in range(100):
            writer.submit(str(key), 1, {"k": key}, MARKER_MS)
        await asyncio.sleep(away_s - 1)
        assert len(writer) == 100
        assert writer.is_outstanding(MARKER_MS)
        assert writer.oldest_dirty_ms > 590_000
        assert len(store.puts) < 16 * away_s / 2
        await asyncio.sleep(10)
        assert len(writer) == 0
        assert len(store.table) == 100

    steered(_scenario)


def test_an_item_that_can_never_be_written_is_dropped_and_counted() -> None:
    """A refusal for good is not tried again and does not hold up the others."""

    class Picky(FakeStore):
        """Takes any item but that of key "bad"."""

        async def put(self, key: str, version: int, item: Any) -> bool:
            """One key is refused for good."""
            if key == "bad":
                raise OutOfRange("attribute x", "nan", "a finite number")
            return await super().put(key, version, item)

    async def _scenario() -> None:
        store = Picky()
        writer = writer_of(store)
        writer.submit("bad", 1, {}, MARKER_MS)
        writer.submit("good", 1, {}, MARKER_MS)
        await writer.drain()
        assert list(store.table) == ["good"]
        assert writer.counts.refused == 1
        assert len(writer) == 0

    steered(_scenario)


def test_a_marker_timer_learns_what_is_outstanding() -> None:
    """Until its write is in the store a promise is outstanding, also while the write is under way."""

    async def _slow(_: int) -> None:
        await asyncio.sleep(0.5)

    async def _scenario() -> None:
        writer = writer_of(FakeStore(_slow))
        writer.submit("a", 1, {}, promised_ms=100)
        writer.submit("b", 1, {}, promised_ms=200)
        assert not writer.is_outstanding(99)
        await asyncio.sleep(1)
        assert writer.is_outstanding(100)
        await asyncio.sleep(0.5)
        assert not writer.is_outstanding(200)

    steered(_scenario)


def test_a_closed_writer_writes_nothing_more() -> None:
    """After close nothing is put, whatever was owed or is submitted."""

    async def _scenario() -> None:
        store = FakeStore()
        writer = writer_of(store)
        writer.submit("a", 1, {}, MARKER_MS)
        await writer._pump.close()
        writer.submit("b", 1, {}, MARKER_MS)
        await asyncio.sleep(5)
        assert not store.puts
        assert store.closed == 1

    steered(_scenario)


def test_flush_blocks_until_all_is_written() -> None:
    """From the operator's thread, flush writes at once what was due later, and says that it did."""
    thread, store = LoopThread(), FakeStore()
    writer = CoalescingWriter(store, WriterSettings(flush_ms=60_000), thread.loop)
    writer.submit("a", 1, {}, MARKER_MS)
    assert writer.flush(timeout_ms=5_000)
    assert store.table == {"a": (1, {})}
    assert writer.close()
    thread.stop()


def test_flush_gives_up_at_its_deadline() -> None:
    """A store that is away makes flush return False in time, with the key still owed."""

    async def _hang(_: int) -> None:
        await asyncio.Event().wait()

    thread = LoopThread()
    writer = CoalescingWriter(FakeStore(_hang), WriterSettings(), thread.loop)
    writer.submit("a", 1, {}, MARKER_MS)
    assert not writer.flush(timeout_ms=20)
    assert writer.pending("a")
    writer.close()
    thread.stop()


def test_a_writer_without_its_loop_does_not_block() -> None:
    """Once the loop has ended, flush and close return False at once."""
    thread = LoopThread()
    writer = CoalescingWriter(FakeStore(), WriterSettings(), thread.loop)
    thread.stop()
    assert not writer.flush(timeout_ms=60_000)
    assert not writer.close(timeout_ms=60_000)


_SUBMISSIONS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 400), st.sampled_from(["ok", "slow", "throttled"])),
    max_size=60,
)


@settings(max_examples=80, deadline=None)
@given(submissions=_SUBMISSIONS)
def test_the_store_ends_with_the_latest_version_of_each_key(submissions: list[tuple[str, int, str]]) -> None:
    """Whatever the store does meanwhile, in the end it holds the last version submitted of every key."""
    manners = [manner for _, _, manner in submissions]

    async def _behave(call: int) -> None:
        manner = manners[call % len(manners)] if call < 200 else "ok"
        if manner == "throttled":
            raise Throttled("table", "400", "200")
        await asyncio.sleep(0.7 if manner == "slow" else 0.002)

    async def _scenario() -> None:
        store = FakeStore(_behave)
        writer = writer_of(store, max_in_flight=2)
        latest: dict[str, int] = {}
        for version, (key, gap_ms, _) in enumerate(submissions):
            await asyncio.sleep(gap_ms / 1000)
            writer.submit(key, version, {}, MARKER_MS)
            latest[key] = version
        await writer.drain()
        assert {key: version for key, (version, _) in store.table.items()} == latest
        assert len(writer) == 0
        assert writer.oldest_dirty_ms == 0

    steered(_scenario)
