"""
What the containers of `docker-compose.yml` run that no image has: the door, the ends, the job.

Rule: nothing is said here that the stack without containers says: addresses, settings files, the
job's command and the questions whether it is well are the same ones. All containers share one
network, in which each service listens on loopback as it does on a machine.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from typing import NoReturn

from local import artifacts, job
from local.ports import HOST, Ports, from_environment
from local.services import Places, Service
from local.setup_ends import create_ends
from local.stack import run_folder, tell

_CHUNK_BYTES = 65_536


async def open_door(address: str, listen: Ports) -> list[asyncio.Server]:
    """
    What knocks at *address* comes to the same port of loopback, while the servers returned are open.

    DynamoDB Local has no door: it listens on every address by itself. Kafka's controller has
    none, for nobody outside speaks to it.
    """
    inside = (listen.kafka, listen.s3, listen.sagemaker, listen.rest)
    return [await asyncio.start_server(partial(_let_in, port), address, port) for port in inside]


async def _let_in(port: int, caller: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
    """One connection from outside was carried to *port* of loopback, until both sides were done."""
    with closing(answers), suppress(OSError):  # a side that hangs up ends the connection, no more
        replies, request = await asyncio.open_connection(HOST, port)
        with closing(request):
            await asyncio.gather(carry(caller, request), carry(replies, answers))


async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """All of *source* is in *target*, which knows that no more will come."""
    while chunk := await source.read(_CHUNK_BYTES):
        target.write(chunk)
        await target.drain()
    target.write_eof()


def prepare_job(places: Places) -> Service:
    """
    The job as `make up` has it, with every file that it finds at its start.

    Raises:
        StackError: If the settings of the plan kept in the run folder are wrong.
    """
    service = job.job(places, job.kept_plan(places.run))
    for path, text in service.files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (places.run / "logs").mkdir(exist_ok=True)
    return service


def _run_job(places: Places, environment: Mapping[str, str]) -> NoReturn:
    """This process is the job: what it prints and the signals it gets are the container's."""
    service = prepare_job(places)
    os.execvpe(service.command[0], service.command, {**environment, **dict(service.environment)})  # noqa: S606  # as S603


async def _keep_door(listen: Ports) -> None:
    servers = await open_door(socket.gethostbyname(socket.gethostname()), listen)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main(arguments: Sequence[str]) -> int:
    """0 if the word of *arguments* was done or the job is well, 1 if it is not, 2 for another word."""
    listen = from_environment(os.environ)
    places = Places(run=run_folder(), jars=artifacts.JARS, ports=listen)
    if arguments == ["door"]:
        asyncio.run(_keep_door(listen))
    elif arguments == ["setup"]:
        create_ends(listen.endpoints())
    elif arguments == ["job"]:
        _run_job(places, os.environ)
    elif arguments == ["health"]:
        return 0 if job.is_running(listen.rest) else 1
    else:
        tell("usage: python -m local.containers door|setup|job|health")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
