"""`antiphon.Gateway`: a gateway without a server."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec

from antiphon.app import wired
from antiphon.config.environment import this_environment
from antiphon.config.keeping import PREFIX, with_kept_keys
from antiphon.config.loading import load
from antiphon.embedded.mounted import MountedApp
from antiphon.embedded.room import Room
from antiphon.errors import ConfigError
from antiphon.http.edge import Edge
from antiphon.observe.logs import told_to_logging
from antiphon.settings import Settings

if TYPE_CHECKING:
    import httpx2 as httpx
    import openai

_logger: Final = logging.getLogger("antiphon")

Configuration = str | Path | Mapping[str, Any] | Settings | None


class Gateway:
    """The whole gateway in this process: `async with Gateway() as gateway`, or `with` where nothing is asynchronous.

    One object may be opened again and again, and by one at a time.
    """

    def __init__(self, config: Configuration = None) -> None:
        """Reads and opens nothing yet.

        `config` is a configuration file, or what one would hold as a mapping; when absent, what `antiphon serve` would
        find here. Variables of the environment hold over either, as they do for the server.
        """
        self._config = config
        self._edge: Edge | None = None
        self._room: Room | None = None
        self._key = ""
        self._stack: AsyncExitStack | None = None
        self._thread: _Thread | None = None
        self._app = MountedApp(lambda: self._edge, lambda: self)

    @property
    def app(self) -> MountedApp:
        """An ASGI application, at its root or mounted below a path; always the same one.

        As the application of a server it opens the gateway itself. Servers run no lifespan of what is mounted, so there
        whoever mounts it opens the gateway in their own: `async with gateway: yield`.
        """
        return self._app

    @property
    def key(self) -> str:
        """The master key that is in force while the gateway is open."""
        self._opened()
        return self._key

    def client(self, *, api_key: str | None = None, **options: Any) -> openai.AsyncOpenAI:  # noqa: ANN401 - OpenAI knows them
        """OpenAI's asynchronous client on this gateway, without a socket; `options` are its own.

        `api_key` is the master key when absent. Raises ImportError where `openai` is not installed.
        """
        from antiphon.embedded.clients import openai_client  # noqa: PLC0415 - openai and httpx may be missing

        return openai_client(self._opened(), api_key or self._key, options)

    def sync_client(self, *, api_key: str | None = None, **options: Any) -> openai.OpenAI:  # noqa: ANN401 - as above
        """As `client`, for code that is not asynchronous: in any thread but that of the gateway's event loop."""
        from antiphon.embedded.clients import sync_openai_client  # noqa: PLC0415 - as above

        return sync_openai_client(self._opened(), api_key or self._key, options)

    def http_client(self, *, api_key: str | None = None) -> httpx.AsyncClient:
        """Bare HTTP, for every endpoint, and for other vendors' clients that take such a client.

        Raises ImportError where `httpx` is not installed.
        """
        from antiphon.embedded.transports import http_client  # noqa: PLC0415 - as above

        return http_client(self._opened(), api_key or self._key)

    def sync_http_client(self, *, api_key: str | None = None) -> httpx.Client:
        """As `http_client`, for code that is not asynchronous."""
        from antiphon.embedded.transports import sync_http_client  # noqa: PLC0415 - as above

        return sync_http_client(self._opened(), api_key or self._key)

    async def __aenter__(self) -> Self:
        """Opens everything. Raises ConfigError, or StoreFailed when the database cannot be used."""
        if self._stack is not None:
            raise RuntimeError("This gateway is open already.")
        async with AsyncExitStack() as stack:
            settings = _settings(self._config)
            key = settings.master_key or PREFIX + secrets.token_urlsafe(32)
            settings = msgspec.structs.replace(settings, master_key=key)
            edge = await stack.enter_async_context(wired(settings, told_to_logging))
            self._room = await stack.enter_async_context(Room(edge))
            self._edge, self._key = edge, key
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes everything. What went wrong meanwhile is its owner's, and reaches no group of tasks here."""
        stack, self._stack = self._stack, None
        self._edge = self._room = None
        if stack is not None:
            await stack.aclose()

    def __enter__(self) -> Self:
        """As `async with`, with an event loop in a thread of its own."""
        self._thread = _Thread(self)
        self._thread.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes everything."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.close()

    def _opened(self) -> Room:
        if self._room is None:
            raise RuntimeError("The gateway is not open: use it within 'async with gateway' or 'with gateway'.")
        return self._room


class _Thread:
    """Where a gateway is open that nobody waits for."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._opened = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="antiphon", daemon=True)

    def open(self) -> None:
        """Raises as opening the gateway does."""
        self._thread.start()
        self._opened.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def close(self) -> None:
        """Raises as closing the gateway does."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits for the thread
            self._failure = error
        finally:
            self._opened.set()

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        async with self._gateway:
            self._opened.set()
            await self._closing.wait()


def _settings(config: Configuration) -> Settings:
    """Raises ConfigError."""
    if isinstance(config, Settings):
        return config
    environment = this_environment()
    if isinstance(config, Mapping):
        try:
            text = msgspec.json.encode(config).decode()
        except TypeError as error:
            raise ConfigError(f"the configuration can hold texts, numbers, lists and mappings alone: {error}") from None
        loaded = load(environment, text=text)
    else:
        loaded = load(environment, config=None if config is None else Path(config))
    for warning in loaded.warnings:
        _logger.warning("%s", warning)
    return with_kept_keys(loaded.settings, environment.variables)[0]
