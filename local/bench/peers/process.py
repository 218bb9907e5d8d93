"""
A peer's process: its Python, its folder, its life.

Rule: it runs as its users would start it, alone and with its own defaults, and is
stopped by its pid.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from local.artifacts import PROJECT
from local.errors import StackError, last_line
from local.stack import run_folder

PYTHON = PROJECT / ".venv-peers" / "bin" / "python"
LOG = "log"
STOP_S = 20.0


class Peer(NamedTuple):
    """Another stream processor's application: the topic it writes, and what its Python is told."""

    name: str
    topic: str
    command: tuple[str, ...]
    first: tuple[str, ...] = ()  # what is run before, once


QUIX = Peer("peer_quixstreams", "peer-quix", ("-m", "local.bench.peers.quix_app"))
BYTEWAX = Peer(
    "peer_bytewax",
    "peer-bytewax",
    ("-m", "bytewax.run", "local.bench.peers.bytewax_app", "-r", ".", "-s", "5", "-b", "0"),
    first=("-m", "bytewax.recovery", ".", "1"),
)
PEERS = (QUIX, BYTEWAX)


class PeersMissing(StackError):
    """The peers' environment was not made."""

    def __init__(self, python: Path) -> None:
        super().__init__(python)
        self.python = python

    def __str__(self) -> str:
        return f"no {self.python}: `make bench ONLY=peers` installs the peers' environment first"


class PeerFailed(StackError):
    """A peer ended, or did nothing for long, before all was decided."""

    def __init__(self, peer: str, what: str, log: Path) -> None:
        super().__init__(peer, what, log)
        self.peer, self.what, self.log = peer, what, log

    def __str__(self) -> str:
        return f"{self.peer} {self.what}: {last_line(self.log)} (all of it: {self.log})"


class Running:
    """A peer that was started."""

    def __init__(self, peer: Peer, process: subprocess.Popen[bytes], log: Path) -> None:
        self._peer = peer
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """Of its one process."""
        return self._process.pid

    def check(self, idle_s: float, most_s: float) -> None:
        """
        It runs, and was not idle for too long.

        Raises:
            PeerFailed: If not.
        """
        if self._process.poll() is not None:
            raise PeerFailed(self._peer.name, f"ended with code {self._process.returncode}", self._log)
        if idle_s > most_s:
            raise PeerFailed(self._peer.name, f"decided nothing for {idle_s:.0f} s", self._log)


@contextmanager
def running(peer: Peer, bootstrap: str, python: Path) -> Iterator[Running]:
    """*peer* runs inside, with no past, and not afterwards; what it writes is in the run folder."""
    if not python.exists():
        raise PeersMissing(python)
    folder = run_folder() / "peers" / peer.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environment = {"BROKER": bootstrap, "GROUP": f"{peer.name}-{time.time_ns()}"}
    if peer.first:
        _start((python, *peer.first), folder, environment).wait()
    process = _start((python, *peer.command), folder, environment)
    try:
        yield Running(peer, process, folder / LOG)
    finally:
        _stop(process)


def _start(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    with (folder / LOG).open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
