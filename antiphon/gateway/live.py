"""Answers that are being given in this process: whom a second reader can follow, and what a shutdown has to end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from antiphon.errors import AntiphonError, ShuttingDown, UpstreamBroke
from antiphon.gateway.delivery import Delivery
from antiphon.protocols import Sink, Turn
from antiphon.wire.assembly import events_of
from antiphon.wire.events import TERMINAL, Chunk, Event

T = TypeVar("T")
Asked = TypeVar("Asked")

Telling = Callable[[Sink], Awaitable[bool]]
"""Sends the events that were asked for, those to come too. Whether the terminal one was among them."""


class LiveAnswers:
    """The running turns of this process."""

    def __init__(self) -> None:
        """Nobody is being answered. `elsewhere` finds what other processes answer, where there are any."""
        self.elsewhere: Callable[[str, str, str, int], Awaitable[Telling | None]] | None = None
        self._deliveries: dict[tuple[str, str], Delivery] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._beside: set[asyncio.Task[object]] = set()
        self._reasons: dict[asyncio.Task[object], AntiphonError] = {}

    @property
    def running(self) -> int:
        """How many turns are being answered."""
        return len(self._tasks)

    def begin(self, turn: Turn, delivery: Delivery) -> asyncio.Task[object] | None:
        """The current task answers the turn from now on, until `end`."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        if turn.request.stream and turn.request.stored:
            self._deliveries[turn.caller.tenant, turn.id] = delivery
        return task

    def end(self, turn: Turn, task: asyncio.Task[object] | None) -> None:
        """The task that `begin` gave has answered, or given up."""
        if task is not None:
            self._tasks.discard(task)
            if self._reasons:
                self._reasons.pop(task, None)
        if turn.request.stream:
            delivery = self._deliveries.pop((turn.caller.tenant, turn.id), None)
            if delivery is not None:
                delivery.abandon()

    def find(self, tenant: str, response_id: str) -> Delivery | None:
        """The answer with this id if it is being streamed to its tenant right now."""
        return self._deliveries.get((tenant, response_id))

    async def telling(self, tenant: str, response_id: str, provider: str, after: int) -> Telling | None:
        """What tells of the events above `after` of an answer that is being streamed, by this provider if one is named.

        None where nobody streams it: it is unknown, or has just ended.
        """
        delivery = self.find(tenant, response_id)
        if delivery is not None:
            return None if provider and provider != delivery.provider else partial(follow, delivery, after)
        return None if self.elsewhere is None else await self.elsewhere(tenant, response_id, provider, after)

    async def beside(self, work: Awaitable[T]) -> T:
        """What comes of work that is no turn, and ends with the turns. Raises ShuttingDown then."""
        task = asyncio.current_task()
        if task is not None:
            self._beside.add(task)
        try:
            return await work
        except asyncio.CancelledError:
            reason = self.reason(task)
            if reason is None or task is None:
                raise
            task.uncancel()
            raise reason from None
        finally:
            if task is not None:
                self._beside.discard(task)
                self._reasons.pop(task, None)

    def ending(self, serve: Callable[[Asked], Awaitable[None]]) -> Callable[[Asked], Awaitable[None]]:
        """The handler, whose work is done `beside`."""

        async def ended(asked: Asked) -> None:
            await self.beside(serve(asked))

        return ended

    def end_all(self) -> None:
        """Cancels every running turn, each of which ends with a terminal event of its own, and what is done beside."""
        for task in (*self._tasks, *self._beside):
            self.cut_short(task, ShuttingDown("The gateway is shutting down; please retry."))

    def cut_short(self, task: asyncio.Task[object] | None, error: AntiphonError) -> None:
        """Cancels what a task answers; it ends with this error. Nothing where it answers nobody, or is ending so."""
        if task is not None and (task in self._tasks or task in self._beside) and task not in self._reasons:
            self._reasons[task] = error
            task.cancel()

    def reason(self, task: asyncio.Task[object] | None) -> AntiphonError | None:
        """Why the task was cut short, None where somebody else cancelled it."""
        return None if task is None else self._reasons.get(task)


async def follow(delivery: Delivery, after: int, sink: Sink) -> bool:
    """Sends every event numbered above `after`, those to come too, until the terminal one. Always true."""
    place = 0
    while True:
        while place < len(delivery.frames):
            wire = delivery.frames[place]
            place += 1
            events = events_of(wire)
            wanted = tuple(event for event in events if event.number > after)
            if wanted:
                await sink(Chunk(wanted, wire if len(wanted) == len(events) else None))
            if events[-1].type in TERMINAL:
                return True
        if delivery.ended:
            await _cut(delivery, after, sink)
            return True
        await delivery.changed()


async def _cut(delivery: Delivery, after: int, sink: Sink) -> None:
    """The client that asked for the answer left, so it ended without a terminal event: a follower gets one."""
    chunk, _ = delivery.failure(UpstreamBroke("The answer was given up because the client that asked for it left."))
    wanted: tuple[Event, ...] = tuple(event for event in chunk.events if event.number > after)
    await sink(Chunk(wanted))
