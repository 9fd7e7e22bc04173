"""What every implementation of `antiphon.notices.Outbox` must do, together with the `Announcer` that fills it.

Subclass `OutboxContract` in a test module and give it a fixture `make`, which returns a `Make`:

    class TestMyOutbox(OutboxContract):
        @pytest.fixture
        def make(self) -> Make:
            return my_async_context_manager
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest
from msgspec import structs

from antiphon.notices import Notice, Outbox, Subscription
from antiphon.protocols import Clock
from tests.contracts.responses_store import MINE, NOW, THEIRS, HandClock

LEASE = 60
DONE = "response.completed"
EVERY = frozenset({DONE, "response.cancelled", "response.failed", "response.incomplete"})
SUBSCRIPTIONS = (
    Subscription("we_all", EVERY, None),
    Subscription("we_failed", frozenset({"response.failed"}), None),
    Subscription("we_mine", EVERY, frozenset({MINE})),
)


class Office(Protocol):
    """What one process has: its way into the outbox, and the way out."""

    @property
    def outbox(self) -> Outbox: ...

    async def announce(self, tenant: str, response_id: str, event_type: str) -> bool:
        """In a transaction of its own; whether there was anything to perform."""
        ...


Make = Callable[[Clock, Sequence[Subscription]], AbstractAsyncContextManager[Sequence[Office]]]
"""Opens an empty outbox that reads the given clock, as two processes see it."""


class Opened:
    """The fixtures that every part of the contract needs."""

    @pytest.fixture
    def clock(self) -> HandClock:
        return HandClock()

    @pytest.fixture
    async def offices(self, make: Make, clock: HandClock) -> AsyncGenerator[Sequence[Office]]:
        async with make(clock, SUBSCRIPTIONS) as offices:
            yield offices

    @pytest.fixture
    def office(self, offices: Sequence[Office]) -> Office:
        return offices[0]

    async def one(self, office: Office, receiver: str = "we_all") -> Notice:
        (notice,) = await office.outbox.claim(receiver, 8, LEASE)
        return notice


class AnnouncingContract(Opened):
    async def test_an_event_waits_for_everyone_who_wants_it_and_for_nobody_else(self, office: Office) -> None:
        assert await office.announce(THEIRS, "resp_1", DONE)
        assert await office.announce(MINE, "resp_2", "response.failed")
        waiting = {
            each.receiver: {(n.response_id, n.type) for n in await office.outbox.claim(each.receiver, 8, LEASE)}
            for each in SUBSCRIPTIONS
        }
        failed = ("resp_2", "response.failed")
        assert waiting == {"we_all": {("resp_1", DONE), failed}, "we_failed": {failed}, "we_mine": {failed}}

    async def test_each_receiver_knows_an_event_by_an_id_of_its_own(self, office: Office) -> None:
        await office.announce(MINE, "resp_1", DONE)
        mine, all_ = await self.one(office, "we_mine"), await self.one(office)
        assert mine.id != all_.id
        assert structs.replace(mine, id=all_.id) == all_
        assert (all_.tries, all_.created_at, all_.type, all_.response_id) == (1, NOW, DONE, "resp_1")

    async def test_what_nobody_wants_is_not_written_down(self, make: Make, clock: HandClock) -> None:
        nobody = [Subscription("we_failed", frozenset({"response.failed"}), frozenset({MINE}))]
        for subscriptions in (nobody, []):
            async with make(clock, subscriptions) as (office, _):
                assert not await office.announce(THEIRS, "resp_1", "response.failed")
                assert not await office.announce(MINE, "resp_1", DONE)
                assert await office.outbox.due_at("we_failed") is None

    async def test_what_is_announced_twice_is_one_event(self, office: Office) -> None:
        for _ in range(2):
            await office.announce(MINE, "resp_1", DONE)
        notice = await self.one(office)
        await office.announce(MINE, "resp_1", DONE)
        await office.outbox.delivered(notice)
        await office.announce(MINE, "resp_1", DONE)
        assert await office.outbox.claim("we_all", 8, LEASE) == []


class ClaimingContract(Opened):
    async def test_many_who_claim_at_once_never_get_the_same(self, offices: Sequence[Office]) -> None:
        expected = {f"resp_{number}" for number in range(40)}
        for response_id in expected:
            await offices[0].announce(MINE, response_id, DONE)
        claimed: list[Notice] = []

        async def claim(office: Office) -> None:
            while notices := await office.outbox.claim("we_all", 3, LEASE):
                claimed.extend(notices)

        async with asyncio.TaskGroup() as group:
            for office in (*offices, *offices):
                group.create_task(claim(office))
        assert len(claimed) == len(expected)
        assert {notice.response_id for notice in claimed} == expected

    async def test_the_oldest_comes_first(self, office: Office, clock: HandClock) -> None:
        for number in (3, 1, 2):
            clock.now = float(NOW + number)
            await office.announce(MINE, f"resp_{number}", DONE)
        claimed = [*await office.outbox.claim("we_all", 2, LEASE), *await office.outbox.claim("we_all", 2, LEASE)]
        clock.now = NOW + 4.0
        assert [notice.response_id for notice in claimed] == ["resp_1", "resp_2", "resp_3"][: len(claimed)]

    async def test_a_claim_that_lapses_is_made_again_by_another(
        self, offices: Sequence[Office], clock: HandClock
    ) -> None:
        first, second = offices
        await first.announce(MINE, "resp_1", DONE)
        lost = await self.one(first)
        assert await second.outbox.due_at("we_all") == NOW + LEASE
        clock.now = NOW + LEASE - 0.5
        assert await second.outbox.claim("we_all", 8, LEASE) == []
        clock.now = float(NOW + LEASE)
        found = await self.one(second)
        assert found == structs.replace(lost, tries=2)

    async def test_who_lost_a_claim_has_no_say_any_more(self, offices: Sequence[Office], clock: HandClock) -> None:
        first, second = offices
        await first.announce(MINE, "resp_1", DONE)
        lost = await self.one(first)
        clock.now += LEASE
        found = await self.one(second)
        await first.outbox.delivered(lost)
        await first.outbox.bury(lost)
        await first.outbox.postpone(lost, NOW)
        assert await second.outbox.due_at("we_all") == NOW + 2 * LEASE
        await second.outbox.delivered(found)
        assert await second.outbox.due_at("we_all") is None

    async def test_what_is_postponed_is_due_when_it_was_said(self, office: Office, clock: HandClock) -> None:
        await office.announce(MINE, "resp_1", DONE)
        notice = await self.one(office)
        await office.outbox.postpone(notice, NOW + 300)
        assert await office.outbox.due_at("we_all") == NOW + 300
        clock.now = NOW + 299.9
        assert await office.outbox.claim("we_all", 8, LEASE) == []
        clock.now = NOW + 300.0
        assert await self.one(office) == structs.replace(notice, tries=2)

    @pytest.mark.parametrize("end", ["delivered", "bury"])
    async def test_what_is_over_never_comes_back(self, office: Office, clock: HandClock, end: str) -> None:
        await office.announce(MINE, "resp_1", DONE)
        notice = await self.one(office)
        await (office.outbox.delivered(notice) if end == "delivered" else office.outbox.bury(notice))
        await office.outbox.postpone(notice, NOW)
        clock.now += 1e7
        assert await office.outbox.due_at("we_all") is None
        assert await office.outbox.claim("we_all", 8, LEASE) == []


class OutboxContract(AnnouncingContract, ClaimingContract):
    """All of it."""
