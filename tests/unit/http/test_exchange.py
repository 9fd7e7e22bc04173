"""A request and its answer on a connection of our own server, without sockets: ASGI as its specification has it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from typing_extensions import override
from uvicorn.config import Config
from uvicorn.server import ServerState

from antiphon.http.call import Message, Receive, Scope, Send
from antiphon.http.exchange import Connection, Exchange
from antiphon.http.patience import Patience
from antiphon.http.serving import Serving

JSON = (b"content-type", b"application/json")
App = Callable[[Scope, Receive, Send], Awaitable[None]]


async def unasked(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError


class Wire(Connection):
    """A connection that keeps what is written to it."""

    def __init__(self, app: App = unasked) -> None:
        config = Config(app, interface="asgi3", log_config=None)
        config.load()
        self.state = ServerState()
        self.serving = Serving(config, self.state, {}, Patience(1, 1, 1, 1))
        self.writable: asyncio.Event | None = None
        self.written = b""
        self.answers = 0
        self.closed = False
        self.reads = True

    @override
    def write(self, data: bytes) -> None:
        self.written += data

    @override
    def pause_reading(self) -> None:
        self.reads = False

    @override
    def resume_reading(self) -> None:
        self.reads = True

    @override
    def answered(self) -> None:
        self.answers += 1

    @override
    def close(self) -> None:
        self.closed = True

    def exchange(
        self, method: str = "POST", version: str = "1.1", *, keep: bool = True, waits: bool = False
    ) -> Exchange:
        scope = {"method": method, "http_version": version}
        return Exchange(self, scope, keep_alive=keep, hesitates=waits)


def start(*headers: tuple[bytes, bytes], status: int = 200) -> Message:
    return {"type": "http.response.start", "status": status, "headers": [*headers]}


def body(data: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def test_a_body_of_unknown_length_goes_out_in_chunks() -> None:
    wire = Wire()
    exchange = wire.exchange()
    await exchange.send(start(JSON))
    for part in (b"ab", b"", b"c" * 16):
        await exchange.send(body(part, more=True))
    assert exchange.direct_write(b"now")
    await exchange.send(body(b"end"))
    head, _, rest = wire.written.partition(b"\r\n\r\n")
    assert head == b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked"
    assert rest == b"2\r\nab\r\n10\r\n" + b"c" * 16 + b"\r\n3\r\nnow\r\n3\r\nend\r\n0\r\n\r\n"
    assert exchange.complete
    assert wire.answers == 1
    assert not wire.closed
    assert not exchange.direct_write(b"late")


async def test_who_knows_no_chunks_gets_the_body_until_the_connection_ends() -> None:
    wire = Wire()
    exchange = wire.exchange(version="1.0", keep=False)
    await exchange.send(start(JSON))
    assert not exchange.direct_write(b"a chunk")
    await exchange.send(body(b"all", more=True))
    await exchange.send(body(b" of it"))
    assert wire.written.endswith(b"connection: close\r\n\r\nall of it")
    assert b"chunked" not in wire.written
    assert wire.closed


async def test_a_length_is_kept_to() -> None:
    exchange = Wire().exchange()
    await exchange.send(start((b"content-length", b"3")))
    await exchange.send(body(b"ab", more=True))
    with pytest.raises(RuntimeError, match="content-length"):
        await exchange.send(body(b""))
    exchange = Wire().exchange()
    await exchange.send(start((b"content-length", b"1")))
    with pytest.raises(RuntimeError, match="content-length"):
        await exchange.send(body(b"ab"))


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_an_answer_that_has_no_body_is_its_head(method: str, status: int) -> None:
    wire = Wire()
    exchange = wire.exchange(method)
    assert method != "HEAD" or not exchange.direct_reply(status, [(b"content-length", b"4")], b"body")
    await exchange.send(start((b"content-length", b"4"), status=status))
    await exchange.send(body(b"body"))
    assert wire.written.endswith(b"content-length: 4\r\n\r\n")
    assert exchange.complete


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\x00b", b"a\x7f"])
async def test_no_header_ends_its_line(value: bytes) -> None:
    wire = Wire()
    exchange = wire.exchange()
    with pytest.raises(RuntimeError):
        exchange.direct_reply(200, [(b"x", value)], b"")
    with pytest.raises(RuntimeError):
        await exchange.send(start((b"x", value)))
    assert wire.written == b""
    assert not exchange.started
    await exchange.send(start((b"x", b"a\tb")))
    assert b"x: a\tb\r\n" in wire.written


async def test_a_head_that_could_not_be_sent_leaves_no_trace() -> None:
    wire = Wire()
    exchange = wire.exchange()
    with pytest.raises(RuntimeError):
        await exchange.send(start((b"x", b"a\nb"), (b"content-length", b"9"), status=204))
    await exchange.send(start(status=500))
    await exchange.send(body(b"why"))
    assert wire.written.endswith(b"\r\n\r\n3\r\nwhy\r\n0\r\n\r\n")


async def test_what_comes_out_of_order_is_told() -> None:
    exchange = Wire().exchange()
    with pytest.raises(RuntimeError, match="has not begun"):
        await exchange.send(body(b""))
    await exchange.send(start())
    with pytest.raises(RuntimeError, match="has begun"):
        await exchange.send(start())
    await exchange.send(body(b""))
    with pytest.raises(RuntimeError, match="is complete"):
        await exchange.send(body(b""))


async def test_a_body_is_received_as_it_comes_and_then_the_end() -> None:
    wire = Wire()
    exchange = wire.exchange()
    assert exchange.direct_body() is None
    async with asyncio.TaskGroup() as group:
        first = group.create_task(exchange.receive())
        await asyncio.sleep(0)
        exchange.take(b"a")
        exchange.take(b"b")
    assert first.result() == {"type": "http.request", "body": b"ab", "more_body": True}
    exchange.take(b"c" * 70_000)
    assert not wire.reads
    exchange.end()
    assert exchange.direct_body() == b"c" * 70_000
    assert wire.reads
    async with asyncio.TaskGroup() as group:
        readers = [group.create_task(exchange.receive()) for _ in range(2)]
        given_up = group.create_task(exchange.receive())
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.sleep(0)
        assert not any(reader.done() for reader in readers)
        exchange.lose()
    assert [reader.result() for reader in readers] == [{"type": "http.disconnect"}] * 2


async def test_who_hesitates_is_told_to_go_on_once() -> None:
    wire = Wire()
    exchange = wire.exchange(waits=True)
    assert exchange.direct_body() is None
    async with asyncio.TaskGroup() as group:
        group.create_task(exchange.receive())
        await asyncio.sleep(0)
        exchange.take(b"x")
        exchange.end()
    assert wire.written == b"HTTP/1.1 100 Continue\r\n\r\n"


async def test_who_has_gone_is_sent_nothing_and_nobody_waits_for_room() -> None:
    wire = Wire()
    exchange = wire.exchange()
    await exchange.send(start())
    wire.writable = asyncio.Event()
    assert not exchange.direct_write(b"x")
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(exchange.send(body(b"x", more=True)))
        await asyncio.sleep(0)
        assert not sending.done()
        exchange.lose()
        wire.writable.set()
    assert wire.written.endswith(b"\r\n\r\n")


async def test_headers_that_all_answers_have_may_ask_clients_to_leave() -> None:
    wire = Wire()
    wire.state.default_headers = [(b"date", b"now"), (b"connection", b"close")]
    exchange = wire.exchange()
    assert not exchange.direct_reply(200, [], b"")
    await exchange.send(start((b"content-length", b"0")))
    await exchange.send(body(b""))
    assert wire.written == b"HTTP/1.1 200 OK\r\ndate: now\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    assert wire.closed


async def idle(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Answers nothing."""


async def cut(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send(start())


async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send(start())
    raise ValueError


@pytest.mark.parametrize("app", [idle, broken])
async def test_an_application_that_leaves_an_answer_open_loses_the_connection(app: App, caplog: Any) -> None:
    wire = Wire(app)
    exchange = wire.exchange()
    exchange.task = wire.serving.begin(exchange.run({"type": "http", "client": None, "headers": []}))
    await exchange.task
    assert wire.closed
    assert wire.state.tasks == set()
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_one_that_cuts_what_it_has_begun_sees_to_its_own_words(caplog: Any) -> None:
    wire = Wire(cut)
    exchange = wire.exchange()
    exchange.task = wire.serving.begin(exchange.run({"type": "http", "client": None, "headers": []}))
    await exchange.task
    assert wire.closed
    assert not caplog.records
