"""How a follower hears at once that there is more, if the answer is being given in its own process."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager


class Bells:
    """Who listens for which answer. A ring that nobody hears is lost; whoever waits looks again before long anyway."""

    def __init__(self) -> None:
        """Nobody listens."""
        self._listening: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def listening(self, response_id: str) -> Generator[asyncio.Event]:
        """An event that is set by each ring from now on, to be cleared before looking for what there is."""
        bell = asyncio.Event()
        listeners = self._listening.setdefault(response_id, set())
        listeners.add(bell)
        try:
            yield bell
        finally:
            listeners.discard(bell)
            if not listeners:
                self._listening.pop(response_id, None)

    def ring(self, response_id: str) -> None:
        """There is more of this answer."""
        for bell in self._listening.get(response_id, ()):
            bell.set()

    def ring_all(self) -> None:
        """There is something that concerns every listener."""
        for listeners in self._listening.values():
            for bell in listeners:
                bell.set()


async def heard(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event was set within so many seconds."""
    if event.is_set():
        return True
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
