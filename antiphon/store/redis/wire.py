"""One connection to Redis: what is asked of it and what it tells, in RESP3.

hiredis parses. What is asked in one turn of the event loop goes out together, and replies
come in the order of what was asked (https://redis.io/docs/latest/develop/reference/protocol-spec/, 2026-11).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

import hiredis
from typing_extensions import override

from antiphon.writes import writes_of

Reply: TypeAlias = "bytes | int | list[Reply] | None"
"""What hiredis makes of a reply."""

_CLOSING_SECONDS: Final = 1.0
_LOST: Final = "The connection was lost."
_logger: Final = logging.getLogger("antiphon.store")


class Refused(Exception):
    """What Redis says in place of a reply; without a `code` it said nothing, and the connection is of no more use."""

    def __init__(self, said: str) -> None:
        """`said` may name values and hosts: for the log alone."""
        super().__init__(said)
        word = said.partition(" ")[0]
        self.code = word if word.isupper() else ""


class Wire(asyncio.Protocol):
    """Open from `connection_made` to `lost`."""

    def __init__(self, hear: Callable[[Sequence[object]], None]) -> None:
        """`hear` gets what nobody asked for: messages of channels, and what became of subscriptions."""
        self.lost = asyncio.Event()
        self.writable = True
        self.heard_at = 0.0
        self._hear = hear
        self._loop = asyncio.get_running_loop()
        self._writes = writes_of(self._loop)
        self._reader = hiredis.Reader()
        self._waiting: deque[tuple[float, asyncio.Future[Reply] | None]] = deque()
        self._subscribing: asyncio.Future[Reply] | None = None
        self._has_refused = False
        self._transport: asyncio.Transport | None = None

    @property
    def asked_at(self) -> float | None:
        """When the oldest of what waits for its reply was asked, by the event loop's clock."""
        return self._waiting[0][0] if self._waiting else None

    def ask(self, *command: bytes) -> asyncio.Future[Reply]:
        """The reply. Raises Refused."""
        future: asyncio.Future[Reply] = self._loop.create_future()
        if self._transport is None:
            future.set_exception(Refused(_LOST))
            return future
        self._waiting.append((self._loop.time(), future))
        self._write(command)
        return future

    def say(self, *command: bytes) -> None:
        """As `ask`, for whom the reply tells nothing."""
        if self._transport is not None:
            self._waiting.append((self._loop.time(), None))
            self._write(command)

    def subscribe(self, *channels: bytes) -> asyncio.Future[Reply]:
        """Done with the first channel that is heard of; what comes of all of them is heard too. Raises Refused."""
        self._subscribing = self.ask(b"SUBSCRIBE", *channels)
        return self._subscribing

    def give_up(self) -> None:
        """Nobody waits for what was asked until now. The replies still come, and are nobody's."""
        self._waiting = deque((at, self._failed(future)) for at, future in self._waiting)

    def abort(self) -> None:
        """Closes at once."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """What was asked until now is sent first, if the other end takes it."""
        if self._transport is not None:
            self._writes.flush()
            self._transport.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING_SECONDS):
                    await self.lost.wait()
            self.abort()

    @override
    def connection_made(  # pyright: ignore[reportIncompatibleMethodOverride] - a stream's transport is never less
        self, transport: asyncio.Transport
    ) -> None:
        self._transport = transport
        self.heard_at = self._loop.time()

    @override
    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                if isinstance(reply, hiredis.PushNotification):
                    if self._subscribing is not None:
                        self._has_subscribed(reply)
                    self._hear(reply)
                else:
                    self._replied(reply)
        except hiredis.ProtocolError:
            self.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.give_up()
        self._waiting.clear()
        self.lost.set()

    @override
    def pause_writing(self) -> None:
        self.writable = False

    @override
    def resume_writing(self) -> None:
        self.writable = True

    def _write(self, command: tuple[bytes, ...]) -> None:
        if self._transport is not None:
            words = b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in command])
            self._writes.write(self._transport, b"*%d\r\n%b" % (len(command), words))

    def _has_subscribed(self, message: Sequence[object]) -> None:
        """What subscribes is not replied to but by messages, and by an error."""
        if message[0] == b"subscribe" and self._waiting and self._waiting[0][1] is self._subscribing:
            self._subscribing = None
            self._replied(None)

    def _replied(self, reply: Reply | hiredis.ReplyError) -> None:
        if not self._waiting:
            return
        _, future = self._waiting.popleft()
        if future is None or future.done():
            if isinstance(reply, hiredis.ReplyError) and not self._has_refused:
                self._has_refused = True
                _logger.warning("Redis refuses what is said: %s", reply)
            return
        if isinstance(reply, hiredis.ReplyError):
            future.set_exception(Refused(str(reply)))
        else:
            future.set_result(reply)

    @staticmethod
    def _failed(future: asyncio.Future[Reply] | None) -> None:
        if future is not None and not future.done():
            future.set_exception(Refused(_LOST))
