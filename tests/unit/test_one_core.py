"""The threads that run Python stay together on one core, and nothing else does (ADR-0028)."""

from __future__ import annotations

import os
import threading

import pytest

from udfs.one_core import Linux, OneCore

pytestmark = pytest.mark.unit

OURS, ANOTHER, THEIRS = 7, 8, 9
CORES = {0, 1, 2}


class FakeKernel:
    """Three threads on three cores; `current` is the one that calls."""

    def __init__(self) -> None:
        self.current = OURS
        self.place = {OURS: 1, ANOTHER: 2, THEIRS: 0}
        self.allowed = dict.fromkeys(self.place, CORES)
        self.of_process = CORES
        self.patient = set[int]()

    def me(self) -> int:
        return self.current

    def core_of(self, thread: int) -> int:
        return self.place[thread]

    def threads(self) -> set[int]:
        return set(self.place)

    def cores(self) -> set[int]:
        return self.of_process

    def keep_on(self, thread: int, cores: set[int]) -> None:
        if thread not in self.place:
            raise ProcessLookupError(thread)
        self.allowed[thread] = cores

    def make_patient(self, thread: int, *, patient: bool) -> None:
        if thread not in self.place:
            raise ProcessLookupError(thread)
        self.patient = self.patient | {thread} if patient else self.patient - {thread}


def joined(kernel: FakeKernel) -> OneCore:
    """Two of the three threads run Python."""
    core = OneCore(kernel)
    for kernel.current in (ANOTHER, OURS):
        core.join()
    return core


def kept(core: OneCore, from_ms: int, to_ms: int) -> None:
    """Asked every 10 ms, as marker timers do."""
    for now_ms in range(from_ms, to_ms, 10):
        core.keep(now_ms)


def test_those_that_run_python_gather_where_the_caller_is() -> None:
    """And no other thread is told where to run."""
    kernel = FakeKernel()
    kept(joined(kernel), 1_000, 1_100)
    assert kernel.allowed == {OURS: {1}, ANOTHER: {1}, THEIRS: CORES}


def test_they_move_when_the_kernel_moves_the_caller() -> None:
    """Every five seconds they are let go for a moment, and gather where the caller then is."""
    kernel = FakeKernel()
    core = joined(kernel)
    kept(core, 1_000, 5_900)
    kernel.place[OURS] = 2
    kept(core, 5_900, 6_020)
    assert kernel.allowed[ANOTHER] == {1}
    kept(core, 6_020, 6_100)
    assert (kernel.allowed[OURS], kernel.allowed[ANOTHER]) == ({2}, {2})


def test_a_thread_that_inherited_core_and_patience_is_let_go() -> None:
    """What one of ours starts would stay as its maker is for ever."""
    kernel = FakeKernel()
    core = joined(kernel)
    kept(core, 1_000, 1_100)
    kernel.place[10], kernel.allowed[10] = 1, {1}
    kernel.patient.add(10)
    kept(core, 1_100, 6_100)
    assert (kernel.allowed[10], kernel.patient) == (CORES, {OURS, ANOTHER})


def test_a_thread_that_has_ended_is_left_out() -> None:
    """A number that is given to another thread later is none of ours."""
    kernel = FakeKernel()
    core = joined(kernel)
    del kernel.place[ANOTHER]
    kept(core, 1_000, 6_100)
    kernel.place[ANOTHER] = 0
    kept(core, 6_100, 12_000)
    assert kernel.allowed[ANOTHER] == CORES


def test_operators_let_each_other_finish_and_the_urgent_do_not_wait() -> None:
    """What the clients' loop answers has a deadline."""
    kernel = FakeKernel()
    core = OneCore(kernel)
    core.join()
    kernel.current = ANOTHER
    core.join(urgent=True)
    kept(core, 1_000, 1_100)
    assert kernel.patient == {OURS}


def test_a_patient_thread_that_has_ended_does_no_harm() -> None:
    """Those that are left gather as before."""
    kernel = FakeKernel()
    core = joined(kernel)
    del kernel.place[ANOTHER]
    kept(core, 1_000, 1_100)
    assert kernel.patient == {OURS}


def test_nothing_is_done_where_there_is_one_core() -> None:
    """Nothing is to be had there."""
    kernel = FakeKernel()
    kernel.of_process = {0}
    kernel.allowed = {}
    kept(joined(kernel), 1_000, 6_100)
    assert (kernel.allowed, kernel.patient) == ({}, set())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads are kept on cores on Linux alone")
def test_linux_keeps_a_thread_on_a_core() -> None:
    """By the scheduler's own calls; the other threads of the process stay free."""
    seen = list[object]()

    def look() -> None:
        linux = Linux()
        linux.keep_on(linux.me(), {min(linux.cores())})
        seen.extend((os.sched_getaffinity(0), linux.core_of(linux.me()), linux.me() in linux.threads()))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    first = min(os.sched_getaffinity(0))
    assert seen == [{first}, first, True]


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="patience is a policy of Linux alone")
def test_linux_makes_a_thread_patient_and_impatient_again() -> None:
    """By the scheduler's own calls."""
    seen = list[int]()

    def look() -> None:
        linux = Linux()
        for patient in (True, False):
            linux.make_patient(linux.me(), patient=patient)
            seen.append(os.sched_getscheduler(0))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [os.SCHED_BATCH, os.SCHED_OTHER]
