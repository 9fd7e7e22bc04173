"""The port of `antiphon worker`, which serves no requests: its numbers for Prometheus, and its health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from starlette.routing import Route
from uvicorn.server import ServerState

from antiphon.app.ids import new_request_id
from antiphon.app.metrics import edge_told, metrics_handler
from antiphon.app.process import Process, log_of
from antiphon.app.readiness import needed
from antiphon.errors import ConfigError
from antiphon.http.edge import Edge
from antiphon.http.health import HealthEndpoints
from antiphon.http.routes import Endpoint, Routing
from antiphon.http.transport import Protocols
from antiphon.settings import Settings
from antiphon.version import __version__


@asynccontextmanager
async def told_at_a_port(process: Process, settings: Settings) -> AsyncGenerator[None]:
    """While the block runs, if the settings name a port. Raises ConfigError when it cannot be had."""
    port = settings.metrics.worker_port
    if port is None:
        yield
        return
    health = HealthEndpoints(__version__, needed(process, settings), {})
    handlers = {"/metrics": metrics_handler(process, settings), "/health": health.health, "/health/ready": health.ready}
    table = [Route(path, Endpoint(handler, None, path), methods=["GET"]) for path, handler in handlers.items()]
    edge = Edge(Routing(table, {}), log_of(settings), new_request_id)
    config = uvicorn.Config(edge, lifespan="off", interface="asgi3", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    protocols = Protocols(settings.connections)
    try:
        server = await loop.create_server(lambda: protocols(config, state, {}), host=settings.server.host, port=port)
    except OSError as error:
        raise ConfigError(f"`metrics.worker_port` {port} cannot be had: {error.strerror}.") from error
    try:
        with edge_told(edge):
            yield
    finally:
        server.close()
        for connection in tuple(state.connections):
            connection.shutdown()
