"""The disk under the database is full, may not be written, or somebody else holds the file: nothing acknowledged is
lost, what needs no disk goes on, and everything does by itself once the cause is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from antiphon.errors import ConfigError, StoreFailed
from antiphon.protocols import StoredResponse
from antiphon.store.database import SqlDatabase
from antiphon.store.responses import SqlResponses
from tests.contracts.responses_store import MINE, HandClock, turn
from tests.grammar import check_stream
from tests.integration.harness import PATIENCE, Answer, Gateway, ask, asking, events_of, serving, settings_for, until
from tests.integration.provider import LAST, STREAMING, native_events, piece, providing, response, whole
from tests.integration.upstream.origin import Peer, Request
from tests.together import settled, together

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process"),
]

LONG = "x" * 20_000


@dataclass(slots=True)
class Scene:
    gateway: Gateway
    folder: Path
    kept: list[str] = field(default_factory=list[str])
    """What was acknowledged."""

    heard: asyncio.Event = field(default_factory=asyncio.Event)
    """A client has the beginning of its stream."""

    async def speak(self, request: Request, peer: Peer) -> None:
        """An answer of 20 KB; a stream begins, and ends when the client has heard of that."""
        if not json.loads(request.body).get("stream"):
            await peer.say(whole(json.dumps(response(LONG)).encode()))
            return
        *events, last = map(piece, native_events(LONG))
        await peer.say(STREAMING + b"".join(events))
        await self.heard.wait()
        await peer.say(last + LAST)

    async def ask(self, **more: object) -> Answer:
        answer = await ask(self.gateway, "POST", "/v1/responses", {"model": "native/m", "input": "Hi", **more})
        if answer.status == 200 and not more:
            self.kept.append(answer.json["id"])
        return answer

    async def stream(self, **more: object) -> bytes:
        """A stream that the client has begun to read when the provider ends it."""
        self.heard.clear()
        body = {"model": "native/m", "input": "Hi", "stream": True, **more}
        async with asyncio.timeout(PATIENCE), asking(self.gateway, "POST", "/v1/responses", body) as exchange:
            await exchange.head()
            assert exchange.status == 200
            first = await exchange.piece()
            self.heard.set()
            return first + await exchange.rest()

    async def find_all(self) -> None:
        """Everything that was acknowledged is there."""
        assert self.kept
        for name in self.kept:
            assert (await ask(self.gateway, "GET", f"/v1/responses/{name}")).json["id"] == name

    async def hold(self, word: str) -> None:
        """What must hold while nothing can be stored; `word` is in what clients and probes are told."""
        refused = await self.ask()
        assert refused.status == 503
        assert refused.error["code"] == "store_unavailable"
        assert word in refused.error["message"]
        told = events_of(await self.stream())
        check_stream(told, relayed=True)
        assert [each["type"] for each in told[-2:]] == ["error", "response.failed"]
        assert word in told[-1]["response"]["error"]["message"]
        assert (await ask(self.gateway, "GET", f"/v1/responses/{told[-1]['response']['id']}")).status == 404
        passing = await self.ask(store=False)
        assert passing.json["status"] == "completed"
        assert events_of(await self.stream(store=False))[-1]["type"] == "response.completed"
        await self.find_all()
        ready = await ask(self.gateway, "GET", "/health/ready")
        assert ready.status == 503
        assert word in ready.json["checks"]["database"]
        assert (await ask(self.gateway, "GET", "/health")).status == 200

    async def recover(self) -> None:
        """The next request is served as if nothing had been."""
        assert (await ask(self.gateway, "GET", "/health/ready")).status == 200
        assert (await self.ask()).status == 200
        await self.find_all()
        assert not [line for line in self.gateway.lines() if "traceback" in line]


@asynccontextmanager
async def staged(folder: Path) -> AsyncGenerator[Scene]:
    """A gateway with its database in `folder`, and its log beside that."""

    async def speak(request: Request, peer: Peer) -> None:
        await stage.speak(request, peer)

    async with providing(speak) as upstream:
        settings = settings_for(upstream.port, f"sqlite:///{folder}/antiphon.db")
        async with serving(settings, folder.parent / "log") as gateway:
            stage = Scene(gateway, folder)
            assert (await stage.ask()).status == 200
            yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Scene]:
    folder = tmp_path_factory.mktemp("faults") / "disk"
    folder.mkdir()
    async with staged(folder) as stage:
        yield stage


def limit(gateway: Gateway, size: int) -> None:
    """No file of the gateway's grows beyond `size` bytes any more."""
    _, hard = resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def mounted(folder: Path, *options: str) -> bool:
    """Whether something has been mounted at the folder, which takes root."""
    command = ["mount", *options, str(folder)]
    return (
        shutil.which("mount") is not None and not subprocess.run(command, check=False, capture_output=True).returncode
    )


