"""Google's methods for embeddings, on every provider that has any."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from antiphon.dialects.client_gemini_embeddings import BATCH, PREDICT, SINGLE, Portion, answer, in_their_words, portions
from antiphon.errors import BadRequest
from antiphon.gateway.errands import Errand
from antiphon.gateway.services import Services, asked_for
from antiphon.http.call import Call
from antiphon.http.gemini import model_of
from antiphon.http.records import note_input
from antiphon.http.watch import ClientWatch
from antiphon.service_protocols import Told

_AT_ONCE: Final = 8


class GeminiEmbeddings:
    """The handlers."""

    def __init__(self, services: Services, group: asyncio.TaskGroup, max_body_bytes: int) -> None:
        """`group` owns tasks that watch for clients that leave."""
        self._services = services
        self._group = group
        self._max_body_bytes = max_body_bytes

    async def embed(self, call: Call) -> None:
        """`models/{model}:embedContent`."""
        await self._serve(call, SINGLE)

    async def embed_batch(self, call: Call) -> None:
        """`models/{model}:batchEmbedContents`."""
        await self._serve(call, BATCH)

    async def predict(self, call: Call) -> None:
        """`models/{model}:predict`, by which Vertex AI's clients ask for texts' vectors."""
        await self._serve(call, PREDICT)

    async def _serve(self, call: Call, method: str) -> None:
        asked = portions(method, await call.body(self._max_body_bytes), model_of(call))
        call.errand = errand = Errand(model=model_of(call))
        with ClientWatch(call, self._group):
            told = await self._told(call, asked, errand)
        counts = [each.input_tokens for each in told]
        tokens = None if None in counts else sum(count or 0 for count in counts)
        note_input(call, errand, tokens)
        await call.reply(200, answer(method, asked, [each.body for each in told], tokens))

    async def _told(self, call: Call, asked: Sequence[Portion], errand: Errand) -> list[Told]:
        """The answers, in the order of what is asked. Raises AntiphonError, once none is being waited for."""
        at_once = asyncio.Semaphore(_AT_ONCE)

        async def one(portion: Portion) -> Told:
            request = asked_for("embeddings", portion.body, call.request_id)
            part = Errand(model=errand.model)
            async with at_once:
                try:
                    return await self._services.answer(msgspec.structs.replace(request, translated=True), part)
                except BadRequest as error:
                    raise in_their_words(error) from None
                finally:
                    errand.join(part)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(portion)) for portion in asked]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return [task.result() for task in tasks]
