"""A server and two workers on one database, any of which may be killed and started again, and a client that insists."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from antiphon.settings import Settings
from tests.integration.harness import PATIENCE, Answer, Gateway, ask, launched, worker_launched
from tests.mould import Process

CUT = (asyncio.IncompleteReadError, OSError)
"""What a client meets whose server is killed, or not there yet."""

SERVER, WORKERS = 0, (1, 2)


@dataclass(slots=True)
class Fleet:
    """The processes by their places; each gives so many answers at once as the settings say."""

    settings: Settings
    folder: Path
    port: int
    processes: dict[int, Process] = field(default_factory=dict[int, Process])

    @property
    def gateway(self) -> Gateway:
        """The server, whichever process it is just now."""
        return Gateway(self.processes[SERVER], self.port, self.folder / "log-server")

    def start(self, place: int) -> None:
        if place == SERVER:
            self.processes[place] = launched(self.settings, self.port, self.folder / "log-server").process
        else:
            answers = self.settings.background.answers_at_once
            self.processes[place] = worker_launched(self.settings, answers, self.folder, f"worker-{place}")

    def kill(self, place: int) -> None:
        self.processes[place].kill()
        self.processes[place].wait()

    async def stop(self) -> list[int]:
        """The exit statuses after stop signals."""
        for process in self.processes.values():
            process.terminate()
        return [await asyncio.to_thread(process.wait, PATIENCE) for process in self.processes.values()]

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        """The answer, however often the server has to be asked until it lives long enough to give one."""
        while True:
            with suppress(*CUT):
                return await ask(self.gateway, method, path, body)
            await self.pause()

    async def pause(self) -> None:
        """A moment, for a server that is starting. Fails when it has died of itself."""
        assert self.processes[SERVER].poll() in (None, -9), (self.folder / "log-server").read_text("utf-8")
        await asyncio.sleep(0.02)


@asynccontextmanager
async def sailing(settings: Settings, folder: Path) -> AsyncGenerator[Fleet]:
    """All three, started; the server takes requests."""
    with socket.socket() as held:
        # Bound and never listening: the port stays this fleet's own through every restart.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        fleet = Fleet(settings, folder, held.getsockname()[1])
        try:
            for place in (SERVER, *WORKERS):
                fleet.start(place)
            await fleet.ask("GET", "/health")
            yield fleet
        finally:
            for place in fleet.processes:
                fleet.kill(place)
