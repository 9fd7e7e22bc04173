"""One HTTP request as the handlers see it, on plain ASGI (https://asgi.readthedocs.io/en/latest/specs/www.html)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final, Literal, Protocol
from urllib.parse import parse_qsl

from antiphon.errors import BadRequest, GatewayError, UnsupportedMediaType
from antiphon.gateway.errands import Errand
from antiphon.http.codings import decoded, too_large
from antiphon.passing_protocols import Passage
from antiphon.protocols import Caller, Target, Turn
from antiphon.wire.counts import Counts
from antiphon.wire.events import Failure

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]
Tongue = Literal["openai", "anthropic", "google"]
"""Whose clients an answer is for: errors, lists and the names of headers differ."""

DIRECT_WRITER: Final = "antiphon.direct_writer"
"""The scope's key for our server's own extension of ASGI."""

FIRST_HEADERS: Final = "antiphon.first_headers"
"""Also of our own server: the first value of each header by its name."""

FRAME_WRITE: Final = "antiphon.frame_write"
"""As `DIRECT_WRITER`, for a WebSocket."""

MOUNT: Final = "antiphon.mount"
"""The scope's key for the path that the gateway is mounted below in another program."""

_JSON: Final = (b"content-type", b"application/json")
_MAX_HEADER_CHARACTERS: Final = 4096


class DirectWriter(Protocol):
    """Where our own server takes parts of a body without waiting (see `transport`)."""

    wrote: bool
    """Whether it has, since somebody last took this back."""

    disconnected: bool
    """Whether the client has gone before it had its answer."""

    left: Callable[[], None] | None
    """Called when it goes, where somebody wants to know."""

    def direct_write(self, data: bytes) -> bool:
        """Writes a part of the streamed body that has begun. False where ASGI's `send` has to see to it."""
        ...

    def takes(self) -> bool:
        """Whether `direct_write` would write now."""
        ...

    def direct_reply(self, status: int, headers: list[Header], body: bytes) -> bool:
        """Writes a whole answer; `headers` name its length. False where ASGI's `send` has to see to it."""
        ...

    def direct_body(self) -> bytes | None:
        """The body of a request that has arrived whole, now received. None where `receive` has to be asked."""
        ...


class ClientGone(Exception):
    """The client closed its connection before it had its answer."""


