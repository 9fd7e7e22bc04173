"""`POST /v1/chat/completions`: relayed byte for byte to providers that speak it, translated for all others.

Where the client wants its answer kept (`store`), the gateway keeps it, and no provider is asked to. A request for
several answers (`n`) to a provider that gives one at a time is asked as often as it takes; one that holds thoughts in
the gateway's own seal is translated: only so does their maker get them back.
A request that names a file of the gateway's own is always translated: no provider knows that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.client_chat_answer import ChatTeller
from antiphon.dialects.client_chat_request import AskedByChat, asked_by_chat
from antiphon.dialects.client_chat_shapes import ChatTold
from antiphon.dialects.client_chat_telling import ChatTelling
from antiphon.dialects.client_chat_whole import chat_whole
from antiphon.dialects.client_messages_whole import failed_answer
from antiphon.errors import AntiphonError
from antiphon.gateway.chats import Asked, ChatShelf
from antiphon.gateway.flow import Gateway
from antiphon.gateway.relay import Relay, Relayed
from antiphon.http.call import Call
from antiphon.http.chat_keeping import KeptAnswer
from antiphon.http.errors import envelope
from antiphon.http.records import note_usage
from antiphon.http.relaying import RelayClient, relay_to
from antiphon.http.several import Several, opened
from antiphon.http.streams import EventStream, Heartbeat, nowhere
from antiphon.http.watch import ClientWatch
from antiphon.protocols import Target
from antiphon.wire.envelope import MARK
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.files import names_own
from antiphon.wire.requests import Metadata

_SEALED: Final = b'"' + MARK.encode()
_FALSE: Final = Raw(b"false")


class _Wish(Struct, frozen=True):
    """What a relayed request says to the gateway alone."""

    model: str | None = None
    n: int | None = None
    store: bool | None = None
    metadata: Metadata | None = None


_wish: Final = msgspec.json.Decoder(_Wish).decode


class ChatEndpoint:
    """The handler."""

    def __init__(
        self, gateway: Gateway, relay: Relay, shelf: ChatShelf, heartbeat: Heartbeat, max_body_bytes: int
    ) -> None:
        """`gateway` answers what `relay` cannot pass on; `shelf` keeps what is to be kept."""
        self._gateway = gateway
        self._relay = relay
        self._shelf = shelf
        self._heartbeat = heartbeat
        self._max_body_bytes = max_body_bytes

    async def create(self, call: Call) -> None:
        """Answers one request."""
        body = await call.body(self._max_body_bytes)
        own = body.find(_SEALED) >= 0 or names_own(body)
        relayed = None if own else await self._relay.read(body)
        if relayed is None:
            await self._translate(call, asked_by_chat(body), body)
            return
        members = relayed.members
        if "store" in members or "n" in members:
            await self._relay_wish(call, relayed, body)
            return
        await relay_to(call, self._relay, relayed, self._heartbeat, broken)

    async def _relay_wish(self, call: Call, relayed: Relayed, body: bytes) -> None:
        """Relays what is to be kept, or several answers where the provider gives several."""
        try:
            wish = _wish(body)
        except UNDECODABLE as error:
            raise told(error) from None
        if (wish.n or 1) > 1:
            able = [target for target in relayed.targets if "n" not in target.quirks.refused_fields]
            if able[:1] != list(relayed.targets[:1]):
                await self._translate(call, asked_by_chat(body), body)
                return
            relayed = msgspec.structs.replace(relayed, targets=able)
        if not wish.store:
            await relay_to(call, self._relay, relayed, self._heartbeat, broken)
            return
        kept = ("store", "metadata")
        members = {name: value for name, value in relayed.members.items() if name not in kept}
        relayed = msgspec.structs.replace(relayed, members=members, besides={"store": _FALSE})
        asked = _asked(call, wish.model, wish.metadata, body)

        async def keep(target: Target, answer: bytes) -> None:
            await self._shelf.keep(asked, target.name, answer)

        client = KeptAnswer(RelayClient(call), keep)
        await relay_to(call, self._relay, relayed, self._heartbeat, broken, client)

    async def _translate(self, call: Call, asked: AskedByChat, body: bytes) -> None:
        """Has the turns answered, and tells the answers in the words of chat."""
        turns = await opened(call, self._gateway, [asked.request] * asked.choices, asked.notes)
        turn = turns[0]
        told_as = ChatTold(
            turn.id,
            turn.created_at,
            asked.request.model or "",
            asked.includes_usage,
            asked.legacy_functions,
            (asked.metadata or {}) if asked.store else None,
        )
        if asked.store or len(turns) > 1:
            wanted = _asked(call, asked.request.model, asked.metadata, body)

            async def keep(answer: bytes) -> None:
                await self._shelf.keep(wanted, turn.target.name if turn.target is not None else "", answer)

            telling = ChatTelling(told_as)
            await Several(call, self._gateway, self._heartbeat, telling, keep if asked.store else None).answer(turns)
            return
        if not asked.request.stream:
            with ClientWatch(call, self._heartbeat.group):
                outcome = await self._gateway.answer(turn, nowhere)
            note_usage(call, outcome)
            if outcome.status == "failed":
                raise failed_answer(outcome.body)
            await call.reply(200, chat_whole([outcome.body], told_as))
            return
        stream = EventStream(call, self._heartbeat, done_marker=False, teller=ChatTeller(told_as))
        try:
            with ClientWatch(call, self._heartbeat.group):
                outcome = await self._gateway.answer(turn, stream)
        finally:
            stream.close()
        note_usage(call, outcome)


def _asked(call: Call, model: str | None, metadata: Mapping[str, str] | None, body: bytes) -> Asked:
    return Asked(caller=call.known_caller, model=model or "", metadata=metadata or {}, body=body)


def broken(error: AntiphonError) -> bytes:
    """The last frame of a stream that broke."""
    return b"data: %b\n\n" % envelope(error)
