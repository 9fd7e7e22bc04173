"""Services that hand out credentials, as far as a client sees them: real HTTP on this machine, answers by path."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from antiphon.providers.deadlines import Timeouts
from antiphon.providers.errands import Errands
from antiphon.providers.http import HttpUpstream
from antiphon.providers.signers import Signers

NOW = 1_790_000_000.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Says:
    """One answer; what is no text is sent as JSON."""

    body: object
    status: int = 200

    def raw(self) -> bytes:
        body = self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(body)}\r\nContent-Type: application/json\r\n\r\n"
        return head.encode() + body


Answers = Callable[[Asked], Says]


@dataclass(slots=True)
class Service:
    """A running one. `answers` may be exchanged at any time; `gate`, while it is there, holds every answer back."""

    answers: Answers
    port: int = 0
    seen: list[Asked] = field(default_factory=list[Asked])
    gate: asyncio.Event | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
                headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                method, target, _ = line.split(" ")
                asked = Asked(method, target, headers, body)
                self.seen.append(asked)
                self.arrived.set()
                if self.gate is not None:
                    await self.gate.wait()
                writer.write(self.answers(asked).raw())
                await writer.drain()
        writer.close()


@dataclass(slots=True)
class Hands:
    """A clock that is set by hand."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


def by_path(answers: dict[str, Says]) -> Answers:
    """Answers by path; any other path is not found."""
    return lambda asked: answers.get(asked.path, Says({"error": "not_found"}, 404))


def always(says: Says) -> Answers:
    """The same answer whatever is asked."""

    def answers(asked: Asked) -> Says:
        return says

    return answers


@asynccontextmanager
async def serving(answers: Answers | dict[str, Says]) -> AsyncGenerator[Service]:
    service = Service(answers if callable(answers) else by_path(answers))
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    service.port = server.sockets[0].getsockname()[1]
    try:
        yield service
    finally:
        server.close()


@asynccontextmanager
async def signers(clock: Callable[[], float]) -> AsyncGenerator[Signers]:
    """As the gateway has them, but for the clock."""
    client = HttpUpstream(Timeouts(connect=2.0, first_byte=5.0, idle=5.0, whole=5.0))
    try:
        yield Signers(Errands(client, client), clock)
    finally:
        await client.close()
