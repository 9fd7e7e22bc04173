"""`/p/{provider}/{path}`: a provider's own API, passed on as it is in both directions, piece by piece.

Law: of neither body more is held than what waits for a slow reader, unless the provider wants its requests signed.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from antiphon.dialects.refusals import refusal
from antiphon.dialects.scrubbing import masked
from antiphon.errors import AntiphonError, BadRequest, UpgradeRefused, UpstreamBroke
from antiphon.gateway.attempt import MAX_REFUSAL_BYTES, request_id, retry_after
from antiphon.gateway.passing import Passages
from antiphon.http.auth import Keyring
from antiphon.http.call import MOUNT, Call, ClientGone, Header, Message, Scope, header_text
from antiphon.http.codings import too_large
from antiphon.http.passing_headers import handed_back, passed_on, query_passed_on
from antiphon.http.records import note_passed
from antiphon.http.watch import ClientWatch
from antiphon.passing_protocols import Asked, Passage, Passing, Reply, Upload
from antiphon.wire.foreign_usage import UsageWatch

MARK: Final = "/p/"
METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_DENIED: Final = 401
_ERRORS: Final = 400
_SOCKET: Final = b"sec-websocket-key"
_EVENTS: Final = b"text/event-stream"


class PassingLimits(Struct, frozen=True):
    """`read_bytes` is the largest body that is read as a whole, to be signed."""

    max_body_bytes: int
    read_bytes: int
    seconds: float


class PassingEndpoint:
    """The handler."""

    def __init__(self, passages: Passages, keyring: Keyring, group: asyncio.TaskGroup, limits: PassingLimits) -> None:
        """`group` owns tasks that send bodies on and watch for clients that leave."""
        self._passages = passages
        self._opens = keyring.opens
        self._group = group
        self._limits = limits

    async def pass_on(self, call: Call) -> None:
        """Any method of any path of a provider's."""
        if call.header(_SOCKET) is not None:  # our server has declined it, and `upgrade` with it
            refuse_passed_socket(MARK)
        scope, limits = call.scope, self._limits
        root, provider, path = _parts(scope)
        passing, place = self._passages.opened(call.tenant, provider, scope["method"], path)
        call.passage = Passage(passing.name)
        length = int(call.header(b"content-length") or 0)
        limit = min(limits.max_body_bytes, limits.read_bytes) if passing.signs_bodies else limits.max_body_bytes
        if length > limit:
            raise too_large(limit)
        asked = Asked(
            method=scope["method"],
            path=place,
            query=query_passed_on(scope["query_string"], self._opens),
            headers=passed_on(scope["headers"], self._opens),
        )
        answering = _Answering(call, passing, call.passage, f"{scope.get(MOUNT, '')}{root}{MARK}{provider}")
        first = await call.receive()
        if first["type"] == "http.disconnect":
            raise ClientGone
        if first.get("more_body") and passing.signs_bodies:
            first = {"body": await _whole(call, first, limit)}
        if not first.get("more_body"):
            with ClientWatch(call, self._group):
                await answering.from_reply(await passing.ask(asked, first.get("body", b""), limits.seconds))
            return
        upload = await passing.upload(asked, length or None, limits.seconds)
        try:
            with _Sending(call, self._group, upload, first, limit):
                await answering.from_reply(await upload.reply())
        finally:
            upload.close()


def refuse_passed_socket(path: str) -> None:
    """Raises UpgradeRefused for a WebSocket to a provider's own API."""
    if path.startswith(MARK):
        raise UpgradeRefused(
            "WebSockets are not passed on to providers. The gateway's own is at /v1/responses; the rest here is HTTP."
        )


