"""The seams of what is kept beside responses: items of theirs, prompt templates, idempotency keys.

As `protocols.py`, of which this is the second page.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from msgspec import Struct

from antiphon.conversation_protocols import Alongside
from antiphon.wire.requests import Item


class FoundItem(Struct, frozen=True):
    """An item of a stored response, and who answered there."""

    item: Item
    provider: str


class StoredItems(Protocol):
    """The items of kept responses, inputs and outputs. A foreign item is an unknown one."""

    async def find(self, tenant: str, item_ids: Collection[str]) -> dict[str, FoundItem]:
        """Those that are found, by their ids; an item of a response made long ago may be passed over."""
        ...


class StoredPrompt(Struct, frozen=True, kw_only=True):
    """One version of a template, which never changes. `template` is JSON: members of a create request."""

    id: str
    version: int
    created_at: int
    template: bytes


class Prompts(Protocol):
    """Kept prompt templates. Every look-up is by tenant: a foreign id is an unknown id. All raise StoreFailed."""

    async def create(self, tenant: str, prompt: StoredPrompt) -> bool:
        """Keeps the first version of a prompt. False when there is one of this id."""
        ...

    async def add(self, tenant: str, prompt_id: str, template: bytes) -> StoredPrompt | None:
        """Keeps another version, numbered after the newest. None when there is no such prompt."""
        ...

    async def get(self, tenant: str, prompt_id: str, version: int | None) -> StoredPrompt | None:
        """One version, the newest for None."""
        ...

    async def newest(self, tenant: str, after: str, limit: int) -> list[StoredPrompt]:
        """The newest version of each prompt whose id sorts behind `after`, in the order of their ids."""
        ...

    async def delete(self, tenant: str, prompt_id: str) -> bool:
        """Removes every version. False when there is none."""
        ...


class Claim(Struct, frozen=True):
    """A request under an `Idempotency-Key`: the SHA-256 of its body, and the id that its answer shall have."""

    tenant: str
    key: str
    digest: bytes
    response_id: str


class Holder(Struct, frozen=True):
    """Which body came under a key, which response answers it, and whether that response is stored."""

    digest: bytes
    response_id: str
    answered: bool


class IdempotencyKeys(Protocol):
    """Which response belongs to which key. All methods raise StoreFailed.

    Law: a key that is held is answered by its response or, before that is stored, by nobody but whoever holds it; it is
    free again when its time is over, when it is released, or when its lease lapsed before there was a response.
    """

    async def claim(self, claim: Claim) -> Holder:
        """Takes the key if it is free, and tells who holds it: whoever has the response id of the claim."""
        ...

    async def look(self, tenant: str, key: str) -> Holder | None:
        """Who holds the key, None when it is free."""
        ...

    def holding(self, claim: Claim) -> Alongside:
        """To stand beside what keeps the answer: raises Superseded when somebody else has the key by then."""
        ...

    async def renew(self, claims: Sequence[Claim]) -> None:
        """Begins the leases of these claims anew, as far as they still hold their keys."""
        ...

    async def release(self, claim: Claim) -> None:
        """Frees the key if this claim holds it and has no stored response."""
        ...
