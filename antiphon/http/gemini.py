"""Google's generateContent and countTokens: relayed to who speaks Google's API, translated for others.

A request that holds signatures of the gateway's own is always translated: only so do their makers get them back.
"""

from __future__ import annotations

import base64
from typing import Final

import msgspec
from typing_extensions import override

from antiphon.dialects.client_gemini_answer import GeminiTeller
from antiphon.dialects.client_gemini_errors import encoded_error
from antiphon.dialects.client_gemini_framing import ArrayFraming
from antiphon.dialects.client_gemini_request import AskedByGemini, asked_by_gemini, to_count
from antiphon.dialects.client_gemini_shapes import GeminiTold, blocked
from antiphon.dialects.client_gemini_whole import gemini_whole
from antiphon.dialects.client_messages_whole import failed_answer
from antiphon.errors import AntiphonError
from antiphon.gateway.flow import Gateway
from antiphon.gateway.relay import Relay, Relayed
from antiphon.http.call import Call, Header
from antiphon.http.compact import SOURCE_HEADER
from antiphon.http.records import note_usage
from antiphon.http.relaying import RelayClient, relay_to
from antiphon.http.several import opened
from antiphon.http.streams import STREAM_HEADERS, EventStream, Heartbeat, nowhere
from antiphon.http.watch import ClientWatch
from antiphon.protocols import Target, Turn
from antiphon.wire.envelope import MARK
from antiphon.wire.events import Outcome
from antiphon.wire.requests import Item

_JSON: Final[Header] = (b"content-type", b"application/json")
_ARRAY_HEADERS: Final = (_JSON, *STREAM_HEADERS[1:])
_SILENCE: Final = b"\n"
"""Means nothing between events nor in an array. Google's clients take no comments."""

