"""Requests in a format that the provider speaks itself: passed on as they are, and the answer too, byte for byte.

Only the model's name is put in place, and what a host wants said differently. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import perf_counter
from typing import Final, Protocol

import msgspec
from msgspec import Raw, Struct

from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.gateway.asking import ask
from antiphon.gateway.attempt import MAX_ANSWER_BYTES, MAX_REFUSAL_BYTES, is_event_stream, request_id, retry_after
from antiphon.gateway.errands import Errand
from antiphon.gateway.live import LiveAnswers
from antiphon.gateway.relayed import RelayedStream, checked
from antiphon.gateway.retries import RetryPolicy
from antiphon.protocols import Built, Format, Router, Target, UpstreamReply
from antiphon.relays import Wrapping
from antiphon.wire.events import split_object
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.requests import is_item

_encode: Final = msgspec.json.Encoder().encode


class _Head(Struct, frozen=True):
    model: str | None = None
    stream: bool | None = None


_NULL: Final = Raw(b"null")
_NO_HEADERS: Final[Mapping[bytes, bytes]] = {}
_head: Final = msgspec.json.Decoder(_Head).decode


_Begin = Callable[[], Awaitable[None]]
"""Called once, before the first of a stream is passed on."""


class Client(Protocol):
    """Whoever asked, as the relay sees them."""

    async def answer(self, target: Target, body: bytes) -> None:
        """Takes a whole answer."""
        ...

    async def open(self, target: Target) -> None:
        """Is told who answers, before the first bytes of a stream."""
        ...

    def take(self, data: bytes) -> bool:
        """Takes the next bytes of a stream without waiting; False says that it did not, and has to be awaited."""
        ...

    async def pass_on(self, data: bytes) -> None:
        """Takes the next bytes of a stream."""
        ...


class Relayed(Struct, frozen=True):
    """A request that can be passed on as it is: `model` by its client's word, the `members` of its body untouched.

    `headers` are the client's, by lower-case name, that belong to the format. `besides` are members in the gateway's
    own words, for who does not refuse them.
    """

    model: str
    streamed: bool
    members: dict[str, Raw]
    targets: Sequence[Target]
    headers: Mapping[bytes, bytes] = _NO_HEADERS
    besides: Mapping[str, Raw] = {}


class Relay:
    """Passes requests in one format on to providers that speak it."""

    def __init__(
        self, format: Format, router: Router, retries: RetryPolicy, random: Callable[[], float], live: LiveAnswers
    ) -> None:
        """`random` gives numbers from 0 to 1. What runs ends when the `live` answers do."""
        self._format: Format = format
        self._router = router
        self._retries = retries
        self._random = random
        self._live = live

    async def read(
        self,
        body: bytes,
        headers: Mapping[bytes, bytes] = _NO_HEADERS,
        *,
        model: str | None = None,
        streamed: bool | None = None,
    ) -> Relayed | None:
        """The request for those who can take it as it is; None when whoever is asked first cannot.

        `model` and `streamed` are given where the format says them beside the body.
        What is said to the gateway alone, `provider` and `strict`, is no part of it. Raises BadRequest for a body or a
        model that is not known.
        """
        try:
            if not body.isascii():
                body.decode()  # what nobody here reads is passed on, and has to be text too
            head, members = _head(body), split_object(body)
        except UNDECODABLE as error:
            raise told(error) from None
        provider = msgspec.json.decode(members.get("provider", _NULL))
        if not is_item(provider):
            members.pop("provider", None)
        members.pop("strict", None)
        wanted = provider if isinstance(provider, str) else None
        model = head.model or "" if model is None else model
        targets = await self._router.targets(model, wanted)
        if self._format not in targets[0].relays:
            return None
        able = [each for each in targets if self._format in each.relays]
        return Relayed(model, head.stream is True if streamed is None else streamed, members, able, headers)

    async def pass_on(self, asked: Relayed, client: Client, errand: Errand) -> None:
        """Relays one request; `errand` is told on the way how it comes to be answered.

        Raises AntiphonError, after the first bytes only for an answer that broke.
        """
        opened: list[Target] = []

        async def attempt(target: Target) -> None:
            errand.begin(target, ())
            built = _built(asked, target, _wrapping(target, self._format))
            reply = await target.relays[self._format](built.body, streamed=asked.streamed, headers=built.headers)
            errand.upstream_request_id = request_id(reply)

            async def begin() -> None:
                opened.append(target)
                errand.output_at = perf_counter()
                await client.open(target)

            await self._hand_over(reply, target, asked, client, begin)

        await self._live.beside(ask(asked.targets, attempt, self._retries, self._random, lambda: bool(opened)))

    async def _hand_over(
        self, reply: UpstreamReply, target: Target, asked: Relayed, client: Client, begin: _Begin
    ) -> None:
        whole = False
        try:
            if not 200 <= reply.status < 300:  # noqa: PLR2004 - the range of HTTP's success
                raise await _refused(target, reply)
            if not is_event_stream(reply):
                body = checked(await reply.read(MAX_ANSWER_BYTES), self._format, target.dialect)
                if asked.streamed:
                    raise UpstreamBroke("The provider gave a whole answer where a stream was asked for.")
                await client.answer(target, body)
            elif asked.streamed:
                await self._hand_stream_over(reply, target, _wrapping(target, self._format), client, begin)
            else:
                raise UpstreamBroke("The provider gave a stream where a whole answer was asked for.")
            whole = True
        finally:
            reply.release(linger=whole)

    async def _hand_stream_over(
        self, reply: UpstreamReply, target: Target, wrapping: Wrapping | None, client: Client, begin: _Begin
    ) -> None:
        """The client hears of the stream with its first event: before that, another target can take over."""
        flow = _Flow(RelayedStream(self._format, target.dialect), wrapping, client)
        begun, more = False, True
        while more:
            if begun:
                await reply.pump(flow.take)
                told = flow.left()
                if told:
                    await client.pass_on(told)
            data = await reply.chunk()
            more = bool(data)
            told = flow.read(data or b"")
            if told and not begun:
                begun = True
                await begin()
            if told:
                await client.pass_on(told)

    def first(self, asked: Relayed) -> tuple[Target, Built]:
        """Who is asked first, and what."""
        target = asked.targets[0]
        return target, _built(asked, target, _wrapping(target, self._format))


class _Flow:
    """Hands a stream over read by read, until its client has to be waited for, or something has gone wrong."""

    __slots__ = ("_client", "_error", "_left", "_stream", "_unwrap")

    def __init__(self, stream: RelayedStream, wrapping: Wrapping | None, client: Client) -> None:
        self._stream = stream
        self._unwrap = None if wrapping is None else wrapping.unwrapping()
        self._client = client
        self._left = b""
        self._error: Exception | None = None

    def read(self, data: bytes) -> bytes:
        """What is to be passed on for these bytes, of which none are the end. Raises UpstreamError."""
        if not data:
            return self._stream.close()
        come = data if self._unwrap is None else self._unwrap(data)
        return self._stream.feed(come) if come else b""

    def take(self, data: bytes) -> bool:
        """Whether all is as before. Never raises: it is called where nobody could catch it."""
        try:
            told = self.read(data)
            if not told or self._client.take(told):
                return True
            self._left = told
        except Exception as error:  # noqa: BLE001 - raised again by `left`, where the answer is waited for
            self._error = error
        return False

    def left(self) -> bytes:
        """What the client did not take. Raises what went wrong."""
        told, self._left = self._left, b""
        if self._error is not None:
            raise self._error
        return told


def _wrapping(target: Target, format: Format) -> Wrapping | None:
    dialect = target.dialect
    return dialect if isinstance(dialect, Wrapping) and dialect.relays == format else None


def _built(asked: Relayed, target: Target, wrapping: Wrapping | None) -> Built:
    if wrapping is not None:
        return wrapping.wrapped(asked.members, target, asked.headers)
    lines = b"".join([b"%b: %b\r\n" % header for header in asked.headers.items()])
    members = asked.members | {"model": Raw(_encode(target.model))}
    if asked.besides:
        members |= {name: said for name, said in asked.besides.items() if name not in target.quirks.refused_fields}
    return Built(_encode(members), headers=lines)


async def _refused(target: Target, reply: UpstreamReply) -> UpstreamError:
    return target.dialect.refusal(reply.status, await reply.read(MAX_REFUSAL_BYTES), retry_after(reply))
