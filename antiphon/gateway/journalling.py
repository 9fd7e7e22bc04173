"""The sink of an answer in the background: everything goes into the journal, a little at a time.

Law: a follower sees an event only once it is durable, so that nobody can have seen what a resume does not find.
"""

from __future__ import annotations

import asyncio
from typing import Final

from antiphon.gateway.bells import Bells, heard
from antiphon.jobs import Claim, Journal
from antiphon.wire.events import Chunk, render
from antiphon.wire.lifecycle import count_of, has_output

BATCH_SECONDS: Final = 0.05
BATCH_EVENTS: Final = 64
_MOST_WAITING: Final = 1024


class JournalSink:
    """Takes events without waiting and writes them in batches. `write` must run beside whoever gives it events."""

    def __init__(self, journal: Journal, bells: Bells, claim: Claim) -> None:
        """Goes on from what has been told under earlier claims."""
        self._journal = journal
        self._bells = bells
        self._claim = claim
        self._next = sum(map(count_of, claim.told))
        self._waiting: list[bytes] = []
        self._events = 0
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._room = asyncio.Event()
        self.output = has_output(claim.told)
        self.closed = False

    async def __call__(self, chunk: Chunk) -> None:
        """Takes a chunk; waits while more is coming than can be written."""
        self._take(render(chunk), len(chunk.events))
        while self._events > _MOST_WAITING and not self.closed:
            self._room.clear()
            await self._room.wait()

    def direct(self, data: bytes) -> bool:
        """Takes frames, unless more is coming than can be written."""
        if self._events > _MOST_WAITING:
            return False
        self._take(data, count_of(data))
        return True

    def close(self) -> None:
        """What has not been written never will be: the response itself is about to hold everything."""
        self.closed = True
        self._room.set()

    async def write(self) -> None:
        """Writes batches until cancelled, or closed. Raises JobLost, StoreFailed."""
        while not self.closed:
            await self._some.wait()
            await heard(self._enough, BATCH_SECONDS)
            if not self.closed:
                await self._write()

    def _take(self, data: bytes, events: int) -> None:
        if self.closed:
            return
        self._waiting.append(data)
        self._events += events
        self._some.set()
        if self._events >= BATCH_EVENTS:
            self._enough.set()

    async def _write(self) -> None:
        frames, first = b"".join(self._waiting), self._next
        self.output = self.output or has_output(self._waiting)
        self._next += self._events
        self._waiting.clear()
        self._events = 0
        self._some.clear()
        self._enough.clear()
        await self._journal.append(self._claim, first, self._next - 1, frames)
        self._room.set()
        self._bells.ring(self._claim.id)
