"""Connections to PostgreSQL that are cut while it commits, and a server that is killed outright."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory

import pytest

from antiphon.kept import StoredPrompt
from antiphon.store.database import SqlDatabase
from antiphon.store.prompts import SqlPrompts
from antiphon.store.responses import SqlResponses
from tests.contracts.responses_store import MINE, NOW, HandClock, turn
from tests.integration.test_postgres_faults import ids_in
from tests.postgres import Server, running

ROOT = Path(__file__).resolve().parents[2]


class Cutting:
    """Whoever stands in between, and is told when to cut the line."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.url = url
        self._process = process

    def at(self, word: str, *, heard: bool) -> None:
        """The next line that says `word` is cut there, after or before the server hears it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{'heard' if heard else 'lost'} {word}\n")
        self._process.stdin.flush()
        self.says("understood")

    def says(self, word: str) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == f"{word}\n"


@contextmanager
def cut_between(server: Server) -> Generator[Cutting]:
    """In a process of its own, since who waits for a connection may keep all threads of his from running."""
    with TemporaryDirectory(prefix="antiphon-cut-") as folder:
        command = [sys.executable, "-m", "tests.integration.cutting_process", str(server.folder), folder]
        with subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as process:
            made = Cutting(process, f"postgresql://postgres@/postgres?host={folder}")
            made.says("ready")
            try:
                yield made
            finally:
                process.kill()


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """One that may be killed."""
    with running() as server:
        yield server


@pytest.mark.parametrize("heard", [True, False], ids=["committed", "not committed"])
async def test_a_line_that_is_cut_at_the_commit_leaves_everything_done_once(own_server: Server, *, heard: bool) -> None:
    with cut_between(own_server) as cutting:
        async with SqlDatabase.open(cutting.url) as database:
            prompts = SqlPrompts(database, HandClock())
            name = f"heard-{heard}"
            await prompts.create(MINE, StoredPrompt(id=name, version=1, created_at=NOW, template=b"{}"))
            cutting.at("COMMIT", heard=heard)
            added = await prompts.add(MINE, name, b"{}")
            cutting.says("cut")
            assert added is not None
            assert added.version == 2
            assert await prompts.get(MINE, name, 3) is None, "it was not added again"


@pytest.mark.parametrize("heard", [True, False], ids=["committed", "not committed"])
async def test_a_line_that_is_cut_as_rows_are_added_adds_them_once(own_server: Server, *, heard: bool) -> None:
    names = [f"{heard}-{number}" for number in range(3)]
    with cut_between(own_server) as cutting:
        async with SqlDatabase.open(cutting.url) as database:
            responses = SqlResponses(database, HandClock())
            await responses.save(turn(names[0]))
            cutting.at(f"resp_{names[1]}", heard=heard)
            for name in names[1:]:
                await responses.save(turn(name))
            cutting.says("cut")
    found = [name for name in ids_in(own_server.url()) if name.startswith(f"resp_{heard}")]
    assert found == [f"resp_{name}" for name in names]


async def test_a_server_that_is_killed_under_load_loses_nothing_that_was_acknowledged(own_server: Server) -> None:
    kept: list[str] = []
    moments: list[float] = []
    over = asyncio.Event()

    async def load(responses: SqlResponses, name: str) -> None:
        number = 0
        while not over.is_set():
            made = turn(f"killed_{name}_{number:04}")
            await responses.save(made)
            kept.append(made.id)
            moments.append(time.monotonic())
            number += 1

    async with SqlDatabase.open(own_server.url(), busy_seconds=30) as database, asyncio.TaskGroup() as group:
        responses = SqlResponses(database, HandClock())
        for name in "abcdefgh":
            group.create_task(load(responses, name))
        while len(kept) < 200:  # noqa: ASYNC110 - what is awaited happens in threads
            await asyncio.sleep(0.01)
        await asyncio.to_thread(own_server.kill)
        before = len(kept)
        await asyncio.to_thread(own_server.start)
        back = time.monotonic()
        while len(kept) < before + 200:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        over.set()
    found = ids_in(own_server.url())
    assert [name for name in found if name.startswith("resp_killed")] == sorted(kept)
    assert moments[before] - back < 2.0, "it is served again soon after it is back"
