"""What every implementation of `antiphon.protocols.Responses` must do.

Subclass `ResponsesContract` in a test module and give it a fixture `make`, which returns a `Make`:

    class TestMyResponses(ResponsesContract):
        @pytest.fixture
        def make(self) -> Make:
            return my_async_context_manager
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import pytest
from msgspec import structs

from antiphon.errors import StoreFailed
from antiphon.protocols import Clock, Responses, StoredTurn

NOW = 1_800_000_000
MINE = "tenant-a"
THEIRS = "tenant-b"

Make = Callable[[Clock], AbstractAsyncContextManager[Responses]]
"""Opens an empty store that reads the given clock."""


class HandClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


def turn(
    name: str, *, parent: str | None = None, tenant: str = MINE, frames: Sequence[bytes] | None = None
) -> StoredTurn:
    """A finished turn whose contents are its own; other fields by `msgspec.structs.replace`."""
    return StoredTurn(
        id=f"resp_{name}",
        tenant=tenant,
        parent_id=None if parent is None else f"resp_{parent}",
        conversation_id=f"conv_{name}",
        created_at=NOW,
        expires_at=None,
        status="completed",
        model="model",
        provider="provider",
        upstream_id=f"upstream_{name}",
        input=f'[{{"id":"msg_{name}","content":"q"}}]'.encode(),
        body=f'{{"id":"resp_{name}","output":[]}}'.encode(),
        frames=frames,
    )


async def save_chain(responses: Responses, length: int) -> str:
    """A chain of turns named 0, 1, 2…; the last one's id."""
    for number in range(length):
        await responses.save(turn(str(number), parent=str(number - 1) if number else None))
    return f"resp_{length - 1}"


class Opened:
    """The fixtures that every part of the contract needs."""

    @pytest.fixture
    def clock(self) -> HandClock:
        return HandClock()

    @pytest.fixture
    async def responses(self, make: Make, clock: HandClock) -> AsyncGenerator[Responses]:
        async with make(clock) as responses:
            yield responses


class KeepingContract(Opened):
    async def test_what_was_saved_is_found_byte_for_byte(self, responses: Responses) -> None:
        body = '{"text":"\\u0000 \\ud83d\\ude00 😀 ü"}  \r\n'.encode() + bytes(range(256))
        saved = structs.replace(turn("one", parent="none"), body=body, input=b' [ {"a" : 1.0e5} ]\n')
        await responses.save(saved)
        found = await responses.get(MINE, saved.id)
        assert found is not None
        assert (found.body, found.input) == (saved.body, saved.input)
        assert (found.id, found.parent_id, found.conversation_id) == (saved.id, saved.parent_id, saved.conversation_id)
        assert (found.status, found.provider, found.streamed) == (saved.status, saved.provider, False)

    async def test_what_is_absent_stays_absent(self, responses: Responses) -> None:
        saved = structs.replace(turn("one"), conversation_id=None, upstream_id=None, input=b"", body=b"")
        await responses.save(saved)
        found = await responses.get(MINE, saved.id)
        assert found is not None
        assert (found.parent_id, found.conversation_id, found.input, found.body) == (None, None, b"", b"")

    async def test_contents_may_be_large(self, responses: Responses) -> None:
        frames = [b"event: x\ndata: %d%b\n\n" % (number, b"." * 100_000) for number in range(30)]
        saved = structs.replace(turn("large", frames=frames), body=b"b" * 5_000_000, input=b"i" * 3_000_000)
        await responses.save(saved)
        found = await responses.get(MINE, saved.id)
        assert found is not None
        assert found.body == saved.body
        assert found.input == saved.input
        assert await responses.frames(MINE, saved.id) == frames

    @pytest.mark.parametrize(
        "frames",
        [
            [],
            [b"data: 1\n\n"],
            [b"event: a\ndata: {}\n\n", b"event: a\ndata: {}\n\n", b": comment\n\n", b"data: a\ndata: b\n\n"],
            ["data: é😀 \r \x00\n\n".encode(), b"data: \xff\xfe\n\n"],
        ],
    )
    async def test_frames_come_back_one_by_one_as_they_were(
        self, responses: Responses, frames: Sequence[bytes]
    ) -> None:
        saved = turn("streamed", frames=frames)
        await responses.save(saved)
        assert await responses.frames(MINE, saved.id) == list(frames)
        found = await responses.get(MINE, saved.id)
        assert found is not None
        assert found.streamed

    async def test_an_answer_that_was_not_streamed_has_no_frames(self, responses: Responses) -> None:
        await responses.save(turn("whole"))
        assert await responses.frames(MINE, "resp_whole") is None

    async def test_an_unknown_response_is_none(self, responses: Responses) -> None:
        assert await responses.get(MINE, "resp_unknown") is None
        assert await responses.frames(MINE, "resp_unknown") is None
        assert await responses.lineage(MINE, "resp_unknown") is None
        assert not await responses.delete(MINE, "resp_unknown")

    async def test_an_id_is_given_once_whoever_asks(self, responses: Responses) -> None:
        first = turn("one")
        await responses.save(first)
        for second in (structs.replace(first, body=b"other"), structs.replace(first, tenant=THEIRS)):
            with pytest.raises(StoreFailed):
                await responses.save(second)
        found = await responses.get(MINE, first.id)
        assert found is not None
        assert found.body == first.body
        assert await responses.get(THEIRS, first.id) is None


