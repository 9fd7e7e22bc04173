"""What sockets and real time do not show at will: the order of reads and writes, and the clock."""

from __future__ import annotations

import asyncio
import gc
import itertools
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from antiphon.errors import AntiphonError, UpstreamTimeout
from antiphon.providers.connection import HIGH_WATER, MAX_HEAD, Connection
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.pool import Pool

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMITS = Timeouts(first_byte=60, idle=120, whole=600, keep_alive=15)


class Clock(asyncio.AbstractEventLoop):
    """As much of a loop as a connection uses, with a time that stands still until it is told to pass."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.timers: list[tuple[asyncio.TimerHandle, Callable[..., object]]] = []

    @override
    def time(self) -> float:
        return self.now

    @override
    def get_debug(self) -> bool:
        return False

    @override
    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().create_future()

    @override
    def call_at(self, when: float, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self.timers.append((handle, callback))
        return handle

    @override
    def call_soon(self, callback: Callable[..., object], *args: Any, context: Any = None) -> asyncio.Handle:
        return asyncio.get_running_loop().call_soon(callback, *args)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self.timers = [timer for timer in self.timers if timer[0] is not handle]

    def passes(self, seconds: float) -> None:
        end = self.now + seconds
        while due := sorted(
            (timer for timer in self.timers if timer[0].when() <= end), key=lambda each: each[0].when()
        ):
            self.timers.remove(due[0])
            self.now = max(self.now, due[0][0].when())
            due[0][1]()
        self.now = end


class Wire(asyncio.Transport):
    """A transport that keeps what is written, and takes `room` bytes before it asks for a pause."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.room = 1 << 30
        self.reading = True
        self.aborted = False
        self.protocol: Connection | None = None

    @override
    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self.written += data
        if self.protocol is not None and len(self.written) > self.room:
            self.protocol.pause_writing()

    @override
    def abort(self) -> None:
        self.aborted = True

    @override
    def is_closing(self) -> bool:
        return self.aborted

    @override
    def pause_reading(self) -> None:
        self.reading = False

    @override
    def resume_reading(self) -> None:
        self.reading = True


class Line:
    """A connection on a wire, at home in a pool."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.wire = Wire()
        self.pool = Pool(0)
        self.connection = Connection(self.pool, self.clock, LIMITS)
        self.connection.connection_made(self.wire)
        self.wire.protocol = self.connection

    async def asks(self, body: bytes = b"{}", *then: bytes, timeouts: Timeouts = LIMITS) -> None:
        """Ask, and let the answer arrive in these reads once the question is out."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.connection.ask(b"POST / HTTP/1.1\r\n\r\n", body, timeouts))
            await asyncio.to_thread(lambda: None)
            for data in then:
                self.connection.data_received(data)

    def fails_with(self) -> str:
        with pytest.raises(AntiphonError) as caught:
            self.connection.take()
        return caught.value.message


async def test_a_request_of_many_pieces_is_written_as_the_socket_takes_it() -> None:
    line = Line()
    body = bytes(5 * HIGH_WATER)
    line.wire.room = HIGH_WATER
    await line.asks(body, CHUNKED)
    assert len(line.wire.written) < 2 * HIGH_WATER
    line.wire.room = 1 << 30
    line.connection.resume_writing()
    assert line.wire.written.endswith(body)


