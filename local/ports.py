"""
Where the services of the local stack listen.

Defaults are below the ephemeral range, so that no outgoing connection takes one;
each can be overridden by FRAUDSTREAM_<NAME>_PORT. All listen on loopback.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from local.errors import BadPort, PortTaken

HOST = "127.0.0.1"
LISTENING = "0A"  # the state column of /proc/net/tcp


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """One TCP port for each listener; `controller` is Kafka's own second one."""

    kafka: int = 19092
    controller: int = 19093
    dynamodb: int = 18000
    s3: int = 19000
    sagemaker: int = 18080
    rest: int = 18081  # Flink's own address: state of the job, savepoints

    def endpoints(self) -> dict[str, str]:
        """The addresses that go into `endpoints.json`, by service."""
        return {
            "kafka": f"{HOST}:{self.kafka}",
            "dynamodb": f"http://{HOST}:{self.dynamodb}",
            "s3": f"http://{HOST}:{self.s3}",
            "sagemaker": f"http://{HOST}:{self.sagemaker}",
        }


def variable(name: str) -> str:
    """The environment variable that overrides the port of *name*."""
    return f"FRAUDSTREAM_{name.upper()}_PORT"


def from_environment(environment: Mapping[str, str]) -> Ports:
    """
    The default ports, with the overrides that *environment* holds.

    Raises:
        BadPort: If an override is no number from 1024 to 65535, or two services share one.
    """
    chosen = {
        field.name: _port(variable(field.name), environment[variable(field.name)])
        for field in fields(Ports)
        if environment.get(variable(field.name))
    }
    return _distinct(Ports(**chosen))


def free_ports() -> Ports:
    """Ports that nobody listened on a moment ago; for tests, which run beside a stack."""
    with ExitStack() as held:
        taken = [held.enter_context(socket.socket()) for _ in fields(Ports)]
        for sock in taken:
            sock.bind((HOST, 0))
        numbers = [sock.getsockname()[1] for sock in taken]
    return Ports(**dict(zip((field.name for field in fields(Ports)), numbers, strict=True)))


def require_free(service: str, name: str, port: int) -> None:
    """
    Nobody listened on *port* a moment ago.

    Args:
        service: Whose start this is, for the message.
        name: The field of `Ports` that can be overridden.
        port: The port of that field.

    Raises:
        PortTaken: With the process that has it, where /proc tells.
    """
    with socket.socket() as sock:
        # a connection that was closed a moment ago (TIME_WAIT) is no owner
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((HOST, port))
        except OSError as error:
            raise PortTaken(service, port, owner_of(port), variable(name)) from error


def owner_of(port: int, proc: Path = Path("/proc")) -> str | None:
    """Name and pid of the process that listens on *port*, or None where /proc does not tell."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port, proc)}
    for descriptor in proc.glob("[0-9]*/fd/*") if inodes else ():
        if _link(descriptor) in inodes:
            process = descriptor.parent.parent
            return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return None


def _port(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1024 <= int(text) <= 65535:
        raise BadPort(name, text)
    return int(text)


def _distinct(ports: Ports) -> Ports:
    seen: dict[int, str] = {}
    for name, port in asdict(ports).items():
        if port in seen:
            raise BadPort(variable(name), str(port))
        seen[port] = name
    return ports


def _listening_inodes(port: int, proc: Path) -> Iterator[str]:
    for table in (proc / "net/tcp", proc / "net/tcp6"):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            columns = line.split()
            if columns[3] == LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                yield columns[9]


def _link(descriptor: Path) -> str | None:
    try:
        return str(descriptor.readlink())
    except OSError:  # the process ended, or is another user's
        return None
