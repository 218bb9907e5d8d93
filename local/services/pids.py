"""
Which process is which service, kept on disk so that another command can stop it.

A pid alone may name another process tomorrow; a record also holds when the process
began, and a process that began at another time is never signalled.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Protocol

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Record(NamedTuple):
    """A process that a stack started: the leader of its own session and process group."""

    pid: int
    began: str  # what tells this process from a later one with the same pid


class ProcessTable(Protocol):
    """What the supervisor asks of the operating system."""

    def began(self, pid: int) -> str | None:
        """When *pid* began, as text to compare; None if it does not run."""

    def signal_group(self, pid: int, number: signal.Signals) -> None:
        """Every process of the group that *pid* leads has got signal *number*, if it still exists."""


class OsProcesses:
    """The processes of this machine: from /proc, else from ps."""

    def began(self, pid: int) -> str | None:
        """When *pid* began, as text to compare; None if it does not run (a zombie does not)."""
        return _began_in_proc(pid) if BOOT_ID.exists() else _began_by_ps(pid)

    def signal_group(self, pid: int, number: signal.Signals) -> None:
        """Every process of the group that *pid* leads has got signal *number*, if it still exists."""
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            return


class Pids:
    """The records of one run folder, in `pids.json`; every change is on disk when the call returns."""

    def __init__(self, path: Path, table: ProcessTable) -> None:
        self._path = path
        self._table = table
        self._lock = Lock()

    def add(self, service: str, pid: int) -> None:
        """*service* is process *pid*, which runs now."""
        began = self._table.began(pid)
        if began is not None:
            with self._lock:
                self._write({**self._read(), service: Record(pid, began)})

    def alive(self, service: str) -> Record | None:
        """The record of *service*, if that very process still runs."""
        record = self._read().get(service)
        if record is None or self._table.began(record.pid) != record.began:
            return None
        return record

    def signal(self, service: str, number: signal.Signals) -> None:
        """The process of *service*, if that very process still runs, has got *number*, and its group too."""
        record = self.alive(service)
        if record is not None:
            self._table.signal_group(record.pid, number)

    def services(self) -> tuple[str, ...]:
        """The services on record, dead or alive, in the order in which they were added."""
        return tuple(self._read())

    def forget(self, service: str) -> None:
        """*service* is no longer on record."""
        with self._lock:
            self._write({name: record for name, record in self._read().items() if name != service})

    def _read(self) -> dict[str, Record]:
        try:
            return {name: Record(**record) for name, record in json.loads(self._path.read_text()).items()}
        except (FileNotFoundError, ValueError, TypeError, AttributeError):  # none yet, or no record of ours
            return {}

    def _write(self, records: dict[str, Record]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({name: record._asdict() for name, record in records.items()}, indent=2)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(text + "\n")
        fresh.replace(self._path)


def _began_in_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    columns = stat.rpartition(")")[2].split()  # the name before may hold anything, brackets too
    state, ticks = columns[0], columns[19]
    return None if state in "ZX" else f"{BOOT_ID.read_text().strip()}:{ticks}"


def _began_by_ps(pid: int) -> str | None:
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, began = answer.stdout.strip().partition(" ")
    return None if not began or state.startswith("Z") else began.strip()
