"""What every implementation of `antiphon.jobs.Jobs` and `antiphon.jobs.Journal` must do.

Subclass `JobsContract` in a test module and give it a fixture `make`, which returns a `Make`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from msgspec import Struct, structs
from typing_extensions import override

from antiphon.conversation_protocols import Alongside
from antiphon.errors import BadRequest, JobLost, StoreFailed
from antiphon.jobs import Claim, Jobs, Journal, Queued
from antiphon.protocols import Clock, Responses, StoredTurn
from antiphon.wire.assembly import events_of
from antiphon.wire.lifecycle import count_of, queued
from antiphon.wire.requests import parse_request
from antiphon.wire.responses import opened
from tests.contracts.responses_store import MINE, NOW, THEIRS, HandClock, turn
from tests.grammar import check_stream

LEASE_SECONDS = 30.0
MANY = 1_000
REQUEST = b'{"model":"m","input":"Hi","background":true}'


class Store(Struct, frozen=True):
    """One database, open."""

    jobs: Jobs
    journal: Journal
    responses: Responses


Make = Callable[[Clock], AbstractAsyncContextManager[Store]]
"""Opens a store whose leases last `LEASE_SECONDS`; opened twice, it is the same database."""


def asked(name: str, *, tenant: str = MINE, along: Alongside | None = None) -> Queued:
    """An answer that is to be given."""
    id_ = f"resp_{name}"
    opening = opened(parse_request(REQUEST), id=id_, created_at=NOW, provider="p", conversation=None)
    body, frames = queued(opening)
    stored = structs.replace(turn(name, tenant=tenant), status="queued", body=body, frames=frames, upstream_id=None)
    stored = structs.replace(stored, along=along)
    return Queued(turn=stored, key_name="key", request=REQUEST)


def frame(number: int, kind: str = "response.in_progress", members: str = "") -> bytes:
    return f'event: {kind}\ndata: {{"type":"{kind}","sequence_number":{number}{members}}}\n\n'.encode()


def ended(claim: Claim, status: str = "completed") -> StoredTurn:
    """The end of a claimed answer: everything that was told, and one event more."""
    number = sum(map(count_of, claim.told))
    frames = [*claim.told, frame(number, "response.completed", ',"response":{}')]
    name = claim.id.removeprefix("resp_")
    return structs.replace(turn(name, tenant=claim.tenant), status=status, body=b'{"ended":true}', frames=frames)


async def claimed(jobs: Jobs) -> Claim:
    claim = await jobs.claim(MANY)
    assert claim is not None
    return claim


class Refusal(Alongside):
    """Work that cannot be done."""

    @override
    def prepare(self) -> None: ...

    @override
    def perform(self, connection: object) -> object:
        raise BadRequest("It is no more.")


class Opened:
    """The fixtures that every part of the contract needs."""

    @pytest.fixture
    def clock(self) -> HandClock:
        return HandClock()

    @pytest.fixture
    async def store(self, make: Make, clock: HandClock) -> AsyncGenerator[Store]:
        async with make(clock) as store:
            yield store


class QueueContract(Opened):
    async def test_response_job_and_first_events_appear_together(self, store: Store) -> None:
        queued = asked("one")
        assert await store.jobs.add(queued, MANY)
        found = await store.responses.get(MINE, "resp_one")
        assert found is not None
        assert (found.status, found.body, found.input) == ("queued", queued.turn.body, queued.turn.input)
        page = await store.journal.page(MINE, "resp_one", -1)
        assert page is not None
        assert [event.type for event in events_of(b"".join(page.frames))] == ["response.created", "response.queued"]
        claim = await claimed(store.jobs)
        assert (claim.id, claim.tenant, claim.key_name, claim.attempt) == ("resp_one", MINE, "key", 1)
        assert (claim.request, claim.input, claim.created_at) == (REQUEST, queued.turn.input, NOW)
        assert list(claim.told) == [b"".join(queued.turn.frames or ())]
        found = await store.responses.get(MINE, "resp_one")
        assert found is not None
        assert found.status == "in_progress"

    async def test_nothing_is_stored_of_what_finds_the_queue_full(self, store: Store) -> None:
        assert await store.jobs.add(asked("one"), 1)
        assert not await store.jobs.add(asked("two"), 1)
        assert await store.responses.get(MINE, "resp_two") is None
        assert await store.jobs.add(asked("three", tenant=THEIRS), 1)
        await claimed(store.jobs)
        assert await store.jobs.add(asked("four"), 1)

    async def test_an_id_that_is_taken_leaves_no_job(self, store: Store) -> None:
        await store.responses.save(turn("one"))
        with pytest.raises(StoreFailed):
            await store.jobs.add(asked("one"), MANY)
        assert not await store.jobs.waiting(MANY)
        assert await store.jobs.claim(MANY) is None

    async def test_what_is_done_along_happens_with_the_job_or_neither_does(self, store: Store) -> None:
        refused = asked("one")
        with pytest.raises(BadRequest, match="no more"):
            await store.jobs.add(structs.replace(refused, turn=structs.replace(refused.turn, along=Refusal())), MANY)
        assert await store.responses.get(MINE, "resp_one") is None
        assert not await store.jobs.waiting(MANY)

    async def test_the_oldest_comes_first(self, store: Store) -> None:
        for name in ("2", "1", "3"):
            await store.jobs.add(asked(name), MANY)
        assert [(await claimed(store.jobs)).id for _ in range(3)] == ["resp_1", "resp_2", "resp_3"]
        assert not await store.jobs.waiting(MANY)

    async def test_a_tenant_runs_no_more_than_it_may_and_holds_up_nobody(self, store: Store) -> None:
        for name in ("1", "2", "3"):
            await store.jobs.add(asked(name), MANY)
        await store.jobs.add(asked("4", tenant=THEIRS), MANY)
        claims = [await store.jobs.claim(2) for _ in range(3)]
        assert [claim and claim.id for claim in claims] == ["resp_1", "resp_2", "resp_4"]
        assert not await store.jobs.waiting(2)
        assert await store.jobs.claim(2) is None
        assert claims[0] is not None
        await store.jobs.finish(claims[0], ended(claims[0]))
        assert await store.jobs.waiting(2)
        assert (await claimed(store.jobs)).id == "resp_3"

    async def test_each_job_is_claimed_once_by_many_workers(self, make: Make, clock: HandClock) -> None:
        async with make(clock) as one, make(clock) as other:
            for number in range(100):
                await one.jobs.add(asked(f"{number:03}"), MANY)
            got: list[str] = []

            async def work(jobs: Jobs) -> None:
                while (claim := await jobs.claim(MANY)) is not None:
                    got.append(claim.id)
                    await jobs.finish(claim, ended(claim))

            async with asyncio.TaskGroup() as group:
                for place in range(8):
                    group.create_task(work((one, other)[place % 2].jobs))
            assert sorted(got) == [f"resp_{number:03}" for number in range(100)]

    async def test_a_job_whose_response_is_gone_is_nobodys(self, store: Store) -> None:
        await store.jobs.add(asked("one"), MANY)
        assert not await store.responses.delete(MINE, "resp_one")
        assert await store.responses.get(MINE, "resp_one") is not None


class FenceContract(Opened):
    async def test_a_lease_lapses_unless_it_is_renewed(self, store: Store, clock: HandClock) -> None:
        await store.jobs.add(asked("one"), MANY)
        first = await claimed(store.jobs)
        clock.now += LEASE_SECONDS - 1
        assert await store.jobs.renew(first)
        clock.now += LEASE_SECONDS - 1
        assert await store.jobs.claim(MANY) is None
        clock.now += 1
        second = await claimed(store.jobs)
        assert (second.id, second.attempt) == (first.id, 2)
        assert not await store.jobs.renew(first)
        assert await store.jobs.renew(second)

    async def test_a_stale_worker_can_do_nothing(self, store: Store, clock: HandClock) -> None:
        await store.jobs.add(asked("one"), MANY)
        stale = await claimed(store.jobs)
        await store.journal.append(stale, 2, 2, frame(2))
        clock.now += LEASE_SECONDS
        fresh = await claimed(store.jobs)
        assert b"".join(fresh.told).endswith(frame(2))
        with pytest.raises(JobLost):
            await store.journal.append(stale, 3, 3, frame(3))
        with pytest.raises(JobLost):
            await store.jobs.finish(stale, ended(stale))
        await store.jobs.release(stale)
        assert await store.jobs.claim(MANY) is None
        await store.journal.append(fresh, 3, 3, frame(3))
        page = await store.journal.page(MINE, "resp_one", 2)
        assert page is not None
        assert list(page.frames) == [frame(3)]
        assert page.status == "in_progress"

    async def test_what_is_handed_back_can_be_claimed_at_once(self, store: Store) -> None:
        await store.jobs.add(asked("one"), MANY)
        first = await claimed(store.jobs)
        await store.jobs.release(first)
        assert (await claimed(store.jobs)).attempt == 2


class EndContract(Opened):
    async def test_the_end_moves_everything_into_the_response(self, store: Store) -> None:
        await store.jobs.add(asked("one"), MANY)
        claim = await claimed(store.jobs)
        await store.journal.append(claim, 2, 2, frame(2))
        end = ended(structs.replace(claim, told=[*claim.told, frame(2)]))
        await store.jobs.finish(claim, end)
        found = await store.responses.get(MINE, "resp_one")
        assert found is not None
        assert (found.status, found.body, found.streamed) == ("completed", end.body, True)
        assert b"".join(await store.responses.frames(MINE, "resp_one") or ()) == b"".join(end.frames or ())
        page = await store.journal.page(MINE, "resp_one", -1)
        assert page is not None
        assert (page.status, list(page.frames)) == ("completed", [])
        for again in (store.jobs.finish(claim, end), store.journal.append(claim, 3, 3, frame(3))):
            with pytest.raises(JobLost):
                await again
        assert not await store.jobs.renew(claim)
        assert await store.responses.delete(MINE, "resp_one")

    @pytest.mark.parametrize("running", [False, True])
    async def test_a_cancel_wins_over_a_completion_that_comes_late(self, store: Store, *, running: bool) -> None:
        await store.jobs.add(asked("one"), MANY)
        claim = await claimed(store.jobs) if running else None
        cancelled = await store.jobs.cancel(MINE, "resp_one", clears_output=False)
        assert cancelled is not None
        assert cancelled.status == "cancelled"
        if claim is not None:
            assert not await store.jobs.renew(claim)
            with pytest.raises(JobLost):
                await store.jobs.finish(claim, ended(claim))
        found = await store.responses.get(MINE, "resp_one")
        assert found == cancelled
        check_stream(events_of(b"".join(await store.responses.frames(MINE, "resp_one") or ())))
        assert await store.jobs.cancel(MINE, "resp_one", clears_output=False) == cancelled
        assert await store.jobs.claim(MANY) is None

    async def test_a_cancel_changes_nothing_that_has_ended_or_is_foreign(self, store: Store) -> None:
        await store.responses.save(turn("done"))
        await store.jobs.add(asked("one"), MANY)
        found = await store.jobs.cancel(MINE, "resp_done", clears_output=False)
        assert found is not None
        assert found.status == "completed"
        assert await store.jobs.cancel(THEIRS, "resp_one", clears_output=False) is None
        assert await store.jobs.cancel(MINE, "resp_none", clears_output=False) is None
        assert await store.journal.page(THEIRS, "resp_one", -1) is None
        assert await store.jobs.waiting(MANY)

    async def test_a_long_journal_is_read_page_by_page(self, store: Store) -> None:
        await store.jobs.add(asked("one"), MANY)
        claim = await claimed(store.jobs)
        for number in range(2, 200):
            await store.journal.append(claim, number, number, frame(number))
        seen: list[int] = []
        more = True
        while more:
            page = await store.journal.page(MINE, "resp_one", seen[-1] if seen else -1)
            assert page is not None
            seen += [event.number for event in events_of(b"".join(page.frames))]
            more = page.more
        assert seen == list(range(200))


class JobsContract(QueueContract, FenceContract, EndContract):
    """All of it."""
