"""Requests to a gateway in this process, while it is open."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

from antiphon.embedded.exchange import App, Exchange, Request

CLOSED: Final = "The gateway is not open any more."


class Room:
    """Owns the tasks of every request: leaving it ends those that still run."""

    def __init__(self, app: App) -> None:
        """`app` is whoever answers."""
        self._app = app
        self._tasks: dict[Exchange, asyncio.Task[None]] = {}
        self._closed = True

    async def __aenter__(self) -> Self:
        """On the event loop that serves."""
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._stack = AsyncExitStack()
        self._group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._closed = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whoever still waits for an answer is told that it was cut short."""
        self._closed = True
        for exchange, task in list(self._tasks.items()):
            exchange.close()
            task.cancel()
        await self._stack.aclose()

    def check_elsewhere(self) -> None:
        """Raises RuntimeError in the gateway's own thread, where waiting would be for ever."""
        if threading.get_ident() == self._thread:
            raise RuntimeError("A sync client would wait for its own thread here: use the asynchronous one.")

    def ask(self, request: Request) -> Exchange:
        """Begins a request. Raises ConnectionRefusedError once the room is closed, RuntimeError on another loop."""
        if self._closed:
            raise ConnectionRefusedError(CLOSED)
        if asyncio.get_running_loop() is not self.loop:
            raise RuntimeError(
                "This client belongs to the event loop that the gateway was opened on; elsewhere, use a sync client."
            )
        exchange = Exchange(request)
        task = self._group.create_task(exchange.run(self._app))
        self._tasks[exchange] = task
        task.add_done_callback(lambda _: self._tasks.pop(exchange, None))
        return exchange
