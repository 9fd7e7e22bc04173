"""Copies of files at providers, over a real store: sent once, and removed when their file is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from antiphon.errors import BadRequest, UpstreamBroke
from antiphon.file_protocols import FileCopy, StoredFile
from antiphon.gateway.copies import Copies
from antiphon.store.database import SqlDatabase
from antiphon.store.file_copies import SqlFileCopies
from antiphon.store.files import SqlFiles
from tests.contracts.file_store import file, pieces
from tests.contracts.responses_store import MINE, HandClock


class Keeper:
    """A provider's files."""

    account = "account"
    named = False

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.deaf = False
        self._made = 0

    def lends(self, dialect: str, media_type: str, size: int, inline: int) -> bool:
        return True

    def uploads(self, dialect: str) -> bool:
        return True

    async def send(self, file: StoredFile, media_type: str, content: bytes) -> FileCopy:
        await asyncio.sleep(0)
        self._made += 1
        self.kept[f"v{self._made}"] = content
        return FileCopy(file_id=file.id, provider="keeper", account=self.account, vendor_id=f"v{self._made}")

    async def forget(self, copy: FileCopy) -> None:
        if self.deaf:
            raise UpstreamBroke("The keeper does not listen.")
        del self.kept[copy.vendor_id]


class Cabinet:
    def __init__(self, database: SqlDatabase) -> None:
        self.clock = HandClock()
        self.files = SqlFiles(database, self.clock)
        self.keeper = Keeper()
        self.store = SqlFileCopies(database, self.clock)
        self.copies = Copies(self.files, self.store, {"keeper": self.keeper}, 10)

    async def at(self, name: str) -> str:
        found = await self.files.find(MINE, f"file-{name}")
        assert found is not None
        return await self.copies.at("keeper", self.keeper, found, "text/plain")


@pytest.fixture
async def cabinet() -> AsyncGenerator[Cabinet]:
    async with SqlDatabase.open("sqlite://") as database:
        yield Cabinet(database)


async def test_a_file_is_sent_once_whoever_asks(cabinet: Cabinet) -> None:
    await cabinet.files.create(file("1"), pieces(b"x"))
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(cabinet.at("1")) for _ in range(5)]
    assert {task.result() for task in asking} == {"v1"}
    assert await cabinet.copies.lost("keeper", "file-1") is True
    assert await cabinet.copies.lost("keeper", "file-1") is False
    assert await cabinet.copies.lost("nobody", "file-1") is False
    assert await cabinet.at("1") == "v2"


async def test_a_file_that_is_too_large_is_not_sent(cabinet: Cabinet) -> None:
    await cabinet.files.create(file("1"), pieces(b"x" * 11))
    with pytest.raises(BadRequest) as caught:
        await cabinet.at("1")
    assert caught.value.code == "file_too_large"
    assert cabinet.keeper.kept == {}


async def test_a_provider_that_does_not_listen_is_told_again(cabinet: Cabinet) -> None:
    for name in ("1", "2"):
        await cabinet.files.create(file(name), pieces(b"x"))
        await cabinet.at(name)
    await cabinet.files.delete(MINE, "file-1")
    cabinet.keeper.deaf = True
    await cabinet.copies.clear()
    cabinet.keeper.deaf = False
    await cabinet.copies.clear()
    assert set(cabinet.keeper.kept) == {"v1", "v2"}
    cabinet.clock.now += 300
    await cabinet.copies.clear()
    assert set(cabinet.keeper.kept) == {"v2"}


async def test_a_copy_that_comes_after_its_file_has_gone_is_removed(cabinet: Cabinet) -> None:
    await cabinet.files.create(file("1"), pieces(b"x"))
    found = await cabinet.files.find(MINE, "file-1")
    assert found is not None
    late = await cabinet.keeper.send(found, "text/plain", b"x")
    await cabinet.files.delete(MINE, "file-1")
    await cabinet.store.remember(late)
    await cabinet.copies.clear()
    assert cabinet.keeper.kept == {}


async def test_copies_at_nobody_we_know_are_forgotten(cabinet: Cabinet) -> None:
    await cabinet.files.create(file("1"), pieces(b"x"))
    for provider, account in (("gone", "account"), ("keeper", "other")):
        await cabinet.store.remember(FileCopy(file_id="file-1", provider=provider, account=account, vendor_id="v"))
    await cabinet.files.delete(MINE, "file-1")
    await cabinet.copies.clear()
    cabinet.clock.now += 900
    assert list(await cabinet.store.orphans(10)) == []
