"""
The threads of a process that run Python stay together on one core.

Only one of them runs Python at a time. Spread over cores, the interpreter's lock and all that Python
touches wander from one core's cache to another's with each call into Java (ADR-0028). Rules:

1. Which core is the kernel's choice: every few seconds all are let go, and gather where the caller then is.
2. A thread inherits its maker's core and patience: what is not one of ours is let go again.
3. An operator that is woken lets the one that runs finish its turn; the clients' loop does not wait,
   because what it answers has a deadline (ADR-0030).
4. Nothing depends on it: where it can't be had, all stays as it is.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

_AGAIN_MS = 5_000
_FREE_MS = 20  # for so long all are let go: time enough for the kernel to move what waits
_CORE = 36  # of a line of /proc's stat, behind the name
_TASKS = Path("/proc/self/task")


class Kernel(Protocol):
    """What the operating system knows of this process's threads."""

    def me(self) -> int:
        """The calling thread."""
        ...

    def core_of(self, thread: int) -> int:
        """On which core *thread* is, or was last."""
        ...

    def threads(self) -> set[int]:
        """All of the process."""
        ...

    def cores(self) -> set[int]:
        """Where the process may run."""
        ...

    def keep_on(self, thread: int, cores: set[int]) -> None:
        """*thread* runs on *cores* alone. Raises OSError if one of them is not there."""
        ...

    def make_patient(self, thread: int, *, patient: bool) -> None:
        """Whether *thread*, when it is woken, takes a core from nobody. Raises OSError if it has ended."""
        ...


class Linux:
    """Linux, by /proc and the scheduler's own calls."""

    def __init__(self) -> None:
        self._cores = os.sched_getaffinity(0)  # before a thread of ours was kept anywhere

    def me(self) -> int:
        """The calling thread."""
        return threading.get_native_id()

    def core_of(self, thread: int) -> int:
        """On which core *thread* is, or was last."""
        return int((_TASKS / str(thread) / "stat").read_text().rpartition(")")[2].split()[_CORE])

    def threads(self) -> set[int]:
        """All of the process."""
        return {int(task.name) for task in _TASKS.iterdir()}

    def cores(self) -> set[int]:
        """Where the process may run."""
        return self._cores

    def keep_on(self, thread: int, cores: set[int]) -> None:
        """*thread* runs on *cores* alone."""
        os.sched_setaffinity(thread, cores)

    def make_patient(self, thread: int, *, patient: bool) -> None:
        """Whether *thread*, when woken, takes a core from nobody; other policies than these two stay."""
        wanted, other = (os.SCHED_BATCH, os.SCHED_OTHER) if patient else (os.SCHED_OTHER, os.SCHED_BATCH)
        if os.sched_getscheduler(thread) == other:
            os.sched_setscheduler(thread, wanted, os.sched_param(0))


class OneCore:
    """The threads of one process that run Python for every transaction."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._ours: dict[int, bool] = {}  # the threads, and whether each is patient
        self._is_free = False  # let go, to gather anew
        self._due_ms = 0

    def join(self, *, urgent: bool = False) -> None:
        """The calling thread is one of those; an *urgent* one does not wait for another's turn to end."""
        self._ours[self._kernel.me()] = not urgent

    def keep(self, now_ms: int) -> None:
        """All stay together; to be called often, by one of them. Every few seconds they may move."""
        if now_ms < self._due_ms or len(self._kernel.cores()) == 1:
            return
        if self._is_free:
            self._gather()
        else:
            self._let_go()
        self._is_free = not self._is_free
        self._due_ms = now_ms + (_FREE_MS if self._is_free else _AGAIN_MS)

    def _gather(self) -> None:
        core = self._kernel.core_of(self._kernel.me())
        for ended in self._ours.keys() - self._kernel.threads():
            del self._ours[ended]
        for thread, patient in list(self._ours.items()):
            self._place(thread, {core}, patient=patient)

    def _let_go(self) -> None:
        for thread in self._kernel.threads():
            self._place(thread, self._kernel.cores(), patient=self._ours.get(thread, False))

    def _place(self, thread: int, cores: set[int], *, patient: bool) -> None:
        with suppress(OSError):  # it has ended meanwhile, or the machine does not let us: see rule 4
            self._kernel.keep_on(thread, cores)
            self._kernel.make_patient(thread, patient=patient)


def _nobody(*_: object, **__: object) -> None:
    """Nothing is to be done."""


_of_process = OneCore(Linux()) if hasattr(os, "sched_setaffinity") and _TASKS.exists() else None
join: Callable[..., None] = _of_process.join if _of_process else _nobody
keep: Callable[[int], None] = _of_process.keep if _of_process else _nobody
