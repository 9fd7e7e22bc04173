"""Serves the application with uvicorn, in one process or in several that share a port; or works without serving."""

from __future__ import annotations

import asyncio
import gc
import math
import signal
import socket
import threading
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

import msgspec
import uvicorn
import uvloop
from msgspec import Struct
from uvicorn.supervisors import Multiprocess

from antiphon.app import Application, create_app, working
from antiphon.errors import ConfigError
from antiphon.http.tls import ServerTls, context_of
from antiphon.http.transport import LeanHttpProtocol
from antiphon.http.websocket_transport import websocket_options
from antiphon.settings import Settings

_COLLECT_AFTER: Final = 20_000
_BACKLOG: Final = 4096
_KEEP_ALIVE_SECONDS: Final = 75
_GRACE_SECONDS: Final = 5.0
"""After running answers were ended: what their last bytes need to leave."""


class _Factory(Struct, frozen=True):
    """Makes the application in whichever process it is called."""

    settings: Settings

    def __call__(self) -> Application:
        return create_app(self.settings, _settle_memory)


def _settle_memory() -> None:
    """What start-up made lives as long as the process: the garbage collector need not look at it again and again.

    Requests make few cycles, so it looks at the rest less often too.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


def run_server(settings: Settings) -> None:
    """Serves until a stop signal. Raises ConfigError, and OSError when the address cannot be had."""
    config = _config(settings, _Factory(settings), factory=True)
    if settings.server.workers == 1:
        uvicorn.Server(config).run()
        return
    listener = config.bind_socket()
    try:
        Multiprocess(config, sockets=[listener]).run()
    finally:
        listener.close()


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
    return uvicorn.Config(
        application,
        factory=factory,
        host=server.host,
        port=server.port,
        workers=server.workers,
        backlog=_BACKLOG,
        loop="uvloop",
        http=LeanHttpProtocol,
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


def run_worker(settings: Settings, answers_at_once: int) -> None:
    """Gives answers in the background until a stop signal. Raises ConfigError, StoreFailed."""
    uvloop.run(_work(settings, answers_at_once))


async def _work(settings: Settings, answers_at_once: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(_number: int, _stack: FrameType | None) -> None:
        loop.call_soon_threadsafe(stopped.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    async with working(settings, answers_at_once):
        _settle_memory()
        await stopped.wait()