_SEALED: Final = b'"' + base64.b64encode(MARK.encode())[: len(MARK) * 8 // 6]
"""How a signature begins that is a seal of ours: the letters that its mark alone decides."""

_OWN_HEADERS: Final = (b"x-vertex-ai-llm-request-type", b"x-vertex-ai-llm-shared-request-type")
"""What a client says of the request beside the body."""

_encode: Final = msgspec.json.Encoder().encode


class GeminiEndpoint:
    """The handlers of the three methods."""

    def __init__(self, gateway: Gateway, relay: Relay, heartbeat: Heartbeat, max_body_bytes: int) -> None:
        """`gateway` answers what `relay` cannot pass on."""
        self._gateway = gateway
        self._relay = relay
        self._heartbeat = heartbeat
        self._max_body_bytes = max_body_bytes

    async def generate(self, call: Call) -> None:
        """`models/{model}:generateContent`."""
        body = await call.body(self._max_body_bytes)
        relayed = await self._relayed(call, body, streamed=False)
        if relayed is not None:
            await relay_to(call, self._relay, relayed, self._heartbeat, _framed)
            return
        asked = asked_by_gemini(body, model_of(call), streamed=False)
        (turn,) = await opened(call, self._gateway, [asked.request], asked.notes)
        told = _told(turn, asked)
        with ClientWatch(call, self._heartbeat.group):
            try:
                outcome = await self._gateway.answer(turn, nowhere)
                answer = _whole(outcome, told)
            except AntiphonError as error:
                await call.reply(200, _encode(_blocked(error, told)))
                return
        await call.reply(200, answer)
        note_usage(call, outcome)

    async def stream(self, call: Call) -> None:
        """`models/{model}:streamGenerateContent`: events with `alt=sse`, else one array."""
        body = await call.body(self._max_body_bytes)
        sse = _wants_events(call)
        relayed = await self._relayed(call, body, streamed=True)
        if relayed is None:
            await self._tell(call, asked_by_gemini(body, model_of(call), streamed=True), sse=sse)
        elif sse:
            await relay_to(call, self._relay, relayed, self._heartbeat, _framed)
        else:
            await relay_to(call, self._relay, relayed, self._heartbeat, _told_error, _ArrayClient(call))

    async def count(self, call: Call) -> None:
        """`models/{model}:countTokens`."""
        body = to_count(await call.body(self._max_body_bytes))
        counter = self._gateway.compactor.counter
        relayed = await self._relayed(call, body, streamed=False)
        count = None
        with ClientWatch(call, self._heartbeat.group):
            if relayed is not None:
                count = await counter.asked(*self._relay.first(relayed))
            if count is None:
                asked = asked_by_gemini(body, model_of(call), streamed=False)
                (turn,) = await opened(call, self._gateway, [asked.request], asked.notes)
                targets = await self._gateway.router.targets(asked.request.model or "", asked.request.wanted_provider)
                count = await counter.count(turn, targets[0])
        source = (SOURCE_HEADER, count.source.encode())
        await call.reply(200, _encode({"totalTokens": count.tokens}), (_JSON, source))

    async def _relayed(self, call: Call, body: bytes, *, streamed: bool) -> Relayed | None:
        """The request, if it can be passed on."""
        if body.find(_SEALED) >= 0:
            return None
        given = {name: value for name in _OWN_HEADERS if (value := call.header(name))}
        return await self._relay.read(body, given, model=model_of(call), streamed=streamed)

    async def _tell(self, call: Call, asked: AskedByGemini, *, sse: bool) -> None:
        """Has the turn answered, and tells the answer chunk by chunk."""
        (turn,) = await opened(call, self._gateway, [asked.request], asked.notes)
        told = _told(turn, asked)
        teller = GeminiTeller(told, sse=sse)
        headers = STREAM_HEADERS if sse else _ARRAY_HEADERS
        stream = EventStream(call, self._heartbeat, done_marker=False, teller=teller, silence=_SILENCE, headers=headers)
        try:
            with ClientWatch(call, self._heartbeat.group):
                outcome = await self._gateway.answer(turn, stream)
        except AntiphonError as error:
            if call.started:
                raise
            frames = teller.framed(_blocked(error, told))
            await call.start(200, headers)
            await call.send({"type": "http.response.body", "body": frames + teller.end()})
            return
        finally:
            stream.close()
        note_usage(call, outcome)


class _ArrayClient(RelayClient):
    """Takes a provider's events, and is sent them as one array."""

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self._framing = ArrayFraming()

    @override
    async def open(self, target: Target) -> None:
        self._streams = True
        await self._call.start(200, _ARRAY_HEADERS)

    @override
    def take(self, data: bytes) -> bool:
        return False

    @override
    async def pass_on(self, data: bytes) -> None:
        await super().pass_on(self._framing.feed(data))

    @override
    async def close(self) -> None:
        if self._streams:
            await super().pass_on(self._framing.close())
        await super().close()

    @override
    async def broke(self, last: bytes) -> None:
        await super().pass_on(self._framing.broken(last))
        await self.close()


def model_of(call: Call) -> str:
    """The model that the path names."""
    return call.path_params["model"].removeprefix("models/")


def _wants_events(call: Call) -> bool:
    query = call.query()
    return "sse" in (query.get("alt") or query.get("$alt") or ())


def _told(turn: Turn, asked: AskedByGemini) -> GeminiTold:
    return GeminiTold(turn.id, asked.request.model or "", asked.includes_thoughts)


def _whole(outcome: Outcome, told: GeminiTold) -> bytes:
    if outcome.status == "failed":
        raise failed_answer(outcome.body)
    return gemini_whole(outcome.body, told)


def _blocked(error: AntiphonError, told: GeminiTold) -> Item:
    """What Google answers where others refuse a prompt. Raises every other error."""
    answer = blocked(error.code, error.message, told)
    if answer is None:
        raise error
    return answer


def _told_error(error: AntiphonError) -> bytes:
    return encoded_error(error)[1]


def _framed(error: AntiphonError) -> bytes:
    return b"data: %b\r\n\r\n" % _told_error(error)
