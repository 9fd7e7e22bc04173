"""What every implementation of `antiphon.chat_protocols.StoredChats` must do. Use: as `responses_store.py`."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from msgspec import structs

from antiphon.chat_protocols import ChatPage, StoredChat, StoredChats
from antiphon.protocols import Clock
from tests.contracts.responses_store import MINE, NOW, THEIRS, HandClock

MakeChats = Callable[[Clock], AbstractAsyncContextManager[StoredChats]]
"""Opens an empty store that reads the given clock."""


def chat(name: str, *, tenant: str = MINE, **metadata: str) -> StoredChat:
    """A completion whose contents are its own; names sort by time of birth."""
    return StoredChat(
        serial=f"chat_{name}",
        tenant=tenant,
        id=f"chatcmpl-{name}",
        created_at=NOW,
        expires_at=None,
        asked="fast",
        target="demo/echo",
        model="echo-2",
        metadata=metadata,
        request=b'{"messages":[{"role":"user","content":"%b"}]}' % name.encode(),
        body=b'{"id":"chatcmpl-%b"}' % name.encode(),
    )


def names(page: list[StoredChat] | None) -> list[str]:
    assert page is not None
    return [each.id.removeprefix("chatcmpl-") for each in page]


class ChatsContract:
    @pytest.fixture
    def clock(self) -> HandClock:
        return HandClock()

    @pytest.fixture
    async def chats(self, make: MakeChats, clock: HandClock) -> AsyncGenerator[StoredChats]:
        async with make(clock) as chats:
            yield chats

    async def test_what_is_kept_is_found_as_it_was(self, chats: StoredChats) -> None:
        kept = chat("a", topic="demo", empty="")
        await chats.save(kept)
        assert await chats.get(MINE, kept.id) == kept
        assert await chats.get(MINE, "chatcmpl-b") is None

    async def test_what_is_foreign_is_unknown_to_every_verb(self, chats: StoredChats) -> None:
        kept = chat("a")
        await chats.save(kept)
        assert await chats.get(THEIRS, kept.id) is None
        assert await chats.update(THEIRS, kept.id, {"a": "b"}) is None
        assert await chats.delete(THEIRS, kept.id) is False
        assert await chats.page(THEIRS, ChatPage()) == []
        assert await chats.page(THEIRS, ChatPage(after=kept.id)) is None
        assert await chats.get(MINE, kept.id) == kept

    async def test_two_tenants_may_have_the_same_id(self, chats: StoredChats) -> None:
        mine, theirs = chat("a"), structs.replace(chat("a", tenant=THEIRS), serial="chat_b")
        await chats.save(mine)
        await chats.save(theirs)
        assert await chats.delete(MINE, mine.id) is True
        assert await chats.get(THEIRS, theirs.id) == theirs

    async def test_of_two_with_one_id_the_newest_is_kept(self, chats: StoredChats) -> None:
        await chats.save(chat("a", old="1"))
        again = structs.replace(chat("a", new="1"), serial="chat_b")
        await chats.save(again)
        assert await chats.get(MINE, again.id) == again
        assert await chats.page(MINE, ChatPage()) == [again]
        assert await chats.page(MINE, ChatPage(metadata={"old": "1"})) == []

    async def test_pages_go_on_in_either_order(self, chats: StoredChats) -> None:
        for name in "abcde":
            await chats.save(chat(name))
        assert names(await chats.page(MINE, ChatPage(limit=2))) == ["a", "b"]
        assert names(await chats.page(MINE, ChatPage(limit=2, after="chatcmpl-b"))) == ["c", "d"]
        assert names(await chats.page(MINE, ChatPage(limit=9, after="chatcmpl-d", order="desc"))) == ["c", "b", "a"]
        assert await chats.page(MINE, ChatPage(after="chatcmpl-e")) == []
        assert await chats.page(MINE, ChatPage(after="chatcmpl-z")) is None

    async def test_a_page_is_of_a_model_and_of_pairs(self, chats: StoredChats) -> None:
        await chats.save(chat("a", topic="x", team="1"))
        await chats.save(chat("b", topic="x", team="2"))
        await chats.save(structs.replace(chat("c", topic="y"), asked="slow"))
        for model, found in {"fast": "ab", "slow": "c", "demo/echo": "abc", "echo-2": "abc", "nobody": ""}.items():
            assert names(await chats.page(MINE, ChatPage(model=model))) == list(found)
        assert names(await chats.page(MINE, ChatPage(metadata={"topic": "x"}))) == ["a", "b"]
        assert names(await chats.page(MINE, ChatPage(metadata={"topic": "x", "team": "2"}))) == ["b"]
        assert names(await chats.page(MINE, ChatPage(metadata={"topic": "x", "none": "2"}))) == []

    async def test_new_pairs_stand_in_place_of_the_old(self, chats: StoredChats) -> None:
        kept = chat("a", topic="x")
        await chats.save(kept)
        changed = structs.replace(kept, metadata={"team": "1"})
        assert await chats.update(MINE, kept.id, {"team": "1"}) == changed
        assert await chats.get(MINE, kept.id) == changed
        assert names(await chats.page(MINE, ChatPage(metadata={"team": "1"}))) == ["a"]
        assert names(await chats.page(MINE, ChatPage(metadata={"topic": "x"}))) == []
        assert await chats.update(MINE, "chatcmpl-z", {}) is None

    async def test_what_is_deleted_is_gone(self, chats: StoredChats) -> None:
        kept = chat("a", topic="x")
        await chats.save(kept)
        assert await chats.delete(MINE, kept.id) is True
        assert await chats.delete(MINE, kept.id) is False
        assert await chats.get(MINE, kept.id) is None
        assert await chats.page(MINE, ChatPage(metadata={"topic": "x"})) == []

    async def test_what_has_expired_is_unknown(self, chats: StoredChats, clock: HandClock) -> None:
        kept = structs.replace(chat("a", topic="x"), expires_at=NOW + 5)
        await chats.save(kept)
        clock.now = NOW + 4
        assert await chats.get(MINE, kept.id) == kept
        clock.now = NOW + 5
        assert await chats.get(MINE, kept.id) is None
        assert await chats.page(MINE, ChatPage(metadata={"topic": "x"})) == []
        assert await chats.update(MINE, kept.id, {}) is None
        assert await chats.delete(MINE, kept.id) is False
