"""`/v1/embeddings`, `/v1/rerank` and `/v1/moderations`: one request, one whole answer, kept nowhere."""

from __future__ import annotations

import asyncio

from antiphon.gateway.errands import Errand
from antiphon.gateway.services import Services, asked_for
from antiphon.http.call import Call
from antiphon.http.records import note_input
from antiphon.http.watch import ClientWatch
from antiphon.service_protocols import Service


class ServiceEndpoints:
    """The handlers."""

    def __init__(
        self, services: Services, group: asyncio.TaskGroup, moderation_model: str, max_body_bytes: int
    ) -> None:
        """`moderation_model` is asked where none is named; `group` owns tasks that watch for clients that leave."""
        self._services = services
        self._group = group
        self._moderation_model = moderation_model
        self._max_body_bytes = max_body_bytes

    async def embeddings(self, call: Call) -> None:
        """`POST /v1/embeddings`."""
        await self._serve(call, "embeddings")

    async def rerank(self, call: Call) -> None:
        """`POST /v1/rerank`."""
        await self._serve(call, "rerank")

    async def rerank_v2(self, call: Call) -> None:
        """`POST /v2/rerank`, where Cohere's newer clients look for it."""
        await self._serve(call, "rerank", v2=True)

    async def moderations(self, call: Call) -> None:
        """`POST /v1/moderations`."""
        await self._serve(call, "moderations", self._moderation_model)

    async def _serve(self, call: Call, service: Service, model: str = "", *, v2: bool = False) -> None:
        body = await call.body(self._max_body_bytes)
        asked = asked_for(service, body, call.request_id, model, v2=v2)
        call.errand = Errand(model=asked.model)
        with ClientWatch(call, self._group):
            told = await self._services.answer(asked, call.errand)
        note_input(call, call.errand, told.input_tokens)
        await call.reply(200, told.body)
