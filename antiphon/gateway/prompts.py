"""Prompt templates: the tenant's own, and those that the owner's configuration gives to every tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from antiphon.errors import BadRequest, Conflict, NotFound
from antiphon.kept import Prompts, StoredPrompt
from antiphon.protocols import Clock
from antiphon.wire.ids import NewId, is_well_formed
from antiphon.wire.prompts import checked_template, rendered
from antiphon.wire.requests import PromptRef, Request

_MAX_VERSION: Final = 2**53
_MAX_VERSION_DIGITS: Final = 16


class PromptLibrary:
    """Finds, keeps and renders prompts. A configured one hides a tenant's own of the same id."""

    def __init__(self, configured: Mapping[str, StoredPrompt], prompts: Prompts, clock: Clock, new_id: NewId) -> None:
        """`configured` is by id, its templates checked."""
        self._configured = configured
        self._prompts = prompts
        self._clock = clock
        self._new_id = new_id

    async def render(self, request: Request, prompt: PromptRef, tenant: str) -> Request:
        """The request with its template filled in. Raises NotFound, or BadRequest saying what is wrong with it."""
        found = await self.find(tenant, prompt.id, prompt.version, param="prompt")
        return rendered(request, prompt, found.template, found.version)

    async def find(
        self, tenant: str, prompt_id: str, version: str | int | None, *, param: str | None = None
    ) -> StoredPrompt:
        """One version of a prompt, the newest for None. Raises NotFound, or BadRequest for an unknown version."""
        if not is_well_formed(prompt_id):
            raise unknown_prompt(prompt_id, param)
        wanted = None if version is None else _number(version)
        found = self._configured.get(prompt_id) or await self._prompts.get(tenant, prompt_id, wanted)
        if found is not None and wanted in (None, found.version):
            return found
        if found is None and (version is None or await self._prompts.get(tenant, prompt_id, None) is None):
            raise unknown_prompt(prompt_id, param)
        message = f"Version '{str(version)[:64]}' of the prompt with id '{prompt_id}' not found."
        place = "version" if param is None else f"{param}.version"
        raise BadRequest(message, param=place, code="prompt_version_not_found")

    async def create(self, tenant: str, prompt_id: str | None, template: bytes) -> StoredPrompt:
        """A new prompt, under an id of ours where none is given. Raises BadRequest, or Conflict for a taken id."""
        if prompt_id is not None and not is_well_formed(prompt_id):
            message = "The id of a prompt has from 1 to 256 letters, digits, '_' and '-'."
            raise BadRequest(message, param="id", code="invalid_value")
        made = StoredPrompt(
            id=prompt_id or self._new_id("pmpt"),
            version=1,
            created_at=int(self._clock()),
            template=checked_template(template),
        )
        if made.id in self._configured or not await self._prompts.create(tenant, made):
            message = f"There is a prompt with id '{made.id}' already; add a version to it, or choose another id."
            raise Conflict(message, param="id", code="prompt_exists")
        return made

    async def add(self, tenant: str, prompt_id: str, template: bytes) -> StoredPrompt:
        """Another version. Raises NotFound, or BadRequest."""
        self._check_own(prompt_id)
        made = await self._prompts.add(tenant, prompt_id, checked_template(template))
        if made is None:
            raise unknown_prompt(prompt_id, None)
        return made

    async def listed(self, tenant: str, after: str, limit: int) -> list[StoredPrompt]:
        """The newest versions of up to `limit` prompts whose ids sort behind `after`, in the order of their ids."""
        own = await self._prompts.newest(tenant, after, limit)
        given = [prompt for prompt in self._configured.values() if prompt.id > after]
        seen = given + [prompt for prompt in own if prompt.id not in self._configured]
        return sorted(seen, key=lambda prompt: prompt.id)[:limit]

    async def delete(self, tenant: str, prompt_id: str) -> None:
        """Every version of a prompt. Raises NotFound, or BadRequest."""
        self._check_own(prompt_id)
        if not await self._prompts.delete(tenant, prompt_id):
            raise unknown_prompt(prompt_id, None)

    def _check_own(self, prompt_id: str) -> None:
        if prompt_id in self._configured:
            message = f"The prompt with id '{prompt_id}' is given in the configuration and can be changed only there."
            raise BadRequest(message, code="prompt_is_configured")
        if not is_well_formed(prompt_id):
            raise unknown_prompt(prompt_id, None)


def _number(version: str | int) -> int:
    """The version as a number; what is none is a version that nobody has."""
    text = str(version)
    digits = text.isascii() and text.isdigit() and len(text) <= _MAX_VERSION_DIGITS
    return int(text) if digits and int(text) < _MAX_VERSION else 0


def unknown_prompt(prompt_id: str, param: str | None) -> NotFound:
    """Unknown, deleted and foreign ids are told alike."""
    message = f"Prompt with id '{prompt_id[:300]}' not found."
    return NotFound(message, param=None if param is None else f"{param}.id", code="prompt_not_found")
