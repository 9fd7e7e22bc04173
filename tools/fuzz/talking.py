"""A client that sends any bytes, takes whatever is answered, and knows what may never be."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from typing import Any, Final

from msgspec import Struct

from tools.fuzz.raw import CLOSING, SMUGGLED, SMUGGLED_ANSWER
from tools.fuzz.vendors import GARBLED

SECONDS: Final = 20.0
"""Silence for longer is a hang: everything behind the gateway answers at once."""

OURS: Final = b"The gateway failed"
"""How the gateway tells of a failure of its own."""

_QUIET: Final = 0.3
_NO_BODY: Final = frozenset({204, 304})
_SERVER_ERROR: Final = 500
_PROVIDERS: Final = frozenset({502, 503, 504, 529})
"""What the gateway may say where a provider failed."""


class Hang(Exception):
    """Nothing came, and the connection did not end."""


class Said(Struct, frozen=True):
    """One answer. `headers` have lower-case names; `whole` tells that nothing of it was missing."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool = True


class Talk:
    """One connection at a time, opened when it is needed."""

    def __init__(self, port: int, seconds: float = SECONDS) -> None:
        """To this port of this machine. Silence for so long is a hang."""
        self._port = port
        self._seconds = seconds
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def proper(self, data: bytes) -> list[Said]:
        """Sends one request and reads its answer. Raises Hang."""
        head_only = data.startswith(b"HEAD ")
        fresh = self._reader is None
        try:
            async with asyncio.timeout(self._seconds):
                reader, writer = await self._open()
                writer.write(data)
                said = await _answer(reader, head_only=head_only)
                while said.status == 100:
                    said = await _answer(reader, head_only=head_only)
        except TimeoutError:
            self.leave()
            raise Hang("no whole answer to a request") from None
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            self.leave()
            if fresh:
                return [Said(0, {}, repr(error).encode(), whole=False)]
            return await self.proper(data)  # the connection ended before the request came
        if said.headers.get("connection") == "close" or not said.whole:
            self.leave()
        return [said]

    async def odd(self, data: bytes) -> list[Said]:
        """Sends anything, and reads to the end of the connection. Raises Hang."""
        return _answers(await self._to_the_end(data + CLOSING))

    async def socket(self, data: bytes) -> list[Said]:
        """The same for a WebSocket, of which only the handshake is looked at."""
        return _answers(await self._to_the_end(data))[:1]

    async def _to_the_end(self, data: bytes) -> bytes:
        self.leave()
        found = b""
        try:
            async with asyncio.timeout(self._seconds):
                reader, writer = await self._open()
                writer.write(data)
                ended = False
                while True:
                    try:
                        async with asyncio.timeout(None if ended else _QUIET):
                            piece = await reader.read(1 << 16)
                    except TimeoutError:
                        ended = True
                        with suppress(OSError):
                            writer.write_eof()
                        continue
                    if not piece:
                        return found
                    found += piece
        except TimeoutError:
            raise Hang(f"the connection does not end, after {found[:200]!r}") from None
        except OSError:
            return found
        finally:
            self.leave()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        return self._reader, self._writer

    def leave(self) -> None:
        """Closes at once."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None


async def _answer(reader: asyncio.StreamReader, *, head_only: bool) -> Said:
    status, headers = _head(await reader.readuntil(b"\r\n\r\n"))
    if head_only or status in _NO_BODY or status < 200:
        return Said(status, headers, b"")
    if "content-length" in headers:
        return Said(status, headers, await reader.readexactly(int(headers["content-length"])))
    if "chunked" not in headers.get("transfer-encoding", ""):
        return Said(status, headers, await reader.read(), whole=False)
    pieces: list[bytes] = []
    try:
        while size := int((await reader.readuntil(b"\r\n"))[:-2], 16):
            pieces.append((await reader.readexactly(size + 2))[:-2])
        await reader.readexactly(2)
    except asyncio.IncompleteReadError:
        return Said(status, headers, b"".join(pieces), whole=False)
    return Said(status, headers, b"".join(pieces))


def _head(data: bytes) -> tuple[int, dict[str, str]]:
    line, *lines = data.decode("latin-1").split("\r\n")[:-2]
    fields = (each.partition(":") for each in lines)
    return int(line.split(" ")[1]), {name.lower(): value.strip() for name, _, value in fields}


def _answers(data: bytes) -> list[Said]:
    """The answers on a connection from its beginning to its end; what is no HTTP at its end is left out."""
    found: list[Said] = []
    while data.startswith(b"HTTP/1.1 ") and b"\r\n\r\n" in data:
        head, _, rest = data.partition(b"\r\n\r\n")
        status, headers = _head(head + b"\r\n\r\n")
        if status == 101:
            found.append(Said(status, headers, rest))
            break
        if "chunked" in headers.get("transfer-encoding", ""):
            body, _, data = rest.partition(b"\r\n0\r\n\r\n")
        else:
            size = int(headers.get("content-length", "0"))
            body, data = rest[:size], rest[size:]
            if body.startswith(b"HTTP/1.1 "):  # an answer to HEAD: its length is that of a body that did not come
                body, data = b"", rest
        found.append(Said(status, headers, body, whole=False))
    return found


def fault_of(said: Said, sent: bytes) -> str | None:
    """What is wrong with an answer, whatever the question was; None where nothing is.

    What passes through from a provider is that provider's.
    """
    if re.match(rb"[A-Z]+ \S*/p/", sent):
        return None
    if said.status == 0:
        return f"the connection ended without an answer: {said.body!r}"
    if said.status >= _SERVER_ERROR and not _is_a_providers(said):
        return f"{said.status} {said.body[:300]!r}"
    if SMUGGLED in sent and SMUGGLED_ANSWER in said.body and not sent.startswith(b"GET /openapi"):
        return "a request inside the body of another was answered"
    if (
        said.whole
        and said.body
        and GARBLED[-3:] not in said.body
        and said.headers.get("content-type") == "application/json"
        and not _is_json(said.body)
    ):
        return f"an answer that is no JSON: {said.body[:200]!r}"
    return None


def _is_a_providers(said: Said) -> bool:
    """Whether the failure is a provider's. Anthropic's clients know 500 alone for it, and its message tells."""
    if said.status == _SERVER_ERROR:
        return b'"api_error"' in said.body and OURS not in said.body
    return said.status in _PROVIDERS and b'"internal_error"' not in said.body


def _is_json(body: bytes) -> bool:
    try:
        _: Any = json.loads(body)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True
