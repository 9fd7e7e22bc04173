"""What every implementation of `antiphon.batch_protocols.Batches`, `BatchWork` and `BatchLines` must do.

Subclass the three contracts in a test module and give each a fixture `make`, which returns a `Make`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from msgspec import Struct, structs

from antiphon.batch_protocols import Batches, BatchLines, BatchWork, Change, LineClaim, Shares
from antiphon.errors import JobLost
from antiphon.protocols import Clock
from antiphon.wire.batch_values import Batch, LineAnswer, NewLine
from tests.contracts.responses_store import MINE, NOW, THEIRS, HandClock

LEASE_SECONDS = 30.0
MANY = 1_000
ANY = Shares(MANY, MANY, MANY)
WELL = LineAnswer(status=200, request_id="req_1", body=b'{"ok":true}')
BADLY = LineAnswer(status=400, request_id="req_2", body=b'{"error":{}}')


class Store(Struct, frozen=True):
    """One database, open. `told` are the events that were announced."""

    batches: Batches
    work: BatchWork
    lines: BatchLines
    told: list[str]


Make = Callable[[Clock], AbstractAsyncContextManager[Store]]
"""Opens an empty store whose leases last `LEASE_SECONDS`."""


def batch(name: str, *, tenant: str = MINE, total: int = 0) -> Batch:
    """One that has just been asked for, with so many lines known."""
    return Batch(
        id=f"batch_{name}",
        tenant=tenant,
        key_name="key",
        kind="openai",
        status="validating",
        endpoint="/v1/responses",
        created_at=NOW,
        ends_by=NOW + 86_400,
        due_at=NOW * 1000,
        total=total,
        input_file_id="file-1",
        betas="beta-1",
        metadata=b'{"a":"b"}',
    )


def lines(count: int) -> list[NewLine]:
    return [NewLine(number, f"line-{number}", b"request %d" % number) for number in range(1, count + 1)]


async def running(store: Store, name: str, count: int, *, tenant: str = MINE, native: bytes | None = None) -> Batch:
    """A batch with so many lines, which our own workers answer unless it is `native`."""
    assert await store.batches.add(batch(name, tenant=tenant, total=count), lines(count), MANY)
    claimed = await store.work.claim()
    assert claimed is not None
    change = Change(status="in_progress", at=NOW, own=native is None, native=native, due_at=claimed.ends_by * 1000)
    await store.work.change(claimed, change)
    return await found(store, claimed)


async def found(store: Store, known: Batch) -> Batch:
    fresh = await store.batches.find(known.tenant, known.id)
    assert fresh is not None
    return fresh


def keys(claims: list[LineClaim]) -> list[tuple[str, int]]:
    return [(claim.batch_id, claim.number) for claim in claims]


class Opened:
    """The fixtures that every part of the contract needs."""

    @pytest.fixture
    def clock(self) -> HandClock:
        return HandClock()

    @pytest.fixture
    async def store(self, make: Make, clock: HandClock) -> AsyncGenerator[Store]:
        async with make(clock) as opened:
            yield opened


class BatchesContract(Opened):
    """Batches as their owners see them."""

    async def test_a_batch_is_found_as_it_was_added(self, store: Store) -> None:
        assert await store.batches.add(batch("1"), [], MANY)
        assert await store.batches.find(MINE, "batch_1") == batch("1")

    async def test_another_tenant_finds_nothing(self, store: Store) -> None:
        known = await running(store, "1", 1)
        await store.work.change(known, Change(status="cancelled", due_at=None))
        assert await store.batches.find(THEIRS, known.id) is None
        assert await store.batches.listed(THEIRS, "openai", 10) == []
        assert await store.batches.cancel(THEIRS, known.id) is None
        assert not await store.batches.delete(THEIRS, known.id)
        assert await store.batches.results(THEIRS, known.id, 0, 10) == []
        assert (await found(store, known)).status == "cancelled"

    async def test_no_more_than_so_many_are_under_way(self, store: Store) -> None:
        first = await running(store, "1", 1)
        assert not await store.batches.add(batch("2"), [], 1)
        assert await store.batches.add(batch("3", tenant=THEIRS), [], 1)
        await store.work.change(first, Change(status="completed", due_at=None))
        assert await store.batches.add(batch("2"), [], 1)

    async def test_lists_go_from_the_newest_to_the_oldest_and_back(self, store: Store) -> None:
        for name in "12345":
            await store.batches.add(batch(name), [], MANY)
        await store.batches.add(structs.replace(batch("6"), kind="anthropic"), [], MANY)

        async def names(limit: int, after: str = "", before: str = "") -> str:
            listed = await store.batches.listed(MINE, "openai", limit, after, before)
            return "".join(each.id[-1] for each in listed)

        assert await names(2) == "54"
        assert await names(9, after="batch_4") == "321"
        assert await names(2, before="batch_2") == "43"
        assert await names(9, before="batch_5") == ""
        assert [each.id for each in await store.batches.listed(MINE, "anthropic", 9)] == ["batch_6"]

    async def test_a_cancel_takes_the_batch_from_its_worker(self, store: Store) -> None:
        await store.batches.add(batch("1"), [], MANY)
        claimed = await store.work.claim()
        assert claimed is not None
        told = await store.batches.cancel(MINE, claimed.id)
        assert told is not None
        assert (told.status, told.cancelling_at) == ("cancelling", NOW)
        with pytest.raises(JobLost):
            await store.work.change(claimed, Change(status="in_progress", due_at=None))
        again = await store.work.claim()
        assert again is not None
        assert again.status == "cancelling"
        assert await store.batches.cancel(MINE, claimed.id) == await found(store, claimed)

    async def test_what_has_ended_is_not_cancelled_and_can_be_deleted(self, store: Store) -> None:
        known = await running(store, "1", 2)
        assert not await store.batches.delete(MINE, known.id)
        await store.work.change(known, Change(status="completed", at=NOW, due_at=None))
        told = await store.batches.cancel(MINE, known.id)
        assert told is not None
        assert told.status == "completed"
        assert await store.batches.delete(MINE, known.id)
        assert await store.batches.find(MINE, known.id) is None
        assert not await store.batches.delete(MINE, known.id)


class BatchWorkContract(Opened):
    """Batches as their workers see them."""

    async def test_a_batch_is_one_workers_until_its_lease_lapses(self, store: Store, clock: HandClock) -> None:
        await store.batches.add(batch("1"), [], MANY)
        first = await store.work.claim()
        assert first is not None
        assert await store.work.due_at() == clock.now + LEASE_SECONDS
        assert await store.work.claim() is None
        clock.now += LEASE_SECONDS - 1
        await store.work.renew(first)
        clock.now += LEASE_SECONDS - 1
        assert await store.work.claim() is None
        clock.now += 1
        assert await store.work.due_at() == clock.now
        second = await store.work.claim()
        assert second is not None
        assert second.attempt == first.attempt + 1
        for act in (
            store.work.renew(first),
            store.work.add_lines(first, lines(1)),
            store.work.drop_lines(first, "expired"),
            store.work.settle_lines(first, {1: WELL}),
            store.work.change(first, Change(due_at=None)),
            store.work.remove(first),
        ):
            with pytest.raises(JobLost):
                await act
        await store.work.renew(second)

    async def test_what_a_change_does_not_name_stays(self, store: Store) -> None:
        known = await running(store, "1", 1, native=b"{}")
        change = Change(status="finalizing", at=NOW + 5, output_file_id="file-2", usage=b"{}", due_at=7)
        await store.work.change(known, change)
        expected = structs.replace(
            known, status="finalizing", finalizing_at=NOW + 5, output_file_id="file-2", usage=b"{}", due_at=7
        )
        assert await found(store, known) == structs.replace(expected, attempt=known.attempt + 1)
        assert store.told == []

    async def test_a_claim_lasts_until_the_status_changes(self, store: Store) -> None:
        known = await running(store, "1", 1, native=b"{}")
        await store.work.change(known, Change(native=b"[]", due_at=None))
        await store.work.change(known, Change(status="finalizing", at=NOW, due_at=None))
        with pytest.raises(JobLost):
            await store.work.change(known, Change(status="completed", at=NOW, due_at=None))

    async def test_an_end_is_announced_once(self, store: Store) -> None:
        known = await running(store, "1", 1)
        await store.work.change(known, Change(status="expired", at=NOW, due_at=NOW * 1000))
        claimed = await store.work.claim()
        assert claimed is not None
        await store.work.change(claimed, Change(due_at=None))
        assert store.told == ["batch.expired"]

    async def test_lines_come_in_pages_and_end_once(self, store: Store) -> None:
        known = await running(store, "1", 5, native=b"{}")
        await store.work.settle_lines(known, {2: WELL, 4: BADLY})
        await store.work.settle_lines(known, {2: BADLY, 99: WELL})
        assert [line.number for line in await store.work.waiting(known, 0, 2)] == [1, 3]
        assert await store.work.waiting(known, 3, 9) == lines(5)[4:]
        await store.work.drop_lines(known, "expired")
        assert await store.work.waiting(known, 0, 9) == []
        results = await store.work.results(known, 0, 9)
        assert [(each.custom_id, each.outcome, each.answer) for each in results] == [
            ("line-1", "expired", None),
            ("line-2", "succeeded", WELL),
            ("line-3", "expired", None),
            ("line-4", "errored", BADLY),
            ("line-5", "expired", None),
        ]
        assert await store.batches.results(MINE, known.id, 2, 2) == results[2:4]
        told = await found(store, known)
        assert (told.completed, told.failed, told.expired, told.canceled) == (1, 1, 3, 0)

    async def test_lines_are_cleared_a_few_at_a_time_and_go_with_their_batch(self, store: Store) -> None:
        known = await running(store, "1", 5)
        assert [await store.work.clear_lines(known, 3) for _ in range(3)] == [3, 2, 0]
        await store.work.add_lines(known, lines(2))
        await store.work.remove(known)
        assert await store.batches.find(MINE, known.id) is None
        assert await store.lines.claim("w", ANY) == []


class BatchLinesContract(Opened):
    """Lines that our own workers answer."""

    async def test_a_line_carries_its_request(self, store: Store) -> None:
        known = await running(store, "1", 1)
        assert await store.lines.ready(ANY)
        (claim,) = await store.lines.claim("w", ANY)
        request = claim.request
        assert (request.caller.tenant, request.caller.key_name) == (MINE, "key")
        assert (request.endpoint, request.body, request.betas) == (known.endpoint, b"request 1", "beta-1")
        assert (claim.number, claim.tries) == (1, 0)
        assert not await store.lines.ready(ANY)

    async def test_no_line_is_anybodys_before_its_batch_runs_or_where_a_provider_answers(self, store: Store) -> None:
        await running(store, "1", 1, native=b"{}")
        await store.batches.add(batch("2", total=1), lines(1), MANY)
        assert not await store.lines.ready(ANY)
        assert await store.lines.claim("w", ANY) == []

    async def test_shares_bound_what_is_in_work(self, store: Store) -> None:
        for name in "12":
            await running(store, name, 9)
        await running(store, "3", 9, tenant=THEIRS)
        first = await store.lines.claim("w", Shares(4, 3, 5))
        assert keys(first) == [("batch_1", 1), ("batch_1", 2), ("batch_2", 1), ("batch_3", 1)]
        rest = await store.lines.claim("v", Shares(9, 3, 5))
        assert sorted(keys(rest)) == [("batch_2", 2), ("batch_2", 3), ("batch_3", 2), ("batch_3", 3)]
        assert not await store.lines.ready(Shares(9, 3, 5))

    async def test_the_last_line_brings_the_batch_to_its_end(self, store: Store) -> None:
        known = await running(store, "1", 2)
        first, second = await store.lines.claim("w", ANY)
        assert await store.lines.settle(first, WELL)
        assert (await found(store, known)).status == "in_progress"
        assert await store.lines.settle(second, BADLY)
        told = await found(store, known)
        assert (told.status, told.finalizing_at, told.completed, told.failed) == ("finalizing", NOW, 1, 1)
        with pytest.raises(JobLost):
            await store.work.change(known, Change(due_at=None))
        claimed = await store.work.claim()
        assert claimed is not None
        assert claimed.status == "finalizing"

    async def test_a_line_whose_worker_is_silent_is_given_to_another(self, store: Store, clock: HandClock) -> None:
        await running(store, "1", 2)
        first = await store.lines.claim("w", ANY)
        clock.now += LEASE_SECONDS - 1
        await store.lines.renew("w")
        clock.now += LEASE_SECONDS - 1
        assert await store.lines.claim("v", ANY) == []
        assert await store.lines.held("w") == {claim.key for claim in first}
        clock.now += 1
        second = await store.lines.claim("v", ANY)
        assert keys(second) == keys(first)
        assert await store.lines.held("w") == set()
        assert not await store.lines.settle(first[0], WELL)
        await store.lines.postpone(first[1], 0, counts=True)
        assert await store.lines.held("v") == {claim.key for claim in second}
        assert await store.lines.settle(second[0], WELL)

    async def test_a_line_that_is_put_off_comes_back_after_its_pause(self, store: Store, clock: HandClock) -> None:
        await running(store, "1", 2)
        first, second = await store.lines.claim("w", ANY)
        await store.lines.postpone(first, 5.0, counts=True)
        await store.lines.postpone(second, 0.0, counts=False)
        (again,) = await store.lines.claim("w", ANY)
        assert (again.number, again.tries, again.attempt) == (2, 0, 2)
        clock.now += 5
        (later,) = await store.lines.claim("w", ANY)
        assert (later.number, later.tries, later.attempt) == (1, 1, 2)

    async def test_what_was_cancelled_is_nobodys_any_more(self, store: Store) -> None:
        known = await running(store, "1", 2)
        first, second = await store.lines.claim("w", ANY)
        assert await store.lines.settle(first, WELL)
        await store.batches.cancel(MINE, known.id)
        claimed = await store.work.claim()
        assert claimed is not None
        await store.work.drop_lines(claimed, "canceled")
        assert await store.lines.held("w") == set()
        assert not await store.lines.settle(second, WELL)
        told = await found(store, known)
        assert (told.status, told.completed, told.canceled) == ("cancelling", 1, 1)