class _Answering:
    """The provider's answer on its way to the client. `root` is what stands before the provider's paths here."""

    def __init__(self, call: Call, passing: Passing, passage: Passage, root: str) -> None:
        self._call = call
        self._passing = passing
        self._passage = passage
        self._root = root

    async def from_reply(self, reply: Reply) -> None:
        """Raises UpstreamError; after the answer has begun its client can only see that it is cut short."""
        try:
            self._passage.upstream_request_id = request_id(reply)
            await self._check(reply)
            media_type = reply.header(b"content-type") or b""
            self._passage.streamed = media_type.startswith(_EVENTS)
            await self._call.start(reply.status, self._headers(reply))
            await self._body(reply, UsageWatch(media_type, encoded=reply.header(b"content-encoding") is not None))
        finally:
            reply.release()

    async def _check(self, reply: Reply) -> None:
        """What a provider says of the gateway's key is for its owner; a client would take it for its own."""
        if reply.status == _DENIED:
            raise refusal(reply.status, await reply.read(MAX_REFUSAL_BYTES), retry_after(reply))
        location = reply.header(b"location")
        if reply.status in _REDIRECTS and location is not None and self._here(location.decode("latin-1")) is None:
            raise UpstreamBroke("The provider redirects to another host, and nothing is passed on there.")

    def _headers(self, reply: Reply) -> list[Header]:
        call = self._call
        origin = f"{call.scope.get('scheme', 'http')}://".encode() + (call.header(b"host") or b"localhost")
        headers = list(handed_back(reply.headers, self._here, origin))
        if reply.status >= _ERRORS:
            headers = [(name, masked(value)) for name, value in headers]
        if self._passage.upstream_request_id is not None:
            headers.append((b"antiphon-upstream-request-id", header_text(self._passage.upstream_request_id)))
        return headers

    def _here(self, address: str) -> str | None:
        path = self._passing.counterpart(address)
        return None if path is None else self._root + path

    async def _body(self, reply: Reply, watch: UsageWatch) -> None:
        call, is_error = self._call, reply.status >= _ERRORS
        try:
            while data := await reply.chunk():
                if is_error:  # which may repeat what opens the provider's door
                    data = masked(data)
                watch.feed(data)
                await call.send({"type": "http.response.body", "body": data, "more_body": True})
            await call.send({"type": "http.response.body", "body": b""})
        finally:
            watch.close()
            self._passage.model = watch.model
            note_passed(call, self._passing, self._passage, watch.counts)


class _Sending:
    """Around the work for a client that is still sending: sends its body on, and ends the work when it leaves."""

    def __init__(self, call: Call, group: asyncio.TaskGroup, upload: Upload, first: Message, limit: int) -> None:
        self._call = call
        self._group = group
        self._upload = upload
        self._first = first
        self._limit = limit
        self._failure: AntiphonError | ClientGone | None = None

    def __enter__(self) -> None:
        self._watched = asyncio.current_task()
        self._sender = self._group.create_task(self._send())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises what went wrong with the body in place of the cancellation that it caused."""
        self._sender.cancel()
        del self._sender  # whose end has this among its frames: the two would wait for the collector
        if self._failure is not None and self._watched is not None:
            self._watched.uncancel()
            if isinstance(error, asyncio.CancelledError):
                raise self._failure from None

    async def _send(self) -> None:
        message, size, wanted = self._first, 0, True
        while message["type"] != "http.disconnect":
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > self._limit:
                self._end(too_large(self._limit))
                return
            wanted = wanted and await self._upload.push(piece)
            if not message.get("more_body"):
                await self._upload.end()
            message = await self._call.receive()
        self._end(ClientGone())

    def _end(self, failure: AntiphonError | ClientGone) -> None:
        if self._watched is not None and not self._watched.done():
            self._failure = failure
            self._watched.cancel()


async def _whole(call: Call, message: Message, limit: int) -> bytes:
    parts = [message.get("body", b"")]
    size = len(parts[0])
    while message.get("more_body"):
        message = await call.receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise too_large(limit)
    return b"".join(parts)


def _parts(scope: Scope) -> tuple[str, str, str]:
    """What stands before the provider, its name, and the path there as it was written. Raises BadRequest."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    root, mark, rest = raw.decode("latin-1").partition(MARK)
    provider, slash, path = rest.partition("/")
    if not mark or not slash or "%" in root + provider:
        raise BadRequest(
            "The path cannot be passed on: write '/p/', the provider and '/' plainly.", code="invalid_path"
        )
    return root, provider, slash + path.partition("?")[0]
