"""The seam of kept chat completions. As `protocols.py`, of which this is another page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from msgspec import Struct


class StoredChat(Struct, frozen=True, kw_only=True):
    """A kept chat completion. `id` is what its client was told: a provider's own where the answer was relayed.

    `serial` is the gateway's own name for it, which sorts by time of birth. `asked` is the model as the client named
    it, `target` who answered, `model` what the answer says. `request` is the client's body, `body` the answer, whole:
    for a relayed one the provider's own bytes.
    """

    serial: str
    tenant: str
    id: str
    created_at: int
    expires_at: int | None
    asked: str
    target: str
    model: str
    metadata: Mapping[str, str]
    request: bytes
    body: bytes


class ChatPage(Struct, frozen=True, kw_only=True):
    """Which kept completions are wanted: after this one, of this model, with all of these pairs."""

    limit: int = 20
    order: Literal["asc", "desc"] = "asc"
    after: str | None = None
    model: str | None = None
    metadata: Mapping[str, str] = {}


class StoredChats(Protocol):
    """Kept chat completions. Every look-up is by tenant: a foreign id is an unknown id. All raise StoreFailed.

    Law: of one tenant's completions with the same id, which providers may give twice, the newest is kept.
    """

    async def save(self, chat: StoredChat) -> None:
        """Returns once the completion is safe on disk."""
        ...

    async def get(self, tenant: str, id: str) -> StoredChat | None:
        """The completion, or None when it is unknown, deleted, expired or foreign."""
        ...

    async def page(self, tenant: str, wanted: ChatPage) -> list[StoredChat] | None:
        """In the order of their birth, or against it. None when there is no completion to go on after."""
        ...

    async def update(self, tenant: str, id: str, metadata: Mapping[str, str]) -> StoredChat | None:
        """Puts these pairs in place of all that were. None as for `get`."""
        ...

    async def delete(self, tenant: str, id: str) -> bool:
        """Removes the completion. False when there is none."""
        ...
