"""Notices a client that leaves while its answer is on the way.

Our own server says so. Elsewhere a task waits for `http.disconnect`, which costs more than a short answer takes, so it
is started only when the answer has taken `PATIENCE_SECONDS`: far less than the second within which the provider's work
must stop.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final

from antiphon.http.call import Call, ClientGone

PATIENCE_SECONDS: Final = 0.05


class ClientWatch:
    """Around the work for one client: cancels it, and raises ClientGone instead, when the client has gone."""

    __slots__ = ("_call", "_gone", "_group", "_outer", "_timer", "_watched", "_watcher", "_writer")

    def __init__(self, call: Call, group: asyncio.TaskGroup) -> None:
        """`group` owns the watching task."""
        self._call = call
        self._group = group
        self._gone = False
        self._writer = call.direct_writer
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        """Begins to watch."""
        self._watched = asyncio.current_task()
        writer = self._writer
        if writer is None:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._start)
            return
        self._outer, writer.left = writer.left, self._leave
        if writer.disconnected:
            asyncio.get_running_loop().call_soon(self._leave)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops watching. Raises ClientGone in place of the cancellation that the watch itself caused."""
        if self._writer is not None:
            self._writer.left = self._outer
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None  # whose end has this among its frames: the two would wait for the collector
        watched, self._watched = self._watched, None
        if self._gone and watched is not None:
            watched.uncancel()
            if isinstance(error, asyncio.CancelledError):
                raise ClientGone from None

    def _start(self) -> None:
        self._watcher = self._group.create_task(self._wait())

    async def _wait(self) -> None:
        message = await self._call.receive()
        while message["type"] != "http.disconnect":
            message = await self._call.receive()
        self._leave()

    def _leave(self) -> None:
        if self._watched is not None and not (self._gone or self._watched.done()):
            self._gone = True
            self._watched.cancel()
