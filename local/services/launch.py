"""
One service's process: launched, waited for, ended.

* A process is on record before anything else happens to it; once `cancel` was called none
  is launched any more, so that whoever interrupts a start can stop all there is.
* Each leads a session of its own: a terminal's Ctrl-C reaches the supervisor alone.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event, Lock

from local.errors import ServiceDied, ServiceLate, StackError, last_line
from local.services import Places, Service
from local.services.pids import Pids

POLL_S = 0.1


class Launcher:
    """Starts and ends the processes of one run folder."""

    def __init__(self, places: Places, pids: Pids, environment: Mapping[str, str]) -> None:
        self._places = places
        self._pids = pids
        self._environment = environment
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._gate = Lock()
        self._cancelled = Event()

    def allow(self) -> None:
        """Processes may be launched (again)."""
        self._cancelled.clear()

    def cancel(self) -> None:
        """No further process is launched, and those who wait give up."""
        with self._gate:
            self._cancelled.set()

    def bring_up(self, service: Service) -> None:
        """
        *service* runs and answers; one that ran before is only asked.

        Raises:
            ServiceDied: If its process ends first.
            ServiceLate: If it does not answer before its deadline.
        """
        deadline = time.monotonic() + service.deadline_s
        if self._pids.alive(service.name) is None:
            self._prepare(service)
            self._launch(service)
        while not self._ready(service):
            if time.monotonic() > deadline:
                log = self._places.log(service.name)
                raise ServiceLate(service.name, service.deadline_s, log, last_line(log))
            time.sleep(POLL_S)

    def signal(self, names: Sequence[str], number: signal.Signals) -> None:
        """Each process of *names* that still runs has got signal *number*, with its group."""
        for name in names:
            self._pids.signal(name, number)

    def gone_within(self, names: Sequence[str], seconds: float) -> bool:
        """Whether every process of *names* has ended, at the latest after *seconds*."""
        deadline = time.monotonic() + seconds
        while any(self._pids.alive(name) is not None for name in names):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S / 2)
        for name in names:
            self._reap(name)
        return True

    def _prepare(self, service: Service) -> None:
        for path, text in service.files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if service.data is not None:
            service.data.mkdir(parents=True, exist_ok=True)
        if service.first_leaves is not None and not service.first_leaves.exists():
            self._run_first(service)

    def _run_first(self, service: Service) -> None:
        log = self._log(service)
        with log.open("ab") as output:
            code = subprocess.run(
                service.first, stdout=output, stderr=subprocess.STDOUT, check=False
            ).returncode
        if code != 0:
            raise ServiceDied(service.name, code, log, last_line(log))

    def _launch(self, service: Service) -> None:
        with self._gate, self._log(service).open("ab") as output:
            if self._cancelled.is_set():
                return
            process = subprocess.Popen(
                service.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**self._environment, **dict(service.environment)},
            )
            self._pids.add(service.name, process.pid)
            self._reap(service.name)
            self._children[service.name] = process

    def _ready(self, service: Service) -> bool:
        if self._cancelled.is_set():
            raise StackError("another service could not be started")
        if self._pids.alive(service.name) is None:
            log = self._places.log(service.name)
            raise ServiceDied(service.name, self._reap(service.name), log, last_line(log))
        return service.ready()

    def _log(self, service: Service) -> Path:
        log = self._places.log(service.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        return log

    def _reap(self, name: str) -> int:
        """Take the exit code of the ended process *name*; 0 if it was not a child of ours."""
        process = self._children.pop(name, None)
        return 0 if process is None else process.wait()
