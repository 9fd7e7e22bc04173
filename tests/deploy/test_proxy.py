"""The proxy of the compose file, before a server of the test's own."""

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.deploy.tools import DEPLOY, ran, tool

FILE = DEPLOY / "caddy" / "Caddyfile"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n"
PATIENCE = 20


def a_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return taken.getsockname()[1]


@pytest.fixture
def upstream_port() -> int:
    return a_port()


@pytest.fixture
def proxy(upstream_port: int, tmp_path: Path) -> Iterator[int]:
    """The port at which it listens."""
    port = a_port()
    told = {"ANTIPHON_UPSTREAM": "127.0.0.1", "ANTIPHON_UPSTREAM_PORT": str(upstream_port), "LISTEN_PORT": str(port)}
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **told}
    command = [str(tool("caddy")), "run", "--config", str(FILE)]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, env=env, stdout=log, stderr=log) as process:
        yield port
        process.kill()


def test_caddy_understands_it_and_would_write_it_so() -> None:
    ran(tool("caddy"), "validate", "--config", FILE)
    assert ran(tool("caddy"), "fmt", "-", stdin=FILE.read_text()) == FILE.read_text()


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Once it listens."""
    while True:
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)


@asynccontextmanager
async def answering(port: int, went_on: asyncio.Event) -> AsyncGenerator[None]:
    """A server that sends one piece, and the next only when it is told to go on."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"3\r\none\r\n")
        await writer.drain()
        await went_on.wait()
        writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port):
        yield


async def test_every_piece_leaves_at_once(proxy: int, upstream_port: int) -> None:
    went_on = asyncio.Event()
    async with asyncio.timeout(PATIENCE), answering(upstream_port, went_on):
        reader, writer = await connected(proxy)
        writer.write(b"GET /v1/responses HTTP/1.1\r\nhost: antiphon\r\nconnection: close\r\n\r\n")
        first = await reader.readuntil(b"one\r\n")
        assert first.startswith(b"HTTP/1.1 200 ")
        went_on.set()
        assert b"two" in await reader.read()
        writer.close()


async def test_a_replica_that_is_not_there_yet_is_waited_for(proxy: int, upstream_port: int) -> None:
    went_on = asyncio.Event()
    went_on.set()
    async with asyncio.timeout(PATIENCE):
        reader, writer = await connected(proxy)
        writer.write(
            b"POST /v1/responses HTTP/1.1\r\nhost: antiphon\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
        )
        async with answering(upstream_port, went_on):
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()
