"""The worker for batches: claims lines, several at once, has each answered as any other request, and keeps the answer.

Law: whatever becomes of a worker, each line has one answer in the end; a request may be made twice, never told twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import structs

from antiphon.batch_protocols import LineClaim
from antiphon.errors import StoreFailed
from antiphon.gateway.batch_stages import Stages
from antiphon.gateway.batches import BatchRoom
from antiphon.gateway.bells import heard
from antiphon.wire.batch_values import Batch, LineAnswer

_logger: Final = logging.getLogger("antiphon.gateway")
_encode: Final = msgspec.json.Encoder().encode

MAX_LOST: Final = 10
"""A line that has brought so many workers down is not given to another."""

STAGES_AT_ONCE: Final = 4
_RENEWALS: Final = 3
_AGAIN: Final = frozenset({408, 425, 429})
_SERVER_ERRORS: Final = 500
_SPENT: Final = b'"insufficient_quota"'
_LOCKED: Final = b'"conversation_locked"'
_BAD_REQUEST: Final = 400
_TIMEOUT_STATUS: Final = 504
_LOST_STATUS: Final = 500


class BatchWorker:
    """Works on batches and their lines. One per process, which may also serve."""

    def __init__(self, room: BatchRoom, stages: Stages, group: asyncio.TaskGroup, random: Callable[[], float]) -> None:
        """`group` owns the tasks; `random` gives numbers from 0 to 1."""
        self._room = room
        self._stages = stages
        self._group = group
        self._random = random
        self._holder = room.new_id("worker")
        self._lines: dict[tuple[str, int, int], asyncio.Task[None]] = {}
        self._batches: set[asyncio.Task[None]] = set()
        self._nudged = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._stopping = False
        self._renewed = 0.0
        self._claimed_last = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to claim, where this process may answer at all."""
        if self._room.policy.shares.lines > 0:
            self._loop = self._group.create_task(self._run())

    def nudge(self) -> None:
        """There may be a batch, a line, or a cancel."""
        self._nudged.set()

    def stop_claiming(self) -> None:
        """From now on nothing is claimed."""
        self._stopping = True
        self._nudged.set()

    def give_up(self) -> None:
        """What runs here is left to another."""
        for task in (*self._lines.values(), *self._batches):
            task.cancel()

    async def retire(self) -> None:
        """From now on another claims. Returns when all that runs here has ended."""
        self.stop_claiming()
        if self._loop is not None:
            await self._claimed_last.wait()
            await self._quiet.wait()

    async def close(self, limit_seconds: float) -> None:
        """Returns when nothing runs here any more: what takes longer than `limit_seconds` is left to another."""
        self.stop_claiming()
        if self._loop is None:
            return
        await self._claimed_last.wait()
        if not await heard(self._quiet, limit_seconds):
            self.give_up()
            await self._quiet.wait()
        await asyncio.wait([self._loop])

    async def _run(self) -> None:
        while not self._stopping:
            await heard(self._nudged, await self._round())
        self._claimed_last.set()
        while self._lines:
            await heard(self._nudged, await self._round())

    async def _round(self) -> float:
        """Does what there is to do. After so many seconds there may be more, whatever is heard."""
        self._nudged.clear()
        policy = self._room.policy
        look = min(policy.poll_seconds, policy.lease_seconds / (2 * _RENEWALS)) if self._lines else policy.poll_seconds
        try:
            await self._drop_lost()
            await self._renew()
            due_at = await self._claim_batches()
            await self._claim_lines()
        except StoreFailed as error:
            _logger.warning("batches have to wait: %s", error)
        except Exception:  # the worker's loop: whatever a round breaks on, the next may not
            _logger.exception("batches have to wait")
        else:
            return look if due_at is None else max(0.0, min(look, due_at - self._room.clock()))
        return look

    async def _drop_lost(self) -> None:
        """Stops work on lines that were cancelled, or are somebody else's by now."""
        if not self._lines:
            return
        known = dict(self._lines)
        held = await self._room.lines.held(self._holder)
        for key, task in known.items():
            if key not in held:
                task.cancel()

    async def _renew(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._lines and now - self._renewed >= self._room.policy.lease_seconds / _RENEWALS:
            await self._room.lines.renew(self._holder)
            self._renewed = now

    async def _claim_batches(self) -> float | None:
        """The Unix time at which the next one is due, if there is room for it and one to come."""
        room = self._room
        while not self._stopping and len(self._batches) < STAGES_AT_ONCE:
            due_at = await room.work.due_at()
            if due_at is None or due_at > room.clock():
                return due_at
            batch = await room.work.claim()
            if batch is None:
                break
            task = self._group.create_task(self._attend(batch))
            self._batches.add(task)
            self._quiet.clear()
        return None

    async def _claim_lines(self) -> None:
        room = self._room
        free = room.policy.shares.lines - len(self._lines)
        if self._stopping or free <= 0:
            return
        shares = structs.replace(room.policy.shares, lines=free)
        if not await room.lines.ready(shares):
            return
        for claim in await room.lines.claim(self._holder, shares):
            self._lines[claim.key] = self._group.create_task(self._answer(claim))
            self._quiet.clear()

    async def _attend(self, batch: Batch) -> None:
        try:
            await self._stages.advance(batch)
            if batch.status == "validating":  # there are lines, for others too
                self._room.bells.call_for_batches()
        finally:
            task = asyncio.current_task()
            if task is not None:
                self._batches.discard(task)
            self._rest()

    async def _answer(self, claim: LineClaim) -> None:
        try:
            await self._conclude(claim, await self._asked(claim))
        except StoreFailed as error:
            _logger.warning(
                "an answer of batch %s could not be kept, so it is asked for again: %s", claim.batch_id, error
            )
        except asyncio.CancelledError:
            if not self._stopping:
                return  # the line is not ours any more, and nobody waits for this task
            with suppress(StoreFailed):
                await self._room.lines.postpone(claim, 0, counts=False)
            raise
        except Exception:  # the worker's loop: a fault in one line stops neither the others nor us
            _logger.exception("line %d of batch %s broke its worker", claim.number, claim.batch_id)
        finally:
            self._lines.pop(claim.key, None)
            self._rest()

    async def _asked(self, claim: LineClaim) -> LineAnswer:
        if claim.attempt - claim.tries > MAX_LOST:
            return _failure(_LOST_STATUS, "worker_lost", f"{MAX_LOST} workers were lost while they made this request.")
        limit = self._room.policy.line_seconds
        try:
            async with asyncio.timeout(limit):
                return await self._room.run(claim.request)
        except TimeoutError:
            message = f"The request took longer than the {limit:g} seconds that one may take."
            return _failure(_TIMEOUT_STATUS, "request_timeout", message)

    async def _conclude(self, claim: LineClaim, answer: LineAnswer) -> None:
        lines, policy = self._room.lines, self._room.policy
        if _is_worth_another_try(answer):
            if self._stopping:
                await lines.postpone(claim, 0, counts=False)
                return
            if claim.tries + 1 < policy.tries:
                pause = self._pause(claim.tries, answer.retry_after)
                await lines.postpone(claim, pause, counts=True)
                asyncio.get_running_loop().call_later(pause, self._nudged.set)
                return
        await lines.settle(claim, answer)

    def _pause(self, tries: int, wanted: float | None) -> float:
        """Seconds; spread, so that what was refused together does not come together."""
        policy = self._room.policy
        pause = min(policy.longest_pause_seconds, policy.first_pause_seconds * 2.0**tries)
        return max(pause * (0.5 + self._random() / 2), min(wanted or 0.0, policy.longest_pause_seconds))

    def _rest(self) -> None:
        if not self._lines and not self._batches:
            self._quiet.set()
        self._nudged.set()


def _is_worth_another_try(answer: LineAnswer) -> bool:
    if answer.status in _AGAIN:
        return _SPENT not in answer.body
    return answer.status >= _SERVER_ERRORS or (answer.status == _BAD_REQUEST and _LOCKED in answer.body)


def _failure(status: int, code: str, message: str) -> LineAnswer:
    error = {"message": message, "type": "server_error", "param": None, "code": code}
    return LineAnswer(status=status, request_id="", body=_encode({"error": error}))
