"""Notices a client that leaves while its answer is on the way.

A task that waits for `http.disconnect` costs more than a short answer takes, so it is started only when the answer has
taken `PATIENCE_SECONDS`: far less than the second within which the provider's work must stop.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final

from antiphon.http.call import Call, ClientGone

PATIENCE_SECONDS: Final = 0.05


class ClientWatch:
    """Around the work for one client: cancels it, and raises ClientGone instead, when the client has gone."""

    __slots__ = ("_call", "_gone", "_group", "_timer", "_watched", "_watcher")

    def __init__(self, call: Call, group: asyncio.TaskGroup) -> None:
        """`group` owns the watching task."""
        self._call = call
        self._group = group
        self._gone = False
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        """Starts the clock."""
        self._watched = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._start)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops watching. Raises ClientGone in place of the cancellation that the watch itself caused."""
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None  # whose end has this among its frames: the two would wait for the collector
        if self._gone and self._watched is not None:
            self._watched.uncancel()
            if isinstance(error, asyncio.CancelledError):
                raise ClientGone from None

    def _start(self) -> None:
        self._watcher = self._group.create_task(self._wait())

    async def _wait(self) -> None:
        message = await self._call.receive()
        while message["type"] != "http.disconnect":
            message = await self._call.receive()
        if self._watched is not None and not self._watched.done():
            self._gone = True
            self._watched.cancel()
