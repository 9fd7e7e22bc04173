"""Which of a connection's requests may run: in their order inside a lane, lanes side by side."""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, TypeVar

from msgspec import Struct

from antiphon.errors import BadRequest, RateLimited

T = TypeVar("T")

_LEAST_SIZE: Final = 32 * 1024
"""What a waiting request counts for at least, however short it is: so there is a limit to their number too."""


class Limits(Struct, frozen=True):
    """`names` counts the lanes that have a name; `waiting_bytes` is what may wait to be begun."""

    running: int = 16
    names: int = 32
    waiting_bytes: int = 32 * 1024 * 1024


class Lanes(Generic[T]):
    """The requests of one connection that run or wait. The lane without a name is None."""

    def __init__(self, limits: Limits) -> None:
        """Nothing runs."""
        self._limits = limits
        self._names: set[str] = set()
        self._running: set[str | None] = set()
        self._waiting: deque[tuple[str | None, T, int]] = deque()
        self._waiting_bytes = 0

    @property
    def running(self) -> int:
        """How many requests have begun and not ended."""
        return len(self._running)

    def add(self, lane: str | None, work: T, size: int) -> None:
        """Puts a request of so many bytes behind the others. Raises BadRequest or RateLimited, and forgets it."""
        limits = self._limits
        if lane is not None and lane not in self._names and len(self._names) >= limits.names:
            message = (
                f"This connection has used as many stream ids as it may ({limits.names})."
                " Reuse an existing stream_id or open a new WebSocket connection."
            )
            raise BadRequest(message, param="stream_id", code="websocket_stream_limit_reached")
        size = max(size, _LEAST_SIZE)
        if self._waiting and self._waiting_bytes + size > limits.waiting_bytes:
            message = "Too many requests wait on this connection. Send this one again when others are done."
            raise RateLimited(message, code="websocket_queue_full")
        if lane is not None:
            self._names.add(lane)
        self._waiting.append((lane, work, size))
        self._waiting_bytes += size

    def begin(self) -> list[tuple[str | None, T]]:
        """The requests that may begin now, in the order in which they came: from here on they run."""
        begun: list[tuple[str | None, T]] = []
        kept: deque[tuple[str | None, T, int]] = deque()
        while self._waiting and len(self._running) < self._limits.running:
            lane, work, size = self._waiting.popleft()
            if lane in self._running:
                kept.append((lane, work, size))
                continue
            self._running.add(lane)
            self._waiting_bytes -= size
            begun.append((lane, work))
        self._waiting.extendleft(reversed(kept))
        return begun

    def end(self, lane: str | None) -> None:
        """The lane's running request has ended."""
        self._running.discard(lane)

    def give_up(self) -> list[tuple[str | None, T]]:
        """Everything that waits, which waits no longer."""
        given = [(lane, work) for lane, work, _ in self._waiting]
        self._waiting.clear()
        self._waiting_bytes = 0
        return given
