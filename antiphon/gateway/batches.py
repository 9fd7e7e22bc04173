"""Batches as clients see them: brought, looked at, cancelled. Whoever works them off is told of each.

Law: every look-up names the tenant and the API that the batch came by; a batch of the other is an unknown batch.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.batch_protocols import Batches, BatchLines, BatchWork, LineRunner, Shares
from antiphon.errors import BadRequest, Conflict, NotFound, RateLimited
from antiphon.file_protocols import FileStore
from antiphon.gateway.bells import Bells
from antiphon.protocols import Caller, Clock
from antiphon.wire.batch_input import Limits
from antiphon.wire.batch_states import ENDED
from antiphon.wire.batch_values import Batch, Kind, LineResult, NewLine
from antiphon.wire.batches import NewBatch, window_seconds
from antiphon.wire.ids import NewId
from antiphon.wire.message_batches import ENDPOINT, WINDOW_SECONDS

_encode: Final = msgspec.json.Encoder().encode
_MILLISECONDS: Final = 1000
_RETRY_SECONDS: Final = 60.0
INPUT_PURPOSE: Final = "batch"
OUTPUT_PURPOSE: Final = "batch_output"


class BatchPolicy(Struct, frozen=True, kw_only=True):
    """What the owner decides about batches. `shares` are those of one process.

    `output_seconds` is how long files of answers are kept where nobody says so, None for ever.
    """

    shares: Shares = Shares(16, 16, 32)
    limits: Limits = Limits()
    batches_per_tenant: int = 100
    tries: int = 8
    first_pause_seconds: float = 5.0
    longest_pause_seconds: float = 600.0
    line_seconds: float = 3600.0
    lease_seconds: float = 30.0
    poll_seconds: float = 1.0
    keep_seconds: int = 30 * 86_400
    output_seconds: int | None = None
    native_least_lines: int = 20
    native_poll_seconds: float = 60.0
    native_max_bytes: int = 104_857_600


class BatchRoom(Struct, frozen=True, kw_only=True):
    """One process's way to batches: where they are kept, and who answers their lines."""

    batches: Batches
    work: BatchWork
    lines: BatchLines
    files: FileStore
    bells: Bells
    run: LineRunner
    endpoints: Collection[str]
    clock: Clock
    new_id: NewId
    policy: BatchPolicy


class Batching:
    """The client's side."""

    def __init__(self, room: BatchRoom) -> None:
        """Opens nothing."""
        self._room = room

    async def create(self, caller: Caller, wanted: NewBatch) -> Batch:
        """A batch of a file's lines, which are looked at later. Raises BadRequest, RateLimited."""
        room = self._room
        endpoint = _endpoint(wanted.endpoint, room.endpoints)
        seconds = window_seconds(wanted.completion_window)
        file = await room.files.find(caller.tenant, wanted.input_file_id)
        if file is None:
            message = f"No such file: '{wanted.input_file_id[:300]}'."
            raise BadRequest(message, param="input_file_id", code="file_not_found")
        if file.purpose != INPUT_PURPOSE:
            message = (
                f"The file has the purpose '{file.purpose}'; one for a batch is uploaded with the purpose 'batch'."
            )
            raise BadRequest(message, param="input_file_id", code="invalid_file_purpose")
        now = int(room.clock())
        batch = Batch(
            id=room.new_id("batch"),
            tenant=caller.tenant,
            key_name=caller.key_name,
            kind="openai",
            status="validating",
            endpoint=endpoint,
            created_at=now,
            ends_by=now + seconds,
            window=wanted.completion_window,
            due_at=now * _MILLISECONDS,
            output_seconds=None if wanted.output_expires_after is None else wanted.output_expires_after.seconds,
            input_file_id=file.id,
            metadata=None if wanted.metadata is None else _encode(wanted.metadata),
        )
        return await self._add(batch, [])

    async def create_messages(
        self, caller: Caller, lines: list[NewLine], model: str | None, betas: str | None
    ) -> Batch:
        """A batch of requests for `/v1/messages`. Raises RateLimited."""
        now = int(self._room.clock())
        batch = Batch(
            id=self._room.new_id("msgbatch"),
            tenant=caller.tenant,
            key_name=caller.key_name,
            kind="anthropic",
            status="validating",
            endpoint=ENDPOINT,
            created_at=now,
            ends_by=now + WINDOW_SECONDS,
            due_at=now * _MILLISECONDS,
            total=len(lines),
            model=model,
            betas=betas,
        )
        return await self._add(batch, lines)

    async def find(self, tenant: str, kind: Kind, batch_id: str) -> Batch:
        """Raises NotFound."""
        found = await self._room.batches.find(tenant, batch_id)
        if found is None or found.kind != kind:
            raise _unknown(batch_id)
        return found

    async def listed(self, tenant: str, kind: Kind, limit: int, after: str = "", before: str = "") -> list[Batch]:
        """The newest first."""
        return await self._room.batches.listed(tenant, kind, limit, after, before)

    async def cancel(self, tenant: str, kind: Kind, batch_id: str) -> Batch:
        """The batch, being cancelled from now on or from before. Raises NotFound, and Conflict for one that ends."""
        await self.find(tenant, kind, batch_id)
        batch = await self._room.batches.cancel(tenant, batch_id)
        if batch is None:
            raise _unknown(batch_id)
        if batch.status not in ("cancelling", "cancelled"):
            raise Conflict(f"Cannot cancel a batch with status '{batch.status}'.")
        self._room.bells.call_for_batches()
        return batch

    async def delete(self, tenant: str, kind: Kind, batch_id: str) -> None:
        """Raises NotFound, and Conflict for a batch that has not ended."""
        batch = await self.find(tenant, kind, batch_id)
        if batch.status not in ENDED:
            raise Conflict("Cannot delete a batch that has not ended: cancel it first.")
        await self._room.batches.delete(tenant, batch_id)

    async def results(self, tenant: str, batch_id: str, after: int, limit: int) -> list[LineResult]:
        """Lines that have ended, from behind number `after`."""
        return await self._room.batches.results(tenant, batch_id, after, limit)

    def now(self) -> float:
        """Unix time in seconds."""
        return self._room.clock()

    @property
    def most_lines(self) -> int:
        """Of one batch."""
        return self._room.policy.limits.lines

    async def _add(self, batch: Batch, lines: list[NewLine]) -> Batch:
        most = self._room.policy.batches_per_tenant
        if not await self._room.batches.add(batch, lines, most):
            message = f"You have {most} batches under way, the most that may be. Wait until one has ended."
            raise RateLimited(message, code="too_many_batches", retry_after=_RETRY_SECONDS)
        self._room.bells.call_for_batches()
        return batch


def _endpoint(name: str, endpoints: Collection[str]) -> str:
    endpoint = name.rstrip("/")
    if endpoint not in endpoints:
        known = ", ".join(f"'{each}'" for each in sorted(endpoints))
        message = f"Invalid value: '{name[:100]}'. Supported values are: {known}."
        raise BadRequest(message, param="endpoint", code="invalid_value")
    return endpoint


def _unknown(batch_id: str) -> NotFound:
    return NotFound(f"No batch found with id '{batch_id[:300]}'.", code="batch_not_found")
