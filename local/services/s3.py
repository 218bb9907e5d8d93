"""
The S3 server: S3Proxy over a plain folder (ADR-0002).

Any credentials are taken, and none are needed. Data is one file an object under
the data folder; a multipart upload that was begun outlives a kill of the server.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from local.ports import HOST
from local.services import Places, Service
from local.services.probes import http_answers

NAME = "s3"
LOGGING = Path(__file__).with_name("logback.xml")


def s3(places: Places, java: str) -> Service:
    """S3Proxy on its port, with its data on disk."""
    settings = places.settings("s3proxy.properties")
    return Service(
        name=NAME,
        ports=("s3",),
        command=(
            java,
            "-Xmx256m",
            "-XX:+UseSerialGC",
            *places.compilers,
            f"-Dlogback.configurationFile={LOGGING}",
            "-cp",
            places.classpath(NAME),
            "org.gaul.s3proxy.Main",
            "--properties",
            str(settings),
        ),
        ready=partial(http_answers, places.ports.s3, "/", frozenset({200})),
        deadline_s=60,
        files=((settings, properties(places)),),
        data=places.data(NAME),
    )


def properties(places: Places) -> str:
    """S3Proxy's settings file."""
    lines = {
        "s3proxy.endpoint": f"http://{HOST}:{places.ports.s3}",
        "s3proxy.authorization": "none",
        # today's AWS SDKs send checksum headers that it does not know; it need not act on them
        "s3proxy.ignore-unknown-headers": "true",
        "jclouds.provider": "filesystem-nio2",
        "jclouds.identity": "local",
        "jclouds.credential": "local",
        "jclouds.filesystem.basedir": str(places.data(NAME)),
    }
    return "".join(f"{key}={value}\n" for key, value in lines.items())
