"""Several answers to one request, told as the choices of one.

Law: they are kept, where they are to be, before the client has the end of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, Protocol

from antiphon.dialects.client_messages_whole import failed_answer
from antiphon.errors import AntiphonError, BadRequest
from antiphon.gateway.flow import Gateway
from antiphon.http.call import Call
from antiphon.http.errors import envelope
from antiphon.http.records import note_usage
from antiphon.http.streams import EventStream, Heartbeat, nowhere
from antiphon.http.watch import ClientWatch
from antiphon.protocols import Sink, Turn
from antiphon.wire.counts import Counts, together
from antiphon.wire.events import Chunk, Event, Outcome, failure_by
from antiphon.wire.requests import Request

_AT_ONCE: Final = 16
"""So many answers of one request are on the way at the same time; the others wait."""

_DONE: Final = b"data: [DONE]\n\n"

Keep = Callable[[bytes], Awaitable[None]]
"""Returns once the whole answer is safe on disk."""


class Teller(Protocol):
    """Tells one streamed choice."""

    def frames(self, events: Iterable[Event]) -> bytes:
        """What is to be sent for these events."""
        ...


class Telling(Protocol):
    """Tells answers in the words of a client's own format."""

    def choice(self, index: int) -> Teller:
        """What tells the choice of this place, where the client streams."""
        ...

    def whole(self, bodies: Sequence[bytes]) -> bytes:
        """One answer made of response objects, a choice for each."""
        ...

    def end(self, bodies: Sequence[bytes]) -> bytes:
        """What ends a stream."""
        ...


async def opened(call: Call, gateway: Gateway, requests: Iterable[Request], notes: tuple[str, ...]) -> list[Turn]:
    """A turn for each request; `notes` tell what was lost in reading it, which is an error when strict.

    Raises BadRequest.
    """
    turns: list[Turn] = []
    for request in requests:
        if notes and gateway.is_strict(request):
            raise BadRequest(notes[0], code="unsupported_value")
        turn = await gateway.open(request, call.known_caller)
        turn.notes += notes
        turns.append(turn)
    call.turn = turns[0]
    return turns


class Several:
    """One request's answers on the way to its client."""

    def __init__(self, call: Call, gateway: Gateway, heartbeat: Heartbeat, telling: Telling, keep: Keep | None) -> None:
        """`keep` is asked, where there is one, before the end of the answer leaves."""
        self._call = call
        self._gateway = gateway
        self._heartbeat = heartbeat
        self._telling = telling
        self._keep = keep

    async def answer(self, turns: Sequence[Turn]) -> None:
        """Has every turn answered. Raises AntiphonError while nothing has been sent."""
        if turns[0].request.stream:
            await self._stream(turns)
            return
        with ClientWatch(self._call, self._heartbeat.group):
            outcomes = await self._all(turns, [nowhere] * len(turns))
            body = self._telling.whole([outcome.body for outcome in outcomes])
            if self._keep is not None:
                await self._keep(body)
        _note(self._call, turns, outcomes)
        await self._call.reply(200, body)

    async def _stream(self, turns: Sequence[Turn]) -> None:
        stream = EventStream(self._call, self._heartbeat, done_marker=False)
        one_by_one = asyncio.Lock()

        def sink_of(place: int) -> Sink:
            teller = self._telling.choice(place)

            async def sink(chunk: Chunk) -> None:
                data = teller.frames(chunk.events)
                if data:
                    async with one_by_one:
                        await stream(_told(data))

            return sink

        try:
            with ClientWatch(self._call, self._heartbeat.group):
                outcomes = await self._all(turns, [sink_of(place) for place in range(len(turns))])
                bodies = [outcome.body for outcome in outcomes]
                if self._keep is not None:
                    await self._keep(self._telling.whole(bodies))
                await stream.finish(self._telling.end(bodies))
            _note(self._call, turns, outcomes)
        except AntiphonError as error:
            if not self._call.started:
                raise
            self._call.failure = failure_by(error)
            await stream.finish(b"data: %b\n\n%b" % (envelope(error), _DONE))
        finally:
            stream.close()

    async def _all(self, turns: Sequence[Turn], sinks: Sequence[Sink]) -> list[Outcome]:
        """How each turn ended. Raises the first failure, once no turn goes on."""
        outcomes: dict[int, Outcome] = {}
        failures: list[Exception] = []
        left = iter(enumerate(turns))

        async def work() -> None:
            try:
                for place, turn in left:
                    outcomes[place] = await self._answered(turn, sinks[place])
            except Exception as error:
                failures.append(error)
                raise

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(_AT_ONCE, len(turns))):
                    group.create_task(work())
        except* Exception:  # noqa: BLE001, S110 - `failures` has them
            pass
        if failures:
            raise failures[0]
        return [outcomes[place] for place in range(len(turns))]

    async def _answered(self, turn: Turn, sink: Sink) -> Outcome:
        outcome = await self._gateway.answer(turn, sink)
        if outcome.status == "failed":
            raise failed_answer(outcome.body)
        return outcome


def _told(data: bytes) -> Chunk:
    """Bytes of the client's own format on their way through what writes events."""
    return Chunk((Event("", 0, b""),), data)


def _note(call: Call, turns: Sequence[Turn], outcomes: Sequence[Outcome]) -> None:
    """As `note_usage`, for all of them together."""
    used, cost = Counts(), 0
    priced = False
    for turn, outcome in zip(turns, outcomes, strict=True):
        call.turn, call.cost_nanos = turn, None
        note_usage(call, outcome)
        used = used if call.counts is None else together(used, call.counts)
        if call.cost_nanos is not None:
            priced, cost = True, cost + call.cost_nanos
    call.turn, call.counts = turns[0], used
    call.cost_nanos = cost if priced else None
