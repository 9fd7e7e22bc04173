"""A gateway in a process of its own, and a client that sees every byte."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from antiphon.provider_settings import ProviderSettings
from antiphon.settings import (
    DatabaseSettings,
    LoggingSettings,
    ResponsesSettings,
    RetrySettings,
    Settings,
    TimeoutSettings,
)
from tests import mould
from tests.mould import Process

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-the-callers-own-key"
UPSTREAM_KEY = "sk-nobody-but-the-provider-sees-this"
PATIENCE = 10.0
"""Seconds after which a test is wrong rather than slow."""


async def until(condition: Callable[[], object], what: str, within: float = PATIENCE) -> None:
    """Returns as soon as the condition holds, and fails when it does not in time."""
    try:
        async with asyncio.timeout(within):
            while not condition():  # noqa: ASYNC110 - what is awaited happens in another process
                await asyncio.sleep(0.005)
    except TimeoutError:
        message = f"not within {within:g} s: {what}"
        raise AssertionError(message) from None


# --- the gateway ------------------------------------------------------------------------------------------------------


def settings_for(upstream_port: int, database: str = "sqlite://", **sections: Any) -> Settings:
    """One provider that is asked natively, the same one asked for chat completions, and no pauses between attempts."""
    base_url = f"http://127.0.0.1:{upstream_port}/v1"
    providers = {
        "native": ProviderSettings(
            type="openai-compatible", base_url=base_url, api_key=UPSTREAM_KEY, dialect="responses"
        ),
        "chat": ProviderSettings(type="openai-compatible", base_url=base_url, api_key=UPSTREAM_KEY, dialect="chat"),
    }
    made = Settings(
        master_key=KEY,
        database=DatabaseSettings(url=database),
        providers=providers,
        responses=ResponsesSettings(hold_seconds=0.0),
        timeouts=TimeoutSettings(connect_seconds=2.0, first_byte_seconds=PATIENCE, idle_seconds=PATIENCE),
        retries=RetrySettings(attempts_per_target=1),
        logging=LoggingSettings(format="json"),
    )
    return msgspec.structs.replace(made, **sections)


@dataclass(slots=True)
class Gateway:
    """A gateway's process, its port held for it."""

    process: Process
    port: int
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged, as far as its lines are complete."""
        text = self.log.read_text("utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].split("\n") if line.startswith("{")]

    async def mark(self) -> int:
        """How many lines there are once everything that has happened is logged."""
        name = f"/mark/{len(self.lines())}"
        await ask(self, "GET", name)
        await until(lambda: any(line.get("path") == name for line in self.lines()), "the mark is logged")
        return len(self.lines())

    def memory(self) -> int:
        """Bytes of it that are resident."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Its exit status after a stop signal."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    async def accepts(self) -> bool:
        """Whether it takes requests. Fails when it has died."""
        assert self.process.poll() is None, self.log.read_text("utf-8")
        with suppress(OSError):
            return (await ask(self, "GET", "/health")).status == 200
        return False


def launched(settings: Settings, port: int, log: Path, program: str | None = None) -> Gateway:
    """A gateway that is about to start, or a program that takes its settings on its standard input."""
    told = msgspec.structs.replace(settings, server=msgspec.structs.replace(settings.server, port=port))
    with log.open("ab") as output:
        if program is None:
            return Gateway(mould.serving(told, _environment(), output.fileno()), port, log)
        command = [sys.executable, "-m", program]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=output, env=_environment())
    assert process.stdin is not None
    with process.stdin as stdin:
        stdin.write(msgspec.json.encode(told))
    return Gateway(process, port, log)


def worker_launched(settings: Settings, answers: int, folder: Path, name: str = "worker") -> Process:
    """`antiphon worker`, as a person starts it; its configuration and its log are in the folder."""
    config = folder / f"{name}.yaml"
    config.write_bytes(msgspec.json.encode(settings))
    command = ("worker", "--config", str(config), "--answers", str(answers))
    with (folder / f"log-{name}").open("ab") as log:
        return mould.commanded(*command, environment=_environment(), log=log.fileno())


def _environment() -> dict[str, str]:
    return os.environ | {"NO_PROXY": "*"}


