"""The gateway that is fuzzed: every kind of provider behind it, all of whom are one scripted server."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.media_settings import MediaSettings
from antiphon.model_settings import ModelSettings
from antiphon.passthrough_settings import PassthroughSettings
from antiphon.provider_settings import ProviderSettings
from antiphon.settings import (
    DatabaseSettings,
    DownloadSettings,
    KeySettings,
    LoggingSettings,
    ResponsesSettings,
    RetrySettings,
    ServerSettings,
    Settings,
    TimeoutSettings,
)
from tests.e2e.media import KINDS
from tests.e2e.vendors.doors import DOORS
from tests.integration.harness import ROOT, Gateway
from tools.fuzz.vendors import providing

MASTER_KEY: Final = "sk-antiphon-fuzz-master-0123456789"
STRANGERS: Final = 8
"""Tenants, each of whom asks one request after the other."""

MOST_BODY_BYTES: Final = 4_000_000

MODELS: Final = (
    "demo/echo",
    "native/m",
    "openai/gpt-5-mini",
    "chat/m",
    "anthropic/claude-sonnet-4-5",
    "gemini/gemini-2.5-flash",
    "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0",
    "bedrock/amazon.nova-pro-v1:0",
    "cohere/command-a-03-2025",
    "ollama/llama3",
    "either",
)
"""What requests ask for: one model of every dialect, and an alias."""

_START_SECONDS: Final = 30.0


class Held(Struct, frozen=True):
    """What a gateway's process holds: resident bytes, open descriptors, tasks, objects."""

    bytes: int
    descriptors: int
    tasks: int
    objects: int


class FuzzedGateway(Gateway):
    """A running gateway that tells what it holds."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
        super().__init__(process, port, folder / "log")
        self._counts = folder / "counts"

    async def held(self) -> Held:
        """Once it has counted."""
        self._counts.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR1)
        async with asyncio.timeout(_START_SECONDS):
            while not self._counts.exists():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.01)
        told = msgspec.json.decode(self._counts.read_bytes())
        return Held(self.memory(), self._descriptors(), told["tasks"], told["objects"])

    def _descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def faults(self) -> list[Mapping[str, Any]]:
        """What it has logged that it should never log."""
        told = (line for line in self.lines() if line.get("level") in ("error", "critical") or "traceback" in line)
        return [line for line in told if line.get("event") != "request"]

    def say_what_it_does(self) -> None:
        """Into its log."""
        self.process.send_signal(signal.SIGUSR2)


def key_of(stranger: int) -> str:
    """The key of a tenant."""
    return f"sk-antiphon-fuzz-stranger-{stranger}"


def settings_for(upstream_port: int, folder: Path, database: str = "", **sections: Any) -> Settings:
    """Every kind of provider at one port. Nothing waits longer than it must."""
    root = f"http://127.0.0.1:{upstream_port}"
    providers = {kind: ProviderSettings(type=kind, base_url=root, api_key="sk-1") for kind in KINDS}
    providers |= {kind: door.settings(root) for kind, door in DOORS.items()}
    for name in ("native", "chat"):
        dialect: Any = "responses" if name == "native" else name
        providers[name] = ProviderSettings(
            type="openai-compatible", base_url=f"{root}/v1", api_key="sk-1", dialect=dialect
        )
    made = Settings(
        server=ServerSettings(max_body_bytes=MOST_BODY_BYTES),
        master_key=MASTER_KEY,
        keys=[KeySettings(name=f"stranger-{stranger}", key=key_of(stranger)) for stranger in range(STRANGERS)],
        database=DatabaseSettings(url=database or f"sqlite:///{folder}/antiphon.db", synchronous="normal"),
        providers=providers,
        models={"either": ModelSettings(targets=["openai/gpt-5-mini", "chat/m"])},
        responses=ResponsesSettings(hold_seconds=0.0),
        downloads=DownloadSettings(seconds=1.0),
        passthrough=PassthroughSettings(tenants=["*"]),
        media=MediaSettings(max_form_bytes=MOST_BODY_BYTES),
        timeouts=TimeoutSettings(connect_seconds=2.0, first_byte_seconds=5.0, idle_seconds=5.0),
        retries=RetrySettings(attempts_per_target=1, base_seconds=0.0),
        logging=LoggingSettings(level="warning", format="json"),
    )
    return msgspec.structs.replace(made, **sections)


@asynccontextmanager
async def fuzzed(
    folder: Path, database: str = "", *, faulty: bool = True, **sections: Any
) -> AsyncGenerator[FuzzedGateway]:
    """A gateway that takes requests, until the block ends; its providers fail now and then, unless they are not to."""
    async with providing(faulty=faulty) as upstream:
        with socket.socket() as held:
            # Bound and never listening: the port stays ours, and the gateway can still have it.
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
            settings = settings_for(upstream, folder, database, **sections)
            settings = msgspec.structs.replace(settings, server=msgspec.structs.replace(settings.server, port=port))
            gateway = _launched(settings, port, folder)
            try:
                async with asyncio.timeout(_START_SECONDS):
                    while not await gateway.accepts():  # noqa: ASYNC110 - nothing tells of another process
                        await asyncio.sleep(0.01)
                yield gateway
            finally:
                gateway.kill()


def _launched(settings: Settings, port: int, folder: Path) -> FuzzedGateway:
    with (folder / "log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.fuzz.serve", str(folder / "counts")],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=output,
            env=os.environ | {"NO_PROXY": "*"},
        )
    if process.stdin is not None:
        with process.stdin as stdin:
            stdin.write(msgspec.json.encode(settings))
    return FuzzedGateway(process, port, folder)
