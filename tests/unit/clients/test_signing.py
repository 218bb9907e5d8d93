"""Signatures against botocore's own, and where credentials come from."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from udfs.clients import signing
from udfs.clients.signing import Credentials, DefaultCredentials, Signer

pytestmark = pytest.mark.unit

URL = "https://dynamodb.eu-central-1.amazonaws.com/"
KEYS = Credentials("AKID", "a secret", None)


@given(
    body=st.binary(max_size=200),
    secrets=st.lists(st.text("abcXYZ0/+", min_size=1, max_size=40), min_size=1, max_size=4),
    token=st.none() | st.just("a token"),
)
def test_a_signature_is_botocores(body: bytes, secrets: list[str], token: str | None) -> None:
    """With the kept key, and after a change of credentials, the signature is the one botocore computes."""
    signer = Signer("dynamodb", "eu-central-1")
    for secret in [*secrets, *secrets]:
        credentials = Credentials("AKID", secret, token)
        headers = signer.sign(URL, {"X-Amz-Target": "PutItem"}, body, credentials)
        auth = SigV4Auth(credentials, "dynamodb", "eu-central-1")
        request = AWSRequest("POST", URL, headers=headers | {"Authorization": ""}, data=body)
        request.context["timestamp"] = headers["X-Amz-Date"]
        del request.headers["Authorization"]
        expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        assert headers["Authorization"].endswith(f"Signature={expected}")
        assert headers.get("X-Amz-Security-Token") == token


def test_the_key_of_the_day_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The four hashes behind a signing key are computed once for a day and secret."""
    made: list[tuple[str, ...]] = []
    real = signing._signing_key

    def counted(*parts: str) -> bytes:
        made.append(parts)
        return real(*parts)

    monkeypatch.setattr(signing, "_signing_key", counted)
    signer = Signer("sagemaker", "eu-central-1")
    for _ in range(3):
        signer.sign(URL, {}, b"", KEYS)
    assert len(made) in {1, 2}  # 2 when midnight passes meanwhile


def test_secrets_hide_themselves() -> None:
    """The repr of credentials shows neither secret nor token."""
    assert repr(Credentials("AKID", "s3cret", "t0ken")) == "Credentials('AKID', ***)"


class FakeChain:
    """A credential chain that answers what the test puts in."""

    def __init__(self, *answers: ReadOnlyCredentials | Exception | None) -> None:
        """The answers in turn; the last one for ever."""
        self.answers = list(answers)
        self.threads: set[int] = set()

    def __call__(self) -> ReadOnlyCredentials | None:
        """The next answer, or its error."""
        self.threads.add(threading.get_ident())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class LaterLoop(asyncio.SelectorEventLoop):
    """A real loop whose clock a test may move on."""

    ahead_s = 0.0

    def time(self) -> float:
        """Real time, and what the test added."""
        return super().time() + self.ahead_s


def later[T](scenario: Callable[[LaterLoop], T]) -> None:
    """*scenario* has run on a loop of its own."""
    with asyncio.Runner(loop_factory=LaterLoop) as runner:
        runner.run(scenario(runner.get_loop()))  # type: ignore[arg-type]


def test_the_chain_is_asked_in_another_thread_and_once() -> None:
    """Many calls at once wait for one question to the chain, which never runs on the loop's thread."""
    chain = FakeChain(ReadOnlyCredentials("AKID", "s", None))

    async def _scenario(_: LaterLoop) -> None:
        source = DefaultCredentials(lambda: chain)
        assert len({*await asyncio.gather(*(source.get() for _ in range(5)))}) == 1
        assert len(chain.threads) == 1
        assert threading.get_ident() not in chain.threads

    later(_scenario)


def test_credentials_are_renewed_beside_the_calls() -> None:
    """After 60 s the chain is asked again; meanwhile, and when that fails, the former credentials serve."""
    chain = FakeChain(
        ReadOnlyCredentials("OLD", "s", None), OSError("no route"), ReadOnlyCredentials("NEW", "s", None)
    )

    async def _scenario(loop: LaterLoop) -> None:
        source = DefaultCredentials(lambda: chain)
        assert (await source.get()).access_key == "OLD"
        for expected in ("OLD", "NEW"):
            loop.ahead_s += 61
            assert (await source.get()).access_key == "OLD"
            assert source._asking is not None
            await asyncio.wait((source._asking,))
            assert (await source.get()).access_key == expected

    later(_scenario)


def test_no_credentials_is_a_connection_error_until_there_are_some() -> None:
    """An empty chain raises ConnectionError, and is built and asked again by the next call."""
    chains = [FakeChain(None), FakeChain(ReadOnlyCredentials("AKID", "s", None))]

    async def _scenario(_: LaterLoop) -> None:
        source = DefaultCredentials(lambda: chains.pop(0))
        with pytest.raises(ConnectionError, match="found none"):
            await source.get()
        assert (await source.get()).access_key == "AKID"

    later(_scenario)
