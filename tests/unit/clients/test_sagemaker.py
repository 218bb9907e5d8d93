"""What the endpoint client sends, and what the endpoint's answers mean."""

from __future__ import annotations

import pytest

from schemas.errors import BadSetting, EndpointTimeout, Malformed, Throttled, TransientError
from tests.unit.clients.steered import FakeHttp, steered
from udfs.clients.aws_http import Answer, AwsAddress, regional_url
from udfs.clients.sagemaker import SAGEMAKER_RUNTIME, SageMakerEndpoint, Scores, sagemaker_endpoint

pytestmark = pytest.mark.unit

CSV = {"content-type": "text/csv", "x-amzn-invoked-production-variant": "blue"}


def scores_of(answer: Answer | Exception, count: int = 2) -> Scores:
    """What the endpoint client makes of *answer* to two rows."""

    async def _scenario() -> Scores:
        return await SageMakerEndpoint(FakeHttp(answer), "cards", 200).invoke(b"1,2\n3,4", count)

    return steered(_scenario)


def test_an_answer_is_scores_and_the_variant() -> None:
    """A 200 with a score a row gives them in order, and the variant's name as the model's version."""
    assert scores_of(Answer(200, CSV, b"0.25\n0.75\n")) == Scores([0.25, 0.75], "blue")


def test_a_variant_that_is_not_named_is_told_so() -> None:
    """An answer without the variant's header has the version "unnamed"."""
    assert scores_of(Answer(200, {"content-type": "text/csv"}, b"0.25\n0.75")).model_version == "unnamed"


def test_the_call_is_invoke_endpoint() -> None:
    """Rows are posted as CSV to the endpoint's invocations, within the timeout."""
    http = FakeHttp(Answer(200, CSV, b"0.1"))

    async def _scenario() -> None:
        await SageMakerEndpoint(http, "cards", 150).invoke(b"1,2", 1)

    steered(_scenario)
    headers = {"Content-Type": "text/csv", "Accept": "text/csv"}
    assert http.posts == [("/endpoints/cards/invocations", headers, b"1,2", 0.15)]


@pytest.mark.parametrize("body", [b"", b"rubbish", b"0.5", b"0.1\n0.2\n0.3", b"nan\n0.5", b"2\n0.5"])
def test_rubbish_is_malformed(body: bytes) -> None:
    """A 200 that is not one probability a row is Malformed."""
    with pytest.raises(Malformed):
        scores_of(Answer(200, CSV, body))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(429, {}, b""),
        Answer(400, {"x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/"}, b"{}"),
        Answer(429, {"x-amzn-errortype": "ModelNotReadyException"}, b"{}"),
        Answer(400, {}, b'{"__type": "com.amazon#ThrottlingException"}'),
    ],
)
def test_a_refused_rate_is_throttled(answer: Answer) -> None:
    """SageMaker's ways of refusing a rate are all Throttled."""
    with pytest.raises(Throttled):
        scores_of(answer)


@pytest.mark.parametrize("status", [301, 400, 403, 404, 424, 500, 503, 530])
def test_other_errors_are_transient(status: int) -> None:
    """Every other status is a plain TransientError: the job degrades and does not fail."""
    with pytest.raises(TransientError) as raised:
        scores_of(Answer(status, {}, b"[1]"))
    assert type(raised.value) is TransientError


def test_no_answer_in_time_is_a_timeout() -> None:
    """A post that runs out of time is EndpointTimeout."""
    with pytest.raises(EndpointTimeout, match="endpoint cards: found no answer, expected one within 200 ms"):
        scores_of(TimeoutError())


def test_no_connection_is_transient() -> None:
    """A post without a connection is a TransientError that names the cause."""
    with pytest.raises(TransientError, match="connection reset"):
        scores_of(ConnectionError("connection reset"))


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-central-1", "https://runtime.sagemaker.eu-central-1.amazonaws.com"),
        ("cn-north-1", "https://runtime.sagemaker.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_aws_means_the_regions_own_address(region: str, url: str) -> None:
    """Without an address of its own the endpoint is where botocore's table says."""
    assert regional_url(SAGEMAKER_RUNTIME, region) == url
    for nothing_else in ("aws", ""):
        endpoint = sagemaker_endpoint("cards", 200, AwsAddress(region=region, endpoint_url=nothing_else))
        assert endpoint._http._base == url


def test_a_region_that_can_be_none_is_a_bad_setting() -> None:
    """An address in a region that is no region's name raises BadSetting."""
    with pytest.raises(BadSetting, match="aws region"):
        regional_url(SAGEMAKER_RUNTIME, "not a region")
