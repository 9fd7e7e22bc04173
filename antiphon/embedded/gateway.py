"""`antiphon.Gateway`: a gateway without a server."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import httpx2 as httpx
    import openai

    from antiphon.embedded.mounted import MountedApp
    from antiphon.embedded.opening import Configuration, Opened

# What is imported below is imported by whoever needs it: a program that may open a gateway starts as quickly as ever.
# ruff: noqa: PLC0415


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
        self._opened: Opened | None = None
        self._stack: AsyncExitStack | None = None
        self._thread: _Thread | None = None
        self._app: MountedApp | None = None

    @property
    def app(self) -> MountedApp:
        """An ASGI application, at its root or mounted below a path; always the same one.

        As the application of a server it opens the gateway itself. Servers run no lifespan of what is mounted, so there
        whoever mounts it opens the gateway in their own: `async with gateway: yield`.
        """
        if self._app is None:
            from antiphon.embedded.mounted import MountedApp

            self._app = MountedApp(lambda: None if self._opened is None else self._opened.edge, lambda: self)
        return self._app

    @property
    def key(self) -> str:
        """The master key that is in force while the gateway is open."""
        return self._now().key

    def client(self, *, api_key: str | None = None, **options: Any) -> openai.AsyncOpenAI:  # noqa: ANN401 - OpenAI knows them
        """OpenAI's asynchronous client on this gateway, without a socket; `options` are its own.

        `api_key` is the master key when absent. Raises ImportError where `openai` is not installed.
        """
        from antiphon.embedded.clients import openai_client

        opened = self._now()
        return openai_client(opened.room, api_key or opened.key, options)

    def sync_client(self, *, api_key: str | None = None, **options: Any) -> openai.OpenAI:  # noqa: ANN401 - as above
        """As `client`, for code that is not asynchronous: in any thread but that of the gateway's event loop."""
        from antiphon.embedded.clients import sync_openai_client

        opened = self._now()
        return sync_openai_client(opened.room, api_key or opened.key, options)

    def http_client(self, *, api_key: str | None = None) -> httpx.AsyncClient:
        """Bare HTTP, for every endpoint, and for other vendors' clients that take such a client.

        Raises ImportError where `httpx` is not installed.
        """
        from antiphon.embedded.transports import http_client

        opened = self._now()
        return http_client(opened.room, api_key or opened.key)

    def sync_http_client(self, *, api_key: str | None = None) -> httpx.Client:
        """As `http_client`, for code that is not asynchronous."""
        from antiphon.embedded.transports import sync_http_client

        opened = self._now()
        return sync_http_client(opened.room, api_key or opened.key)

    async def __aenter__(self) -> Self:
        """Opens everything. Raises ConfigError, or StoreFailed when the database cannot be used."""
        if self._stack is not None:
            raise RuntimeError("This gateway is open already.")
        from antiphon.embedded.opening import opened

        async with AsyncExitStack() as stack:
            self._opened = await stack.enter_async_context(opened(self._config))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes everything. What went wrong meanwhile is its owner's, and reaches no group of tasks here."""
        stack, self._stack = self._stack, None
        self._opened = None
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

    def _now(self) -> Opened:
        if self._opened is None:
            raise RuntimeError("The gateway is not open: use it within 'async with gateway' or 'with gateway'.")
        return self._opened


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
        with suppress(RuntimeError):  # it has failed, and its loop is closed already
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