class OwnershipContract(Opened):
    async def test_a_foreign_response_is_an_unknown_one(self, responses: Responses) -> None:
        await responses.save(turn("mine", frames=[b"data: 1\n\n"]))
        assert await responses.get(THEIRS, "resp_mine") is None
        assert await responses.frames(THEIRS, "resp_mine") is None
        assert await responses.lineage(THEIRS, "resp_mine") is None
        assert not await responses.delete(THEIRS, "resp_mine")
        assert await responses.get(MINE, "resp_mine") is not None

    async def test_a_chain_never_leads_through_another_tenant(self, responses: Responses) -> None:
        await responses.save(turn("theirs", tenant=THEIRS))
        await responses.save(turn("mine", parent="theirs"))
        assert await responses.lineage(MINE, "resp_mine") is None


class LineageContract(Opened):
    async def test_a_lineage_holds_every_link_root_first(self, responses: Responses) -> None:
        last = await save_chain(responses, 3)
        links = await responses.lineage(MINE, last)
        assert links is not None
        assert [link.id for link in links] == ["resp_0", "resp_1", "resp_2"]
        for number, link in enumerate(links):
            expected = turn(str(number))
            assert (link.input, link.body) == (expected.input, expected.body)
            assert (link.conversation_id, link.status) == (expected.conversation_id, expected.status)

    async def test_a_response_without_parent_is_its_own_lineage(self, responses: Responses) -> None:
        await responses.save(turn("root"))
        links = await responses.lineage(MINE, "resp_root")
        assert links is not None
        assert [link.id for link in links] == ["resp_root"]

    async def test_a_lineage_keeps_to_its_own_branch(self, responses: Responses) -> None:
        await save_chain(responses, 2)
        for name in ("left", "right"):
            await responses.save(turn(name, parent="1"))
        await responses.save(turn("late", parent="0"))
        for name, expected in (("left", "resp_1"), ("right", "resp_1"), ("late", "resp_0")):
            links = await responses.lineage(MINE, f"resp_{name}")
            assert links is not None
            assert [link.id for link in links][-2:] == [expected, f"resp_{name}"]

    async def test_a_lineage_may_be_long(self, responses: Responses) -> None:
        last = await save_chain(responses, 600)
        links = await responses.lineage(MINE, last)
        assert links is not None
        assert [link.id for link in links] == [f"resp_{number}" for number in range(600)]

    @pytest.mark.parametrize("missing", [0, 1, 2])
    async def test_a_deleted_ancestor_breaks_the_chain_but_not_the_descendants(
        self, responses: Responses, missing: int
    ) -> None:
        last = await save_chain(responses, 4)
        assert await responses.delete(MINE, f"resp_{missing}")
        assert await responses.lineage(MINE, last) is None
        assert await responses.get(MINE, last) is not None
        if missing:
            assert await responses.lineage(MINE, f"resp_{missing - 1}") is not None

    async def test_a_parent_that_never_was_breaks_the_chain(self, responses: Responses) -> None:
        await responses.save(turn("orphan", parent="nobody"))
        assert await responses.lineage(MINE, "resp_orphan") is None


