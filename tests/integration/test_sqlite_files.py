"""Files in SQLite: the contract in memory and on disk, exact paging, and what a killed upload leaves."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.conversation_protocols import Page
from antiphon.protocols import Clock
from antiphon.store.database import SqlDatabase
from antiphon.store.file_copies import SqlFileCopies
from antiphon.store.file_uploads import SqlUploads
from antiphon.store.files import SqlFiles
from antiphon.store.sweeper import Sweeper
from antiphon.store.vault import Vault
from tests.contracts.file_store import (
    Cabinet,
    FileCopiesContract,
    FileEndingContract,
    FileStoreContract,
    Make,
    file,
    pieces,
    read,
)
from tests.contracts.responses_store import MINE, NOW, THEIRS, HandClock

ROOT = Path(__file__).resolve().parents[2]

UPLOADING = """
import asyncio, sys, time
from antiphon.store.database import SqlDatabase
from antiphon.store.files import SqlFiles
from tests.contracts.file_store import file

async def endless():
    while True:
        yield b"x" * 1_000_000
        print("more", flush=True)

async def main():
    async with SqlDatabase.open(sys.argv[1]) as database:
        await SqlFiles(database, time.time).create(file("1"), endless())

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class SqlCabinet:
    files: SqlFiles
    copies: SqlFileCopies
    uploads: SqlUploads
    sweeper: Sweeper

    async def sweep(self) -> None:
        await self.sweeper.sweep()


@asynccontextmanager
async def opened(url: str, clock: Clock, vault: Vault | None = None) -> AsyncGenerator[Cabinet]:
    async with SqlDatabase.open(url, vault=vault) as database:
        yield SqlCabinet(
            SqlFiles(database, clock),
            SqlFileCopies(database, clock),
            SqlUploads(database, clock),
            Sweeper(database, clock, 60.0),
        )


class TestInMemory(FileStoreContract, FileEndingContract, FileCopiesContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda clock: opened("sqlite://", clock)


class TestOnDisk(FileStoreContract, FileEndingContract, FileCopiesContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        return lambda clock: opened(f"sqlite:///{tmp_path / 'store.db'}", clock)


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - names of ours


async def test_what_is_deleted_leaves_the_database(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    secret = b"not for everybody " * 50_000
    async with opened(f"sqlite:///{path}", HandClock()) as cabinet:
        await cabinet.files.create(file("1"), pieces(secret))
        await cabinet.files.create(file("2"), pieces(b"stays"))
        await cabinet.files.delete(MINE, "file-1")
        await cabinet.sweep()
        assert (rows(path, "files"), rows(path, "file_chunks")) == (1, 1)
        assert b"not for everybody" not in path.read_bytes()


def kill_an_upload(path: Path) -> None:
    command = [sys.executable, "-c", UPLOADING, f"sqlite:///{path}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert all(process.stdout.readline() for _ in range(4))
        process.kill()


async def test_a_killed_upload_is_never_seen_and_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    kill_an_upload(path)
    assert rows(path, "file_chunks") > 0
    clock = HandClock()
    async with opened(f"sqlite:///{path}", clock) as cabinet:
        assert await cabinet.files.find(MINE, "file-1") is None
        assert (await cabinet.files.listed(MINE, Page())).files == []
        assert await cabinet.files.content(MINE, "file-1") is None
        clock.now = 2e10
        await cabinet.sweep()
    assert (rows(path, "files"), rows(path, "file_chunks")) == (0, 0)


@settings(max_examples=12, deadline=None)
@given(
    names=st.lists(st.integers(0, 40), unique=True, max_size=12),
    gone=st.sets(st.integers(0, 40), max_size=5),
    limit=st.integers(1, 5),
    order=st.sampled_from(["asc", "desc"]),
)
def test_pages_of_any_size_hold_every_file_once_and_in_order(
    names: list[int], gone: set[int], limit: int, order: Literal["asc", "desc"]
) -> None:
    """Also while what was on earlier pages is being deleted, as clients do that clear up page by page."""

    async def run() -> None:
        async with opened("sqlite://", HandClock()) as cabinet:
            files = cabinet.files
            for name in names:
                await files.create(file(f"{name:02}"), pieces(b"x"))
                await files.create(file(f"{name:02}t", tenant=THEIRS), pieces(b"x"))
            seen: list[str] = []
            found = await files.listed(MINE, Page(limit=limit, order=order))
            while found.files:
                assert len(found.files) <= limit
                seen += [each.id for each in found.files]
                for each in found.files:
                    if int(each.id.removeprefix("file-")) in gone:
                        assert await files.delete(MINE, each.id)
                following = await files.listed(MINE, Page(limit=limit, order=order, after=seen[-1]))
                assert found.has_more == bool(following.files)
                found = following
            assert seen == sorted((f"file-{name:02}" for name in names), reverse=order == "desc")

    asyncio.run(run())


async def test_a_file_made_before_a_restart_is_there_after_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    async with opened(url, HandClock()) as cabinet:
        await cabinet.files.create(file("1", expires_at=NOW + 5), pieces(b"kept"))
    async with opened(url, HandClock()) as cabinet:
        assert await read(cabinet.files, MINE, "file-1") == b"kept"
