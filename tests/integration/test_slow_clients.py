"""Clients that take their time over a request, and more clients than can be served."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from antiphon.connection_settings import ConnectionSettings
from tests.integration.harness import (
    KEY,
    Exchange,
    Gateway,
    ask,
    asking,
    request_bytes,
    serving,
    settings_for,
    until,
)
from tests.integration.provider import STREAMING, native_events, piece, providing
from tests.integration.upstream.origin import Peer, Request

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEAD_SECONDS, STALL_SECONDS, AT_ONCE = 0.3, 0.4, 8
BODY = json.dumps({"model": "demo/echo", "input": "Hi"}).encode()
THINKING = {"model": "native/m", "input": "Hi", "stream": True, "store": False}
HEAD = b"POST /v1/responses HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer " + KEY.encode() + b"\r\n"


async def think(_: Request, peer: Peer) -> None:
    """A few words, and then nothing."""
    await peer.say(STREAMING + b"".join(map(piece, native_events("Well ")[:5])))
    await peer.gone()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Gateway]:
    connections = ConnectionSettings(head_seconds=HEAD_SECONDS, stall_seconds=STALL_SECONDS, at_once=AT_ONCE)
    folder = tmp_path_factory.mktemp("slow")
    async with (
        providing(think) as upstream,
        serving(settings_for(upstream.port, connections=connections), folder / "log") as made,
    ):
        yield made


@asynccontextmanager
async def connected(gateway: Gateway, *begins: bytes) -> AsyncGenerator[Exchange]:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    exchange = Exchange(reader, writer)
    try:
        writer.writelines(begins)
        yield exchange
    finally:
        exchange.leave()


async def trickle(exchange: Exchange, piece: bytes) -> None:
    """Sends the piece again and again, for as long as anybody reads it."""
    while not exchange.writer.transport.is_closing():
        exchange.writer.write(piece)
        await asyncio.sleep(HEAD_SECONDS / 8)


async def assert_given_up(exchange: Exchange, words: str, trickling: bytes) -> None:
    """The client is told so, whatever trickles in meanwhile."""
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(trickle(exchange, trickling))
        await exchange.head()
        sending.cancel()
    assert exchange.status == 408
    error = json.loads(await exchange.rest())["error"]
    assert error["code"] == "request_timeout"
    assert words in error["message"]
    assert exchange.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("begins", "goes_on"),
    [(HEAD, False), (HEAD[:3], False), (HEAD + b"X-Long: x", False), (HEAD + b"X-Long: x", True), (b"GET /x", True)],
    ids=["lines", "method", "header", "trickled header", "trickled path"],
)
async def test_a_head_that_does_not_come_is_given_up(gateway: Gateway, begins: bytes, *, goes_on: bool) -> None:
    async with asyncio.timeout(5), connected(gateway, begins) as exchange:
        await assert_given_up(exchange, "headers", b"x" if goes_on else b"")


@pytest.mark.parametrize("goes_on", [False, True], ids=["stops", "trickles"])
@pytest.mark.parametrize("length", [b"Content-Length: 99999", b"Transfer-Encoding: chunked"], ids=["length", "chunks"])
async def test_a_body_that_does_not_come_is_given_up(gateway: Gateway, length: bytes, *, goes_on: bool) -> None:
    async with asyncio.timeout(5), connected(gateway, HEAD, length, b"\r\n\r\n") as exchange:
        await assert_given_up(exchange, "body", b"1\r\n \r\n" if goes_on else b"")
    await until(lambda: any(line.get("status") == 499 for line in gateway.lines()), "it is in the log")


async def test_who_connects_and_says_nothing_is_closed_without_a_word(gateway: Gateway) -> None:
    async with asyncio.timeout(5), connected(gateway) as exchange:
        with pytest.raises(asyncio.IncompleteReadError) as ended:
            await exchange.head()
        assert ended.value.partial == b""


async def test_a_body_that_comes_slowly_but_comes_is_taken(gateway: Gateway) -> None:
    """Longer in all than it may stall, in pieces that are large enough."""
    body = BODY + b" " * 3000
    async with asyncio.timeout(5), connected(gateway, HEAD, b"Content-Length: %d\r\n\r\n" % len(body)) as exchange:
        for start in range(0, len(body), 600):
            exchange.writer.write(body[start : start + 600])
            await asyncio.sleep(STALL_SECONDS / 3)
        await exchange.head()
        assert exchange.status == 200


async def test_a_connection_that_is_kept_is_not_taken_for_a_slow_one(gateway: Gateway) -> None:
    request = request_bytes("POST", b"/v1/responses", BODY)
    async with asyncio.timeout(5), connected(gateway, request) as exchange:
        await exchange.head()
        await exchange.rest()
        await asyncio.sleep(2 * STALL_SECONDS)
        exchange.writer.write(request)
        await exchange.head()
        assert exchange.status == 200


def abandoned(gateway: Gateway) -> int:
    """How many requests lost their clients."""
    return sum(line.get("status") == 499 for line in gateway.lines())


async def test_an_answer_may_take_longer_than_a_request(gateway: Gateway) -> None:
    before = abandoned(gateway)
    async with asyncio.timeout(5), asking(gateway, "POST", "/v1/responses", THINKING) as exchange:
        await exchange.head()
        assert await exchange.piece()
        await asyncio.sleep(2 * STALL_SECONDS)
        assert not exchange.writer.transport.is_closing()
        assert (await ask(gateway, "GET", "/health")).status == 200
    await until(lambda: abandoned(gateway) > before, "its provider is let go", within=1.0)


async def test_more_clients_than_are_served_are_told_so(gateway: Gateway) -> None:
    async with asyncio.timeout(10), AsyncExitStack() as stack:
        served = [
            await stack.enter_async_context(asking(gateway, "POST", "/v1/responses", THINKING)) for _ in range(AT_ONCE)
        ]
        for exchange in served:
            await exchange.head()
            assert exchange.status == 200
        for _ in range(3):
            refused = await ask(gateway, "GET", "/health")
            assert refused.status == 503
            assert refused.error["code"] == "too_many_connections"
            assert refused.headers["retry-after"] == "1"
        served[0].leave()
        async with asyncio.timeout(2):
            while (await ask(gateway, "GET", "/health")).status != 200:  # until it has seen that one has gone
                pass
    warnings = [line for line in gateway.lines() if "turned away" in line.get("message", "")]
    assert len(warnings) == 1, "not one for each"


def lowest_free(pid: int) -> int:
    """The file descriptor that the process would get next."""
    used = {int(each.name) for each in Path(f"/proc/{pid}/fd").iterdir()}
    return min(set(range(len(used) + 1)) - used)


@asynccontextmanager
async def exhausted(gateway: Gateway) -> AsyncGenerator[None]:
    """The gateway has no file descriptor left."""
    pid = gateway.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free(pid), hard))
    yield
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
async def test_without_descriptors_it_says_so_and_goes_on_when_there_are_some(gateway: Gateway) -> None:
    soft, hard = resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE)
    assert soft == hard, "it takes what it may have"
    async with asyncio.timeout(10), connected(gateway, request_bytes("GET", b"/health")) as kept:
        await kept.head()
        await kept.rest()
        async with exhausted(gateway):
            kept.writer.write(request_bytes("POST", b"/v1/responses", json.dumps(THINKING).encode()))
            await kept.head()
            assert kept.status == 503
            assert json.loads(await kept.rest())["error"]["code"] == "too_many_connections"
            before = cpu_seconds(gateway)
            for _ in range(3):
                with pytest.raises((OSError, asyncio.IncompleteReadError)):
                    await ask(gateway, "GET", "/health")  # nobody can even be told
            assert cpu_seconds(gateway) - before < 0.1
        while not await answered(gateway):
            pass  # a client that came in between is closed without a word, as all before it


async def answered(gateway: Gateway) -> bool:
    try:
        return (await ask(gateway, "GET", "/health")).status == 200
    except (OSError, asyncio.IncompleteReadError):
        return False


def cpu_seconds(gateway: Gateway) -> float:
    return time.clock_gettime((~gateway.process.pid << 3) | 2)
