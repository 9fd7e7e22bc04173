"""Conversations in SQLite: the contract, a model that they must agree with, and what costs what."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import structs
from typing_extensions import override

from antiphon.conversation_protocols import Alongside, Page, StoredConversation, Verdict
from antiphon.errors import BadRequest
from antiphon.protocols import Clock, StoredTurn
from antiphon.store.conversation_turns import LEASE_SECONDS, SqlConversationTurns
from antiphon.store.conversations import SqlConversations
from antiphon.store.database import SqlDatabase
from antiphon.store.responses import SqlResponses
from antiphon.store.vault import Vault
from tests.contracts.conversations_store import ConversationsContract, Make, Stores, ended, holder, items, listed
from tests.contracts.responses_store import MINE, NOW, HandClock, turn


@asynccontextmanager
async def stores_of(url: str, clock: Clock, vault: Vault | None = None) -> AsyncGenerator[Stores]:
    async with SqlDatabase.open(url, vault=vault) as database:
        yield Stores(
            SqlResponses(database, clock),
            SqlConversations(database, clock),
            SqlConversationTurns(database, clock),
        )


class TestInAFile(ConversationsContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        return lambda clock: stores_of(f"sqlite:///{tmp_path}/contract.db", clock)


class TestInMemory(ConversationsContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda clock: stores_of("sqlite://", clock)


TURNS = st.sampled_from("123")
NAMES = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3, unique=True)


class Life(RuleBasedStateMachine):
    """Turns that hold, add, lose and lapse, against a list and two numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.clock = HandClock()
        self.stores = self._run(self.stack.enter_async_context(stores_of("sqlite://", self.clock)))
        made = StoredConversation(id="conv_c", created_at=NOW)
        self._run(self.stores.conversations.create(MINE, made, []))
        self.names: list[str] = []
        self.position = 0
        self.saved = 0
        self.holder: str | None = None
        self.until = 0.0

    def _run(self, work: Any) -> Any:
        return self.runner.run(work)

    @override
    def teardown(self) -> None:
        self._run(self.stack.aclose())
        self.runner.close()

    @property
    def _held(self) -> bool:
        return self.holder is not None and self.until > self.clock.now

    def _added(self, names: list[str]) -> None:
        for name in names:
            self.position += 1
            while name in self.names:
                name = f"{name}_{self.position}"  # noqa: PLW2901 - as the store renames it
            self.names.append(name)

    @rule(by=TURNS)
    def hold(self, by: str) -> None:
        free = not self._held or self.holder == by
        held = self._run(self.stores.turns.hold(holder(by)))
        assert held.verdict is (Verdict.DONE if free else Verdict.LOCKED)
        if free:
            assert held.position == self.position
            self.holder, self.until = by, self.clock.now + LEASE_SECONDS

    @rule(by=TURNS)
    def renew(self, by: str) -> None:
        self._run(self.stores.turns.renew([holder(by)]))
        if self.holder == by:
            self.until = self.clock.now + LEASE_SECONDS

    @rule(by=TURNS)
    def release(self, by: str) -> None:
        self._run(self.stores.turns.release(holder(by)))
        if self.holder == by:
            self.holder = None

    @rule(seconds=st.sampled_from([1, LEASE_SECONDS // 2, LEASE_SECONDS]))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule(by=TURNS, names=NAMES)
    def end(self, by: str, names: list[str]) -> None:
        work = self.stores.turns.ending(holder(by), items(*names))
        self.saved += 1
        one = _turn(f"{self.saved}", work)
        if self.holder == by:
            self._run(self.stores.responses.save(one))
            self._added(names)
            self.holder = None
        else:
            with pytest.raises(BadRequest):
                self._run(self.stores.responses.save(one))
            assert self._run(self.stores.responses.get(MINE, one.id)) is None

    @rule(names=NAMES)
    def add(self, names: list[str]) -> None:
        verdict = self._run(self.stores.conversations.add(MINE, "conv_c", items(*names))).verdict
        if self._held:
            assert verdict is Verdict.LOCKED
        elif set(names) & set(self.names):
            assert verdict is Verdict.TAKEN
        else:
            assert verdict is Verdict.DONE
            self._added(names)
            self.holder = None

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([*self.names, "nowhere"]))
        assert self._run(self.stores.conversations.remove(MINE, "conv_c", name)) is (name in self.names)
        self.names = [each for each in self.names if each != name]

    @rule(data=st.data(), limit=st.integers(1, 5), order=st.sampled_from(["asc", "desc"]))
    def page(self, data: st.DataObject, limit: int, order: Any) -> None:
        expected = self.names if order == "asc" else self.names[::-1]
        after = data.draw(st.sampled_from([None, *self.names]))
        rest = expected if after is None else expected[expected.index(after) + 1 :]
        page = self._run(self.stores.conversations.page(MINE, "conv_c", Page(limit, order, after)))
        assert [item.id for item in page.items] == rest[:limit]
        assert page.has_more is (len(rest) > limit)

    @invariant()
    def all_are_there(self) -> None:
        assert self._run(listed(self.stores)) == self.names[:100]


def _turn(name: str, along: Alongside) -> StoredTurn:
    return structs.replace(turn(name), along=along)


Life.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
TestLife = Life.TestCase


async def test_an_append_touches_what_is_new_alone(tmp_path: Path) -> None:
    path = tmp_path / "cost.db"
    async with stores_of(f"sqlite:///{path}", HandClock()) as stores:
        made = StoredConversation(id="conv_c", created_at=NOW)
        await stores.conversations.create(MINE, made, items(*(f"i{n}" for n in range(500))))
        with closing(sqlite3.connect(path)) as connection:
            before = connection.execute("SELECT max(rowid), sum(rowid) FROM conversation_items").fetchone()
        await stores.turns.hold(holder("1"))
        await ended(stores, holder("1"), items("q", "r"))
        with closing(sqlite3.connect(path)) as connection:
            after = connection.execute("SELECT max(rowid), sum(rowid) FROM conversation_items").fetchone()
            assert (after[0] - before[0], after[1] - before[1]) == (2, 501 + 502)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("conversations._chains._newest", "ix_responses_conversation_id"),
        ("conversations._chains._oldest", "ix_responses_conversation_id"),
        ("conversations._chains._root", "sqlite_autoindex_responses_1"),
        ("conversations._items._place", "ux_conversation_items_item_id"),
        ("conversations._items._context", "ix_conversation_items_compaction"),
        ("conversations._items._context", "sqlite_autoindex_conversation_items_1"),
    ],
)
async def test_no_look_up_reads_through_what_is_others(tmp_path: Path, statement: str, index: str) -> None:
    path = tmp_path / "plan.db"
    async with stores_of(f"sqlite:///{path}", HandClock()) as stores:
        found: Any = stores
        for name in statement.split("."):
            found = getattr(found, name)
    names: dict[str, int] = dict.fromkeys(("tenant", "conversation_id", "root_id", "item_id", "now", "upto"), 0)
    with closing(sqlite3.connect(path)) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {found}", names)]
    assert any(index in step for step in plan), plan
    assert not [step for step in plan if step.startswith("SCAN")]
    assert not [step for step in plan if "TEMP B-TREE" in step]
