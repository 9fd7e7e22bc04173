"""`/v1/messages/batches`: requests in one body, results by the line.

https://docs.anthropic.com/en/api/creating-message-batches, read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from antiphon.errors import NotFound
from antiphon.gateway.batches import Batching
from antiphon.http.call import Call, Header
from antiphon.http.queries import number
from antiphon.wire.batch_values import Batch
from antiphon.wire.message_batches import (
    MessageBatchObject,
    parse_message_batch,
    result_line,
    shown_message_batch,
)

_DEFAULT_LIMIT: Final = 20
_MAX_LIMIT: Final = 1000
_RESULTS: Final = 32
_LINES: Final[tuple[Header, ...]] = ((b"content-type", b"application/x-jsonl"),)
_OWN_BETA: Final = b"message-batches-"
"""A beta of the batch, not of its requests."""

_encode: Final = msgspec.json.Encoder().encode


class MessageBatchList(Struct, frozen=True, kw_only=True):
    """One page of batches, the newest first."""

    data: list[MessageBatchObject]
    has_more: bool
    first_id: str | None
    last_id: str | None


class MessageBatchEndpoints:
    """The handlers."""

    def __init__(self, batching: Batching, max_body_bytes: int) -> None:
        """Opens nothing."""
        self._batching = batching
        self._max_body_bytes = max_body_bytes

    async def create(self, call: Call) -> None:
        """`POST /v1/messages/batches`."""
        body = await call.body(self._max_body_bytes)
        lines, model = parse_message_batch(body, self._batching.most_lines)
        made = await self._batching.create_messages(call.known_caller, lines, model, _betas(call))
        await self._reply(call, made)

    async def list_batches(self, call: Call) -> None:
        """`GET /v1/messages/batches`."""
        values = call.query()
        limit = number(values, "limit", _DEFAULT_LIMIT, 1, _MAX_LIMIT)
        after, before = values.get("after_id", [""])[-1], values.get("before_id", [""])[-1]
        found = await self._batching.listed(call.tenant, "anthropic", limit + 1, after, before)
        # What comes next to `before` is at the end: the one too many is at the beginning.
        chosen = found[-limit:] if before and not after else found[:limit]
        now = self._batching.now()
        shown = [shown_message_batch(batch, now) for batch in chosen]
        page = MessageBatchList(
            data=shown,
            has_more=len(found) > limit,
            first_id=shown[0].id if shown else None,
            last_id=shown[-1].id if shown else None,
        )
        await call.reply(200, _encode(page))

    async def retrieve(self, call: Call) -> None:
        """`GET /v1/messages/batches/{id}`."""
        await self._reply(call, await self._found(call))

    async def cancel(self, call: Call) -> None:
        """`POST /v1/messages/batches/{id}/cancel`."""
        await self._reply(call, await self._batching.cancel(call.tenant, "anthropic", call.path_params["id"]))

    async def delete(self, call: Call) -> None:
        """`DELETE /v1/messages/batches/{id}`."""
        identifier = call.path_params["id"]
        await self._batching.delete(call.tenant, "anthropic", identifier)
        await call.reply(200, _encode({"id": identifier, "type": "message_batch_deleted"}))

    async def results(self, call: Call) -> None:
        """`GET /v1/messages/batches/{id}/results`: a line for each request, in their order."""
        batch = await self._found(call)
        if shown_message_batch(batch, self._batching.now()).results_url is None:
            reason = "are not kept any more" if batch.ended_at is not None else "can be had once it has ended"
            raise NotFound(f"The results of batch '{batch.id}' {reason}.", code="batch_results_not_found")
        await call.start(200, _LINES)
        after = 0
        while page := await self._batching.results(call.tenant, batch.id, after, _RESULTS):
            after = page[-1].number
            data = b"".join(map(result_line, page))
            await call.send({"type": "http.response.body", "body": data, "more_body": True})
        await call.send({"type": "http.response.body", "body": b""})

    async def _found(self, call: Call) -> Batch:
        return await self._batching.find(call.tenant, "anthropic", call.path_params["id"])

    async def _reply(self, call: Call, batch: Batch) -> None:
        await call.reply(200, _encode(shown_message_batch(batch, self._batching.now())))


def _betas(call: Call) -> str | None:
    """The betas that each request needs."""
    named = [beta.strip() for value in call.headers(b"anthropic-beta") for beta in value.split(b",")]
    needed = [beta for beta in named if beta and not beta.startswith(_OWN_BETA)]
    return b",".join(needed).decode("latin-1") or None
