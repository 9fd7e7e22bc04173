"""Serves the application with uvicorn, in one process or in several that share a port; or works without serving."""

from __future__ import annotations

import asyncio
import gc
import math
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final, Self

import msgspec
import uvicorn
import uvloop
from msgspec import Struct
from typing_extensions import override
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from antiphon.app import Application, create_app, tried, working
from antiphon.app.process import log_of
from antiphon.app.reloading import Reloading, refused
from antiphon.config.source import Source
from antiphon.config.watching import SECONDS
from antiphon.descriptors import raise_limit
from antiphon.errors import AntiphonError, ConfigError
from antiphon.http.tls import ServerTls, context_of
from antiphon.http.transport import Protocols
from antiphon.http.websocket_transport import websocket_options
from antiphon.settings import Settings

_COLLECT_AFTER: Final = 20_000
_BACKLOG: Final = 4096
_KEEP_ALIVE_SECONDS: Final = 75
_GRACE_SECONDS: Final = 5.0
"""After running answers were ended: what their last bytes need to leave."""

_STARTING_SECONDS: Final = 60.0
"""So long a process may take to answer its supervisor for the first time: its imports alone, on a busy machine."""


class _Factory(Struct, frozen=True):
    """Makes the application in whichever process it is called."""

    settings: Settings
    source: Source | None

    def __call__(self) -> Application:
        supervisor = multiprocessing.parent_process()
        if supervisor is not None:
            threading.Thread(target=_follow, args=(supervisor.sentinel,), name="antiphon-orphan", daemon=True).start()
        return create_app(self.settings, _settle_memory, self.source)


class _Config(uvicorn.Config):
    """uvicorn's, which from a stop signal on tells clients that keep their connections to open others, elsewhere."""

    @override
    def load(self) -> None:
        """Makes the application."""
        super().load()
        application: object = vars(self).get("loaded_app")  # uvicorn does not say of what type
        if isinstance(application, Application):
            application.unready = self._part

    def _part(self) -> None:
        self.encoded_headers = [*self.encoded_headers, (b"connection", b"close")]


def _follow(supervisor: int) -> None:
    """Stops the process when its supervisor is gone: nobody would start it again, nor stop it with the others."""
    multiprocessing.connection.wait([supervisor])
    os.kill(os.getpid(), signal.SIGTERM)


