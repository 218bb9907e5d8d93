"""
The model endpoint: rows in, scores out, or an error that says what to do.

Rule: whatever the endpoint does ends as `Scores`, a `TransientError` (try
again, then degrade) or `Malformed` (it answered, but not with scores).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from schemas.errors import EndpointTimeout, Throttled, TransientError
from udfs.clients.aws_http import Answer, AwsAddress, AwsHttp, CredentialSource, Service
from udfs.clients.signing import DefaultCredentials
from udfs.scoring.response import parse_response

SAGEMAKER_RUNTIME = Service(endpoint="sagemaker-runtime", signing="sagemaker")

_HEADERS = {"Content-Type": "text/csv", "Accept": "text/csv"}
_VARIANT = "x-amzn-invoked-production-variant"
_UNNAMED = "unnamed"  # the endpoint did not say which variant answered
_THROTTLES = ("ThrottlingException", "ModelNotReadyException", "TooManyRequestsException")


class Scores(NamedTuple):
    """The model's answer to one call: a probability (0..1) for each row, in the order of the rows."""

    values: list[float]
    model_version: str


class ModelEndpoint(Protocol):
    """A model that can be asked for the scores of many rows at once."""

    async def invoke(self, rows: bytes, count: int) -> Scores:
        """
        Return the scores of *rows*, *count* CSV lines joined by newlines.

        Raises:
            TransientError: EndpointTimeout, Throttled, or itself when the endpoint is unavailable.
            Malformed: If the answer is not *count* scores.
        """
        ...

    async def close(self) -> None:
        """Release what the endpoint holds; nothing is invoked afterwards."""
        ...


class SageMakerEndpoint:
    """SageMaker's InvokeEndpoint: one call, one attempt, at most *timeout_ms* ms."""

    def __init__(self, http: AwsHttp, name: str, timeout_ms: int) -> None:
        self._http = http
        self._where = f"endpoint {name}"
        self._path = f"/endpoints/{name}/invocations"
        self._timeout_ms = timeout_ms

    async def invoke(self, rows: bytes, count: int) -> Scores:
        """Return the scores of *rows*, as the protocol says; the variant's name is the model's version."""
        answer = await self._post(rows)
        if answer.status != 200:
            raise refusal(self._where, answer)
        values = parse_response(answer.body, answer.headers.get("content-type", ""), count)
        return Scores(values, answer.headers.get(_VARIANT, _UNNAMED))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _post(self, rows: bytes) -> Answer:
        try:
            return await self._http.post(self._path, _HEADERS, rows, self._timeout_ms / 1000)
        except TimeoutError as error:
            raise EndpointTimeout(self._where, "no answer", f"one within {self._timeout_ms} ms") from error
        except ConnectionError as error:
            raise TransientError(self._where, str(error), "a connection") from error


def refusal(where: str, answer: Answer) -> TransientError:
    """Return the error that an answer other than 200 means: Throttled, or TransientError for all else."""
    found = f"{answer.status} {answer.error_type}".strip()
    if answer.status == 429 or answer.error_type in _THROTTLES:
        return Throttled(where, found, "200")
    return TransientError(where, found, "200")


def sagemaker_endpoint(
    name: str, timeout_ms: int, address: AwsAddress, credentials: CredentialSource | None = None
) -> SageMakerEndpoint:
    """Return the endpoint *name* at *address*, signing with botocore's default chain unless told."""
    http = AwsHttp(SAGEMAKER_RUNTIME, address, credentials or DefaultCredentials())
    return SageMakerEndpoint(http, name, timeout_ms)
