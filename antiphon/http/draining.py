"""What happens between a stop signal and the end: running answers get a while, then are ended properly.

The server stops accepting at the signal by itself; this only sets the time limit.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_Handler = Callable[[int, FrameType | None], object] | int | None


@contextmanager
def draining(begin_to_stop: Callable[[], None], end_all: Callable[[], None], after_seconds: float) -> Generator[None]:
    """Inside, a stop signal calls `begin_to_stop` at once and `end_all` after `after_seconds`.

    Whatever handled the signal before is called too.

    Does nothing in a thread that is not the main one: signals come only there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []

    def begin() -> None:
        if not timers:
            begin_to_stop()
            timers.append(loop.call_later(after_seconds, end_all))

    def handle(number: int, stack: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin)
        previous = before[number]
        if callable(previous):
            previous(number, stack)

    before: dict[int, _Handler] = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        for number, previous in before.items():
            signal.signal(number, previous)
