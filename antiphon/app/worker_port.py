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
from antiphon.app.parts import Parts
from antiphon.errors import ConfigError
from antiphon.http.edge import Edge
from antiphon.http.health import HealthEndpoints
from antiphon.http.routes import Endpoint, Routing
from antiphon.http.transport import LeanHttpProtocol
from antiphon.version import __version__


@asynccontextmanager
async def told_at_a_port(parts: Parts) -> AsyncGenerator[None]:
    """While the block runs, if the settings name a port. Raises ConfigError when it cannot be had."""
    settings = parts.settings
    port = settings.metrics.worker_port
    if port is None:
        yield
        return
    health = HealthEndpoints(__version__, {"database": parts.database.ping})
    handlers = {"/metrics": metrics_handler(parts), "/health": health.health, "/health/ready": health.ready}
    table = [Route(path, Endpoint(handler, None, path), methods=["GET"]) for path, handler in handlers.items()]
    edge = Edge(Routing(table, {}), parts.record, new_request_id)
    config = uvicorn.Config(edge, lifespan="off", interface="asgi3", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(
            lambda: LeanHttpProtocol(config, state, {}), host=settings.server.host, port=port
        )
    except OSError as error:
        raise ConfigError(f"`metrics.worker_port` {port} cannot be had: {error.strerror}.") from error
    try:
        with edge_told(edge, parts):
            yield
    finally:
        server.close()
        for connection in tuple(state.connections):
            connection.shutdown()
