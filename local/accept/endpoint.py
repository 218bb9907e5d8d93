"""What the local model endpoint is told to do wrong."""

from __future__ import annotations

import urllib.request
from typing import Any

import orjson

from local.stack import Stack


def set_faults(stack: Stack, **faults: Any) -> None:
    """The endpoint has *faults* from now on, the fields of `local.services.faults.Faults`; no others."""
    request = urllib.request.Request(f"{stack.endpoints['sagemaker']}/faults", data=orjson.dumps(faults))  # noqa: S310  # loopback, ours
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310  # as above
        pass