async def test_nothing_more_is_written_for_whoever_refused() -> None:
    line = Line()
    line.wire.room = HIGH_WATER
    await line.asks(bytes(5 * HIGH_WATER), b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
    line.wire.room = 1 << 30
    before = len(line.wire.written)
    line.connection.resume_writing()
    assert len(line.wire.written) == before
    line.connection.release()
    assert line.wire.aborted


async def test_bytes_after_the_end_spoil_the_connection_even_if_they_come_later() -> None:
    line = Line()
    await line.asks(b"{}", OK)
    line.connection.data_received(b"more")
    assert line.connection.take() == b"ok"
    line.connection.release()
    assert line.wire.aborted


async def test_a_body_in_many_small_reads_is_no_flood() -> None:
    line = Line()
    await line.asks(b"{}", CHUNKED)
    for _ in range(MAX_HEAD // 2):
        line.connection.data_received(b"1\r\n")
        line.connection.data_received(b"a\r\n")
        assert line.connection.take() == b"a"
    assert not line.connection.closed


async def test_reading_stops_while_nobody_takes_and_goes_on_afterwards() -> None:
    line = Line()
    await line.asks(b"{}", b"HTTP/1.1 200 OK\r\n\r\n")
    line.connection.data_received(bytes(HIGH_WATER))
    assert not line.wire.reading
    line.clock.passes(LIMITS.idle * 2)
    assert len(line.connection.take() or b"") == HIGH_WATER
    assert line.wire.reading
    line.clock.passes(LIMITS.idle + 1)
    assert "fell silent" in line.fails_with()


async def test_the_first_byte_is_waited_for_from_the_last_byte_sent() -> None:
    line = Line()

    async def ask() -> None:
        with pytest.raises(UpstreamTimeout):
            await line.connection.ask(b"POST / HTTP/1.1\r\n\r\n", bytes(5 * HIGH_WATER), LIMITS)

    line.wire.room = HIGH_WATER
    async with asyncio.TaskGroup() as group:
        group.create_task(ask())
        await asyncio.to_thread(lambda: None)
        for _ in range(4):
            line.clock.passes(LIMITS.first_byte - 1)
            line.connection.resume_writing()
        assert not line.connection.closed
        line.clock.passes(LIMITS.first_byte + 1)


async def test_every_read_puts_silence_off_and_nothing_puts_off_the_whole() -> None:
    line = Line()
    await line.asks(b"{}", CHUNKED)
    for _ in range(5):
        line.connection.data_received(b"1\r\na\r\n")
        line.clock.passes(LIMITS.idle - 1)
        assert line.connection.take() == b"a"
    line.connection.data_received(b"1\r\na\r\n")
    line.clock.passes(6)
    assert line.connection.take() == b"a"
    assert "took longer than 600 s" in line.fails_with()


async def test_a_limited_wait_does_not_limit_the_next() -> None:
    line = Line()
    await line.asks(b"{}", CHUNKED)
    limited = line.connection.more(1)
    line.connection.data_received(b"1\r\na\r\n")
    assert await limited
    assert line.connection.take() == b"a"
    unlimited = line.connection.more(None)
    line.clock.passes(2)
    assert not unlimited.done()
    line.connection.abort()
    assert await unlimited


async def test_a_closed_connection_leaves_no_timer_behind() -> None:
    line = Line()
    await line.asks(b"{}", CHUNKED)
    assert line.clock.timers
    line.connection.abort()
    assert not line.clock.timers


async def test_many_exchanges_set_few_timers() -> None:
    line = Line()
    seen: set[asyncio.TimerHandle] = set()
    for _ in range(1_000):
        await line.asks(b"{}", OK)
        seen.update(handle for handle, _ in line.clock.timers)
        line.connection.release()
        assert line.pool.take() is line.connection
        line.clock.passes(0.01)
        seen.update(handle for handle, _ in line.clock.timers)
    assert len(seen) < 5


async def test_what_idled_too_long_is_not_used_even_if_the_alarm_is_late() -> None:
    line = Line()
    await line.asks(b"{}", OK)
    line.connection.release()
    line.clock.now += LIMITS.keep_alive + 1
    assert line.pool.take() is None
    assert line.wire.aborted


async def test_idling_begins_when_the_answer_is_given_back() -> None:
    line = Line()
    await line.asks(b"{}", OK)
    line.clock.passes(LIMITS.keep_alive - 1)
    line.connection.release()
    line.clock.passes(LIMITS.keep_alive - 1)
    assert line.pool.take() is line.connection


async def test_an_answer_whose_end_comes_a_moment_late_does_not_cost_its_connection() -> None:
    line = Line()
    await line.asks(b"{}", CHUNKED, b"1\r\na\r\n")
    line.connection.release(linger=True)
    assert line.pool.take() is None
    line.connection.data_received(b"1\r\nb\r\n")
    line.connection.data_received(b"0\r\n\r\n")
    assert line.pool.take() is line.connection
    await line.asks(b"{}", OK)
    assert [line.connection.take(), line.connection.take()] == [b"ok", b""]


@pytest.mark.parametrize("then", [b"", b"%x\r\n%b" % (2 * MAX_HEAD, bytes(2 * MAX_HEAD)), b"garbage\r\n"])
async def test_an_answer_that_does_not_end_is_not_waited_for_longer_than_a_moment(then: bytes) -> None:
    line = Line()
    await line.asks(b"{}", CHUNKED, b"1\r\na\r\n")
    line.connection.release(linger=True)
    if then:
        line.connection.data_received(then)
    else:
        line.clock.passes(1.1)
    assert line.wire.aborted
    assert line.pool.take() is None


async def test_lingering_with_a_complete_answer_or_a_lost_one_is_nothing_special() -> None:
    line = Line()
    await line.asks(b"{}", OK)
    line.connection.release(linger=True)
    assert line.pool.take() is line.connection
    await line.asks(b"{}", CHUNKED)
    line.connection.connection_lost(None)
    line.connection.release(linger=True)
    assert line.pool.take() is None


async def test_a_pool_forgets_connections_that_died_in_it() -> None:
    line = Line()
    assert await line.pool.reserve() is None
    line.pool.admit(line.connection)
    await line.asks(b"{}", OK)
    line.connection.release()
    line.connection.connection_lost(None)
    dead = weakref.ref(line.connection)
    pool = line.pool
    del line
    gc.collect()
    assert dead() is None
    assert pool.take() is None


async def test_closing_a_pool_waits_for_its_sockets() -> None:
    line, earlier = Line(), Line()
    assert await line.pool.reserve() is None
    line.pool.admit(earlier.connection)
    line.pool.gone(earlier.connection)
    assert await line.pool.reserve() is None
    line.pool.admit(line.connection)
    async with asyncio.TaskGroup() as group:
        closing = group.create_task(line.pool.close(AntiphonError("enough")))
        await asyncio.to_thread(lambda: None)
        assert line.wire.aborted
        assert not closing.done()
        line.connection.connection_lost(None)


def pieces_of(body: bytes, cuts: list[int], *, style: bytes) -> list[bytes]:
    """The body as the chunks that `cuts` make of it."""
    ends = [0, *sorted({min(cut, len(body)) for cut in cuts} - {0}), len(body)]
    parts = [body[start:end] for start, end in itertools.pairwise(ends) if end > start]
    return [style % len(part) + b"\r\n" + part + b"\r\n" for part in parts] + [b"0\r\n\r\n"]


@given(
    body=st.binary(min_size=1, max_size=400) | st.just(b"e\r\n" * 90),
    cuts=st.lists(st.integers(1, 400), max_size=8),
    reads=st.lists(st.integers(1, 60), max_size=12),
    style=st.sampled_from([b"%x", b"%X", b"0%x", b"%x;a=b"]),
    aligned=st.booleans(),
)
async def test_a_consumer_gets_the_same_body_however_it_is_cut(
    body: bytes, cuts: list[int], reads: list[int], style: bytes, *, aligned: bool
) -> None:
    """Reads that are whole chunks take another way than the rest."""
    line = Line()
    await line.asks(b"{}", CHUNKED)
    wire = pieces_of(body, cuts, style=style)
    if not aligned:
        joined = b"".join(wire)
        places = [0, *itertools.accumulate(reads), len(joined)]
        wire = [joined[start:end] for start, end in itertools.pairwise(sorted(min(p, len(joined)) for p in places))]
    got: list[bytes] = []

    def consume(data: bytes) -> bool:
        got.append(data)
        return len(got) % 3 != 0

    line.connection.more(None, consume)
    for read in wire:
        if read and not line.connection.answer.done:
            line.connection.data_received(read)
            while rest := line.connection.take():
                got.append(rest)
            line.connection.more(None, consume)
    assert b"".join(got) == body
    assert line.connection.answer.done
    line.connection.release()
    assert not line.wire.aborted
