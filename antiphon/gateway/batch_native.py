"""Batches that a provider's own batches answer, at half the price: submitted, looked at from time to time, fetched.

Law: where things stand is in the store before and after every step, so that any worker goes on from there; whatever the
provider does not answer, our own workers do, for as long as the completion window lasts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec
from msgspec import Struct, structs

from antiphon.batch_protocols import Change, LineRequest, NativeAnswer, NativeBatches
from antiphon.errors import UpstreamError, UpstreamRefused
from antiphon.gateway.batch_lines import Given, LineReader
from antiphon.gateway.batches import BatchRoom
from antiphon.protocols import Caller
from antiphon.wire.batch_values import Batch, LineAnswer
from antiphon.wire.faults import UNDECODABLE

_logger: Final = logging.getLogger("antiphon.gateway")

_MILLISECONDS: Final = 1000
_PAGE: Final = 64
_AT_ONCE: Final = 8
_GRACE_SECONDS: Final = 7200
"""So long after the end of the window a provider is waited for, whose own window began later."""

_MOST_SUBMISSIONS: Final = 10
_LASTING: Final = range(400, 500)
_PASSING: Final = frozenset({408, 409, 425, 429})
_GONE: Final = frozenset({404, 410})
_CANCEL_SECONDS: Final = 600
_CANCEL_POLL_SECONDS: Final = 5.0
_OWN: Final = frozenset({"previous_response_id", "conversation", "context_management", "prompt"})
"""Members of a request whose answer depends on what happens until it is made, or takes more than one request."""


class State(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where things stand with the provider. `why` is for the log and whoever looks into the database."""

    provider: str
    way: str
    step: Literal["submit", "sent", "cancelled", "over"] = "submit"
    id: str = ""
    why: str = ""
    polls: int = 0


@dataclass(slots=True)
class _Gathered:
    """The requests of a batch as a provider gets them, by number, and the header lines that each of them needs."""

    requests: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    headers: bytes = b""


_encode: Final = msgspec.json.Encoder().encode
_state: Final = msgspec.json.Decoder(State).decode
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

FindNative = Callable[[str], NativeBatches | None]
"""The batches of the provider of this name, if it has any."""


