"""
CPU seconds of the stack's processes and of the job's threads, from the kernel's own count.

Rule: Linux only (/proc); a figure is a difference of two readings.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_SESSION = 3  # of the fields behind the name, the first is the 3rd of `man proc_pid_stat`
_TIMES, _WITH_CHILDREN = slice(11, 13), slice(11, 15)  # utime and stime, then those of children waited for
_BEGAN = 19
_IDLE, _STOLEN = slice(3, 5), 7  # of /proc/stat's first line
DECIDE, CLIENTS = "decide -> ", "clients-loop"  # the first is how the task's name begins


class Thread(NamedTuple):
    """A thread: its place in the order of their beginnings, its name (15 letters), its CPU seconds."""

    began: tuple[int, int]
    name: str
    seconds: float


class Machine(NamedTuple):
    """CPU seconds of all cores: what somebody used, and what the host gave to another machine."""

    busy: float
    stolen: float


def of_process(pid: int) -> float:
    """CPU seconds that process *pid* has used, with its children that it has waited for."""
    return _seconds(_fields(Path("/proc", str(pid), "stat")), _WITH_CHILDREN)


def of_sessions(leaders: Iterable[int]) -> dict[int, float]:
    """CPU seconds of each session that one of *leaders* leads: the process, and all that it started."""
    seconds = dict.fromkeys(leaders, 0.0)
    for fields in _readable(Path("/proc").glob("[0-9]*/stat")):
        if int(fields[_SESSION]) in seconds:
            seconds[int(fields[_SESSION])] += _seconds(fields, _WITH_CHILDREN)
    return seconds


def of_threads(pid: int) -> dict[str, float]:
    """CPU seconds of each thread of *pid*, by name; those of the same name together."""
    return by_name(_threads(pid))


def by_name(threads: Iterable[Thread]) -> dict[str, float]:
    """
    CPU seconds by thread name.

    A Python thread has the name of the one that started it: of those called as the decide
    task the oldest is the task, at parallelism 1, and the others are the clients' loop.
    """
    seconds, seen = defaultdict[str, float](float), set[str]()
    for thread in sorted(threads):
        is_loop = thread.name.startswith(DECIDE) and thread.name in seen
        seconds[CLIENTS if is_loop else thread.name] += thread.seconds
        seen.add(thread.name)
    return dict(seconds)


def of_machine() -> Machine:
    """CPU seconds of the whole machine since it started."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    stolen = ticks[_STOLEN]
    return Machine((sum(ticks) - sum(ticks[_IDLE]) - stolen) * _TICK_S, stolen * _TICK_S)


def _threads(pid: int) -> Iterator[Thread]:
    for task in Path("/proc", str(pid), "task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            fields, name = _fields(task / "stat"), (task / "comm").read_text().strip()
            yield Thread((int(fields[_BEGAN]), int(task.name)), name, _seconds(fields, _TIMES))


def _readable(stats: Iterable[Path]) -> Iterator[list[str]]:
    for stat in stats:
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            yield _fields(stat)


def _fields(stat: Path) -> list[str]:
    return stat.read_text().rpartition(")")[2].split()


def _seconds(fields: list[str], which: slice) -> float:
    return sum(map(int, fields[which])) * _TICK_S
