"""
The SageMaker endpoint of the local stack.

Speaks the container contract (GET /ping, POST /invocations) and InvokeEndpoint (POST
/endpoints/<name>/invocations, any name), so that an unchanged AWS SDK can be pointed at
it. text/csv rows of `udfs.scoring.row.COLUMNS` in, one score a line out. For tests,
POST /faults says what to do wrong and GET /stats what was done.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random

from aiohttp import web

from local.ports import HOST
from local.services.faults import BadFault, Faults, parse
from local.services.scorecard import BadRow, scorer
from udfs.scoring.row import COLUMNS

CSV = "text/csv"
CONTAINER = "/invocations"
ENDPOINT = re.compile(r"/endpoints/[A-Za-z0-9-]{1,63}/invocations")
FAR_S = 3600.0  # a call that hangs outlives any deadline
VARIANT = "AllTraffic"

# error code: status and text, as sagemaker-runtime answers them
ERRORS = {
    "ThrottlingException": (400, "Rate exceeded"),
    "ValidationError": (400, "The request is not one that this endpoint takes"),
    "ModelError": (424, "Received client error from the model container"),
    "ServiceUnavailable": (503, "The service is unavailable. Try your call again."),
    "InternalFailure": (500, "An internal failure occurred."),
}
CODE_OF = {400: "ValidationError", 424: "ModelError", 429: "ThrottlingException", 503: "ServiceUnavailable"}


class ModelServer:
    """One endpoint: a model, the faults that it is told to have, and counts of what it did."""

    def __init__(self, columns: Sequence[str] = COLUMNS) -> None:
        self._score = scorer(columns)
        self._faults = Faults()
        self._chance = Random()
        self._stats = {"calls": 0, "asked": 0, "rows": 0, "failed": 0}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to any request."""
        path = request.path
        if request.method == "POST" and (path == CONTAINER or ENDPOINT.fullmatch(path)):
            return await self._invoke(request)
        if request.method == "POST" and path == "/faults":
            return self._take(await request.read())
        if path == "/stats":
            return web.json_response(self._stats)
        return web.Response() if path == "/ping" else failure("ValidationError", 404)

    def _take(self, body: bytes) -> web.Response:
        try:
            self._faults = parse(body)
        except BadFault as error:
            return web.Response(status=400, text=f"{error}\n")
        self._chance = Random(self._faults.seed)
        return web.Response()

    async def _invoke(self, request: web.BaseRequest) -> web.Response:
        body = await request.read()
        faults = self._faults
        self._stats["calls"] += 1
        self._stats["asked"] += len(body.splitlines())
        if faults.delay_ms[1] > 0:
            await asyncio.sleep(self._chance.uniform(*faults.delay_ms) / 1000)
        if not faults.is_hit(self._chance):
            return self._predict(request, body)
        self._stats["failed"] += 1
        if faults.status != 200:
            return failure(CODE_OF.get(faults.status, "InternalFailure"), faults.status)
        return await MISDEEDS[faults.mode](request, self._predict(request, body))

    def _predict(self, request: web.BaseRequest, body: bytes) -> web.Response:
        if request.content_type != CSV:
            return refusal(request, 415, f"content type {request.content_type}, expected {CSV}")
        try:
            lines = body.decode("ascii").splitlines()
            scores = [f"{self._score(line):.6f}" for line in lines]
        except (BadRow, UnicodeDecodeError) as error:
            return refusal(request, 400, str(error))
        self._stats["rows"] += len(lines)
        return prediction("\n".join(scores))


def prediction(text: str) -> web.Response:
    """*text* as the endpoint answers a call that went well."""
    return web.Response(text=text, content_type=CSV, headers={"x-Amzn-Invoked-Production-Variant": VARIANT})


def failure(code: str, status: int | None = None, more: Mapping[str, object] | None = None) -> web.Response:
    """The error *code* in the form from which an AWS SDK makes its exception."""
    usual, text = ERRORS[code]
    return web.json_response(
        {"Code": code, "Message": text, **(more or {})},
        status=status or usual,
        headers={"x-amzn-errortype": code},
    )


def refusal(request: web.BaseRequest, status: int, text: str) -> web.Response:
    """The container's refusal of a request: itself, or what InvokeEndpoint makes of it."""
    if request.path == CONTAINER:
        return web.Response(status=status, text=f"{text}\n")
    return failure("ModelError", more={"OriginalStatusCode": status, "OriginalMessage": text})


async def _drop(request: web.BaseRequest, _good: web.Response) -> web.Response:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _hang(_request: web.BaseRequest, good: web.Response) -> web.Response:
    """Answer when the caller has long gone; the server cancels this when it goes."""
    await asyncio.sleep(FAR_S)
    return good


async def _throttle(_request: web.BaseRequest, _good: web.Response) -> web.Response:
    return failure("ThrottlingException")


async def _model_error(request: web.BaseRequest, _good: web.Response) -> web.Response:
    return refusal(request, 500, "the model failed")


async def _rubbish(_request: web.BaseRequest, _good: web.Response) -> web.Response:
    return prediction("<html>nan\n0.1.2")


async def _wrong_rows(_request: web.BaseRequest, good: web.Response) -> web.Response:
    """Leave out the last score."""
    return prediction((good.text or "").rpartition("\n")[0])


async def _well(_request: web.BaseRequest, good: web.Response) -> web.Response:
    return good


MISDEEDS: dict[str, Callable[[web.BaseRequest, web.Response], Awaitable[web.Response]]] = {
    "ok": _well,
    "down": _drop,
    "hang": _hang,
    "throttle": _throttle,
    "model_error": _model_error,
    "rubbish": _rubbish,
    "wrong_rows": _wrong_rows,
}


async def serve(port: int) -> None:
    """The server listened on *port* of loopback until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # cancelling a handler whose caller has gone ends the calls that hang
    runner = web.ServerRunner(web.Server(ModelServer().handle, handler_cancellation=True, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, HOST, port, shutdown_timeout=0.1).start()
    await stop.wait()
    await runner.cleanup()


def main(arguments: Sequence[str]) -> None:
    """The server ran with *arguments* until it was told to end."""
    parser = argparse.ArgumentParser(prog="python -m local.model_server", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args(arguments).port))


if __name__ == "__main__":
    main(sys.argv[1:])