class Call:
    """A request and the way back to its client. One of `turn`, `errand`, `passage` is set by handlers, for the log.

    `failure` is what went wrong with an answer that was told as a success until then. `tongue` says in whose words
    errors are told, `route` which path's pattern it took. Where its key is limited, `weigh` is asked with the body
    whether the request may go on, and `standings` are headers that tell what is left.
    """

    __slots__ = (
        "_first",
        "caller",
        "cost_nanos",
        "counts",
        "errand",
        "failure",
        "passage",
        "receive",
        "request_id",
        "route",
        "scope",
        "send",
        "standings",
        "started",
        "status",
        "tongue",
        "turn",
        "weigh",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        """Nothing has been answered yet."""
        self.scope = scope
        self._first: dict[bytes, bytes] = scope.get(FIRST_HEADERS) or dict(reversed(scope["headers"]))
        self.receive = receive
        self.send = send
        self.request_id = request_id
        self.caller: Caller | None = None
        self.turn: Turn | None = None
        self.errand: Errand | None = None
        self.passage: Passage | None = None
        self.failure: Failure | None = None
        self.started = False
        self.status = 0
        self.tongue: Tongue = "openai"
        self.route = "unknown"
        self.counts: Counts | None = None
        self.cost_nanos: int | None = None
        self.weigh: Callable[[bytes], Awaitable[None]] | None = None
        self.standings: Callable[[], list[Header]] | None = None

    @property
    def tenant(self) -> str:
        """Whose objects this request may see."""
        return self.known_caller.tenant

    @property
    def known_caller(self) -> Caller:
        """Who is asking, on a route that lets nobody in unasked."""
        if self.caller is None:
            message = "This route was opened without a key check."
            raise GatewayError(message)
        return self.caller

    @property
    def path_params(self) -> Mapping[str, str]:
        """What the route's pattern caught."""
        params: Mapping[str, str] = self.scope.get("path_params", {})
        return params

    @property
    def direct_writer(self) -> DirectWriter | None:
        """Where parts of the body can be written without waiting, if the server is ours."""
        writer: DirectWriter | None = self.scope.get(DIRECT_WRITER)
        return writer

    def header(self, name: bytes) -> bytes | None:
        """The first header with this lower-case name."""
        return self._first.get(name)

    def headers(self, name: bytes) -> list[bytes]:
        """The values of every header with this lower-case name."""
        headers: Iterable[Header] = self.scope["headers"]
        return [value for key, value in headers if key == name]

    def query(self) -> dict[str, list[str]]:
        """The query's values by name; ``name[]`` counts as ``name``. Raises BadRequest for what is not UTF-8."""
        try:
            text = self.scope["query_string"].decode()
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
        except (UnicodeDecodeError, ValueError):
            message = "The query string could not be read: it must be URL-encoded UTF-8 with at most 100 fields."
            raise BadRequest(message, code="invalid_value") from None
        values: dict[str, list[str]] = {}
        for name, value in pairs:
            values.setdefault(name.removesuffix("[]"), []).append(value)
        return values

    async def body(self, limit: int) -> bytes:
        """The whole body, decompressed.

        Raises BodyTooLarge, UnsupportedMediaType, BadRequest or ClientGone, or RateLimited or StoreFailed of a key with
        limits.
        """
        self._check_media_type()
        if int(self.header(b"content-length") or 0) > limit:
            raise too_large(limit)
        writer = self.direct_writer
        data = None if writer is None else writer.direct_body()
        if data is None:
            data = await self._received(limit)
        if len(data) > limit:
            raise too_large(limit)
        if self.header(b"content-encoding") is not None:
            data = decoded(data, self.headers(b"content-encoding"), limit)
        if self.weigh is not None:
            await self.weigh(data)
        return data

    async def reply(self, status: int, body: bytes, headers: Iterable[Header] = (_JSON,)) -> None:
        """Answers with a whole body, JSON unless `headers` say otherwise."""
        told = self._told(status, [*headers, (b"content-length", b"%d" % len(body))])
        writer = self.direct_writer
        if writer is None or not writer.direct_reply(status, told, body):
            await self.send({"type": "http.response.start", "status": status, "headers": told})
            await self.send({"type": "http.response.body", "body": body})

    async def start(self, status: int, headers: Iterable[Header]) -> None:
        """Sends the status line and headers."""
        told = self._told(status, [*headers])
        await self.send({"type": "http.response.start", "status": status, "headers": told})

    def _told(self, status: int, headers: list[Header]) -> list[Header]:
        """The headers of the answer that begins now: what was asked for, and how it came to be."""
        self.started = True
        self.status = status
        headers.append((b"x-request-id", self.request_id.encode()))
        if self.tongue == "anthropic":
            headers.append((b"request-id", self.request_id.encode()))
        if self.standings is not None:
            headers += self.standings()
        work = self.turn or self.errand
        if work is not None and work.target is not None:
            _tell_work(work, work.target, headers)
        return headers

    async def _received(self, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(part)
            if size > limit:
                raise too_large(limit)
            parts.append(part)
        return b"".join(parts)

    def _check_media_type(self) -> None:
        media = self.header(b"content-type")
        if media is None or media == b"application/json":
            return
        essence = media.split(b";")[0].strip().lower()
        if essence not in (b"application/json", b"") and not essence.endswith(b"+json"):
            message = "Send the body as JSON, with 'Content-Type: application/json'."
            raise UnsupportedMediaType(message)


def denying(send: Send) -> Send:
    """An answer over HTTP to who wanted a WebSocket (the ASGI extension ``websocket.http.response``)."""

    async def passing_on(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"} if _is_http(message) else message)

    return passing_on


def _is_http(message: Message) -> bool:
    return message["type"].startswith("http.")


def _tell_work(turn: Turn | Errand, target: Target, headers: list[Header]) -> None:
    """How the answer came to be: who gave it, after how many attempts, and what could not be said to them."""
    headers.append((b"antiphon-target", header_text(target.name)))
    if turn.attempts > 1:
        headers.append((b"antiphon-attempts", b"%d" % turn.attempts))
    if turn.upstream_request_id is not None:
        headers.append((b"antiphon-upstream-request-id", header_text(turn.upstream_request_id)))
    if turn.warnings:
        headers.append((b"antiphon-warnings", header_text(" | ".join(turn.warnings))))


def header_text(text: str) -> bytes:
    """The text as a header may hold it: one line, visible ASCII."""
    if text.isascii() and text.isprintable() and len(text) <= _MAX_HEADER_CHARACTERS:
        return text.encode("ascii")
    return "".join(c if " " <= c <= "~" else "?" for c in text)[:_MAX_HEADER_CHARACTERS].encode("ascii")