class RemovalContract(Opened):
    async def test_a_response_exists_until_the_second_it_expires(self, responses: Responses, clock: HandClock) -> None:
        await responses.save(structs.replace(turn("short", frames=[b"data: 1\n\n"]), expires_at=NOW + 10))
        clock.now = NOW + 9.9
        assert await responses.get(MINE, "resp_short") is not None
        clock.now = NOW + 10.0
        assert await responses.get(MINE, "resp_short") is None
        assert await responses.frames(MINE, "resp_short") is None
        assert await responses.lineage(MINE, "resp_short") is None
        assert not await responses.delete(MINE, "resp_short")

    async def test_an_expired_ancestor_breaks_the_chain(self, responses: Responses, clock: HandClock) -> None:
        await responses.save(structs.replace(turn("root"), expires_at=NOW + 10))
        await responses.save(turn("child", parent="root"))
        assert await responses.lineage(MINE, "resp_child") is not None
        clock.now = NOW + 11.0
        assert await responses.lineage(MINE, "resp_child") is None
        assert await responses.get(MINE, "resp_child") is not None

    async def test_a_deleted_response_is_gone_with_everything_it_owned(self, responses: Responses) -> None:
        await responses.save(turn("doomed", frames=[b"data: 1\n\n"]))
        await responses.save(turn("other"))
        assert await responses.delete(MINE, "resp_doomed")
        assert await responses.get(MINE, "resp_doomed") is None
        assert await responses.frames(MINE, "resp_doomed") is None
        assert await responses.lineage(MINE, "resp_doomed") is None
        assert not await responses.delete(MINE, "resp_doomed")
        assert await responses.get(MINE, "resp_other") is not None


class CrowdContract(Opened):
    async def test_a_thousand_at_once_are_all_kept(self, responses: Responses) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(1_000):
                group.create_task(responses.save(turn(f"{number:04}", frames=[b"data: %d\n\n" % number])))
        for number in range(1_000):
            found = await responses.get(MINE, f"resp_{number:04}")
            assert found is not None
            assert found.body == turn(f"{number:04}").body
            assert await responses.frames(MINE, f"resp_{number:04}") == [b"data: %d\n\n" % number]

    async def test_one_that_fails_takes_no_neighbour_with_it(self, responses: Responses) -> None:
        await responses.save(turn("taken"))
        outcomes: dict[str, bool] = {}

        async def save(name: str, one: StoredTurn) -> None:
            try:
                await responses.save(one)
            except StoreFailed:
                outcomes[name] = False
            else:
                outcomes[name] = True

        async with asyncio.TaskGroup() as group:
            for number in range(20):
                taken = number % 5 == 0
                one = turn("taken") if taken else turn(str(number))
                group.create_task(save(str(number), one))
        assert outcomes == {str(number): number % 5 != 0 for number in range(20)}
        for number in range(20):
            found = await responses.get(MINE, f"resp_{number}")
            assert (found is not None) == outcomes[str(number)]

    async def test_a_saver_that_is_cancelled_leaves_the_others_alone(self, responses: Responses) -> None:
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            savers = [group.create_task(responses.save(turn(str(number)))) for number in range(50)]
            await asyncio.sleep(0)
            for saver in savers[::2]:
                saver.cancel()
        for number in range(1, 50, 2):
            assert await responses.get(MINE, f"resp_{number}") is not None

    async def test_a_turn_can_be_continued_as_soon_as_it_is_saved(self, responses: Responses) -> None:
        async def converse(name: str) -> None:
            for number in range(20):
                parent = f"{name}-{number - 1}" if number else None
                await responses.save(turn(f"{name}-{number}", parent=parent))
                links = await responses.lineage(MINE, f"resp_{name}-{number}")
                assert links is not None
                assert len(links) == number + 1

        async with asyncio.TaskGroup() as group:
            for name in "abcdefgh":
                group.create_task(converse(name))


class ResponsesContract(KeepingContract, OwnershipContract, LineageContract, RemovalContract, CrowdContract):
    """All of it."""