@asynccontextmanager
async def serving(
    settings: Settings, log: Path, program: str | None = None, within: float = PATIENCE
) -> AsyncGenerator[Gateway]:
    """A gateway that takes requests."""
    with socket.socket() as held:
        # Bound and never listening: the port stays this test's own, and the gateway can still have it.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        gateway = launched(settings, held.getsockname()[1], log, program)
        try:
            async with asyncio.timeout(within):
                while not await gateway.accepts():  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.01)
            yield gateway
        finally:
            gateway.kill()


# --- the client -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error, in the envelope that every error has."""
        assert self.headers["content-type"] == "application/json", self
        error: dict[str, Any] = self.json["error"]
        assert set(self.json) == {"error"}
        assert set(error) == {"message", "type", "param", "code"}
        assert isinstance(error["message"], str)
        assert error["message"]
        assert error["type"]
        return error


class Exchange:
    """One request on a connection of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self.status = 0
        self.headers: dict[str, str] = {}

    async def head(self) -> None:
        """Reads as far as the end of the headers."""
        line, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
        self.status = int(line.split(" ")[1])
        self.headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}

    async def piece(self) -> bytes:
        """The next chunk of a chunked body, b"" after the last."""
        size = int((await self._reader.readuntil(b"\r\n"))[:-2], 16)
        return (await self._reader.readexactly(size + 2))[:-2]

    async def frames(self, count: int) -> bytes:
        """So many events of a stream, or as many more as come along with them."""
        said = b""
        while len(frames_of(said)) < count or not said.endswith(b"\n\n"):
            said += await self.piece()
        return said

    async def rest(self) -> bytes:
        """The body, or what is left of it."""
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return await self._reader.readexactly(int(self.headers.get("content-length", "0")))
        pieces: list[bytes] = []
        while data := await self.piece():
            pieces.append(data)
        return b"".join(pieces)

    def leave(self) -> None:
        """Closes at once, as a client does that was killed."""
        self.writer.transport.abort()


@asynccontextmanager
async def asking(
    gateway: Gateway, method: str, path: str, body: object = None, **headers: str
) -> AsyncGenerator[Exchange]:
    """A request that has been sent; `body` is bytes, or becomes JSON."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    fields = {"Authorization": f"Bearer {KEY}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    if data:
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
    head = f"{method} {path} HTTP/1.1\r\nHost: gateway\r\n{header_lines(fields)}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    try:
        writer.write(head.encode() + data)
        yield Exchange(reader, writer)
    finally:
        writer.transport.abort()


def header_lines(fields: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items())


async def ask(gateway: Gateway, method: str, path: str, body: object = None, **headers: str) -> Answer:
    """A whole exchange."""
    async with asyncio.timeout(PATIENCE), asking(gateway, method, path, body, **headers) as exchange:
        await exchange.head()
        return Answer(exchange.status, exchange.headers, await exchange.rest())


async def sent(gateway: Gateway, data: bytes, *, head_only: bool = False) -> Answer:
    """The answer to these bytes; the rest of them is not sent once it is there."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        exchange = Exchange(reader, writer)
        try:
            writer.write(data)
            await exchange.head()
            return Answer(exchange.status, exchange.headers, b"" if head_only else await exchange.rest())
        finally:
            exchange.leave()


def request_bytes(method: str, path: bytes, body: bytes = b"", *headers: bytes) -> bytes:
    lines = [b"Host: gateway", b"Authorization: Bearer " + KEY.encode(), *headers]
    if body and not any(line.lower().startswith(b"content-length") for line in headers):
        lines.append(b"Content-Length: %d" % len(body))
    return b"%b %b HTTP/1.1\r\n%b\r\n\r\n%b" % (method.encode(), path, b"\r\n".join(lines), body)


def assert_fair(answer: Answer) -> None:
    """An answer, or an error of the caller's in the envelope."""
    assert answer.status < 500, answer
    if answer.status >= 400:
        assert answer.error["type"] in ("invalid_request_error", "authentication_error")


def assert_refused(answer: Answer, *statuses: int) -> None:
    assert answer.status in (statuses or range(400, 500)), answer
    assert answer.error


def frames_of(stream: bytes) -> list[bytes]:
    """The events of a stream, without comments and the marker at its end."""
    blocks = (block + b"\n\n" for block in stream.split(b"\n\n") if block)
    return [block for block in blocks if block.startswith(b"event: ")]


def events_of(stream: bytes) -> list[dict[str, Any]]:
    return [json.loads(frame.partition(b"\ndata: ")[2]) for frame in frames_of(stream)]
