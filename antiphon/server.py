"""Serves the application with uvicorn, in one process or in several that share a port."""

from __future__ import annotations

import gc
import math
from typing import Final

import uvicorn
from msgspec import Struct
from uvicorn.supervisors import Multiprocess

from antiphon.app import Application, create_app
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
    """Serves until a stop signal. Raises OSError when the address cannot be had."""
    server = settings.server
    config = uvicorn.Config(
        _Factory(settings),
        factory=True,
        host=server.host,
        port=server.port,
        workers=server.workers,
        backlog=_BACKLOG,
        loop="uvloop",
        http=LeanHttpProtocol,
        **websocket_options(settings),
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(server.shutdown_seconds + _GRACE_SECONDS),
    )
    if server.workers == 1:
        uvicorn.Server(config).run()
        return
    listener = config.bind_socket()
    try:
        Multiprocess(config, sockets=[listener]).run()
    finally:
        listener.close()
