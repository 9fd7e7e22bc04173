"""The way to one endpoint: implements `protocols.Post`, with headers made once or with somebody who signs each request.

Law: with a key, a request costs no more than its bytes; nothing is made for it and nobody is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from typing_extensions import override

from antiphon.errors import BadRequest
from antiphon.protocols import UpstreamReply
from antiphon.providers.credentials import Credentials
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.endpoint import Endpoint, overridden


class Upstream(Protocol):
    """What is asked of the HTTP client."""

    async def post(
        self,
        endpoint: Endpoint,
        headers: bytes,
        body: bytes,
        timeouts: Timeouts | None = None,
        *,
        patient: bool = False,
    ) -> UpstreamReply:
        """The reply as soon as its head is there. A `patient` one waits longer for it. Raises UpstreamError."""
        ...

    def lasting(self, seconds: float) -> Timeouts:
        """The usual timeouts, but for an answer that may take so long."""
        ...

    async def get(self, endpoint: Endpoint, headers: bytes) -> UpstreamReply:
        """As `post`."""
        ...

    async def delete(self, endpoint: Endpoint, headers: bytes) -> UpstreamReply:
        """As `post`."""
        ...


@dataclass(frozen=True, slots=True)
class BoundPost:
    """One endpoint under one key."""

    upstream: Upstream
    endpoint: Endpoint
    headers: bytes
    stream_endpoint: Endpoint | None = None

    async def __call__(
        self, body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b""
    ) -> UpstreamReply:
        """A whole answer begins only when all of it has been thought of, so it is waited for longer."""
        lines = overridden(self.headers, headers) if headers else self.headers
        endpoint = self.stream_endpoint if streamed and self.stream_endpoint is not None else self.endpoint
        if seconds is not None:
            return await self.upstream.post(endpoint, lines, body, self.upstream.lasting(seconds))
        return await self.upstream.post(endpoint, lines, body, patient=not streamed)

    @override
    def __repr__(self) -> str:
        """Without the headers, which hold the key."""
        return f"BoundPost({self.endpoint.origin!r})"


@dataclass(frozen=True, slots=True)
class SignedPost:
    """One endpoint, each request to which is authorised by itself. Raises CredentialsFailed too."""

    bound: BoundPost
    credentials: Credentials

    async def __call__(
        self, body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b""
    ) -> UpstreamReply:
        """As `BoundPost`."""
        bound = self.bound
        endpoint = bound.stream_endpoint if streamed and bound.stream_endpoint is not None else bound.endpoint
        lines = await self.credentials.headers(b"POST", endpoint, body)
        return await bound(body, streamed=streamed, seconds=seconds, headers=lines + headers)


@dataclass(frozen=True, slots=True)
class NoPost:
    """In place of the way to answers, where a target gives none: it has other endpoints alone."""

    target: str
    services: tuple[str, ...]

    async def __call__(
        self, body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b""
    ) -> UpstreamReply:
        """Raises BadRequest."""
        there = " and ".join(f"/v1/{service}" for service in self.services)
        message = f"'{self.target}' gives no answers: it is there for {there}."
        raise BadRequest(message, param="model", code="unsupported_value")
