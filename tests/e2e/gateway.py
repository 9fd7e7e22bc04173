"""Antiphon as its users meet it: behind a socket, in this process or in one of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sqlite3
import ssl
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import openai
import uvicorn
import uvloop
from typing_extensions import override

from antiphon.app import create_app
from antiphon.config.source import Source
from antiphon.connection_settings import ConnectionSettings
from antiphon.http.transport import Protocols
from antiphon.http.websocket_transport import websocket_options
from antiphon.model_settings import ModelSettings
from antiphon.provider_settings import ProviderSettings
from antiphon.settings import DatabaseSettings, KeySettings, LoggingSettings, RetrySettings, Settings
from tests import mould
from tests.e2e.background import PATIENCE
from tests.mould import Process

MASTER_KEY = "sk-antiphon-master"
KEY_A = "sk-antiphon-tenant-a"
KEY_B = "sk-antiphon-tenant-b"
NATIVE_KEY = "sk-proj-nativekey0123456789abcdef"
CHAT_KEY = "sk-chatkey0123456789abcdefghijkl"

NATIVE_MODEL = "native/gpt-5-mini"
CHAT_MODEL = "chat/llama-4"
BOTH = "either"
"""An alias: the native provider, and when that fails the chat provider."""


def settings_for(folder: Path, native: str, chat: str, **changes: Any) -> Settings:
    """Two providers at two addresses, two tenants, a database of its own, and retries that wait for nothing."""
    settings = Settings(
        master_key=MASTER_KEY,
        keys=[KeySettings(name="a", key=KEY_A), KeySettings(name="b", key=KEY_B)],
        database=DatabaseSettings(url=f"sqlite:///{folder / 'antiphon.db'}", synchronous="normal"),
        providers={
            "native": ProviderSettings(type="openai", base_url=native, api_key=NATIVE_KEY),
            "chat": ProviderSettings(type="openai-compatible", base_url=chat, api_key=CHAT_KEY, dialect="chat"),
            "demo": ProviderSettings(enabled=False),
        },
        models={BOTH: ModelSettings(targets=[NATIVE_MODEL, CHAT_MODEL])},
        retries=RetrySettings(base_seconds=0.0),
        logging=LoggingSettings(level="warning"),
    )
    return msgspec.structs.replace(settings, **changes)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway, and where it keeps things."""

    root: str
    database: Path

    def client(self, key: str = KEY_A) -> openai.OpenAI:
        """The official client. It retries nothing by itself."""
        bare = openai.DefaultHttpxClient(verify=_no_authorities())
        return openai.OpenAI(api_key=key, base_url=f"{self.root}/v1", max_retries=0, timeout=PATIENCE, http_client=bare)

    def async_client(self, key: str = KEY_A) -> openai.AsyncOpenAI:
        bare = openai.DefaultAsyncHttpxClient(verify=_no_authorities())
        root = f"{self.root}/v1"
        return openai.AsyncOpenAI(api_key=key, base_url=root, max_retries=0, timeout=PATIENCE, http_client=bare)

    def wire(self, key: str | None = KEY_A) -> httpx.Client:
        """Bare HTTP."""
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.root, headers=headers, timeout=PATIENCE, verify=_no_authorities())

    def rows(self) -> int:
        """How many responses are in the database file."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute("SELECT count(*) FROM responses").fetchone()[0]

    def input_sizes(self) -> list[int]:
        """How many bytes of input each response keeps, oldest first."""
        with closing(sqlite3.connect(self.database)) as connection:
            return [size for (size,) in connection.execute("SELECT length(input) FROM responses ORDER BY id")]

    def bytes_on_disk(self) -> bytes:
        """Everything that the database's files hold, free pages and journals too."""
        return b"".join(
            path.read_bytes() for path in sorted(self.database.parent.glob("antiphon.db*")) if path.is_file()
        )


def _no_authorities() -> ssl.SSLContext:
    """Nothing here is TLS, and reading the world's certificates takes longer than most tests."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Server(uvicorn.Server):
    """uvicorn's, which looks ten times a second whether it is to stop, and here is told."""

    def __init__(self, config: uvicorn.Config) -> None:
        """Serves nothing yet."""
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @override
    async def main_loop(self) -> None:
        """Returns when it is to stop."""
        self._loop = asyncio.get_running_loop()
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self._told.wait()

    def stop(self) -> None:
        """From another thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)


@contextmanager
def running(
    settings: Settings, source: Source | None = None, settled: Callable[[], None] = lambda: None
) -> Generator[Gateway]:
    """The gateway in a thread of this process, as `antiphon.server` serves it.

    `settled` is called when it is open, and after each change that `source` comes to say.
    """
    opened = threading.Event()

    def ready() -> None:
        opened.set()
        settled()

    config = uvicorn.Config(
        create_app(settings, ready, source),
        http=Protocols(ConnectionSettings()),  # pyright: ignore[reportArgumentType] - it is called, and no more
        **websocket_options(settings),
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    server = _Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener, _own_logging():
        port = listener.getsockname()[1]
        thread = threading.Thread(target=lambda: uvloop.run(server.serve(sockets=[listener])))
        thread.start()
        try:
            assert opened.wait(PATIENCE), "the gateway did not start"
            yield Gateway(f"http://127.0.0.1:{port}", _file_of(settings))
        finally:
            server.stop()
            thread.join(PATIENCE)
            assert not thread.is_alive(), "the gateway did not stop"


@contextmanager
def _own_logging() -> Generator[None]:
    """What the application does to logging ends with it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def _file_of(settings: Settings) -> Path:
    return Path((settings.database.url or "").removeprefix("sqlite:///"))


@dataclass(frozen=True, slots=True)
class ServingProcess:
    """The gateway in a process of its own."""

    gateway: Gateway
    process: Process


@contextmanager
def spawned(settings: Settings) -> Generator[ServingProcess]:
    """`antiphon.server.run_server` in a fresh process, ready; killed at the end if it still runs."""
    with socket.socket() as reserved:
        # Both ends allow the address to be shared, so the port stays ours until the server listens on it.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        server = msgspec.structs.replace(settings.server, host="127.0.0.1", port=port)
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = mould.serving(msgspec.structs.replace(settings, server=server), environment)
        try:
            _wait_for(port, process)
            yield ServingProcess(Gateway(f"http://127.0.0.1:{port}", _file_of(settings)), process)
        finally:
            process.kill()
            process.wait()


def _wait_for(port: int, process: Process) -> None:
    """Until the port takes connections; nothing else tells that a server in another process listens."""
    for _ in range(int(PATIENCE * 100)):
        assert process.poll() is None, "the gateway ended at its start"
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.01)
    raise AssertionError("the gateway did not start")
