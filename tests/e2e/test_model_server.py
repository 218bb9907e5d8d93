"""The model server, called by an AWS SDK that does not know what it talks to."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from local.ports import free_ports
from local.services.scorecard import scorer
from local.stack import Stack
from udfs.scoring.row import COLUMNS

pytestmark = pytest.mark.e2e

ROW = "38.20" + "," * (len(COLUMNS) - 1)
BODY = f"{ROW}\n{ROW}\n{ROW}".encode()
SCORES = "\n".join([f"{scorer(COLUMNS)(ROW):.6f}"] * 3).encode()


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a model server of this module's own."""
    stack = Stack(tmp_path_factory.mktemp("model"), free_ports(), say=lambda _line: None)
    try:
        stack.start(("sagemaker",))
        yield stack.endpoints["sagemaker"]
    finally:
        stack.stop()


@pytest.fixture
def faults(endpoint: str) -> Iterator[Callable[..., None]]:
    """A way to set the server's faults, which are taken away afterwards."""

    def ask(**told: object) -> None:
        assert http(endpoint, "POST", "/faults", json.dumps(told).encode())[0] == 200

    yield ask
    ask()


@pytest.fixture
def runtime(endpoint: str) -> Iterator[Any]:
    """An unchanged SageMaker client that tries once and waits for half a second."""
    config = Config(retries={"total_max_attempts": 1}, read_timeout=0.5)
    with closing(
        boto3.client(
            "sagemaker-runtime",
            endpoint_url=endpoint,
            region_name="eu-central-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=config,
        )
    ) as made:
        yield made


def http(
    endpoint: str, method: str, path: str, body: bytes = b"", kind: str = "text/csv"
) -> tuple[int, bytes]:
    """Status and body of a plain HTTP request."""
    with closing(HTTPConnection(endpoint.removeprefix("http://"), timeout=5)) as connection:
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, answer.read()


def invoke(runtime: Any, body: bytes = BODY, kind: str = "text/csv") -> bytes:
    """What InvokeEndpoint returns for *body*."""
    answer: bytes = runtime.invoke_endpoint(EndpointName="fraud", ContentType=kind, Body=body)["Body"].read()
    return answer


def test_one_score_a_row(runtime: Any) -> None:
    """InvokeEndpoint returns a score for each row, in order, as text/csv, from a named variant."""
    answer = runtime.invoke_endpoint(EndpointName="fraud", ContentType="text/csv", Body=BODY)
    assert answer["Body"].read() == SCORES
    assert answer["ContentType"].startswith("text/csv")
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_the_container_contract(endpoint: str) -> None:
    """The container's own paths answer: it is well, and it scores."""
    assert http(endpoint, "GET", "/ping")[0] == 200
    assert http(endpoint, "POST", "/invocations", BODY) == (200, SCORES)


@pytest.mark.parametrize(("body", "kind"), [(b"1,2,3", "text/csv"), (BODY, "application/json")])
def test_a_request_the_model_refuses(runtime: Any, endpoint: str, body: bytes, kind: str) -> None:
    """What the container refuses is ModelError to a caller of InvokeEndpoint, with the container's status."""
    status, _ = http(endpoint, "POST", "/invocations", body, kind)
    with pytest.raises(runtime.exceptions.ModelError) as error:
        invoke(runtime, body, kind)
    assert status == error.value.response["OriginalStatusCode"]
    assert status in {400, 415}


def test_throttled(runtime: Any, faults: Callable[..., None]) -> None:
    """Throttling is the SDK's ThrottlingException."""
    faults(mode="throttle")
    with pytest.raises(ClientError) as error:
        invoke(runtime)
    assert error.value.response["Error"]["Code"] == "ThrottlingException"


def test_the_model_fails(runtime: Any, faults: Callable[..., None]) -> None:
    """A failure of the container is ModelError with its status."""
    faults(mode="model_error")
    with pytest.raises(runtime.exceptions.ModelError) as error:
        invoke(runtime)
    assert error.value.response["OriginalStatusCode"] == 500


@pytest.mark.parametrize(("status", "code"), [(503, "ServiceUnavailable"), (500, "InternalFailure")])
def test_a_status(runtime: Any, faults: Callable[..., None], status: int, code: str) -> None:
    """A status that was asked for is what the SDK sees, with the service's own error code."""
    faults(status=status)
    with pytest.raises(ClientError) as error:
        invoke(runtime)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert error.value.response["Error"]["Code"] == code


def test_down(runtime: Any, faults: Callable[..., None]) -> None:
    """An endpoint that is down closes the connection without an answer."""
    faults(mode="down")
    with pytest.raises(ConnectionClosedError):
        invoke(runtime)


def test_hang(runtime: Any, faults: Callable[..., None]) -> None:
    """An endpoint that hangs keeps the connection and never answers."""
    faults(mode="hang")
    with pytest.raises(ReadTimeoutError):
        invoke(runtime)


def test_rubbish(runtime: Any, faults: Callable[..., None]) -> None:
    """Rubbish comes with status 200 and holds no number."""
    faults(mode="rubbish")
    with pytest.raises(ValueError, match="could not convert"):
        float(invoke(runtime).splitlines()[0])


def test_wrong_rows(runtime: Any, faults: Callable[..., None]) -> None:
    """With the wrong number of rows, the last score is left out."""
    faults(mode="wrong_rows")
    assert len(invoke(runtime).splitlines()) == 2


def test_delay(runtime: Any, faults: Callable[..., None]) -> None:
    """A delay that exceeds the caller's patience is a timeout, a shorter one is not."""
    faults(delay_ms=[1, 20])
    assert invoke(runtime) == SCORES
    faults(delay_ms=[5000, 5000])
    with pytest.raises(ReadTimeoutError):
        invoke(runtime)


def test_well_again(runtime: Any, faults: Callable[..., None]) -> None:
    """Taking the faults away makes the endpoint score again."""
    faults(mode="throttle")
    faults()
    assert invoke(runtime) == SCORES


def test_nonsense(endpoint: str) -> None:
    """Faults that the server does not know are refused with the fields that it does."""
    status, text = http(endpoint, "POST", "/faults", b'{"modus": "down"}')
    assert status == 400
    assert b"delay_ms, mode, seed, share, status" in text


def test_stats(runtime: Any, endpoint: str) -> None:
    """Each call counts once, and each of its rows."""
    before = json.loads(http(endpoint, "GET", "/stats")[1])
    invoke(runtime)
    after = json.loads(http(endpoint, "GET", "/stats")[1])
    assert after["calls"] - before["calls"] == 1
    assert after["rows"] - before["rows"] == 3
