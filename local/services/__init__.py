"""
One module a service: what it is called, how it starts, when it is ready.

A `Service` is data; only `local.stack` starts and stops processes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from local.ports import Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """
    Where a stack keeps what it writes, and what its services share.

    Attributes:
        run: The folder of all that is written.
        jars: The folder of the services' jars.
        ports: Where they listen.
        compilers: What the JVMs are told of theirs; a short run pays more for the second than it gives back.
        fleeting: DynamoDB Local keeps its items in memory, and loses them with its process (ADR-0034).
    """

    run: Path
    jars: Path
    ports: Ports
    compilers: tuple[str, ...] = ("-XX:TieredStopAtLevel=1",)
    fleeting: bool = False

    def data(self, service: str) -> Path:
        """The folder that holds the data of *service*; it survives a kill of the process."""
        return self.run / "data" / service

    def log(self, service: str) -> Path:
        """The file that takes what *service* prints."""
        return self.run / "logs" / f"{service}.log"

    def settings(self, name: str) -> Path:
        """The settings file *name*, written anew at each start."""
        return self.run / "services" / name

    def classpath(self, service: str) -> str:
        """The jars of *service* as java takes them."""
        return str(self.jars / service / "*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How one service is started, and how one can see that it is ready."""

    name: str
    ports: tuple[str, ...]  # the fields of `Ports` that it listens on
    command: tuple[str, ...]
    ready: Callable[[], bool]  # asks in the service's own protocol; never raises for "not yet"
    deadline_s: float
    files: tuple[tuple[Path, str], ...] = ()  # settings to write first
    data: Path | None = None  # made before the start, erased on demand
    first: tuple[str, ...] = ()  # a command that must have run once for *data*
    first_leaves: Path | None = None  # what exists when it has
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)
