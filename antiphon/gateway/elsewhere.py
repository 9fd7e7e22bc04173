"""Answers that another process is streaming right now, followed from this one by the bus.

Law: a follower gets every event above its number once, in order, whatever the bus loses: what is missing is asked for
again, and what has ended meanwhile is in the store.
"""

from __future__ import annotations

import asyncio
import logging
from itertools import count
from typing import Final

from msgspec import structs

from antiphon.bus import EVERYBODY, Bus, Local, Word
from antiphon.gateway.delivery import Delivery
from antiphon.gateway.live import LiveAnswers, Telling, follow
from antiphon.metrics import WORDS
from antiphon.protocols import Responses, Sink
from antiphon.wire.assembly import events_of
from antiphon.wire.events import TERMINAL, Chunk, render
from antiphon.wire.synthesis import error_event

FOUND_SECONDS: Final = 0.5
"""So long whoever gives the answer has to say so: the bus takes a few milliseconds."""

SILENCE_SECONDS: Final = 10.0
"""After so long without a word it is asked again, lest whoever gave the answer is dead."""

_LOST: Final = {
    "type": "server_error",
    "code": "server_error",
    "message": "Whoever gives this answer is not heard of any more, and nothing of it is kept. Follow it again.",
}
_HERE: Final = 0
_OVER: Final = -1
_logger: Final = logging.getLogger("antiphon.gateway")


class Elsewhere:
    """One process's, both sides. `hear` and `missed` are for the bus."""

    def __init__(self, bus: Bus, live: LiveAnswers, responses: Responses, group: asyncio.TaskGroup) -> None:
        """`live` are this process's answers; `group` owns the tasks that tell others of them."""
        self._bus = bus
        self._live = live
        self._responses = responses
        self._group = group
        self._asked: dict[str, asyncio.Queue[Word | None]] = {}
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._names = count(1)

    async def find(self, tenant: str, response_id: str, provider: str, after: int) -> Telling | None:
        """What tells of an answer that is being given somewhere, by this provider if one is named; else None."""
        following = _Following(self, self._responses, Word("follow", response_id, tenant, provider, after))
        return following.tell if await following.ask() else None

    @property
    def alone(self) -> bool:
        """Whether it is known that nobody can be asked."""
        return isinstance(self._bus, Local) and self._bus.alone

    def ask(self, wanted: Word) -> tuple[str, asyncio.Queue[Word | None]]:
        """Asks everybody: the question's name, and where the words in answer come; None there is a word lost."""
        name = f"{self._bus.name}.{next(self._names)}"
        words = self._asked[name] = asyncio.Queue[Word | None]()
        self._say(structs.replace(wanted, ask=name, reply=self._bus.name))
        return name, words

    def leave(self, name: str) -> None:
        """Nobody wants an answer to this question any more."""
        if self._asked.pop(name, None) is not None:
            self._say(Word("left", ask=name))

    def hear(self, word: Word) -> None:
        """What another process says."""
        if word.kind == "follow":
            self._answer(word)
        elif word.kind == "told":
            words = self._asked.get(word.ask)
            if words is not None:
                words.put_nowait(word)
        elif word.kind == "left":
            task = self._telling.get(word.ask)
            if task is not None:
                task.cancel()

    def missed(self) -> None:
        """Something may have been said that was not heard."""
        for words in self._asked.values():
            words.put_nowait(None)

    def _say(self, word: Word, to: str = EVERYBODY) -> None:
        WORDS.add(("said", word.kind))
        self._bus.say(word, to)

    def _answer(self, word: Word) -> None:
        delivery = self._live.find(word.tenant, word.about)
        if delivery is None or (word.provider and word.provider != delivery.provider):
            return
        task = self._telling[word.ask] = self._group.create_task(self._tell(word, delivery))
        task.add_done_callback(lambda _: self._telling.pop(word.ask, None))

    async def _tell(self, word: Word, delivery: Delivery) -> None:
        numbers = count(_HERE + 1)

        def say(number: int, data: str = "") -> None:
            self._say(Word("told", number=number, ask=word.ask, data=data), word.reply)

        async def sink(chunk: Chunk) -> None:
            say(next(numbers), render(chunk).decode())

        say(_HERE)
        try:
            await follow(delivery, word.number, sink)
        except Exception:  # whoever follows asks again, and the answer itself is nobody's to break
            _logger.exception("response %s could not be told elsewhere", word.about)
        say(_OVER)


class _Following:
    """One follower here, of one answer elsewhere."""

    def __init__(self, elsewhere: Elsewhere, responses: Responses, wanted: Word) -> None:
        self._elsewhere = elsewhere
        self._responses = responses
        self._wanted = wanted
        self._after = wanted.number
        self._name = ""
        self._words = asyncio.Queue[Word | None]()
        self._expected = _HERE

    async def ask(self) -> bool:
        """Whether somebody gives the answer, who tells of it from now on."""
        self._elsewhere.leave(self._name)
        if self._elsewhere.alone:
            return False
        self._name, self._words = self._elsewhere.ask(structs.replace(self._wanted, number=self._after))
        self._expected = _HERE
        word = await self._next(FOUND_SECONDS)
        if word is None or word.number != _HERE:
            self._elsewhere.leave(self._name)
            return False
        self._expected += 1
        return True

    async def tell(self, sink: Sink) -> bool:
        try:
            return await self._tell(sink)
        finally:
            self._elsewhere.leave(self._name)

    async def _tell(self, sink: Sink) -> bool:
        while True:
            word = await self._next(SILENCE_SECONDS)
            if word is not None and word.number == self._expected:
                self._expected += 1
                if await self._pass_on(word.data.encode(), sink):
                    return True
            elif not await self.ask():
                stored = await self._responses.frames(self._wanted.tenant, self._wanted.about)
                if stored is None:
                    # Under the number of the event before it: whoever goes on from there misses nothing.
                    await sink(Chunk((error_event(max(self._after, 0), _LOST),)))
                return await self._pass_on(b"".join(stored or ()), sink)

    async def _pass_on(self, frames: bytes, sink: Sink) -> bool:
        events = tuple(event for event in events_of(frames) if event.number > self._after)
        if not events:
            return False
        self._after = events[-1].number
        await sink(Chunk(events))
        return events[-1].type in TERMINAL

    async def _next(self, seconds: float) -> Word | None:
        """None for a word that was lost, as silence may be."""
        try:
            async with asyncio.timeout(seconds):
                return await self._words.get()
        except TimeoutError:
            return None
