"""What becomes of a batch as a whole: its file is read, its end is written, what is left of it is removed.

Law: every step is done under a claim and leaves the batch where the next step, by whomever, finds all it needs; a step
that was cut short is begun again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final

from msgspec import structs

from antiphon.batch_protocols import Change
from antiphon.errors import JobLost, StoreFailed
from antiphon.file_protocols import StoredFile
from antiphon.gateway.batch_native import NativeWork
from antiphon.gateway.batches import OUTPUT_PURPOSE, BatchRoom
from antiphon.wire.batch_input import Fault, InputReader
from antiphon.wire.batch_states import ENDED, ending_of
from antiphon.wire.batch_usage import Totals
from antiphon.wire.batch_values import Batch, NewLine
from antiphon.wire.batches import answered_line, faults_list

_logger: Final = logging.getLogger("antiphon.gateway")

_MILLISECONDS: Final = 1000
_PAGE_LINES: Final = 200
_PAGE_BYTES: Final = 1024 * 1024
_RESULTS: Final = 32
_REMOVED_AT_ONCE: Final = 500
_RENEWALS: Final = 3
"""In the time of a lease."""

_MODEL_BY_DEFAULT: Final = frozenset({"/v1/moderations"})


class Stages:
    """Does whatever is due for a batch that was claimed."""

    def __init__(self, room: BatchRoom, native: NativeWork) -> None:
        """`native` has to do with providers' own batches."""
        self._room = room
        self._native = native

    async def advance(self, batch: Batch) -> None:
        """One step. Never raises but when cancelled: what failed is due again when the lease has lapsed."""
        try:
            async with asyncio.TaskGroup() as group:
                renewal = group.create_task(self._renew(batch))
                await self._step(batch)
                renewal.cancel()
        except* JobLost:
            _logger.debug("batch %s is no longer ours", batch.id)
        except* StoreFailed as failed:
            _logger.warning("batch %s could not go on: %s", batch.id, failed.exceptions[0])
        except* Exception:
            _logger.exception("batch %s broke its worker", batch.id)

    async def _renew(self, batch: Batch) -> None:
        while True:
            await asyncio.sleep(self._room.policy.lease_seconds / _RENEWALS)
            await self._room.work.renew(batch)

    async def _step(self, batch: Batch) -> None:
        if batch.status == "validating":
            await self._validate(batch)
        elif batch.status == "in_progress" and not batch.own:
            await self._native.advance(batch)
        elif batch.status == "in_progress":
            await self._expire(batch)
        elif batch.status in ENDED:
            await self._clean(batch)
        else:
            await self._end(batch)

    async def _validate(self, batch: Batch) -> None:
        room = self._room
        if batch.kind == "openai":
            batch, faults = await self._read(batch)
            if faults:
                await self._clear(batch)
                now = int(room.clock())
                due = (now + room.policy.keep_seconds) * _MILLISECONDS
                errors = faults_list(faults)
                await room.work.change(batch, Change(status="failed", at=now, errors=errors, due_at=due))
                _tell(structs.replace(batch, failed=0), "failed", now)
                return
        native = await self._native.offer(batch)
        now = room.clock()
        change = Change(
            status="in_progress",
            at=int(now),
            total=batch.total,
            model=batch.model,
            own=native is None,
            native=native,
            due_at=(batch.ends_by if native is None else int(now)) * _MILLISECONDS,
        )
        await room.work.change(batch, change)

    async def _read(self, batch: Batch) -> tuple[Batch, list[Fault]]:
        """The batch with its lines in the store, and what is wrong with its file."""
        await self._clear(batch)
        room = self._room
        content = await room.files.content(batch.tenant, batch.input_file_id or "")
        if content is None:
            return batch, [Fault("file_not_found", "The input file was deleted before it was read.", "input_file_id")]
        needs_model = batch.endpoint not in _MODEL_BY_DEFAULT
        reader = InputReader(batch.endpoint, room.policy.limits, needs_model=needs_model)
        waiting: list[NewLine] = []
        async for piece in content:
            waiting += reader.feed(piece)
            if len(waiting) >= _PAGE_LINES or sum(len(line.body) for line in waiting) >= _PAGE_BYTES:
                await self._keep(batch, reader, waiting)
        waiting += reader.finish()
        await self._keep(batch, reader, waiting)
        return structs.replace(batch, total=reader.count, model=reader.model), reader.faults

    async def _keep(self, batch: Batch, reader: InputReader, waiting: list[NewLine]) -> None:
        if waiting and not reader.faults:
            await self._room.work.add_lines(batch, waiting)
        waiting.clear()

    async def _expire(self, batch: Batch) -> None:
        """Our workers have not come to the end of it in time."""
        room = self._room
        now = room.clock()
        if now < batch.ends_by:
            await room.work.change(batch, Change(due_at=batch.ends_by * _MILLISECONDS))
            return
        await room.work.drop_lines(batch, "expired")
        change = Change(status="finalizing", at=int(now), due_at=int(now * _MILLISECONDS))
        await room.work.change(batch, change)

    async def _end(self, batch: Batch) -> None:
        room = self._room
        if batch.status == "cancelling":
            if not await self._native.let_go(batch):
                return
            await room.work.drop_lines(batch, "canceled")
        fresh = await room.batches.find(batch.tenant, batch.id)
        if fresh is None or fresh.attempt != batch.attempt:
            raise JobLost(f"The batch {batch.id} is gone, or somebody else's.")
        totals = Totals()
        fresh = await self._write_files(fresh, totals)
        now = int(room.clock())
        status = ending_of(fresh.status, dropped=fresh.expired)
        ended = Change(
            status=status,
            at=now,
            usage=totals.told(),
            output_file_id=fresh.output_file_id,
            error_file_id=fresh.error_file_id,
            due_at=now * _MILLISECONDS,
        )
        await room.work.change(fresh, ended)
        _tell(fresh, status, now)

    async def _write_files(self, batch: Batch, totals: Totals) -> Batch:
        if batch.kind != "openai":
            return batch
        if batch.completed:
            name = await self._write(batch, totals, well=True)
            batch = structs.replace(batch, output_file_id=name)
        if batch.total > batch.completed:
            name = await self._write(batch, totals, well=False)
            batch = structs.replace(batch, error_file_id=name)
        return batch

    async def _write(self, batch: Batch, totals: Totals, *, well: bool) -> str:
        """The id of a file of these lines. It is written down before the file is, so that none is written twice."""
        room = self._room
        lines = self._lines(batch, totals, well=well)
        planned = batch.output_file_id if well else batch.error_file_id
        if planned is not None and await room.files.find(batch.tenant, planned) is not None:
            async for _ in lines:
                pass
            return planned
        name = room.new_id("file")
        now = room.clock()
        seconds = batch.output_seconds or room.policy.output_seconds
        due = int((now + room.policy.lease_seconds) * _MILLISECONDS)
        intent = Change(output_file_id=name, due_at=due) if well else Change(error_file_id=name, due_at=due)
        await room.work.change(batch, intent)
        file = StoredFile(
            id=name,
            tenant=batch.tenant,
            filename=f"{batch.id}_{'output' if well else 'error'}.jsonl",
            purpose=OUTPUT_PURPOSE,
            created_at=int(now),
            media_type="application/jsonl",
            expires_at=None if seconds is None else int(now) + seconds,
        )
        await room.files.create(file, lines)
        return name

    async def _lines(self, batch: Batch, totals: Totals, *, well: bool) -> AsyncIterator[bytes]:
        after = 0
        while page := await self._room.work.results(batch, after, _RESULTS):
            after = page[-1].number
            for result in page:
                if (result.outcome == "succeeded") == well:
                    if result.answer is not None and well:
                        totals.add(result.answer.body)
                    yield answered_line(batch.id, result)

    async def _clean(self, batch: Batch) -> None:
        """Answers that are in files need not be kept twice; later nothing of the batch is kept."""
        room = self._room
        until = (batch.ended_at or 0) + room.policy.keep_seconds
        if room.clock() >= until:
            await room.work.remove(batch)
            return
        if batch.kind == "openai":
            await self._clear(batch)
        await room.work.change(batch, Change(due_at=until * _MILLISECONDS))

    async def _clear(self, batch: Batch) -> None:
        while await self._room.work.clear_lines(batch, _REMOVED_AT_ONCE) == _REMOVED_AT_ONCE:
            pass


def _tell(batch: Batch, status: str, now: int) -> None:
    """One line in the log for each batch: its requests have lines of their own."""
    _logger.info(
        "batch %s ended: %s (%d of %d requests well, %d failed; key %s, tenant %s, %s, %d s)",
        batch.id,
        status,
        batch.completed,
        batch.total,
        batch.failed,
        batch.key_name,
        batch.tenant,
        batch.endpoint,
        now - batch.created_at,
    )
