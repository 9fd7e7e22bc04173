"""Kept chat completions in SQLite: the contract, and what the sweeper leaves of them."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from msgspec import structs

from antiphon.chat_protocols import StoredChats
from antiphon.protocols import Clock
from antiphon.store.chats import SqlChats
from antiphon.store.database import SqlDatabase
from antiphon.store.sweeper import Sweeper
from antiphon.store.vault import Vault
from tests.contracts.chats_store import ChatsContract, MakeChats, chat
from tests.contracts.responses_store import NOW, HandClock


@asynccontextmanager
async def chats_of(url: str, clock: Clock, vault: Vault | None = None) -> AsyncGenerator[StoredChats]:
    async with SqlDatabase.open(url, vault=vault) as database:
        yield SqlChats(database, clock)


class TestInMemory(ChatsContract):
    @pytest.fixture
    def make(self) -> MakeChats:
        return lambda clock: chats_of("sqlite://", clock)


async def test_what_has_expired_is_removed_with_its_pairs(tmp_path: Path) -> None:
    clock = HandClock()
    path = tmp_path / "chats.db"
    async with SqlDatabase.open(f"sqlite:///{path}") as database:
        chats = SqlChats(database, clock)
        await chats.save(structs.replace(chat("a", topic="x", team="1"), expires_at=NOW))
        await chats.save(chat("b", topic="x"))
        await Sweeper(database, clock, 60.0).sweep()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT serial FROM chat_completions").fetchall() == [("chat_b",)]
        assert connection.execute("SELECT serial FROM chat_completion_pairs").fetchall() == [("chat_b",)]
