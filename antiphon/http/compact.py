"""`/v1/responses/input_tokens` and `/v1/responses/compact`. Nothing is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from antiphon.gateway.flow import Gateway
from antiphon.http.call import Call
from antiphon.http.watch import ClientWatch
from antiphon.protocols import Target, Turn
from antiphon.wire.counts import Counts
from antiphon.wire.requests import parse_request

SOURCE_HEADER: Final = b"antiphon-token-count"
"""Who counted: ``native``, ``tokenizer`` or ``estimate``."""

_JSON: Final = (b"content-type", b"application/json")
_encode: Final = msgspec.json.Encoder().encode


class CompactEndpoints:
    """The handlers of the two routes."""

    def __init__(self, gateway: Gateway, group: asyncio.TaskGroup, max_body_bytes: int) -> None:
        """`group` owns tasks that watch for clients that leave."""
        self._gateway = gateway
        self._group = group
        self._max_body_bytes = max_body_bytes

    async def input_tokens(self, call: Call) -> None:
        """`POST /v1/responses/input_tokens`."""
        gateway = self._gateway
        turn, targets = await self._opened(call)
        with ClientWatch(call, self._group):
            await gateway.bring_files(turn, targets[0])
            count = await gateway.compactor.counter.count(turn, targets[0])
        body = _encode({"object": "response.input_tokens", "input_tokens": count.tokens})
        await call.reply(200, body, (_JSON, (SOURCE_HEADER, count.source.encode())))

    async def compact(self, call: Call) -> None:
        """`POST /v1/responses/compact`."""
        gateway = self._gateway
        turn, targets = await self._opened(call)
        with ClientWatch(call, self._group):
            made = await gateway.compactor.compact(turn, targets, gateway.ask_quietly)
        turn.target = made.target
        call.counts = Counts(input=made.usage.input_tokens, output=made.usage.output_tokens)
        answer = {
            "id": turn.id,
            "object": "response.compaction",
            "created_at": turn.created_at,
            "output": made.window,
            "usage": made.usage,
        }
        await call.reply(200, _encode(answer))

    async def _opened(self, call: Call) -> tuple[Turn, Sequence[Target]]:
        """The turn that the body stands for, which is not stored, and who may be asked. Raises BadRequest, NotFound."""
        request = parse_request(await call.body(self._max_body_bytes))
        request = msgspec.structs.replace(request, store=False, background=None, stream=None)
        turn = await self._gateway.open(request, call.known_caller)
        targets = await self._gateway.router.targets(request.model or "", request.wanted_provider)
        call.turn = turn
        return turn, targets
