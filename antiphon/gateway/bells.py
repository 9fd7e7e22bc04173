"""How those who follow and give answers hear at once what concerns them: in their process, and by the bus in others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from antiphon.bus import Bus, Word
from antiphon.metrics import WORDS

_LOOKS_PER_LEASE: Final = 6
_JOB: Final = Word("job")
_BATCH: Final = Word("batch")


class Bells:
    """Who listens for which answer. A ring that nobody hears is lost; whoever waits looks again before long anyway."""

    def __init__(self, bus: Bus | None = None) -> None:
        """Nobody listens. Without a bus, nobody elsewhere does either."""
        self._bus = bus
        self._listening: dict[str, set[asyncio.Event]] = {}
        self._nudge: Callable[[], None] = _nothing
        self._drop: Callable[[str], None] = _nobody
        self._batch_workers: list[Callable[[], None]] = []
        self._awaited: dict[str, bool] = {}

    def look_seconds(self, poll_seconds: float, lease_seconds: float) -> float:
        """How often to look for what others do: seldom where they tell, for what the dead leave behind."""
        return max(poll_seconds, lease_seconds / _LOOKS_PER_LEASE) if self._bus is not None else poll_seconds

    @contextmanager
    def works(self, nudge: Callable[[], None], drop: Callable[[str], None]) -> Generator[None]:
        """While the block runs, or until another comes, who is told of jobs, and of answers cancelled elsewhere."""
        before, ours = (self._nudge, self._drop), (nudge, drop)
        self._nudge, self._drop = ours
        try:
            yield
        finally:
            if (self._nudge, self._drop) == ours:
                self._nudge, self._drop = before

    @contextmanager
    def works_on_batches(self, nudge: Callable[[], None]) -> Generator[None]:
        """While the block runs, a worker of this process is told that there is something to do for a batch."""
        self._batch_workers.append(nudge)
        try:
            yield
        finally:
            self._batch_workers.remove(nudge)

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

    def call_for_batches(self) -> None:
        """There is something to do for a batch, here and elsewhere."""
        self._nudge_for_batches()
        self._say(_BATCH)

    def _nudge_for_batches(self) -> None:
        for nudge in self._batch_workers:
            nudge()

    def wait_for(self, response_id: str) -> None:
        """Whoever gives this answer shall ring when it has ended, where somebody listens for it."""
        self._say(Word("awaited", response_id))

    @contextmanager
    def giving(self, response_id: str) -> Generator[None]:
        """This process gives the answer; at the end, those who wait for it elsewhere are told."""
        self._awaited[response_id] = False
        try:
            yield
        finally:
            if self._awaited.pop(response_id):
                self.ring(response_id)

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
        elif word.kind == "batch":
            self._nudge_for_batches()
        elif word.kind == "awaited" and word.about in self._awaited:
            self._awaited[word.about] = True

    def missed(self) -> None:
        """Something may have been said that was not heard."""
        self._nudge()
        self._nudge_for_batches()
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
