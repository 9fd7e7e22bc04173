"""Settings become objects, objects become an ASGI application: the only place that knows concrete classes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import msgspec

from antiphon.app.generation import labouring, serving
from antiphon.app.generations import Generations, Making, generations
from antiphon.app.metrics import counted
from antiphon.app.process import Process, log_of, process_of
from antiphon.app.reloading import Reloading
from antiphon.app.worker_port import told_at_a_port
from antiphon.config.source import Source
from antiphon.http.call import Receive, Scope, Send
from antiphon.http.edge import Edge
from antiphon.http.tls import context_of
from antiphon.records import Record, RequestRecord
from antiphon.settings import DatabaseSettings, Settings


class Application:
    """The ASGI application. Everything it needs is opened by the lifespan, and closed by it in reverse."""

    def __init__(self, settings: Settings, opened: Callable[[], None], source: Source | None = None) -> None:
        """Opens nothing; `opened` is called when everything is, and again when settings come to force or have gone.

        They are read again from `source`, if there is one. `unready` is called once at a stop signal.
        """
        self.unready: Callable[[], None] = _nothing
        self._settings = settings
        self._opened = opened
        self._source = source
        self._generations: Generations | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves `http` and `websocket`, and `lifespan` before and after them."""
        generation = None if self._generations is None else self._generations.current
        if generation is None or generation.edge is None:
            if scope["type"] == "lifespan":
                await self._live(receive, send)
            return
        try:
            if scope["type"] == "http":
                await generation.edge(scope, receive, send)
            elif scope["type"] == "websocket":
                await generation.edge.websocket(scope, receive, send)
        finally:
            generation.served()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                log_of(self._settings)
                process = await stack.enter_async_context(
                    _process(self._settings, self._stopping, grace_seconds=self._settings.server.drain_seconds)
                )
                making: Making = partial(serving, process)
                self._generations = await stack.enter_async_context(generations(making, self._settings, self._opened))
            except Exception as error:  # noqa: BLE001 - whatever keeps it from starting, the server is to be told
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            if self._source is not None:
                self._generations.keep(Reloading(self._settings, self._source))
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def _stopping(self) -> None:
        self.unready()


def _nothing() -> None:
    """Nobody wants to know."""


def create_app(settings: Settings, opened: Callable[[], None] = _nothing, source: Source | None = None) -> Application:
    """The application for these settings, not yet open."""
    return Application(settings, opened, source)


@asynccontextmanager
async def wired(settings: Settings, record: Record | None = None) -> AsyncGenerator[Edge]:
    """Everything, open and wired together; logging is set up unless `record` is told of every request.

    Raises ConfigError, or StoreFailed when the database cannot be used.
    """
    if record is None:
        log_of(settings)
    async with _process(settings, _nothing) as process, serving(process, settings, record) as generation:
        assert generation.edge is not None  # noqa: S101 - what serves has one
        yield generation.edge


async def tried(settings: Settings) -> None:
    """Opens all that a server opens but its database and its port, and asks nobody. Raises ConfigError."""
    if settings.server.tls is not None:
        context_of(settings.server.tls)
    quiet = msgspec.structs.replace(settings.metrics, enabled=False)
    memory = DatabaseSettings(url="sqlite://")
    async with wired(msgspec.structs.replace(settings, database=memory, metrics=quiet), _unheard):
        pass


def _unheard(record: RequestRecord) -> None:
    """Nobody is told."""


@asynccontextmanager
async def working(
    settings: Settings,
    answers_at_once: int,
    source: Source | None = None,
    opened: Callable[[], None] = _nothing,
) -> AsyncGenerator[None]:
    """Gives answers in the background and to batches, and serves nothing. Raises as `wired`."""
    log_of(settings)
    async with AsyncExitStack() as stack:
        process = await stack.enter_async_context(_process(settings, _nothing))
        await stack.enter_async_context(told_at_a_port(process, settings))
        making: Making = partial(labouring, process, answers_at_once)
        made = await stack.enter_async_context(generations(making, settings, opened))
        if source is not None:
            made.keep(Reloading(settings, source))
        yield


@asynccontextmanager
async def _process(
    settings: Settings, unready: Callable[[], None], *, grace_seconds: float = 0.0
) -> AsyncGenerator[Process]:
    async with AsyncExitStack() as stack:
        process = await stack.enter_async_context(process_of(settings, unready, grace_seconds=grace_seconds))
        if settings.metrics.enabled:
            await stack.enter_async_context(counted(process))
        yield process