@contextmanager
def small_disk(folder: Path, size: int) -> Generator[None]:
    """A file system of so many bytes."""
    if not mounted(folder, "-t", "tmpfs", "-o", f"size={size}", "tmpfs"):
        pytest.skip("no file system can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Makes a file of all the room there is."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


@contextmanager
def read_only(folder: Path) -> Generator[None]:
    """A folder in which nothing can be written."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        (folder / "antiphon.db").chmod(0o400)
        yield
        folder.chmod(0o700)
        return
    if not mounted(folder, "--bind", str(folder)) or not mounted(folder, "-o", "remount,ro,bind"):
        pytest.skip("no file system can be mounted here, and nothing else stops root from writing")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_file_that_may_not_grow_is_told_of_and_gone_on_from(scene: Scene) -> None:
    limit(scene.gateway, 16_384)
    await scene.hold("disk")
    limit(scene.gateway, resource.RLIM_INFINITY)
    await scene.recover()


async def test_a_log_that_cannot_be_written_stops_nobody(scene: Scene) -> None:
    lines = await scene.gateway.mark()
    limit(scene.gateway, scene.gateway.log.stat().st_size)
    try:
        for _ in range(3):
            assert (await scene.ask(store=False)).status == 200
        await asyncio.sleep(0.15)  # a log is written every tenth of a second
    finally:
        limit(scene.gateway, resource.RLIM_INFINITY)
    await scene.gateway.mark()

    def lost() -> int:
        told = [line.get("message", "") for line in scene.gateway.lines()[lines:]]
        return sum(int(found[1]) for message in told if (found := re.match(r"up to (\d+) lines of requests", message)))

    await until(lambda: lost() >= 3, "all that was lost is told of")
    assert not [line for line in scene.gateway.lines()[lines:] if line.get("path") == "/v1/responses"]


async def test_who_holds_the_file_is_waited_for_and_after_long_told_of(scene: Scene) -> None:
    with closing(sqlite3.connect(scene.folder / "antiphon.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(scene.ask())
            for _ in range(10):
                assert (await scene.ask(store=False)).status == 200
            assert not waiting.done()
            other.execute("ROLLBACK")
        assert waiting.result().status == 200
        other.execute("BEGIN IMMEDIATE")
        refused, passed = await together(scene.ask(), scene.ask(store=False))
        await scene.find_all()
        assert passed.status == 200
        assert refused.status == 503
        assert "busy" in refused.error["message"]
        other.execute("ROLLBACK")
    await scene.recover()


async def test_a_full_disk_is_told_and_gone_on_from(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, 96 * 1024 * 1024):
        async with staged(disk) as stage:
            filling = disk / "filling"
            fill(filling)
            async with asyncio.timeout(20):
                while (await stage.ask()).status == 200:  # what the log has room for
                    pass
            await stage.hold("full")
            filling.unlink()
            await stage.recover()


async def test_a_folder_that_cannot_be_written_keeps_it_from_starting_and_says_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/antiphon.db"
    async with SqlDatabase.open(url):
        pass
    with read_only(tmp_path), pytest.raises(ConfigError, match=r"antiphon\.db cannot be used") as refused:
        async with SqlDatabase.open(url):
            pass
    assert "ead" in refused.value.message


async def test_damage_is_told_of_and_what_is_sound_is_still_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/antiphon.db"
    async with SqlDatabase.open(url) as database:
        responses = SqlResponses(database, HandClock())
        for number in range(200):
            await responses.save(turn(f"{number:03}"))
    with (tmp_path / "antiphon.db").open("r+b") as file:
        file.seek(-3 * 8192, os.SEEK_END)
        file.write(b"\xff" * 8192)
    async with SqlDatabase.open(url) as database:
        responses = SqlResponses(database, HandClock())
        found = await together(*(settled(responses.get(MINE, f"resp_{number:03}")) for number in range(200)))
    damaged = [each for each in found if isinstance(each, StoreFailed)]
    assert damaged
    assert all("damaged" in each.message for each in damaged)
    assert len([each for each in found if isinstance(each, StoredResponse)]) + len(damaged) == len(found)
    assert len(damaged) < len(found)
