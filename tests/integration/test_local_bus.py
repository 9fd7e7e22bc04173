"""The bus of processes on one machine: words of any size, in order, to everybody else or to one, and who is there."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from typing_extensions import override

from antiphon.bus import Bus, Word
from antiphon.store import local_bus as module
from antiphon.store.database import SqlDatabase
from antiphon.store.local_bus import LocalBus, Nobody, local_bus
from tests.contracts.bus import BusContract, Ear, Make
from tests.contracts.bus import ears as ears_of
from tests.integration.harness import until


def names_in(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


@asynccontextmanager
async def bus_in(folder: Path) -> AsyncGenerator[LocalBus]:
    with local_bus(folder / "bus") as bus:
        assert bus is not None
        yield bus


def ears(folder: Path, count: int) -> AbstractAsyncContextManager[Sequence[Ear[LocalBus]]]:
    return ears_of(lambda: bus_in(folder), count, missed=count - 1)


class TestOnOneMachine(BusContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        return lambda: bus_in(tmp_path)

    @override
    def ears(self, make: Make, count: int = 3) -> AbstractAsyncContextManager[Sequence[Ear[Bus]]]:
        """Each is told of every other that comes."""
        return ears_of(make, count, missed=count - 1)


async def test_a_word_of_any_size_comes_whole(tmp_path: Path) -> None:
    async with ears(tmp_path, 3) as (one, two, three):
        secret = Word("told", ask="a", data="ü\n\0" * 1_000_000)
        two.bus.say(secret, three.bus.name)
        two.bus.say(Word("job"))
        await until(lambda: len(three.heard) == 2 and one.heard, "all words have come")
        assert three.heard == [secret, Word("job")]
        assert one.heard == [Word("job")]


async def test_who_is_alone_knows_it_and_who_comes_or_goes_is_noticed_at_once(tmp_path: Path) -> None:
    async with ears(tmp_path, 1) as (one,):
        assert one.bus.alone
        one.bus.say(Word("job"))
        async with ears(tmp_path, 1) as (two,):
            await until(lambda: not one.bus.alone and not two.bus.alone, "they know each other")
            one.bus.say(Word("job"))
            await until(lambda: two.heard, "a word comes")
            missed = one.missed
        await until(lambda: one.bus.alone and one.missed > missed, "the other is gone")


async def test_nobody_but_the_owner_can_listen_and_nothing_is_left_by_who_leaves(tmp_path: Path) -> None:
    folder = tmp_path / "bus"
    folder.mkdir(mode=0o755)
    async with ears(tmp_path, 2) as (one, two):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {one.bus.name, two.bus.name} == names_in(folder)
    assert names_in(folder) == set()


async def test_the_socket_of_a_process_that_was_killed_is_removed_by_who_finds_it(tmp_path: Path) -> None:
    folder = tmp_path / "bus"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "1-dead"))
    async with ears(tmp_path, 2) as (one, two):
        assert {one.bus.name, two.bus.name} == names_in(folder)


async def test_a_path_that_is_too_long_for_a_socket_is_long_enough_here(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    async with ears(deep, 2) as (one, two):
        one.bus.say(Word("job"))
        await until(lambda: two.heard, "a word comes")


async def test_who_does_not_listen_for_too_long_misses_something_and_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 1_000_000)
    async with ears(tmp_path, 2) as (one, two):
        missed = two.missed
        # All in one turn of the loop that both share, so that the other cannot read meanwhile.
        for _ in range(40):
            one.bus.say(Word("told", data="x" * 100_000), two.bus.name)
            one.bus.speak()
        await until(lambda: two.missed > missed and not one.bus.alone, "they have found each other again")
        two.heard.clear()
        one.bus.say(Word("job"))
        await until(lambda: Word("job") in two.heard, "words come again")


async def test_words_of_another_release_are_passed_over(tmp_path: Path) -> None:
    async with ears(tmp_path, 1) as (one,):
        link = socket.socket(socket.AF_UNIX)
        link.connect(f"{tmp_path}/bus/{one.bus.name}")
        for text in (b'[["thought","of later"]]', b"{", b'[["job"]]'):
            link.send(len(text).to_bytes(4) + text)
        await until(lambda: one.heard, "what is known is heard")
        assert one.heard == [Word("job")]
        link.close()


async def test_where_there_can_be_no_sockets_there_is_no_bus(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "antiphon.db-bus").write_text("not a folder")
    async with SqlDatabase.open(f"sqlite:///{tmp_path}/antiphon.db") as database:
        assert database.bus is None
    assert "look more often instead" in caplog.text


async def test_a_database_in_memory_has_nobody_to_talk_to() -> None:
    async with SqlDatabase.open("sqlite://") as database:
        assert isinstance(database.bus, Nobody)
        assert database.bus.alone
        database.bus.listen(lambda _: None, lambda: None)
        database.bus.say(Word("job"))
        await asyncio.sleep(0)