class NativeWork:
    """What has to do with providers' batches in the life of ours."""

    def __init__(self, room: BatchRoom, reader: LineReader, find: FindNative, *, enabled: bool) -> None:
        """Where it is not `enabled`, nothing is submitted any more; what was is still fetched."""
        self._room = room
        self._reader = reader
        self._find = find
        self._enabled = enabled

    async def offer(self, batch: Batch) -> bytes | None:
        """The state to begin with, where all lines go to one provider that has batches of them; else None.

        Going by the first line: the others are looked at when they are submitted.
        """
        if not self._enabled or batch.total < self._room.policy.native_least_lines:
            return None
        first = await self._room.work.waiting(batch, 0, 1)
        if not first or not _may_go(first[0].body):
            return None
        sent = await self._reader.sent(_request(batch, first[0].body))
        if sent is None or sent.streamed:
            return None
        native = self._find(sent.target.provider)
        if native is None or not native.takes(sent.way):
            return None
        return _encode(State(provider=sent.target.provider, way=sent.way))

    async def advance(self, batch: Batch) -> None:
        """One step."""
        state = _state(batch.native or b"")
        native = self._find(state.provider)
        try:
            if native is None:
                await self._leave(batch, state, "the provider is not configured any more")
            elif state.step == "submit":
                await self._submit(batch, state, native)
            else:
                await self._look(batch, state, native)
        except UpstreamError as error:
            await self._bear(batch, state, error)

    async def let_go(self, batch: Batch) -> bool:
        """Tells the provider that the batch was cancelled, and takes what it has answered. Whether that is over."""
        if batch.own or batch.native is None:
            return True
        state = _state(batch.native)
        native = self._find(state.provider)
        if native is None or not state.id or state.step == "over":
            return True
        try:
            if state.step != "cancelled":
                state = structs.replace(state, step="cancelled")
                await native.cancel(state.id)
            standing = await native.standing(state.id)
            waited = self._room.clock() - (batch.cancelling_at or 0)
            if not standing.over and waited < _CANCEL_SECONDS:
                due = int((self._room.clock() + self._pause(_CANCEL_POLL_SECONDS)) * _MILLISECONDS)
                await self._room.work.change(batch, Change(native=_encode(state), due_at=due))
                return False
            for place in standing.results:
                await self._fetch(batch, state, native.answers(place))
        except UpstreamError as error:
            _logger.warning("batch %s: %s could not be told of its end: %s", batch.id, state.provider, error.message)
        return True

    async def _submit(self, batch: Batch, state: State, native: NativeBatches) -> None:
        found = await native.find(batch.id)
        if found is None:
            gathered = await self._gathered(batch, state)
            if isinstance(gathered, str):
                await self._leave(batch, state, gathered)
                return
            found = await native.submit(batch.id, state.way, gathered.requests, gathered.headers)
        _logger.info("batch %s was given to %s as %s", batch.id, state.provider, found)
        await self._wait(batch, structs.replace(state, step="sent", id=found, polls=0))

    async def _gathered(self, batch: Batch, state: State) -> _Gathered | str:
        """Every line as the provider is sent it, or why that cannot be."""
        gathered = _Gathered()
        size = after = 0
        while page := await self._room.work.waiting(batch, after, _PAGE):
            after = page[-1].number
            for line in page:
                sent = await self._reader.sent(_request(batch, line.body)) if _may_go(line.body) else None
                if sent is None or sent.streamed:
                    return f"line {line.number} is a request that has to be made by itself"
                if (sent.target.provider, sent.way) != (state.provider, state.way):
                    return f"line {line.number} goes to another provider, or in another way"
                if gathered.requests and sent.headers != gathered.headers:
                    return f"line {line.number} needs other headers than those before it"
                size += len(sent.body)
                if size > self._room.policy.native_max_bytes:
                    return "it is too large"
                gathered.headers = sent.headers
                gathered.requests.append((line.number, sent.body))
        return gathered

    async def _look(self, batch: Batch, state: State, native: NativeBatches) -> None:
        standing = await native.standing(state.id)
        if standing.failed is not None:
            await self._leave(batch, state, standing.failed)
            return
        now = self._room.clock()
        if not standing.over and now < batch.ends_by + _GRACE_SECONDS:
            await self._wait(batch, structs.replace(state, polls=state.polls + 1))
            return
        if not standing.over:
            await native.cancel(state.id)
        for place in standing.results:
            await self._fetch(batch, state, native.answers(place))
        await self._finish(batch, state)

    async def _bear(self, batch: Batch, state: State, error: UpstreamError) -> None:
        """What may pass is waited for; what stays, or lasts too long, makes the rest our own workers'."""
        status = error.status if isinstance(error, UpstreamRefused) else 0
        new = state.step == "submit"
        stays = status in _LASTING and status not in _PASSING if new else status in _GONE
        tired = new and state.polls >= _MOST_SUBMISSIONS
        if stays or tired or self._room.clock() >= batch.ends_by + _GRACE_SECONDS:
            await self._leave(batch, state, error.message)
            return
        _logger.warning("batch %s has to wait for %s: %s", batch.id, state.provider, error.message)
        await self._wait(batch, structs.replace(state, polls=state.polls + 1))

    async def _finish(self, batch: Batch, state: State) -> None:
        """Our workers answer what the provider did not, if there is time; else it is too late for that."""
        room = self._room
        now = room.clock()
        left = await room.work.waiting(batch, 0, 1)
        if left and now < batch.ends_by:
            await self._leave(batch, state, f"{state.provider} has not answered all of it")
            return
        if left:
            await room.work.drop_lines(batch, "expired")
        over = _encode(structs.replace(state, step="over"))
        await room.work.change(
            batch, Change(status="finalizing", at=int(now), native=over, due_at=int(now * _MILLISECONDS))
        )

    async def _fetch(self, batch: Batch, state: State, answers: AsyncIterator[NativeAnswer]) -> None:
        """Ends lines as they were answered, a few at a time; what a crash left out is fetched again."""
        page: list[NativeAnswer] = []
        async for answer in answers:
            if answer.status is not None:
                page.append(answer)
            if len(page) >= _PAGE:
                await self._settle(batch, state, page)
                page = []
        await self._settle(batch, state, page)

    async def _settle(self, batch: Batch, state: State, page: list[NativeAnswer]) -> None:
        results: dict[int, LineAnswer] = {}
        waiting = iter(page)

        async def work() -> None:
            for answer in waiting:
                told = await self._told(batch, state, answer)
                if told is not None:
                    results[answer.number] = told

        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(page))):
                group.create_task(work())
        if results:
            await self._room.work.settle_lines(batch, results)

    async def _told(self, batch: Batch, state: State, answer: NativeAnswer) -> LineAnswer | None:
        line = await self._room.work.waiting(batch, answer.number - 1, 1)
        if not line or line[0].number != answer.number or answer.status is None:
            return None  # it was settled before
        given = Given(state.provider, answer.status, answer.body)
        return await self._reader.told(_request(batch, line[0].body), given)

    async def _leave(self, batch: Batch, state: State, why: str) -> None:
        """From now on it is our own workers'."""
        _logger.info("batch %s is not, or no longer, for %s: %s", batch.id, state.provider, why)
        left = _encode(structs.replace(state, step="over", why=why))
        await self._room.work.change(batch, Change(own=True, native=left, due_at=batch.ends_by * _MILLISECONDS))

    async def _wait(self, batch: Batch, state: State) -> None:
        """Looks again, at first soon and then as seldom as the settings say."""
        pause = self._pause(_CANCEL_POLL_SECONDS * 2.0 ** min(state.polls, 16))
        due = int((self._room.clock() + pause) * _MILLISECONDS)
        await self._room.work.change(batch, Change(native=_encode(state), due_at=due))

    def _pause(self, wanted: float) -> float:
        return min(wanted, self._room.policy.native_poll_seconds)


def _request(batch: Batch, body: bytes) -> LineRequest:
    return LineRequest(Caller(batch.tenant, batch.key_name), batch.endpoint, body, batch.betas)


def _may_go(body: bytes) -> bool:
    try:
        return not _OWN & _members(body).keys()
    except UNDECODABLE:
        return False
