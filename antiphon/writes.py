"""Writes to sockets, put off to the end of the event loop's turn and done together.

A write wakes whoever reads at the other end, and waking a sleeping thread on another processor costs many times what
the write itself does. When several follow each other at once, the first wakes and the rest find somebody awake.
Writes to one transport are joined: a head and its body, the events of a read.
"""

from __future__ import annotations

import asyncio
from typing import Final
from weakref import WeakKeyDictionary

MOST_BYTES: Final = 64 * 1024
"""That wait; with more, nothing is put off, so that transports can tell whether their peers keep up."""


class Writes:
    """Those of one event loop: `writes_of` gives them. Whoever closes a transport must `flush` before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing waits."""
        self._loop = loop
        self._waiting: dict[asyncio.Transport, bytes] = {}
        self._size = 0

    def write(self, transport: asyncio.Transport, data: bytes) -> None:
        """Writes the data behind all that was written to the transport before."""
        size = self._size + len(data)
        if size > MOST_BYTES:
            self.flush()
            transport.write(data)
            return
        self._size = size
        waiting = self._waiting
        if not waiting:
            self._loop.call_soon(self.flush)
        waiting[transport] = waiting[transport] + data if transport in waiting else data

    def flush(self) -> None:
        """Writes everything that waits."""
        waiting, self._waiting = self._waiting, {}
        self._size = 0
        for transport, data in waiting.items():
            if not transport.is_closing():
                transport.write(data)


_OF: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Writes]] = WeakKeyDictionary()


def writes_of(loop: asyncio.AbstractEventLoop) -> Writes:
    """The writes of a loop, the same for everybody who asks."""
    writes = _OF.get(loop)
    if writes is None:
        writes = _OF[loop] = Writes(loop)
    return writes
