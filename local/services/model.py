"""The model server, our own (`local.model_server`): the SageMaker endpoint of the local stack."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from local.services import Places, Service
from local.services.probes import http_answers

NAME = "sagemaker"
PROJECT = Path(__file__).parents[2]


def model(places: Places) -> Service:
    """The model server on its port, run by the interpreter that runs this."""
    return Service(
        name=NAME,
        ports=("sagemaker",),
        command=(sys.executable, "-m", "local.model_server", "--port", str(places.ports.sagemaker)),
        ready=partial(http_answers, places.ports.sagemaker, "/ping", frozenset({200})),
        deadline_s=30,
        environment=(("PYTHONPATH", str(PROJECT)), ("PYTHONUNBUFFERED", "1")),
    )
