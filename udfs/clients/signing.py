"""
AWS signatures (SigV4) and the credentials behind them.

Rule: a secret never shows in a `repr`, a log or an error.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Callable, Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.session import Session


class Credentials(ReadOnlyCredentials):
    """What signs a request: access_key, secret_key, token (of temporary ones). Its repr hides secrets."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Credentials({self.access_key!r}, ***)"


class _CachedKeyAuth(SigV4Auth):
    """The signer of botocore, with the four hashes that change once a day kept."""

    def __init__(self, service: str, region: str) -> None:
        super().__init__(Credentials("", "", None), service, region)
        self._scope = (region, service, "aws4_request")
        self._made_of = ("", "")
        self._key = b""

    def signature(self, string_to_sign: str, request: AWSRequest) -> str:
        made_of = (str(self.credentials.secret_key), str(request.context["timestamp"])[:8])
        if made_of != self._made_of:
            self._key = _signing_key(*made_of, *self._scope)
            self._made_of = made_of
        return hmac.new(self._key, string_to_sign.encode(), hashlib.sha256).hexdigest()


def _signing_key(secret_key: str, *scope: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


# Inside the JVM a record of any level reaches Flink: it was 1.4 % of the job's Python (ADR-0018).
logging.getLogger("botocore.auth").setLevel(logging.INFO)


class Signer:
    """Signs POSTs to one service in one region."""

    def __init__(self, service: str, region: str) -> None:
        self._auth = _CachedKeyAuth(service, region)

    def sign(
        self, url: str, headers: Mapping[str, str], body: bytes, credentials: Credentials
    ) -> dict[str, str]:
        """Return *headers* and those that prove, from now for 5 minutes, who posts *body* to *url*."""
        request = AWSRequest("POST", url, headers=dict(headers), data=body)
        self._auth.credentials = credentials
        self._auth.add_auth(request)
        return dict(request.headers.items())


type Chain = Callable[[], ReadOnlyCredentials | None]


def default_chain() -> Chain:
    """Return botocore's chain: environment, files, container or instance role; it renews what it gave."""
    found = Session().get_credentials()
    return found.get_frozen_credentials if found else _nothing


def _nothing() -> None:
    return None


# botocore renews temporary credentials from 15 minutes before they end, when it is asked.
_ASK_EVERY_S = 60.0


class DefaultCredentials:
    """
    Credentials of botocore's default chain, asked again every 60 s in a worker thread.

    The first `get` waits for the chain; later ones return at once, and a renewal
    goes on beside them. When a renewal fails, the former ones stay in use.
    """

    def __init__(self, make_chain: Callable[[], Chain] = default_chain) -> None:
        self._make_chain = make_chain
        self._chain: Chain | None = None
        self._known: Credentials | None = None
        self._ask_at_s = 0.0
        self._asking: asyncio.Task[None] | None = None

    async def get(self) -> Credentials:
        """Return credentials; raises ConnectionError when the chain finds none."""
        now_s = asyncio.get_running_loop().time()
        if self._asking is None and (self._known is None or now_s >= self._ask_at_s):
            self._ask_at_s = now_s + _ASK_EVERY_S
            self._asking = asyncio.create_task(self._ask())
            self._asking.add_done_callback(self._asked)
        if self._known is None and self._asking is not None:
            await asyncio.wait((self._asking,))
        if self._known is None:
            raise ConnectionError("AWS credentials: found none, expected a role or AWS_ACCESS_KEY_ID")
        return self._known

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # seen: a renewal that fails is tried again in 60 s

    async def _ask(self) -> None:
        found = await asyncio.to_thread(self._read)
        if found is not None:
            self._known = Credentials(*found)

    def _read(self) -> ReadOnlyCredentials | None:
        chain = self._chain or self._make_chain()
        found = chain()
        self._chain = chain if found is not None else None
        return found
