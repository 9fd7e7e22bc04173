"""What happens between a stop signal and the end: running answers get a while, then are ended properly.

The server stops accepting at the signal by itself, or `grace_seconds` later, so that load balancers have time to notice
that the process calls itself unready. This only tells whoever has to know, and sets the time limit.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from msgspec import Struct

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_Handler = Callable[[int, FrameType | None], object]


class _Party(Struct, frozen=True, eq=False):
    """Who is told: at once, and `after_seconds` later."""

    begin_to_stop: Callable[[], None]
    end_all: Callable[[], None]
    after_seconds: float


class Draining:
    """Whether the process has been told to stop, and who wants to know."""

    def __init__(self, grace_seconds: float = 0.0) -> None:
        """`grace_seconds` is how long requests are taken after SIGTERM; a second signal ends it."""
        self.begun = False
        self._grace_seconds = grace_seconds
        self._parties: list[_Party] = []
        self._before: dict[int, _Handler] = {}
        self._timers: list[asyncio.TimerHandle] = []
        self._waiting: asyncio.TimerHandle | None = None

    @contextmanager
    def joining(
        self, begin_to_stop: Callable[[], None], end_all: Callable[[], None], after_seconds: float
    ) -> Generator[None]:
        """Inside, `begin_to_stop` is called as soon as the server accepts no more, `end_all` after `after_seconds`."""
        party = _Party(begin_to_stop, end_all, after_seconds)
        self._parties.append(party)
        try:
            yield
        finally:
            self._parties.remove(party)

    @contextmanager
    def by_signals(self, unready: Callable[[], None]) -> Generator[None]:
        """Inside, stop signals begin it: `unready` is called at once, the others and earlier handlers after the grace.

        A signal that nobody handles stays as it is: it ends the process, or is ignored, as whoever started that wants.
        Does nothing in a thread that is not the main one: signals come only there.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()

        def handle(number: int, _stack: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._begin, loop, number, unready)

        handlers = {number: signal.getsignal(number) for number in _SIGNALS}
        self._before = {number: handler for number, handler in handlers.items() if callable(handler)}
        for number in self._before:
            signal.signal(number, handle)
        try:
            yield
        finally:
            for timer in self._timers:
                timer.cancel()
            for number, previous in self._before.items():
                signal.signal(number, previous)

    def _begin(self, loop: asyncio.AbstractEventLoop, number: int, unready: Callable[[], None]) -> None:
        if not self.begun:
            self.begun = True
            unready()
            if number == signal.SIGTERM and self._grace_seconds > 0:
                self._waiting = loop.call_later(self._grace_seconds, self._stop, loop, number)
                return
        if self._waiting is not None:
            self._waiting.cancel()
        self._stop(loop, number)

    def _stop(self, loop: asyncio.AbstractEventLoop, number: int) -> None:
        """Tells everybody, and whoever handled the signal before."""
        if not self._timers:
            for party in tuple(self._parties):
                party.begin_to_stop()
                self._timers.append(loop.call_later(party.after_seconds, party.end_all))
        self._before[number](number, None)
