"""Short requests to those who hand out credentials: token services, and the machine's own metadata.

Law: no message of a failure holds an address, a key or what was answered, but for a code that a service documents.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec

from antiphon.errors import CredentialsFailed, UpstreamError
from antiphon.protocols import UpstreamReply
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.endpoint import Endpoint, header_block
from antiphon.wire.faults import UNDECODABLE

MAX_ANSWER_BYTES: Final = 1024 * 1024
FAR_SECONDS: Final = 20.0
NEAR_SECONDS: Final = 2.0
"""A machine's own services answer at once, or they are not there."""

_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_GOOD: Final = range(200, 300)


class Web(Protocol):
    """What is asked of the HTTP client."""

    async def post(
        self, endpoint: Endpoint, headers: bytes, body: bytes, timeouts: Timeouts | None = None
    ) -> UpstreamReply:
        """As `http.HttpUpstream.post`."""
        ...

    async def put(self, endpoint: Endpoint, headers: bytes) -> UpstreamReply:
        """As `http.HttpUpstream.put`."""
        ...

    async def get(self, endpoint: Endpoint, headers: bytes) -> UpstreamReply:
        """As `http.HttpUpstream.get`."""
        ...


class _Nested(msgspec.Struct):
    code: str | int = ""
    status: str = ""


class _Fault(msgspec.Struct):
    """How token services tell an error: RFC 6749, section 5.2, and Google's, AWS's and Entra's own ways.

    https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes, read 2026-11.
    """

    error: str | _Nested = ""
    error_codes: list[int] = []
    code: str = msgspec.field(default="", name="Code")


_fault: Final = msgspec.json.Decoder(_Fault)
_XML_CODE: Final = re.compile(rb"<Code>([^<]{1,64})</Code>")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes

    @property
    def good(self) -> bool:
        return self.status in _GOOD

    @property
    def reason(self) -> str:
        """Its status, and the service's own short codes for the error where it gives any."""
        return ", ".join((f"status {self.status}", *(code for code in self._codes() if _CODE.fullmatch(code))))

    def _codes(self) -> tuple[str, ...]:
        if found := _XML_CODE.search(self.body):
            return (found[1].decode("ascii", "replace"),)
        try:
            fault = _fault.decode(self.body)
        except UNDECODABLE:
            return ()
        if isinstance(fault.error, _Nested):
            return (fault.error.status or str(fault.error.code),)
        return (fault.error or fault.code, *(f"AADSTS{number}" for number in fault.error_codes[:1]))


@dataclass(frozen=True, slots=True)
class Errands:
    """`far` is how the internet is reached, be it through a proxy; `near` reaches the machine's own services."""

    far: Web
    near: Web

    async def form(self, who: str, url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Posts a form. `who` is what a failure calls the service. Raises CredentialsFailed."""
        lines = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return await self._post(who, url, urlencode(fields).encode(), lines)

    async def json(self, who: str, url: str, body: object, headers: Mapping[str, str]) -> Answer:
        """Posts JSON; as `form`."""
        lines = {"Content-Type": "application/json", **headers}
        return await self._post(who, url, msgspec.json.encode(body), lines)

    async def fetch(self, who: str, url: str, headers: Mapping[str, str]) -> Answer:
        """Gets something from afar; as `form`."""
        return await _told(who, url, headers, FAR_SECONDS, self.far.get)

    async def ask_near(self, who: str, url: str, headers: Mapping[str, str], *, put: bool = False) -> Answer:
        """Gets, or puts, something at one of the machine's own services; as `form`."""
        ask = self.near.put if put else self.near.get
        return await _told(who, url, headers, NEAR_SECONDS, ask)

    async def _post(self, who: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        def ask(endpoint: Endpoint, lines: bytes) -> Awaitable[UpstreamReply]:
            return self.far.post(endpoint, lines, body)

        return await _told(who, url, headers, FAR_SECONDS, ask)


def place_of(who: str, url: str) -> Endpoint:
    """Where a service is. Raises CredentialsFailed for what is no address."""
    try:
        return Endpoint.parse(url)
    except ValueError as error:
        raise CredentialsFailed(f"{who} cannot be asked: {error}") from None


async def _told(
    who: str,
    url: str,
    headers: Mapping[str, str],
    seconds: float,
    ask: Callable[[Endpoint, bytes], Awaitable[UpstreamReply]],
) -> Answer:
    endpoint = place_of(who, url)
    try:
        lines = header_block({"Accept": "*/*", **headers})
    except ValueError as error:
        raise CredentialsFailed(f"{who} cannot be asked: {error}") from None
    try:
        async with asyncio.timeout(seconds):
            return await _answer(await ask(endpoint, lines))
    except TimeoutError:
        raise CredentialsFailed(f"{who} does not answer") from None
    except UpstreamError as error:
        raise CredentialsFailed(f"{who} cannot be reached: {error.message}") from error


async def _answer(reply: UpstreamReply) -> Answer:
    try:
        return Answer(reply.status, await reply.read(MAX_ANSWER_BYTES))
    finally:
        reply.release()


S = TypeVar("S", bound=msgspec.Struct)


def decoded(who: str, answer: Answer, kind: type[S]) -> S:
    """The answer as `kind`. Raises CredentialsFailed, for an answer that is an error too."""
    if not answer.good:
        raise CredentialsFailed(f"{who} refused: {answer.reason}")
    try:
        return msgspec.json.decode(answer.body, type=kind, strict=False)
    except UNDECODABLE:
        raise CredentialsFailed(f"{who} answered what is no credential") from None
