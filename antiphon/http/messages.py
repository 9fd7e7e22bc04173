"""`POST /v1/messages` and `/v1/messages/count_tokens`: relayed to who speaks Anthropic's API, translated for others.

A request that holds thoughts in the gateway's own seal is always translated: only so does their maker get them back.
So is one that names a file of the gateway's own.
"""

from __future__ import annotations

from typing import Final

import msgspec

from antiphon.dialects.client_messages_answer import PING, MessagesTeller
from antiphon.dialects.client_messages_request import AskedByMessages, asked_by_messages
from antiphon.dialects.client_messages_shapes import MessagesTold
from antiphon.dialects.client_messages_whole import failed_answer, messages_whole
from antiphon.errors import AntiphonError
from antiphon.gateway.flow import Gateway
from antiphon.gateway.relay import Relay, Relayed
from antiphon.http.call import Call, Header
from antiphon.http.compact import SOURCE_HEADER
from antiphon.http.errors import anthropic_error
from antiphon.http.records import note_usage
from antiphon.http.relaying import relay_to
from antiphon.http.several import opened
from antiphon.http.streams import EventStream, Heartbeat, nowhere
from antiphon.http.watch import ClientWatch
from antiphon.wire.envelope import MARK
from antiphon.wire.files import names_own

_JSON: Final[Header] = (b"content-type", b"application/json")
_SEALED: Final = b'"' + MARK.encode()
_OWN_HEADERS: Final = (b"anthropic-beta", b"anthropic-version")
"""What a client says of the format beside the body."""

_encode: Final = msgspec.json.Encoder().encode


class MessagesEndpoint:
    """The handlers of the two routes."""

    def __init__(self, gateway: Gateway, relay: Relay, heartbeat: Heartbeat, max_body_bytes: int) -> None:
        """`gateway` answers what `relay` cannot pass on."""
        self._gateway = gateway
        self._relay = relay
        self._heartbeat = heartbeat
        self._max_body_bytes = max_body_bytes

    async def create(self, call: Call) -> None:
        """`POST /v1/messages`."""
        body = await call.body(self._max_body_bytes)
        relayed = await self._relayed(call, body)
        if relayed is None:
            await self._translate(call, asked_by_messages(body))
            return

        def broken(error: AntiphonError) -> bytes:
            return b"event: error\ndata: %b\n\n" % anthropic_error(error, call.request_id)[1]

        await relay_to(call, self._relay, relayed, self._heartbeat, broken)

    async def count(self, call: Call) -> None:
        """`POST /v1/messages/count_tokens`."""
        body = await call.body(self._max_body_bytes)
        counter = self._gateway.compactor.counter
        relayed = await self._relayed(call, body)
        count = None
        with ClientWatch(call, self._heartbeat.group):
            if relayed is not None:
                count = await counter.asked(*self._relay.first(relayed))
            if count is None:
                asked = asked_by_messages(body, counting=True)
                (turn,) = await opened(call, self._gateway, [asked.request], asked.notes)
                targets = await self._gateway.router.targets(asked.request.model or "", asked.request.wanted_provider)
                await self._gateway.bring_files(turn, targets[0])
                count = await counter.count(turn, targets[0])
        source = (SOURCE_HEADER, count.source.encode())
        await call.reply(200, _encode({"input_tokens": count.tokens}), (_JSON, source))

    async def _relayed(self, call: Call, body: bytes) -> Relayed | None:
        """The request, if it can be passed on."""
        if body.find(_SEALED) >= 0 or names_own(body):
            return None
        given = {name: b",".join(call.headers(name)) for name in _OWN_HEADERS}
        return await self._relay.read(body, {name: value for name, value in given.items() if value})

    async def _translate(self, call: Call, asked: AskedByMessages) -> None:
        """Has the turn answered, and tells the answer in Anthropic's words."""
        (turn,) = await opened(call, self._gateway, [asked.request], asked.notes)
        told = MessagesTold(turn.id, asked.request.model or "")
        if not asked.request.stream:
            with ClientWatch(call, self._heartbeat.group):
                outcome = await self._gateway.answer(turn, nowhere)
            if outcome.status == "failed":
                raise failed_answer(outcome.body)
            await call.reply(200, messages_whole(outcome.body, told))
        else:
            teller = MessagesTeller(told)
            stream = EventStream(call, self._heartbeat, done_marker=False, teller=teller, silence=PING)
            try:
                with ClientWatch(call, self._heartbeat.group):
                    outcome = await self._gateway.answer(turn, stream)
            finally:
                stream.close()
        note_usage(call, outcome)
