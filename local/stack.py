"""
The supervisor of the local stack: starts the services, sees that they are well, stops them.

* A start that fails or is interrupted stops what it started and leaves services that
  ran before as they were. What can go wrong is a `StackError`, whose text is for a person.
* Data stays where it is, whatever happens to the processes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import asdict
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from local import artifacts, ports
from local.errors import StackError, StackRunning
from local.ports import Ports
from local.services import Places, Service
from local.services.dynamodb import dynamodb
from local.services.java import find_java
from local.services.kafka import kafka
from local.services.launch import Launcher
from local.services.model import model
from local.services.pids import OsProcesses, Pids
from local.services.s3 import s3

NAMES = ("kafka", "dynamodb", "s3", "sagemaker")
TELL_S = 2.0  # a wait that is longer is explained
GRACE_S = 5.0  # between SIGTERM and SIGKILL


def run_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder that takes what a stack writes: FRAUDSTREAM_RUN_DIR, else the project's `.run`."""
    return Path(environment.get("FRAUDSTREAM_RUN_DIR") or artifacts.PROJECT / ".run").absolute()


def tell(line: str) -> None:
    """*line* is on the terminal."""
    print(line, file=sys.stderr, flush=True)


class Stack:
    """
    The services of one run folder.

    As a context manager it is up inside and down afterwards, also after an exception;
    whoever holds it turns SIGTERM into one, as `main` does.
    """

    def __init__(
        self,
        run_dir: Path,
        listen: Ports,
        *,
        say: Callable[[str], None] = tell,
        environment: Mapping[str, str] = os.environ,
        places: Callable[..., Places] = Places,
    ) -> None:
        self._places = places(run=run_dir.absolute(), jars=artifacts.JARS, ports=listen)
        self._say = say
        self._environment = environment
        self._pids = Pids(self._places.run / "pids.json", OsProcesses())
        self._launcher = Launcher(self._places, self._pids, environment)

    @property
    def endpoints(self) -> dict[str, str]:
        """The addresses of `kafka`, `dynamodb`, `s3` and `sagemaker`."""
        return self._places.ports.endpoints()

    def start(self, names: Sequence[str] = NAMES) -> None:
        """
        Every service of *names* runs and answers; `endpoints.json` has the addresses.

        Services that run already are kept. Takes 5 to 10 s on 2 cores with the jars at hand.

        Raises:
            StackError: If one can't start; what this call started is stopped again.
        """
        services = [s for s in self._services(find_java(self._environment)) if s.name in names]
        missing = [s for s in services if self._pids.alive(s.name) is None]
        self._require_ports(missing)
        artifacts.resolve(self._say, self._environment)
        try:
            self._bring_up(services, missing)
        except BaseException:
            self._launcher.cancel()
            self.stop([s.name for s in missing])
            raise
        self._write_endpoints()

    def add(self, service: Service) -> None:
        """
        One more *service* runs and answers beside those of the stack; one that runs already is only asked.

        Raises:
            StackError: If it can't start; it is stopped again, the others are left running.
        """
        missing = [service] if self._pids.alive(service.name) is None else []
        self._require_ports(missing)
        try:
            self._bring_up([service], missing)
        except BaseException:
            self._launcher.cancel()
            self.stop([s.name for s in missing])
            raise

    @property
    def places(self) -> Places:
        """Where this stack keeps what it writes."""
        return self._places

    def health(self) -> dict[str, bool]:
        """Whether each service answers a question in its own protocol just now."""
        return {service.name: service.ready() for service in self._services("java")}

    def running(self) -> tuple[str, ...]:
        """The services whose processes run, answering or not."""
        return tuple(name for name in self._pids.services() if self._pids.alive(name) is not None)

    def stop(self, names: Sequence[str] = NAMES) -> None:
        """
        No process of *names* runs: each got SIGTERM, and SIGKILL after 5 s; a second call does nothing.

        Processes are those on record, so this also stops what another command started.
        """
        self._launcher.signal(names, signal.SIGTERM)
        if not self._launcher.gone_within(names, GRACE_S):
            self._launcher.signal(names, signal.SIGKILL)
            self._launcher.gone_within(names, GRACE_S)
        for name in names:
            self._pids.forget(name)

    def kill(self, name: str) -> None:
        """The process of *name* is gone by SIGKILL, as in a crash; `start` brings it back with its data."""
        self._launcher.signal([name], signal.SIGKILL)
        self._launcher.gone_within([name], GRACE_S)

    def erase(self) -> None:
        """
        No service has any data.

        Raises:
            StackRunning: If one of them still runs.
        """
        if running := self.running():
            raise StackRunning(running)
        for name in NAMES:
            shutil.rmtree(self._places.data(name), ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()

    def _services(self, java: str) -> list[Service]:
        places = self._places
        return [kafka(places, java), dynamodb(places, java), s3(places, java), model(places)]

    def _require_ports(self, services: Sequence[Service]) -> None:
        numbers = asdict(self._places.ports)
        for service in services:
            for name in service.ports:
                ports.require_free(service.name, name, numbers[name])

    def _bring_up(self, services: Sequence[Service], missing: Sequence[Service]) -> None:
        if missing:
            self._say(f"starting {', '.join(service.name for service in missing)}")
        self._launcher.allow()
        with ThreadPoolExecutor(max_workers=len(NAMES)) as pool:
            pending = {pool.submit(self._launcher.bring_up, service): service.name for service in services}
            try:
                self._watch(pending)
            except BaseException:
                self._launcher.cancel()  # or the pool would wait for the deadlines of the rest
                raise

    def _watch(self, pending: Mapping[Future[None], str]) -> None:
        began, waiting = time.monotonic(), set(pending)
        while waiting:
            done, waiting = wait(waiting, timeout=TELL_S, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            if waiting:
                names = ", ".join(sorted(pending[future] for future in waiting))
                self._say(f"waiting for {names} ({time.monotonic() - began:.0f} s)")

    def _write_endpoints(self) -> None:
        path = self._places.run / "endpoints.json"
        path.write_text(json.dumps(self.endpoints, indent=2) + "\n")


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """A signal handler: what runs is left as by Ctrl-C, through every `finally`."""
    raise KeyboardInterrupt


def main(arguments: Sequence[str]) -> int:
    """
    The stack is started, stopped or asked, as the first of *arguments* says.

    Returns:
        0 if all went well, 1 after a message if not, 130 if interrupted.
    """
    signal.signal(signal.SIGTERM, interrupt)
    try:
        return _act(
            arguments[0] if arguments else "", Stack(run_folder(), ports.from_environment(os.environ))
        )
    except StackError as error:
        tell(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        tell("interrupted")
        return 130


def _act(word: str, stack: Stack) -> int:
    if word == "start":
        stack.start()
    elif word == "stop":
        stack.stop()
    elif word == "health":
        health = stack.health()
        tell("\n".join(f"{name}: {'well' if well else 'no answer'}" for name, well in health.items()))
        return 0 if all(health.values()) else 1
    else:
        tell("usage: python -m local.stack start|stop|health")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
