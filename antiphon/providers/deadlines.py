"""How long a provider may take, and the one timer of a connection that watches over it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """All in seconds. `connect` includes names, TLS and waiting for a free connection; `keep_alive` is for idle ones.

    `first_byte` runs from the request's last sent byte to the answer's first body byte, `idle` between two reads,
    `whole` from the start of the request to the end of the answer.
    """

    connect: float = 5.0
    first_byte: float = 60.0
    idle: float = 120.0
    whole: float = 600.0
    keep_alive: float = 15.0


class Alarm:
    """A timer that is set often and rings seldom: a wish for a later time than it is set to costs one comparison.

    It may thus ring early; whoever is called looks at the clock and asks again.
    """

    __slots__ = ("_due", "_handle", "_loop", "_ring")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._due = math.inf
        self._handle: asyncio.TimerHandle | None = None

    def by(self, at: float) -> None:
        """Ring at loop time `at` or earlier."""
        if at < self._due:
            if self._handle is not None:
                self._handle.cancel()
            self._due = at
            self._handle = self._loop.call_at(at, self._rings)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._due = -math.inf

    def _rings(self) -> None:
        self._handle = None
        self._due = math.inf
        self._ring()
