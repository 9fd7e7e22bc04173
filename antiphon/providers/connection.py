"""One HTTP/1.1 connection to a provider: an asyncio protocol, one exchange at a time.

Law: whatever the peer sends, and whenever it stops, no exception leaves a callback: it becomes the exchange's failure.
A read costs one call here, the parser, an append and one wake-up; deadlines cost nothing until the alarm rings.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from typing_extensions import override

from antiphon.errors import AntiphonError, UpstreamBroke, UpstreamTimeout
from antiphon.providers.answer import Answer, whole_chunk
from antiphon.providers.deadlines import Alarm, Timeouts
from antiphon.providers.foreign import NOT_HTTP, broken
from antiphon.writes import writes_of

MAX_HEAD: Final = 64 * 1024
"""The most bytes of an answer that are no body: head, interim answers, trailers, padding of chunks."""

HIGH_WATER: Final = 256 * 1024
"""Reading stops while more than this waits for the consumer; also the size of the pieces of a large request."""

_STALE_WITHIN: Final = 2.0
_LINGER: Final = 1.0
_SLACK: Final = 0.001  # uvloop's clock counts in milliseconds
_REFUSAL: Final = 400
_NOTHING: Final = memoryview(b"")


class Stale(UpstreamBroke):
    """A connection from the pool was closed at once and without a word: the server had given it up already."""


class Home(Protocol):
    """Where connections live between exchanges."""

    def idle(self, connection: Connection) -> None: ...
    def gone(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """`ask`, then `take` and `more` until `take` gives b""; whoever got an answer must `release`, always."""

    _transport: asyncio.Transport

    def __init__(self, home: Home, loop: asyncio.AbstractEventLoop, timeouts: Timeouts) -> None:
        self._home = home
        self._loop = loop
        self._timeouts = timeouts
        self._alarm = Alarm(loop, self._look)
        self._writes = writes_of(loop)
        self._waiter: asyncio.Future[bool] | None = None
        self._wake_at = math.inf
        self._started = self._sent_at = self._touched = loop.time()
        self._exchanges = 0
        self._busy = False
        self._failure: AntiphonError | None = None
        self._unsent = _NOTHING
        self._stuffed = False  # the transport takes no more for now; always so while something is unsent
        self._held = False  # the transport has been told to read no more
        self._buffered = 0
        self._silent = 0
        self._body_begun = False
        self._lingering = False
        self._unended = False  # a body is being pushed
        self._room: asyncio.Future[None] | None = None  # who pushes waits for it
        self._consume: Callable[[bytes], bool] | None = None
        self._between_chunks = False
        self.answer = Answer()
        self.closed = False

    # the exchange, as its owner sees it

    def ready(self) -> bool:
        """Whether an idle connection may be used; what was idle for too long is closed on the way."""
        if self._loop.time() - self._touched > self._timeouts.keep_alive:
            self.abort()
        return not self.closed and not self._transport.is_closing()

    def ask(self, head: bytes, body: bytes | None, timeouts: Timeouts) -> Coroutine[Any, Any, None]:
        """Send a request, of which a body that is None is then pushed.

        What is returned waits until the head of the final answer is there; closed unless it comes to that. It raises
        UpstreamError.
        """
        self._begin(timeouts)
        self._unended = body is None
        self._send(head, body or b"")
        return self._answer_begun()

    async def push(self, piece: bytes, *, last: bool = False) -> bool:
        """Send a piece of the body once the socket takes it. False when nobody reads it any more."""
        while self._stuffed and not self.closed:
            self._room = self._loop.create_future()
            await self._room
        if self.closed or self.answer.done or self.answer.status >= _REFUSAL:
            return False
        self._sent_at = self._loop.time()
        if piece:
            self._writes.write(self._transport, piece)
        self._unended = not last
        return True

    def take(self) -> bytes | None:
        """All body bytes that have arrived; None if there are none yet, b"" after the last. Raises UpstreamError."""
        body = self.answer.body
        if body:
            data = body[0] if len(body) == 1 else b"".join(body)
            body.clear()
            self._buffered = 0
            if self._held:
                self._read_on()
            return data
        if self.answer.done:
            return b""
        if self._failure is not None:
            raise self._failure
        return None

    def more(self, wait: float | None, consume: Callable[[bytes], bool] | None = None) -> asyncio.Future[bool]:
        """True when it is worth looking again, False when `wait` seconds have passed.

        `consume` gets what arrives at once, outside of any task, until it returns False; what it is given counts as
        taken. It must not raise.
        """
        self._consume = consume
        if wait is None:
            self._wake_at = math.inf
        else:
            self._wake_at = self._loop.time() + wait
            self._alarm.by(self._wake_at)
        self._waiter = waiter = self._loop.create_future()
        return waiter

    def release(self, *, linger: bool = False) -> None:
        """The exchange is over for its owner: back home when the answer is complete, else closed at once.

        With `linger` an answer that only lacks its end gets a moment for it first.
        """
        if not self.answer.done or not self.answer.reusable or self._stuffed or self._unended:
            if linger and not self.answer.done and not self.closed:
                self._wait_for_the_end()
                return
            self.abort()
        if self.closed:
            return
        self.answer.body.clear()
        if self._held:
            self._read_on()
        self._busy = self._lingering = False
        self._touched = now = self._loop.time()
        self._alarm.by(now + self._timeouts.keep_alive)
        self._home.idle(self)

    def abort(self, failure: AntiphonError | None = None) -> None:
        """Close now, and say so to the peer; an exchange that is still running fails with `failure`."""
        if self.closed:
            return
        self.closed = True
        if self._failure is None and not self.answer.done:
            self._failure = failure or broken("the exchange with the provider was given up")
        self._alarm.stop()
        self._unsent = _NOTHING
        self._transport.abort()
        self._make_room()
        self._wake(arrived=True)

    # what asyncio calls

    @override
    def connection_made(  # pyright: ignore[reportIncompatibleMethodOverride] - a stream's transport is never less
        self, transport: asyncio.Transport
    ) -> None:
        """Also called again when TLS is laid over the transport of a tunnel."""
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        if self._between_chunks and self._consume is not None and (body := whole_chunk(data)) is not None:
            self._touched = self._loop.time()
            if not self._consume(body):  # a paced stream sends one whole chunk at a time: the parser need not see it
                self._wake(arrived=True)
        elif self._busy and not self.answer.done:
            self._read(data)
        else:
            self._unasked()

    @override
    def eof_received(self) -> None:
        self._lost(None)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(exc)
        self._home.gone(self)

    @override
    def pause_writing(self) -> None:
        self._stuffed = True

    @override
    def resume_writing(self) -> None:
        self._stuffed = False
        self._sent_at = self._loop.time()
        self._send_on()
        self._make_room()

    # inside

    def _read(self, data: bytes) -> None:
        answer = self.answer
        self._touched = self._loop.time()
        self._buffered += len(data)
        try:
            answer.feed(data)
        except NOT_HTTP as error:
            self._garbled(error)
        self._between_chunks = answer.between_chunks(data)
        if answer.body:
            if self._buffered > MAX_HEAD:
                self._crowded()
            self._silent = 0
            if not self._body_begun:
                self._body_begun = True
                self._alarm.by(self._touched + self._timeouts.idle)
        elif not answer.done:
            self._silent += len(data)
            if self._silent > MAX_HEAD:
                self._flooded()
        if answer.status:
            self._answered()

    async def _answer_begun(self) -> None:
        answer = self.answer
        answered = False
        try:
            while not answer.status and self._failure is None:
                await self.more(None)
            answered = answer.status > 0
        finally:
            if not answered:
                self.abort()
        if self._failure is not None and not answered:
            raise self._failure

    def _make_room(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _begin(self, timeouts: Timeouts) -> None:
        self.answer.expect()
        self._busy = True
        self._exchanges += 1
        self._timeouts = timeouts
        self._buffered = self._silent = 0
        self._body_begun = self._between_chunks = False
        self._started = self._sent_at = self._touched = now = self._loop.time()
        self._alarm.by(now + min(timeouts.first_byte, timeouts.whole))

    def _send(self, head: bytes, body: bytes) -> None:
        """A body of many pieces goes out as the socket takes it, without a task of its own."""
        if len(body) <= HIGH_WATER:
            self._writes.write(self._transport, head + body)
        else:
            self._transport.write(head)
            self._unsent = memoryview(body)
            self._send_on()

    def _send_on(self) -> None:
        while self._unsent and not self._stuffed:
            piece, self._unsent = self._unsent[:HIGH_WATER], self._unsent[HIGH_WATER:]
            self._transport.write(piece)

    def _answered(self) -> None:
        """There is more of the answer than before: whom does it concern?"""
        if self._consume is not None and self.answer.body:
            data = self.take()
            if data and self._consume(data) and not self.answer.done:
                return
            self._consume = None
        if self._waiter is not None:
            self._wake(arrived=True)
        elif self._lingering and (self.answer.done or self._buffered > MAX_HEAD):
            self.release()
        if self._unsent and self.answer.status >= _REFUSAL:  # who refuses reads no more (RFC 9112, 9.3.2); others may
            self._unsent = _NOTHING
            self.answer.reusable = False

    def _wake(self, *, arrived: bool) -> None:
        self._consume = None
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(arrived)

    def _crowded(self) -> None:
        """Much has come at once: was it the head, or does the consumer not keep up?"""
        if not self._body_begun and self.answer.head_size() > MAX_HEAD:
            self._flooded()
        elif self._buffered > HIGH_WATER and not (self._held or self.answer.done or self._transport.is_closing()):
            self._transport.pause_reading()
            self._held = True

    def _flooded(self) -> None:
        """An answer with too much in it that is no body is none, however complete."""
        self.answer.expect()
        self.abort(broken("the provider's answer has too much in it that is no body"))

    def _read_on(self) -> None:
        self._held = False
        self._touched = now = self._loop.time()
        self._alarm.by(now + self._timeouts.idle)
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _wait_for_the_end(self) -> None:
        """A server often sends the end of a body apart from the last of it; waiting for it saves a new connection."""
        self._lingering = True
        self._buffered = 0
        self.answer.body.clear()
        if self._held:
            self._read_on()
        self._touched = now = self._loop.time()
        self._alarm.by(now + _LINGER)

    def _unasked(self) -> None:
        """Bytes that answer nothing: their sender cannot be trusted with another request."""
        self.answer.reusable = False
        if not self._busy:
            self.abort()

    def _garbled(self, error: Exception) -> None:
        if self.answer.done:
            self.answer.reusable = False
        else:
            self.abort(broken("the provider's answer is not HTTP", error))

    def _lost(self, error: Exception | None) -> None:
        if self.closed:
            return
        if self._busy and error is None and self.answer.ends_by_close():
            self.answer.done = True
        self.abort(self._cut(error))

    def _cut(self, error: Exception | None) -> UpstreamBroke:
        if self.answer.status:
            return broken("the provider cut its answer short", error)
        if self._silent:
            return broken("the provider cut the head of its answer short", error)
        if self._exchanges > 1 and self._loop.time() - self._started < _STALE_WITHIN:
            return Stale("the provider closed an idle connection as it was used")
        return broken("the provider closed the connection without an answer", error)

    def _look(self) -> None:
        """The alarm rang: see what is due, if anything, and ask to be called again for what is next."""
        now = self._loop.time() + _SLACK
        if now >= self._wake_at:
            self._wake_at = math.inf
            self._wake(arrived=False)
        due, why = self._due()
        if now >= due:
            self.abort(UpstreamTimeout(why))
        else:
            self._alarm.by(min(due, self._wake_at))

    def _due(self) -> tuple[float, str]:
        """When this connection must be cut, and why. A consumer that does not keep up is not the provider's silence."""
        limits = self._timeouts
        if not self._busy:
            return self._touched + limits.keep_alive, "idle"
        if self.answer.done:
            return math.inf, ""
        if self._lingering:
            return self._touched + _LINGER, "the end of the answer did not come"
        whole = self._started + limits.whole, f"the provider's answer took longer than {limits.whole:g} s"
        if not self._body_begun:
            silence = self._sent_at + limits.first_byte, f"the provider did not answer within {limits.first_byte:g} s"
        elif self._held:
            silence = math.inf, ""
        else:
            silence = self._touched + limits.idle, f"the provider fell silent for {limits.idle:g} s"
        return min(whole, silence)
