"""How those who follow and give answers hear at once what concerns them: in their process, and by the bus in others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from antiphon.bus import Bus, Word
from antiphon.metrics import WORDS

_JOB: Final = Word("job")


class Bells:
    """Who listens for which answer. A ring that nobody hears is lost; whoever waits looks again before long anyway."""

    def __init__(self, bus: Bus | None = None) -> None:
        """Nobody listens. Without a bus, nobody elsewhere does either."""
        self._bus = bus
        self._listening: dict[str, set[asyncio.Event]] = {}
        self._nudge: Callable[[], None] = _nothing
        self._drop: Callable[[str], None] = _nobody

    @property
    def carry(self) -> bool:
        """Whether a ring is heard in other processes: who waits there need not look so often."""
        return self._bus is not None

    def works(self, nudge: Callable[[], None], drop: Callable[[str], None]) -> None:
        """This process's worker, to be told of jobs that came and of answers that were cancelled elsewhere."""
        self._nudge, self._drop = nudge, drop

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
        self._ring(response_id)
        self._say(Word("more", response_id))

    def ring_off(self, response_id: str) -> None:
        """This answer was cancelled."""
        self._drop(response_id)
        self._ring(response_id)
        self._say(Word("cancelled", response_id))

    def call(self) -> None:
        """There is work that this process may have no hands for."""
        self._say(_JOB)

    def hear(self, word: Word) -> None:
        """What another process says."""
        WORDS.add(("heard", word.kind))
        if word.kind == "more":
            self._ring(word.about)
        elif word.kind == "cancelled":
            self._drop(word.about)
            self._ring(word.about)
        elif word.kind == "job":
            self._nudge()

    def missed(self) -> None:
        """Something may have been said that was not heard."""
        self._nudge()
        self.ring_all()

    def ring_all(self) -> None:
        """There is something that concerns every listener."""
        for listeners in self._listening.values():
            for bell in listeners:
                bell.set()

    def _ring(self, response_id: str) -> None:
        for bell in self._listening.get(response_id, ()):
            bell.set()

    def _say(self, word: Word) -> None:
        if self._bus is not None:
            WORDS.add(("said", word.kind))
            self._bus.say(word)


def _nothing() -> None:
    """Nobody works here."""


def _nobody(response_id: str) -> None:
    """As `_nothing`."""


async def heard(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event was set within so many seconds."""
    if event.is_set():
        return True
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
