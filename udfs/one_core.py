"""
The threads of a process that run Python stay together on one core.

Only one of them runs Python at a time. Spread over cores, the interpreter's lock and all that Python
touches wander from one core's cache to another's with each call into Java (ADR-0028). Rules:

1. Which core is the kernel's choice: every few seconds all are let go, and gather where the caller then is.
2. A thread inherits its maker's core: what is not one of ours is let go again.
3. Nothing depends on it: where it can't be had, all stays as it is.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
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


class OneCore:
    """The threads of one process that run Python for every transaction."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._ours: set[int] = set()
        self._is_free = False  # let go, to gather anew
        self._due_ms = 0

    def join(self) -> None:
        """The calling thread is one of those."""
        self._ours.add(self._kernel.me())

    def keep(self, now_ms: int) -> None:
        """All stay together; to be called often, by one of them. Every few seconds they may move."""
        if now_ms < self._due_ms or len(self._kernel.cores()) == 1:
            return
        if self._is_free:
            self._ours &= self._kernel.threads()
            self._put(self._ours, {self._kernel.core_of(self._kernel.me())})
        else:
            self._put(self._kernel.threads(), self._kernel.cores())
        self._is_free = not self._is_free
        self._due_ms = now_ms + (_FREE_MS if self._is_free else _AGAIN_MS)

    def _put(self, threads: set[int], cores: set[int]) -> None:
        for thread in threads:
            try:
                self._kernel.keep_on(thread, cores)
            except OSError:  # it has ended meanwhile, or the machine does not let us: see rule 3
                continue


def _nobody(*_: object) -> None:
    """Nothing is to be done."""


_of_process = OneCore(Linux()) if hasattr(os, "sched_setaffinity") and _TASKS.exists() else None
join: Callable[[], None] = _of_process.join if _of_process else _nobody
keep: Callable[[int], None] = _of_process.keep if _of_process else _nobody
