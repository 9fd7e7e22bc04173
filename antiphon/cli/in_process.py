"""One request to an ASGI application in this process, without a socket.

https://asgi.readthedocs.io/en/latest/specs/www.html and .../lifespan.html, read 2026-11.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import msgspec

from antiphon.errors import ConfigError
from antiphon.http.call import Message, Receive, Scope, Send
from antiphon.settings import DatabaseSettings, LoggingSettings, Settings

App = Callable[[Scope, Receive, Send], Awaitable[None]]

Reader = Callable[[int, bytes], None]
"""Takes the status and the next piece of the body."""

_ASGI: Final = {"version": "3.0", "spec_version": "2.4"}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked."""

    method: str
    path: str
    key: str
    body: bytes = b""


def private(settings: Settings) -> tuple[Settings, str]:
    """The settings for an application that nobody else uses, and the key to it: it keeps and tells nothing."""
    key = secrets.token_urlsafe(32)
    changed = msgspec.structs.replace(
        settings,
        master_key=key,
        database=DatabaseSettings(url="sqlite://"),
        webhooks=[],
        logging=LoggingSettings(level="error", format="human"),
    )
    return changed, key


async def exchange(app: App, request: Request, reader: Reader) -> None:
    """Opens the application, asks, and closes it. Raises ConfigError when it does not open, OSError as `reader` did."""
    lifespan = _Lifespan()
    client = _Client(request, reader)
    with _unlogged():
        async with asyncio.TaskGroup() as group:
            group.create_task(lifespan.run(app))
            await lifespan.opened.wait()
            if lifespan.failure is None:
                await app(_scope(request), client.receive, client.send)
            lifespan.closing.set()
    if lifespan.failure is not None:
        raise ConfigError(lifespan.failure)
    if client.failure is not None:
        raise client.failure


@contextmanager
def _unlogged() -> Generator[None]:
    """Whoever asks sees how it goes: no line of the log need tell of it too."""
    requests = logging.getLogger("antiphon.requests")
    level = requests.level
    requests.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        requests.setLevel(level)


@dataclass(slots=True)
class _Lifespan:
    """The server's side of the lifespan protocol."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    failure: str | None = None
    asked: bool = False

    async def run(self, app: App) -> None:
        await app({"type": "lifespan", "asgi": _ASGI}, self._receive, self._send)

    async def _receive(self) -> Message:
        if not self.asked:
            self.asked = True
            return {"type": "lifespan.startup"}
        await self.closing.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "lifespan.startup.failed":
            self.failure = str(message.get("message", "")) or "The application did not start."
        self.opened.set()


@dataclass(slots=True)
class _Client:
    """The server's side of one request. A reader that fails is a client that has gone."""

    request: Request
    reader: Reader
    status: int = 0
    asked: bool = False
    failure: OSError | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> Message:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": self.request.body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif self.failure is None:
            try:
                self.reader(self.status, message.get("body", b""))
            except OSError as error:
                self.failure = error
                self.gone.set()


def _scope(request: Request) -> Scope:
    headers = [
        (b"host", b"localhost"),
        (b"authorization", f"Bearer {request.key}".encode()),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(request.body)),
    ]
    return {
        "type": "http",
        "asgi": _ASGI,
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }
