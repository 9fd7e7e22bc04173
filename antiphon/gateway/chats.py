"""Chat completions that are kept: whatever gave them, they are found again under the id that their client was told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.chat_protocols import ChatPage, StoredChat, StoredChats
from antiphon.errors import BadRequest, NotFound, UpstreamBroke
from antiphon.gateway.flow import Surroundings
from antiphon.protocols import Caller
from antiphon.wire.events import split_object

_SECONDS_PER_DAY: Final = 86_400
_MAX_ID: Final = 256
_encode: Final = msgspec.json.Encoder().encode


class _Head(Struct, frozen=True):
    id: str | None = None
    model: str | None = None


_head: Final = msgspec.json.Decoder(_Head).decode


class Asked(Struct, frozen=True, kw_only=True):
    """A request whose answer is to be kept: the model as it was named, the client's pairs, and its whole body."""

    caller: Caller
    model: str
    metadata: Mapping[str, str]
    body: bytes


class ChatShelf:
    """Keeps chat completions, and finds them."""

    def __init__(self, chats: StoredChats, surroundings: Surroundings, retention_days: int | None) -> None:
        """`retention_days` of None keeps them for ever."""
        self._chats = chats
        self._surroundings = surroundings
        self._retention_days = retention_days

    async def keep(self, asked: Asked, target: str, body: bytes) -> None:
        """Returns once the answer is safe on disk. Raises StoreFailed, or UpstreamBroke for what is no answer."""
        try:
            head = _head(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            message = "The provider answered with something that is no chat completion."
            raise UpstreamBroke(message) from None
        serial = self._surroundings.new_id("chat")
        now = int(self._surroundings.clock())
        identity = head.id
        if not identity or len(identity) > _MAX_ID:
            identity = serial.replace("chat_", "chatcmpl-", 1)
            body = _encode({"id": Raw(_encode(identity)), **split_object(body)} | {"id": Raw(_encode(identity))})
        await self._chats.save(
            StoredChat(
                serial=serial,
                tenant=asked.caller.tenant,
                id=identity,
                created_at=now,
                expires_at=None if self._retention_days is None else now + self._retention_days * _SECONDS_PER_DAY,
                asked=asked.model,
                target=target,
                model=head.model or asked.model,
                metadata=asked.metadata,
                request=asked.body,
                body=body,
            )
        )

    async def find(self, tenant: str, id: str) -> StoredChat:
        """Raises NotFound."""
        return _known(await self._chats.get(tenant, id), id)

    async def page(self, tenant: str, wanted: ChatPage) -> list[StoredChat]:
        """Raises BadRequest where the page is to begin after a completion that is not there."""
        found = await self._chats.page(tenant, wanted)
        if found is None:
            message = f"Chat completion with id '{(wanted.after or '')[:300]}' not found in this list."
            raise BadRequest(message, param="after", code="invalid_value")
        return found

    async def update(self, tenant: str, id: str, metadata: Mapping[str, str]) -> StoredChat:
        """Raises NotFound."""
        return _known(await self._chats.update(tenant, id, metadata), id)

    async def delete(self, tenant: str, id: str) -> None:
        """Raises NotFound."""
        if not await self._chats.delete(tenant, id):
            raise _unknown(id)


def _known(found: StoredChat | None, id: str) -> StoredChat:
    if found is None:
        raise _unknown(id)
    return found


def _unknown(id: str) -> NotFound:
    """Unknown, deleted, expired and foreign ids are told alike."""
    return NotFound(f"Chat completion with id '{id[:300]}' not found.", code="chat_completion_not_found")
