"""`/v1/batches`: requests in a file, answered in files.

https://platform.openai.com/docs/api-reference/batch, read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from antiphon.gateway.batches import Batching
from antiphon.http.call import Call
from antiphon.http.queries import MAX_LIMIT, number
from antiphon.wire.batches import BatchObject, parse_new_batch, shown_batch

_DEFAULT_LIMIT: Final = 20
_encode: Final = msgspec.json.Encoder().encode


class BatchList(Struct, frozen=True, kw_only=True):
    """One page of batches, the newest first."""

    object: str = "list"
    data: list[BatchObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


class BatchEndpoints:
    """The handlers."""

    def __init__(self, batching: Batching, max_body_bytes: int) -> None:
        """Opens nothing."""
        self._batching = batching
        self._max_body_bytes = max_body_bytes

    async def create(self, call: Call) -> None:
        """`POST /v1/batches`."""
        wanted = parse_new_batch(await call.body(self._max_body_bytes))
        made = await self._batching.create(call.known_caller, wanted)
        await call.reply(200, _encode(shown_batch(made)))

    async def list_batches(self, call: Call) -> None:
        """`GET /v1/batches`."""
        values = call.query()
        limit = number(values, "limit", _DEFAULT_LIMIT, 1, MAX_LIMIT)
        found = await self._batching.listed(call.tenant, "openai", limit + 1, values.get("after", [""])[-1])
        shown = [shown_batch(batch) for batch in found[:limit]]
        page = BatchList(
            data=shown,
            first_id=shown[0].id if shown else None,
            last_id=shown[-1].id if shown else None,
            has_more=len(found) > limit,
        )
        await call.reply(200, _encode(page))

    async def retrieve(self, call: Call) -> None:
        """`GET /v1/batches/{id}`."""
        found = await self._batching.find(call.tenant, "openai", call.path_params["id"])
        await call.reply(200, _encode(shown_batch(found)))

    async def cancel(self, call: Call) -> None:
        """`POST /v1/batches/{id}/cancel`, whatever its body is."""
        batch = await self._batching.cancel(call.tenant, "openai", call.path_params["id"])
        await call.reply(200, _encode(shown_batch(batch)))
