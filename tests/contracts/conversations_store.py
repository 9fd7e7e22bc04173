"""What every implementation of `Conversations` and `ConversationTurns` must do, on one database with `Responses`.

Subclass `ConversationsContract` in a test module and give it a fixture `make`, which returns a `Make`.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal

import pytest
from msgspec import structs

from antiphon.conversation_protocols import (
    Conversations,
    ConversationTurns,
    Holder,
    Page,
    StoredConversation,
    StoredItem,
    Verdict,
)
from antiphon.errors import BadRequest
from antiphon.protocols import Clock, Responses
from antiphon.wire.conversations import ConversationView
from tests.contracts.responses_store import MINE, NOW, THEIRS, HandClock, turn

EVERYTHING = 1 << 40
LEASE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Stores:
    """Three stores of one database."""

    responses: Responses
    conversations: Conversations
    turns: ConversationTurns


Make = Callable[[Clock], AbstractAsyncContextManager[Stores]]
"""Opens an empty database that reads the given clock."""


def items(*names: str) -> list[StoredItem]:
    return [StoredItem(name, b'{"id":"%b"}' % name.encode()) for name in names]


def holder(response: str, conversation: str = "conv_c") -> Holder:
    return Holder(MINE, conversation, f"resp_{response}")


async def listed(stores: Stores, conversation: str = "conv_c") -> list[str]:
    page = await stores.conversations.page(MINE, conversation, Page(100, "asc"))
    assert page is not None
    return [item.id for item in page.items]


async def ended(stores: Stores, own: Holder, added: Sequence[StoredItem], *, parent: str = "conv_c@0") -> None:
    one = structs.replace(turn("x"), id=own.response_id, conversation_id=own.conversation_id, parent_id=parent)
    await stores.responses.save(structs.replace(one, along=stores.turns.ending(own, added)))


class Opened:
    @pytest.fixture
    def clock(self) -> HandClock:
        return HandClock()

    @pytest.fixture
    async def stores(self, make: Make, clock: HandClock) -> AsyncGenerator[Stores]:
        async with make(clock) as stores:
            await stores.conversations.create(MINE, StoredConversation(id="conv_c", created_at=NOW), items("a", "b"))
            yield stores


class ItemsContract(Opened):
    async def test_items_stand_in_the_order_they_came(self, stores: Stores) -> None:
        assert (await stores.conversations.add(MINE, "conv_c", items("d", "c"))).verdict is Verdict.DONE
        assert await listed(stores) == ["a", "b", "d", "c"]

    async def test_all_are_added_or_none(self, stores: Stores) -> None:
        refused = await stores.conversations.add(MINE, "conv_c", items("c", "b"))
        assert (refused.verdict, refused.taken) == (Verdict.TAKEN, "b")
        assert await listed(stores) == ["a", "b"]

    async def test_a_place_is_never_given_twice(self, stores: Stores) -> None:
        assert await stores.conversations.remove(MINE, "conv_c", "b")
        assert not await stores.conversations.remove(MINE, "conv_c", "b")
        await stores.conversations.add(MINE, "conv_c", items("c"))
        held = await stores.turns.hold(holder("1"))
        assert held.position == 3

    @pytest.mark.parametrize("limit", [1, 2, 3])
    async def test_pages_go_both_ways(self, stores: Stores, limit: int) -> None:
        await stores.conversations.add(MINE, "conv_c", items("c"))
        names = ["a", "b", "c"]
        orders: list[tuple[Literal["asc", "desc"], list[str]]] = [("asc", names), ("desc", names[::-1])]
        for order, expected in orders:
            page = await stores.conversations.page(MINE, "conv_c", Page(limit, order))
            assert page is not None
            assert [item.id for item in page.items] == expected[:limit]
            assert page.has_more is (limit < 3)
            for place, name in enumerate(expected):
                after = await stores.conversations.page(MINE, "conv_c", Page(limit, order, name))
                before = await stores.conversations.page(MINE, "conv_c", Page(limit, order, None, name))
                assert after is not None
                assert before is not None
                assert [item.id for item in after.items] == expected[place + 1 :][:limit]
                assert [item.id for item in before.items] == expected[:place][-limit:]
                assert before.has_more is (place > limit)
        assert await stores.conversations.page(MINE, "conv_c", Page(after="nowhere")) is None

    async def test_a_context_begins_at_the_newest_compaction(self, stores: Stores) -> None:
        more = [StoredItem("z", b"{}", "openai", compaction=True), *items("c")]
        await stores.conversations.add(MINE, "conv_c", more)
        everything = await stores.turns.context(MINE, ConversationView("conv_c", EVERYTHING))
        assert [(item.id, item.provider) for item in everything] == [("z", "openai"), ("c", None)]
        earlier = await stores.turns.context(MINE, ConversationView("conv_c", 2))
        assert [item.id for item in earlier] == ["a", "b"]


class OwnershipContract(Opened):
    async def test_a_foreign_conversation_is_an_unknown_one(self, stores: Stores) -> None:
        kept = stores.conversations
        assert await kept.get(THEIRS, "conv_c") is None
        assert await kept.update(THEIRS, "conv_c", b'{"a":"b"}') is None
        assert not await kept.delete(THEIRS, "conv_c")
        assert (await kept.add(THEIRS, "conv_c", items("x"))).verdict is Verdict.UNKNOWN
        assert await kept.item(THEIRS, "conv_c", "a") is None
        assert not await kept.remove(THEIRS, "conv_c", "a")
        page = await kept.page(THEIRS, "conv_c", Page())
        assert page is not None
        assert page.items == []
        assert (await stores.turns.hold(Holder(THEIRS, "conv_c", "resp_1"))).verdict is Verdict.UNKNOWN
        assert await stores.turns.context(THEIRS, ConversationView("conv_c", EVERYTHING)) == []
        assert await listed(stores) == ["a", "b"]


class HoldingContract(Opened):
    async def test_one_turn_holds_at_a_time(self, stores: Stores) -> None:
        assert (await stores.turns.hold(holder("1"))).verdict is Verdict.DONE
        assert (await stores.turns.hold(holder("1"))).verdict is Verdict.DONE
        assert (await stores.turns.hold(holder("2"))).verdict is Verdict.LOCKED
        assert (await stores.conversations.add(MINE, "conv_c", items("c"))).verdict is Verdict.LOCKED
        await stores.turns.release(holder("2"))
        assert (await stores.turns.hold(holder("2"))).verdict is Verdict.LOCKED
        await stores.turns.release(holder("1"))
        assert (await stores.turns.hold(holder("2"))).verdict is Verdict.DONE

    async def test_a_hold_lapses_unless_it_is_renewed(self, stores: Stores, clock: HandClock) -> None:
        await stores.turns.hold(holder("1"))
        clock.now += LEASE_SECONDS - 1
        await stores.turns.renew([holder("1")])
        clock.now += LEASE_SECONDS - 1
        assert (await stores.turns.hold(holder("2"))).verdict is Verdict.LOCKED
        clock.now += 1
        assert (await stores.turns.hold(holder("2"))).verdict is Verdict.DONE
        await stores.turns.renew([holder("1")])
        assert (await stores.turns.hold(holder("1"))).verdict is Verdict.LOCKED

    async def test_an_end_adds_and_lets_go_with_the_turn(self, stores: Stores) -> None:
        await stores.turns.hold(holder("1"))
        await ended(stores, holder("1"), items("q", "a"))
        assert await listed(stores) == ["a", "b", "q", "a_4"]
        assert await stores.responses.get(MINE, "resp_1") is not None
        assert (await stores.turns.hold(holder("2"))).position == 4

    async def test_an_end_without_items_only_lets_go(self, stores: Stores) -> None:
        await stores.turns.hold(holder("1"))
        await ended(stores, holder("1"), [])
        assert await listed(stores) == ["a", "b"]
        assert (await stores.turns.hold(holder("2"))).verdict is Verdict.DONE

    async def test_whoever_lost_its_hold_keeps_nothing(self, stores: Stores, clock: HandClock) -> None:
        await stores.turns.hold(holder("1"))
        clock.now += LEASE_SECONDS
        await stores.turns.hold(holder("2"))
        with pytest.raises(BadRequest) as lost:
            await ended(stores, holder("1"), items("q"))
        assert lost.value.code == "conversation_locked"
        assert await stores.responses.get(MINE, "resp_1") is None
        await ended(stores, holder("1"), [])
        await ended(stores, holder("2"), items("r"))
        assert await listed(stores) == ["a", "b", "r"]

    async def test_what_was_added_after_a_lapse_ends_the_hold(self, stores: Stores, clock: HandClock) -> None:
        await stores.turns.hold(holder("1"))
        clock.now += LEASE_SECONDS
        assert (await stores.conversations.add(MINE, "conv_c", items("c"))).verdict is Verdict.DONE
        with pytest.raises(BadRequest):
            await ended(stores, holder("1"), items("q"))

    async def test_a_lasting_hold_needs_no_renewal_and_ends_as_any_other(
        self, stores: Stores, clock: HandClock
    ) -> None:
        await stores.turns.hold(holder("1"))
        queued = structs.replace(turn("q"), along=stores.turns.lasting(holder("1")))
        await stores.responses.save(queued)
        clock.now += 24 * 3600
        assert (await stores.turns.hold(holder("2"))).verdict is Verdict.LOCKED
        assert (await stores.turns.hold(holder("1"))).verdict is Verdict.DONE
        clock.now += 24 * 3600
        assert (await stores.turns.hold(holder("2"))).verdict is Verdict.LOCKED
        await ended(stores, holder("1"), items("q"))
        assert (await stores.turns.hold(holder("2"))).verdict is Verdict.DONE

    async def test_a_hold_that_was_lost_cannot_last(self, stores: Stores, clock: HandClock) -> None:
        await stores.turns.hold(holder("1"))
        clock.now += LEASE_SECONDS
        await stores.turns.hold(holder("2"))
        with pytest.raises(BadRequest):
            await stores.responses.save(structs.replace(turn("q"), along=stores.turns.lasting(holder("1"))))
        assert await stores.responses.get(MINE, "resp_q") is None

    async def test_a_turn_that_cannot_be_kept_adds_nothing(self, stores: Stores) -> None:
        await stores.responses.save(turn("1"))
        await stores.turns.hold(holder("1"))
        with pytest.raises(Exception, match="contradicts"):
            await ended(stores, holder("1"), items("q"))
        assert await listed(stores) == ["a", "b"]
        assert (await stores.turns.hold(holder("2"))).verdict is Verdict.LOCKED

    async def test_the_end_in_a_deleted_conversation_keeps_the_turn(self, stores: Stores) -> None:
        await stores.turns.hold(holder("1"))
        assert await stores.conversations.delete(MINE, "conv_c")
        await ended(stores, holder("1"), items("q"))
        assert await stores.responses.get(MINE, "resp_1") is not None
        assert await stores.conversations.get(MINE, "conv_c") is None
        assert await listed(stores) == []


class ChainContract(Opened):
    async def test_a_chain_has_a_conversation_that_is_named_after_its_root(
        self, stores: Stores, clock: HandClock
    ) -> None:
        root = structs.replace(turn("r"), conversation_id="conv_r", created_at=NOW - 5, expires_at=NOW + 10)
        await stores.responses.save(root)
        found = await stores.conversations.get(MINE, "conv_r")
        assert found == StoredConversation(id="conv_r", created_at=NOW - 5, own=False, newest="resp_r")
        await stores.responses.save(structs.replace(turn("s", parent="r"), conversation_id="conv_r"))
        failed = structs.replace(turn("t", parent="s"), conversation_id="conv_r", status="failed")
        await stores.responses.save(failed)
        found = await stores.conversations.get(MINE, "conv_r")
        assert found is not None
        assert found.newest == "resp_s"
        assert await stores.conversations.get(THEIRS, "conv_r") is None
        clock.now = NOW + 10
        found = await stores.conversations.get(MINE, "conv_r")
        assert found is not None
        assert found.newest == "resp_s"

    async def test_a_response_belongs_to_the_conversation_it_names_alone(self, stores: Stores) -> None:
        await stores.responses.save(structs.replace(turn("r"), conversation_id="conv_other"))
        assert await stores.conversations.get(MINE, "conv_r") is None

    async def test_it_can_be_described_and_made_real_once(self, stores: Stores) -> None:
        await stores.responses.save(structs.replace(turn("r"), conversation_id="conv_r"))
        described = await stores.conversations.update(MINE, "conv_r", b'{"a":"b"}')
        assert described is not None
        assert (described.own, described.metadata) == (False, b'{"a":"b"}')
        assert (await stores.turns.hold(holder("1", "conv_r"))).verdict is Verdict.UNKNOWN
        for names in ("xyx", "z"):
            await stores.conversations.create(MINE, described, items(*names))
        assert await listed(stores, "conv_r") == ["x", "y", "x_3"]
        found = await stores.conversations.get(MINE, "conv_r")
        assert found is not None
        assert (found.own, found.metadata) == (True, b'{"a":"b"}')

    async def test_once_deleted_it_stays_so(self, stores: Stores) -> None:
        await stores.responses.save(structs.replace(turn("r"), conversation_id="conv_r"))
        found = await stores.conversations.get(MINE, "conv_r")
        assert found is not None
        assert await stores.conversations.delete(MINE, "conv_r")
        assert not await stores.conversations.delete(MINE, "conv_r")
        await stores.responses.save(structs.replace(turn("s", parent="r"), conversation_id="conv_r"))
        await stores.conversations.create(MINE, found, items("x"))
        assert await stores.conversations.get(MINE, "conv_r") is None
        assert await stores.responses.get(MINE, "resp_r") is not None

    async def test_a_lineage_says_in_which_conversation_its_root_was_answered(self, stores: Stores) -> None:
        await stores.turns.hold(holder("1"))
        await ended(stores, holder("1"), items("q"), parent="conv_c@2")
        await stores.responses.save(turn("2", parent="1"))
        links = await stores.responses.lineage(MINE, "resp_2")
        assert links is not None
        assert [link.view for link in links] == [ConversationView("conv_c", 2), None]


class ConversationsContract(ItemsContract, OwnershipContract, HoldingContract, ChainContract):
    """All of it."""
