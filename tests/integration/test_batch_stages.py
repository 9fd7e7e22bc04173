"""The steps of a batch by a clock that a test moves: what is late, cut short, begun again, or no more."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from antiphon.batch_protocols import Change, LineRequest, NativeAnswer, Shares, Standing
from antiphon.conversation_protocols import Page
from antiphon.errors import UpstreamError, UpstreamRefused, UpstreamTimeout
from antiphon.file_protocols import StoredFile
from antiphon.gateway.batch_lines import LineReader
from antiphon.gateway.batch_native import NativeWork
from antiphon.gateway.batch_stages import Stages
from antiphon.gateway.batches import BatchPolicy, BatchRoom
from antiphon.gateway.bells import Bells
from antiphon.store.database import SqlDatabase
from antiphon.store.files import SqlFiles
from antiphon.wire.batch_values import Batch, LineAnswer
from tests.contracts.batch_store import ANY, LEASE_SECONDS, MANY, WELL, Store, batch, found, lines, running
from tests.contracts.file_store import pieces
from tests.contracts.responses_store import MINE, NOW, HandClock
from tests.integration.test_sqlite_batches import store_of

STATE = b'{"provider":"vendor","way":"responses","step":"sent","id":"theirs"}'
FILE = StoredFile(
    id="file-1", tenant=MINE, filename="in.jsonl", purpose="batch", created_at=NOW, media_type="application/jsonl"
)


async def answered_well(request: LineRequest, *, logged: bool = True) -> LineAnswer:
    return WELL


@dataclass
class Vendor:
    """Says what a test puts here, or fails with it."""

    stands: Standing | UpstreamError = field(default_factory=lambda: Standing(over=False))
    results: list[NativeAnswer] = field(default_factory=list[NativeAnswer])
    cancelled: bool = False

    def takes(self, way: str) -> bool:
        return True

    async def find(self, name: str) -> str | None:
        return None

    async def submit(self, name: str, way: str, requests: Sequence[tuple[int, bytes]], headers: bytes) -> str:
        return "theirs"

    async def standing(self, vendor_id: str) -> Standing:
        if isinstance(self.stands, UpstreamError):
            raise self.stands
        return self.stands

    async def cancel(self, vendor_id: str) -> None:
        self.cancelled = True

    async def answers(self, place: str) -> AsyncIterator[NativeAnswer]:
        for result in self.results:
            yield result


class Stage:
    """Everything that steps are made with."""

    def __init__(self, database: SqlDatabase) -> None:
        self.clock = HandClock()
        self.store: Store = store_of(database, self.clock)
        self.files = SqlFiles(database, self.clock)
        self.vendor = Vendor()
        self._names = 0
        room = BatchRoom(
            batches=self.store.batches,
            work=self.store.work,
            lines=self.store.lines,
            files=self.files,
            bells=Bells(),
            run=answered_well,
            endpoints=["/v1/responses"],
            clock=self.clock,
            new_id=self._name,
            policy=BatchPolicy(shares=Shares(MANY, MANY, MANY), lease_seconds=LEASE_SECONDS, keep_seconds=1000),
        )
        self.stages = Stages(room, NativeWork(room, LineReader(answered_well), lambda _: self.vendor, enabled=False))

    def _name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}-made-{self._names}"

    async def step(self) -> Batch | None:
        """What was due, after its step; None where nothing was."""
        claimed = await self.store.work.claim()
        if claimed is None:
            return None
        await self.stages.advance(claimed)
        return await self.store.batches.find(MINE, claimed.id)

    async def told(self, file_id: str | None) -> list[Any]:
        content = await self.files.content(MINE, file_id or "")
        assert content is not None
        return [json.loads(each) for each in b"".join([piece async for piece in content]).splitlines()]

    async def names(self) -> list[str]:
        return [file.filename for file in (await self.files.listed(MINE, Page(limit=100))).files]


@pytest.fixture
async def stage() -> AsyncGenerator[Stage]:
    async with SqlDatabase.open("sqlite://") as database:
        yield Stage(database)


async def answer(stage: Stage, count: int) -> None:
    for claim in (await stage.store.lines.claim("w", ANY))[:count]:
        assert await stage.store.lines.settle(claim, WELL)


async def test_what_is_not_answered_in_time_expires(stage: Stage) -> None:
    known = await running(stage.store, "1", 3)
    await answer(stage, 1)
    stage.clock.now = known.ends_by - 1
    assert await stage.step() is None
    stage.clock.now += 1
    finalizing = await stage.step()
    assert finalizing is not None
    assert (finalizing.status, finalizing.completed, finalizing.expired) == ("finalizing", 1, 2)
    over = await stage.step()
    assert over is not None
    assert (over.status, over.expired_at) == ("expired", known.ends_by)
    assert [each["custom_id"] for each in await stage.told(over.output_file_id)] == ["line-1"]
    late = await stage.told(over.error_file_id)
    assert [(each["custom_id"], each["error"]["code"]) for each in late] == [
        ("line-2", "batch_expired"),
        ("line-3", "batch_expired"),
    ]
    assert stage.store.told == ["batch.expired"]


async def test_an_input_file_that_is_gone(stage: Stage) -> None:
    await stage.store.batches.add(batch("1"), [], MANY)
    over = await stage.step()
    assert over is not None
    assert over.status == "failed"
    assert json.loads(over.errors or b"")["data"][0]["code"] == "file_not_found"


async def test_reading_that_was_cut_short_is_begun_again(stage: Stage) -> None:
    text = b'{"custom_id":"%d","method":"POST","url":"/v1/responses","body":{"model":"m","input":"Hi"}}\n'
    await stage.files.create(FILE, pieces(*[text % number for number in range(1, 6)]))
    await stage.store.batches.add(batch("1"), [], MANY)
    lost = await stage.store.work.claim()
    assert lost is not None
    await stage.store.work.add_lines(lost, lines(9))
    stage.clock.now += LEASE_SECONDS
    begun = await stage.step()
    assert begun is not None
    assert (begun.status, begun.total, begun.model) == ("in_progress", 5, "m")
    assert [claim.number for claim in await stage.store.lines.claim("w", ANY)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("created", [False, True], ids=["before the file", "after the file"])
async def test_an_end_that_was_cut_short_leaves_one_file(stage: Stage, *, created: bool) -> None:
    known = await running(stage.store, "1", 2)
    await answer(stage, 2)
    lost = await stage.store.work.claim()
    assert lost is not None
    await stage.store.work.change(lost, Change(output_file_id="file-planned", due_at=lost.due_at))
    if created:
        planned = StoredFile(
            id="file-planned", tenant=MINE, filename=f"{known.id}_output.jsonl", purpose="batch_output",
            created_at=NOW, media_type="application/jsonl",
        )  # fmt: skip
        await stage.files.create(planned, pieces(b"{}\n"))
    stage.clock.now += LEASE_SECONDS
    over = await stage.step()
    assert over is not None
    assert over.status == "completed"
    assert (over.output_file_id == "file-planned") is created
    assert await stage.names() == [f"{known.id}_output.jsonl"]


async def test_what_has_ended_is_cleared_and_later_forgotten(stage: Stage) -> None:
    known = await running(stage.store, "1", 2)
    await answer(stage, 2)
    assert await stage.step() is not None
    cleared = await stage.step()
    assert cleared is not None
    assert await stage.store.batches.results(MINE, known.id, 0, 9) == []
    assert (cleared.status, cleared.completed) == ("completed", 2)
    assert await stage.step() is None
    stage.clock.now += 1000
    assert await stage.step() is None
    assert await stage.store.batches.find(MINE, known.id) is None


async def test_a_vendor_is_looked_at_ever_less_often(stage: Stage) -> None:
    known = await running(stage.store, "1", 2, native=STATE)
    await stage.store.work.change(known, Change(due_at=NOW * 1000))
    pauses: list[float] = []
    for _ in range(6):
        seen = await stage.step()
        assert seen is not None
        pauses.append((seen.due_at or 0) / 1000 - stage.clock.now)
        stage.clock.now += pauses[-1]
    assert pauses == [10, 20, 40, 60, 60, 60]


@pytest.mark.parametrize(
    ("error", "own"),
    [(UpstreamTimeout("It is silent."), False), (UpstreamRefused("No.", status=404), True)],
    ids=["silent", "gone"],
)
async def test_a_vendor_that_fails_is_waited_for_but_not_for_ever(
    stage: Stage, error: UpstreamError, *, own: bool
) -> None:
    known = await running(stage.store, "1", 1, native=STATE)
    await stage.store.work.change(known, Change(due_at=NOW * 1000))
    stage.vendor.stands = error
    seen = await stage.step()
    assert seen is not None
    assert seen.own is own
    stage.clock.now = known.ends_by + 7200
    for _ in range(3):
        await stage.step()
    over = await found(stage.store, known)
    assert (over.status, over.expired) == ("expired", 1)


async def test_what_a_vendor_answers_is_taken_once_however_often_it_is_fetched(stage: Stage) -> None:
    known = await running(stage.store, "1", 3, native=STATE)
    await stage.store.work.change(known, Change(due_at=NOW * 1000))
    stage.vendor.stands = Standing(over=True, results=["there", "there"])
    stage.vendor.results = [NativeAnswer(number, 200, b"{}") for number in (3, 1, 99)] + [NativeAnswer(2, None)]
    seen = await stage.step()
    assert seen is not None
    assert (seen.completed, seen.own, seen.status) == (2, True, "in_progress")
    assert [claim.number for claim in await stage.store.lines.claim("w", ANY)] == [2]
