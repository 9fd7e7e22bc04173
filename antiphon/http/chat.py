"""`POST /v1/chat/completions`: relayed byte for byte to providers that speak it, translated for all others.

A request that names a file of the gateway's own is always translated: no provider knows that name.
"""

from __future__ import annotations

from antiphon.dialects.client_chat_answer import ChatTeller
from antiphon.dialects.client_chat_request import AskedByChat, asked_by_chat
from antiphon.dialects.client_chat_shapes import ChatTold
from antiphon.dialects.client_chat_whole import chat_whole
from antiphon.errors import AntiphonError
from antiphon.gateway.flow import Gateway
from antiphon.gateway.relay import Relay
from antiphon.http.call import Call
from antiphon.http.errors import envelope
from antiphon.http.records import note_usage
from antiphon.http.relaying import relay_to
from antiphon.http.streams import EventStream, Heartbeat, nowhere
from antiphon.http.watch import ClientWatch
from antiphon.wire.files import names_own


class ChatEndpoint:
    """The handler."""

    def __init__(self, gateway: Gateway, relay: Relay, heartbeat: Heartbeat, max_body_bytes: int) -> None:
        """`gateway` answers what `relay` cannot pass on."""
        self._gateway = gateway
        self._relay = relay
        self._heartbeat = heartbeat
        self._max_body_bytes = max_body_bytes

    async def create(self, call: Call) -> None:
        """Answers one request."""
        body = await call.body(self._max_body_bytes)
        relayed = None if names_own(body) else await self._relay.read(body)
        if relayed is None:
            await self._translate(call, asked_by_chat(body))
            return
        await relay_to(call, self._relay, relayed, self._heartbeat, _broken)

    async def _translate(self, call: Call, asked: AskedByChat) -> None:
        """Has the turn answered, and tells the answer in the words of chat."""
        turn = await self._gateway.open(asked.request, call.known_caller)
        call.turn = turn
        told = ChatTold(
            turn.id, turn.created_at, asked.request.model or "", asked.includes_usage, asked.legacy_functions
        )
        if not asked.request.streamed:
            with ClientWatch(call, self._heartbeat.group):
                outcome = await self._gateway.answer(turn, nowhere)
            await call.reply(200, chat_whole(outcome.body, told))
        else:
            stream = EventStream(call, self._heartbeat, done_marker=False, tell=ChatTeller(told).frames)
            try:
                with ClientWatch(call, self._heartbeat.group):
                    outcome = await self._gateway.answer(turn, stream)
            finally:
                stream.close()
        note_usage(call, outcome)


def _broken(error: AntiphonError) -> bytes:
    return b"data: %b\n\n" % envelope(error)
