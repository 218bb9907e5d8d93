"""The door of the containers, before a real service."""

import asyncio
import http.client
from contextlib import closing

import pytest

from local.containers import open_door
from local.stack import Stack

pytestmark = pytest.mark.e2e

OUTSIDE = "127.0.0.2"  # an address at which no service of the stack listens


async def ping_from_outside(stack: Stack) -> int:
    """The status with which the model server answers a caller at the door."""
    servers = await open_door(OUTSIDE, stack.places.ports)
    try:
        return await asyncio.to_thread(_ping, stack.places.ports.sagemaker)
    finally:
        for server in servers:
            server.close()


def _ping(port: int) -> int:
    with closing(http.client.HTTPConnection(OUTSIDE, port, timeout=10)) as connection:
        connection.request("GET", "/ping")
        return connection.getresponse().status


def test_the_door_leads_to_the_service(stack: Stack) -> None:
    """A call to another address than loopback's reaches the model server and is answered."""
    assert asyncio.run(ping_from_outside(stack)) == 200
