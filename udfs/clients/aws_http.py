"""
Signed HTTP to an AWS service: one POST, one deadline, no retry.

Rules: built and used on the clients' loop; never blocks it (botocore's
credential chain may read a file or ask the instance, so it runs in a worker
thread); raises only `TimeoutError` and `ConnectionError`, whose meaning is the
caller's to say. Every answered status, 500 included, is an answer.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import aiohttp
from botocore.exceptions import InvalidRegionError
from botocore.httpsession import get_cert_path
from botocore.session import Session

from schemas.errors import BadSetting
from udfs.clients.signing import Credentials, Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAddress:
    """
    Where an AWS service is.

    Attributes:
        region: AWS region, part of every signature; default "eu-central-1".
        endpoint_url: Address such as "http://127.0.0.1:8000"; default "aws", or
            "", is the region's own, as botocore knows it.
        max_connections: Connections kept open for reuse; default 32.
        connect_timeout_ms: Longest wait for a new connection, ms; default 1000.
    """

    region: str = "eu-central-1"
    endpoint_url: str = "aws"
    max_connections: int = 32
    connect_timeout_ms: int = 1000


class Service(NamedTuple):
    """An AWS service by the two names AWS gives it."""

    endpoint: str  # in botocore's endpoint table
    signing: str  # in signatures


class Answer(NamedTuple):
    """What the service answered; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error_type(self) -> str:
        """The bare AWS error name, such as "ThrottlingException", that header or body gives; "" if none."""
        named = self.headers.get("x-amzn-errortype") or _type_in(self.body)
        return named.partition(":")[0].rpartition("#")[2]


class CredentialSource(Protocol):
    """Where the credentials to sign with come from."""

    async def get(self) -> Credentials:
        """Return credentials valid now; raises ConnectionError when there are none."""
        ...


# Bodies we read are a few kB: 64 scores, or DynamoDB's empty object. More is rubbish.
_MAX_BODY_BYTES = 1_000_000
_KEEPALIVE_S = 60


class AwsHttp:
    """A pool of kept connections to one AWS service. Call it on the clients' loop only."""

    def __init__(self, service: Service, address: AwsAddress, credentials: CredentialSource) -> None:
        self._address = address
        self._base = _base_url(service, address)
        self._signer = Signer(service.signing, address.region)
        self._credentials = credentials
        self._session: aiohttp.ClientSession | None = None

    async def post(self, path: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        """
        Return the service's answer to *body* posted to *path* under a signature.

        Raises:
            TimeoutError: If the whole answer was not there after *timeout_s* seconds.
            ConnectionError: If no answer could be had, or it is no HTTP, or longer than 1 MB.
        """
        async with asyncio.timeout(timeout_s):
            url = self._base + path
            signed = self._signer.sign(url, headers, body, await self._credentials.get())
            try:
                return await self._send(url, signed, body)
            except TimeoutError as error:
                raise ConnectionError(f"{url}: no connection in time") from error
            except (aiohttp.ClientError, OSError) as error:
                raise ConnectionError(f"{url}: {error!r}") from error

    async def close(self) -> None:
        """Close every kept connection; the next `post` opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        async with self._open().post(url, data=body, headers=headers, allow_redirects=False) as response:
            read = await _read(response.content)
            return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, read)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._address.max_connections,
                    keepalive_timeout=_KEEPALIVE_S,
                    ssl=_trust() if self._base.startswith("https") else False,
                ),
                timeout=aiohttp.ClientTimeout(total=None, connect=self._address.connect_timeout_ms / 1000),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept-Encoding"),
            )
        return self._session


def _type_in(body: bytes) -> str:
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    return str(said.get("__type", "")) if isinstance(said, dict) else ""


async def _read(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise ConnectionError(f"answer longer than {_MAX_BODY_BYTES} bytes")
    return bytes(body)


def _trust() -> ssl.SSLContext:
    """The machine's certificate authorities and botocore's own, for images that ship none."""
    context = ssl.create_default_context()
    context.load_verify_locations(get_cert_path(True))
    return context


def _base_url(service: Service, address: AwsAddress) -> str:
    if address.endpoint_url in {"", "aws"}:
        return regional_url(service, address.region)
    return address.endpoint_url.rstrip("/")


def regional_url(service: Service, region: str) -> str:
    """Return the address AWS gives *service* in *region*; raises BadSetting if *region* can be none."""
    create = Session().create_client
    unused = "-"  # no call is made with these keys; given some, botocore does not go looking for others
    try:
        client = create(service.endpoint, region, aws_access_key_id=unused, aws_secret_access_key=unused)
    except InvalidRegionError as error:
        raise BadSetting("aws region", repr(region), "a region such as 'eu-central-1'") from error
    return str(client.meta.endpoint_url)
