"""Requests in a format that the provider speaks itself: passed on as they are, and the answer too, byte for byte.

Only the model's name is put in place. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
from msgspec import Raw, Struct

from antiphon.errors import UpstreamError
from antiphon.gateway.asking import ask
from antiphon.gateway.attempt import MAX_ANSWER_BYTES, MAX_REFUSAL_BYTES, is_event_stream, retry_after
from antiphon.gateway.retries import RetryPolicy
from antiphon.protocols import Router, Target, UpstreamReply
from antiphon.wire.events import split_object
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.requests import is_item

_encode: Final = msgspec.json.Encoder().encode


class _Head(Struct, frozen=True):
    model: str | None = None
    stream: bool | None = None


_NULL: Final = Raw(b"null")
_head: Final = msgspec.json.Decoder(_Head).decode


class Client(Protocol):
    """Whoever asked, as the relay sees them."""

    async def answer(self, target: Target, body: bytes) -> None:
        """Takes a whole answer."""
        ...

    async def open(self, target: Target) -> None:
        """Is told who answers, before the first bytes of a stream."""
        ...

    async def pass_on(self, data: bytes) -> None:
        """Takes the next bytes of a stream."""
        ...


class Relayed(Struct, frozen=True):
    """A request that can be passed on as it is. `members` are those of its body, values untouched."""

    streamed: bool
    members: dict[str, Raw]
    targets: Sequence[Target]


class Relay:
    """Passes chat completions on to providers that speak them."""

    def __init__(self, router: Router, retries: RetryPolicy, random: Callable[[], float]) -> None:
        """`random` gives numbers from 0 to 1."""
        self._router = router
        self._retries = retries
        self._random = random

    async def read(self, body: bytes) -> Relayed | None:
        """The request for those who can take it as it is; None when whoever is asked first cannot.

        A provider that the client names is no part of it. Raises BadRequest for a body or a model that is not known.
        """
        try:
            head, members = _head(body), split_object(body)
        except UNDECODABLE as error:
            raise told(error) from None
        provider = msgspec.json.decode(members.get("provider", _NULL))
        if not is_item(provider):
            members.pop("provider", None)
        wanted = provider if isinstance(provider, str) else None
        targets = await self._router.targets(head.model or "", wanted)
        if targets[0].post_chat is None:
            return None
        return Relayed(head.stream is True, members, [each for each in targets if each.post_chat is not None])

    async def chat(self, asked: Relayed, client: Client) -> None:
        """Relays one request. Raises AntiphonError, after the first bytes only for an answer that broke."""
        opened: list[Target] = []

        async def attempt(target: Target) -> None:
            sent = _encode(asked.members | {"model": Raw(_encode(target.model))})
            await _exchange(target, sent, client, opened, streamed=asked.streamed)

        await ask(asked.targets, attempt, self._retries, self._random, lambda: bool(opened))


async def _exchange(target: Target, body: bytes, client: Client, opened: list[Target], *, streamed: bool) -> None:
    if target.post_chat is None:
        return
    reply = await target.post_chat(body, streamed=streamed)
    whole = False
    try:
        if not 200 <= reply.status < 300:  # noqa: PLR2004 - the range of HTTP's success
            raise await _refused(target, reply)
        if is_event_stream(reply):
            data = await reply.chunk()
            opened.append(target)
            await client.open(target)
            while data:
                await client.pass_on(data)
                data = await reply.chunk()
        else:
            await client.answer(target, await reply.read(MAX_ANSWER_BYTES))
        whole = True
    finally:
        reply.release(linger=whole)


async def _refused(target: Target, reply: UpstreamReply) -> UpstreamError:
    return target.dialect.refusal(reply.status, await reply.read(MAX_REFUSAL_BYTES), retry_after(reply))
