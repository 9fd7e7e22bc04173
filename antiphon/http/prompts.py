"""`/v1/prompts`: create, list, retrieve, add a version, delete. OpenAI has no API for it."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.gateway.prompts import PromptLibrary
from antiphon.http.call import Call
from antiphon.http.queries import MAX_LIMIT, number
from antiphon.kept import StoredPrompt
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.prompts import variables_of

_DEFAULT_LIMIT: Final = 20
_encode: Final = msgspec.json.Encoder().encode


class NewPrompt(Struct, frozen=True, forbid_unknown_fields=True):
    """A prompt to keep. `id` is your own name for it; one is made where there is none."""

    template: Raw
    id: str | None = None


class NewVersion(Struct, frozen=True, forbid_unknown_fields=True):
    """What a prompt says from now on. Earlier versions stay as they are."""

    template: Raw


class Prompt(Struct, frozen=True, kw_only=True):
    """One version of a prompt. `variables` are the names that a request must give values to."""

    id: str
    object: str = "prompt"
    version: str
    created_at: int
    variables: list[str]
    template: Raw


class PromptList(Struct, frozen=True, kw_only=True):
    """One page of prompts, each in its newest version, in the order of their ids."""

    object: str = "list"
    data: list[Prompt]
    first_id: str | None
    last_id: str | None
    has_more: bool


_new_prompt: Final = msgspec.json.Decoder(NewPrompt).decode
_new_version: Final = msgspec.json.Decoder(NewVersion).decode


class PromptsEndpoints:
    """The handlers."""

    def __init__(self, library: PromptLibrary, max_body_bytes: int) -> None:
        """Opens nothing."""
        self._library = library
        self._max_body_bytes = max_body_bytes

    async def create(self, call: Call) -> None:
        """`POST /v1/prompts`."""
        body = await call.body(self._max_body_bytes)
        try:
            wanted = _new_prompt(body)
        except UNDECODABLE as error:
            raise told(error) from None
        made = await self._library.create(call.tenant, wanted.id, bytes(wanted.template))
        await call.reply(200, _encode(_shown(made)))

    async def list_prompts(self, call: Call) -> None:
        """`GET /v1/prompts`."""
        values = call.query()
        limit = number(values, "limit", _DEFAULT_LIMIT, 1, MAX_LIMIT)
        found = await self._library.listed(call.tenant, values.get("after", [""])[-1], limit + 1)
        shown = [_shown(prompt) for prompt in found[:limit]]
        page = PromptList(
            data=shown,
            first_id=shown[0].id if shown else None,
            last_id=shown[-1].id if shown else None,
            has_more=len(found) > limit,
        )
        await call.reply(200, _encode(page))

    async def retrieve(self, call: Call) -> None:
        """`GET /v1/prompts/{id}`."""
        version = call.query().get("version", [None])[-1]
        found = await self._library.find(call.tenant, call.path_params["id"], version)
        await call.reply(200, _encode(_shown(found)))

    async def add_version(self, call: Call) -> None:
        """`POST /v1/prompts/{id}/versions`."""
        body = await call.body(self._max_body_bytes)
        try:
            wanted = _new_version(body)
        except UNDECODABLE as error:
            raise told(error) from None
        made = await self._library.add(call.tenant, call.path_params["id"], bytes(wanted.template))
        await call.reply(200, _encode(_shown(made)))

    async def delete(self, call: Call) -> None:
        """`DELETE /v1/prompts/{id}`."""
        identifier = call.path_params["id"]
        await self._library.delete(call.tenant, identifier)
        await call.reply(200, _encode({"id": identifier, "object": "prompt.deleted", "deleted": True}))


def _shown(prompt: StoredPrompt) -> Prompt:
    return Prompt(
        id=prompt.id,
        version=str(prompt.version),
        created_at=prompt.created_at,
        variables=variables_of(prompt.template),
        template=Raw(prompt.template),
    )
