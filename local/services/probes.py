"""Questions in a service's own protocol; the answer is whether it is ready."""

from __future__ import annotations

import http.client
import logging
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from local.ports import HOST

PATIENCE_S = 2.0  # a service that takes longer to say that it is well is not


def http_answers(port: int, path: str, statuses: frozenset[int]) -> bool:
    """Whether a GET of *path* on *port* is answered with one of *statuses*."""
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status in statuses
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def kafka_answers(port: int) -> bool:
    """Whether the broker on *port* lists its topics, which it does when it is registered and unfenced."""
    if not _listens(port):  # the client leaves a socket open for each refused connection
        return False
    with _quiet("kafka"):
        try:
            with closing(_admin(port)) as admin:
                return bool(admin.describe_cluster()["brokers"])
        except (KafkaError, OSError):
            return False


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=PATIENCE_S):
            return True
    except OSError:
        return False


def _admin(port: int) -> KafkaAdminClient:
    patience_ms = int(PATIENCE_S * 1000)
    return KafkaAdminClient(
        bootstrap_servers=f"{HOST}:{port}", request_timeout_ms=patience_ms, bootstrap_timeout_ms=patience_ms
    )


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep the client's log still: a refused connection is an answer here, not an event."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
