"""
DynamoDB Local, one database whatever credentials and region a client has.

It has no option to listen on loopback only, and sends telemetry unless told not to. On disk it waits for
the disk with each item of a batch.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from local.services import Places, Service
from local.services.probes import http_answers

NAME = "dynamodb"
LOGGING = Path(__file__).with_name("log4j2.xml")


def dynamodb(places: Places, java: str) -> Service:
    """DynamoDB Local on its port, with its items where *places* has them."""
    return Service(
        name=NAME,
        ports=("dynamodb",),
        command=(
            java,
            "-Xmx256m",
            "-XX:+UseSerialGC",
            *places.compilers,
            f"-Dlog4j2.configurationFile={LOGGING}",
            f"-Dsqlite4java.library.path={places.jars / NAME}",
            "-cp",
            places.classpath(NAME),
            "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
            "-port",
            str(places.ports.dynamodb),
            "-sharedDb",
            *(("-inMemory",) if places.fleeting else ("-dbPath", str(places.data(NAME)))),
            "-disableTelemetry",
        ),
        # it refuses a plain GET for want of a signature: an answer from its own front door
        ready=partial(http_answers, places.ports.dynamodb, "/", frozenset({400})),
        deadline_s=60,
        data=places.data(NAME),
    )