def _settle_memory() -> None:
    """What was made by now lives for long: the garbage collector need not look at it again and again.

    Requests make few cycles, so it looks at the rest less often too.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


def run_server(settings: Settings, source: Source | None = None) -> None:
    """Serves until a stop signal; what `source` comes to say is put in force.

    Raises ConfigError, and OSError when the address cannot be had.
    """
    raise_limit()
    _hold_reloads(source)
    if settings.server.workers == 1:
        uvicorn.Server(_config(settings, _Factory(settings, source), factory=True)).run()
        return
    log_of(settings)
    told = None if source is None else msgspec.structs.replace(source, watches=False)
    config = _config(settings, _Factory(settings, told), factory=True)
    with _listener(config) as listener:
        _Workers(config, listener, None if source is None else Reloading(settings, source)).run()


@contextmanager
def _listener(config: uvicorn.Config) -> Generator[socket.socket]:
    """What every process is handed. Raises OSError when the address cannot be had."""
    with config.bind_socket() as listener:  # fails where somebody has the address, who might be willing to share it
        host, port = listener.getsockname()[:2]
        if sys.platform != "linux":  # elsewhere the kernel does not deal out clients
            yield listener
            return
    with _Shared.at(host, port) as address:
        yield address


class _Shared(socket.socket):
    """An address. Each process that it is handed to has a socket of its own there, and the kernel deals out clients.

    At one socket for all of them, whoever is awake takes every client of a burst, and keeps them while they last.
    """

    @classmethod
    def at(cls, host: str, port: int) -> Self:
        """Nobody listens there yet. Raises OSError when the address cannot be had."""
        made = cls(socket.AF_INET6 if ":" in host else socket.AF_INET)
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            made.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            made.bind((host, port))
        except OSError:
            made.close()
            raise
        return made

    @override
    def __reduce__(self) -> tuple[Callable[[str, int], Self], tuple[str, int]]:
        return self.at, self.getsockname()[:2]


def _hold_reloads(source: Source | None) -> None:
    """Until somebody listens for SIGHUP it must not end the process: what has changed by then is seen all the same."""
    if source is not None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


class _Workers(Multiprocess):
    """uvicorn's supervisor, which reads the settings again in its processes' place, and then lets them."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, reloading: Reloading | None) -> None:
        """Starts nothing."""
        super().__init__(config, [listener])
        self._reloading = reloading
        self._at_terminal = sys.stderr.isatty()
        self._version = 0
        self._versions: dict[int | None, int] = {}
        self._asked: dict[int | None, float] = {}
        self._heard: set[int | None] = set()
        self._looked = 0.0

    @override
    def handle_hup(self) -> None:
        """Reads the settings again, or ends where the terminal has gone."""
        if self._at_terminal and not sys.stderr.isatty():
            self.should_exit.set()
        elif self._reloading is None:
            super().handle_hup()
        else:
            self._reload(self._reloading)

    @override
    def keep_subprocess_alive(self) -> None:
        """And up to date. One that has just been started was told everything; one that starts is told later."""
        now = time.monotonic()
        if self._reloading is not None and now - self._looked >= SECONDS:
            self._looked = now
            if self._reloading.changed():
                self._reload(self._reloading)
        starting = [process for process in self.processes if self._is_starting(process)]
        self.processes = [process for process in self.processes if process not in starting]
        super().keep_subprocess_alive()  # which takes whoever does not answer within five seconds for hung
        self.processes += starting
        for process in self.processes:
            pid = process.pid
            version = self._versions.setdefault(pid, self._version)
            if version != self._version and pid is not None and pid in self._heard and process.is_ready():
                os.kill(pid, signal.SIGHUP)
                self._versions[pid] = self._version

    def _is_starting(self, process: Process) -> bool:
        """Whether it lives, has not answered yet, and still has time for that. Does not wait for it."""
        pid, now = process.pid, time.monotonic()
        if pid in self._heard or not process.process.is_alive():
            return False
        if pid not in self._asked:
            self._asked[pid] = now
            process.parent_conn.send(b"ping")
        elif process.parent_conn.poll():
            process.parent_conn.recv()
            self._heard.add(pid)
            return False
        return now - self._asked[pid] < _STARTING_SECONDS

    def _reload(self, reloading: Reloading) -> None:
        """Tries the settings here, so that either every process gets them or none."""
        settings = reloading.read()
        if settings is None:
            return
        try:
            asyncio.run(tried(settings))
        except AntiphonError as error:
            refused(error)
            return
        factory = self.config.app
        if isinstance(factory, _Factory):
            self.config.app = msgspec.structs.replace(factory, settings=settings)
        log_of(settings)
        reloading.settle(settings)
        self._version += 1


@contextmanager
def serving_beside(settings: Settings) -> Generator[str]:
    """Serves from a thread of this process while the block runs, at a port that is free, without TLS; its address.

    Raises ConfigError when the gateway does not start; its log tells why.
    """
    settings = msgspec.structs.replace(settings, server=msgspec.structs.replace(settings.server, tls=None))
    opened: Future[bool] = Future()
    application = create_app(settings, lambda: opened.set_result(True))
    server = uvicorn.Server(_config(settings, application, factory=False))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                with suppress(SystemExit):  # how the server tells that the application did not start
                    server.run(sockets=[listener])
            finally:
                if not opened.done():
                    opened.set_result(False)

        thread = threading.Thread(target=serve, name="gateway")
        thread.start()
        try:
            if not opened.result():
                raise ConfigError("the gateway did not start")
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _config(settings: Settings, application: Application | _Factory, *, factory: bool) -> uvicorn.Config:
    server = settings.server
    if server.tls is not None:
        context_of(server.tls)  # what cannot be used is told here, and not by each of the processes
    return _Config(
        application,
        factory=factory,
        host=server.host,
        port=server.port,
        workers=server.workers,
        backlog=_BACKLOG,
        loop="uvloop",
        http=Protocols(settings.connections),  # pyright: ignore[reportArgumentType] - it is called, and no more
        **websocket_options(settings),
        ssl_context_factory=None if server.tls is None else ServerTls(server.tls),
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(server.shutdown_seconds + _GRACE_SECONDS),
    )


def run_worker(settings: Settings, answers_at_once: int, source: Source | None = None) -> None:
    """Gives answers in the background until a stop signal; what `source` comes to say is put in force.

    Raises ConfigError, StoreFailed.
    """
    raise_limit()
    _hold_reloads(source)
    uvloop.run(_work(settings, answers_at_once, source))


async def _work(settings: Settings, answers_at_once: int, source: Source | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(_number: int, _stack: FrameType | None) -> None:
        loop.call_soon_threadsafe(stopped.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    async with working(settings, answers_at_once, source, _settle_memory):
        await stopped.wait()
