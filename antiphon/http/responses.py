"""`/v1/responses`: create, retrieve, replay, list input items, delete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.errors import BadRequest
from antiphon.gateway.flow import Gateway
from antiphon.gateway.history import items_of
from antiphon.http.background import BackgroundEndpoints
from antiphon.http.call import Call
from antiphon.http.idempotent import IDEMPOTENCY_KEY, included_at_birth
from antiphon.http.listing import page_of
from antiphon.http.queries import flag, included, number, page, response_id, unknown_response
from antiphon.http.records import note_usage, noting_failure
from antiphon.http.replaying import tell_again, told_before
from antiphon.http.streams import EventStream, Heartbeat, nowhere
from antiphon.http.watch import ClientWatch
from antiphon.jobs import IN_FLIGHT
from antiphon.protocols import Responses, Sink, StoredResponse, Turn
from antiphon.wire.events import Chunk, Event, split_object
from antiphon.wire.items import identified
from antiphon.wire.requests import Request, parse_request
from antiphon.wire.visibility import shown, shown_outcome

_encode: Final = msgspec.json.Encoder().encode


class EdgeOptions(Struct, frozen=True):
    """What the owner decides about how answers are written."""

    max_body_bytes: int = 100 * 1024 * 1024
    done_marker: bool = True


class ResponsesEndpoints:
    """The handlers of `/v1/responses`."""

    def __init__(
        self,
        gateway: Gateway,
        responses: Responses,
        background: BackgroundEndpoints,
        heartbeat: Heartbeat,
        options: EdgeOptions,
        idempotent: Callable[[Call, Request], Awaitable[None]],
    ) -> None:
        """`idempotent` answers requests that have a key."""
        self._gateway = gateway
        self._responses = responses
        self._background = background
        self._heartbeat = heartbeat
        self._group = heartbeat.group
        self._options = options
        self._idempotent = idempotent

    async def create(self, call: Call) -> None:
        """`POST /v1/responses`."""
        request = parse_request(await call.body(self._options.max_body_bytes))
        if call.header(IDEMPOTENCY_KEY) is not None:
            await self._idempotent(call, request)
            return
        turn = await self._gateway.open(request, call.known_caller)
        call.turn = turn
        if request.background:
            await self._background.create(call, turn)
            return
        if request.stream:
            await self._stream(call, turn)
            return
        with ClientWatch(call, self._group):
            outcome = await self._gateway.answer(turn, nowhere)
        note_usage(call, outcome)
        await call.reply(200, shown_outcome(outcome, included_at_birth(turn.request)))

    async def retrieve(self, call: Call) -> None:
        """`GET /v1/responses/{id}`, whole or, with `stream=true`, as its events."""
        identifier = response_id(call)
        values = call.query()
        include = included(values)
        after = number(values, "starting_after", -1, 0)
        streamed = flag(values, "stream")
        padded = flag(values, "include_obfuscation")
        provider = values.get("provider", [""])[-1]
        stored = await self._responses.get(call.tenant, identifier)
        if stored is not None and provider and provider != stored.provider:
            raise unknown_response(identifier)
        if stored is not None and stored.status in IN_FLIGHT:
            if not streamed:
                await self._background.show(call, stored, include)
            else:
                through = _unpadding if padded is False else None
                await self._background.follow(call, identifier, after, through)
        elif not streamed:
            if stored is None:
                raise unknown_response(identifier)
            await call.reply(200, shown(stored.body, include))
        elif stored is not None:
            await self._replay(call, stored, after, include, padded=padded is not False)
        else:
            await self._follow(call, identifier, after, provider, include, padded=padded is not False)

    async def delete(self, call: Call) -> None:
        """`DELETE /v1/responses/{id}`."""
        identifier = response_id(call)
        if not await self._responses.delete(call.tenant, identifier):
            if await self._responses.get(call.tenant, identifier) is not None:
                raise BadRequest("Cannot delete an in-flight response.")
            raise unknown_response(identifier)
        await call.reply(200, _encode({"id": identifier, "object": "response.deleted", "deleted": True}))

    async def input_items(self, call: Call) -> None:
        """`GET /v1/responses/{id}/input_items`: everything that was in the answer's context as input."""
        identifier = response_id(call)
        values = call.query()
        include = included(values)
        wanted = page(values)
        stored = await self._responses.get(call.tenant, identifier)
        if stored is None:
            raise unknown_response(identifier)
        items = items_of(stored.input)
        if stored.parent_id is not None:
            items = await self._gateway.context_before(call.tenant, stored.parent_id) + items
        await call.reply(200, _encode(page_of(identified(items), wanted, include)))

    async def _stream(self, call: Call, turn: Turn) -> None:
        stream = EventStream(call, self._heartbeat, done_marker=self._options.done_marker)
        try:
            with ClientWatch(call, self._group):
                outcome = await self._gateway.answer(turn, stream)
        finally:
            stream.close()
        note_usage(call, outcome)

    async def _replay(
        self, call: Call, stored: StoredResponse, after: int, include: Collection[str], *, padded: bool
    ) -> None:
        stream = EventStream(call, self._heartbeat, done_marker=self._options.done_marker)
        events = await told_before(self._responses, call.tenant, stored, include)
        wanted = [event if padded else _unpadded(event) for event in events if event.number > after]
        await stream.open()
        await tell_again(wanted, stream)
        if not wanted:
            await stream.finish()

    async def _follow(
        self, call: Call, identifier: str, after: int, provider: str, include: Collection[str], *, padded: bool
    ) -> None:
        telling = await self._gateway.live.telling(call.tenant, identifier, provider, after)
        if telling is None:
            # It may have ended between the look into the store and this one.
            stored = await self._responses.get(call.tenant, identifier)
            if stored is None or (provider and provider != stored.provider):
                raise unknown_response(identifier)
            await self._replay(call, stored, after, include, padded=padded)
            return
        stream = EventStream(call, self._heartbeat, done_marker=self._options.done_marker)
        try:
            with ClientWatch(call, self._group):
                await stream.open()
                if not await telling(noting_failure(call, stream if padded else _unpadding(stream))):
                    await stream.finish()
        finally:
            stream.close()


def _unpadding(sink: Sink) -> Sink:
    async def pass_on(chunk: Chunk) -> None:
        await sink(Chunk(tuple(_unpadded(event) for event in chunk.events)))

    return pass_on


def _unpadded(event: Event) -> Event:
    if b'"obfuscation"' not in event.data:
        return event
    members = split_object(event.data)
    members.pop("obfuscation", None)
    return Event(event.type, event.number, _encode(members))
