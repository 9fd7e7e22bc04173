"""`/v1/chat/completions/{id}` and the list of them: completions that were kept, whoever gave them.

https://platform.openai.com/docs/api-reference/chat/list (read 2026-11).
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import Raw, Struct

from antiphon.chat_protocols import ChatPage, StoredChat
from antiphon.errors import BadRequest
from antiphon.gateway.chats import ChatShelf
from antiphon.http.call import Call
from antiphon.http.queries import MAX_LIMIT, Values, number, page
from antiphon.wire.events import split_object
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.requests import Item, Metadata, is_array, is_item

_DEFAULT_LIMIT: Final = 20
_MOST_PAIRS: Final = 16
_ASKED: Final = (
    *("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "service_tier", "response_format"),
    *("tools", "tool_choice", "reasoning_effort", "verbosity", "max_completion_tokens", "max_tokens", "stop", "n"),
)
"""Members of the request that are shown with the answer, where that does not say them itself."""

_NULL: Final = Raw(b"null")
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(list[dict[str, Any]] | None).decode


class NewMetadata(Struct, frozen=True):
    """What shall stand in place of the pairs that there are; null takes all of them away."""

    metadata: Metadata | None


_new_metadata: Final = msgspec.json.Decoder(NewMetadata).decode


class StoredChatEndpoints:
    """The handlers."""

    def __init__(self, shelf: ChatShelf, max_body_bytes: int) -> None:
        """Opens nothing."""
        self._shelf = shelf
        self._max_body_bytes = max_body_bytes

    async def list_chats(self, call: Call) -> None:
        """`GET /v1/chat/completions`."""
        values = call.query()
        limit = number(values, "limit", _DEFAULT_LIMIT, 1, MAX_LIMIT)
        wanted = ChatPage(
            limit=limit + 1,
            order=_order(values),
            after=values.get("after", [None])[-1],
            model=values.get("model", [None])[-1],
            metadata=_pairs(values),
        )
        found = await self._shelf.page(call.tenant, wanted)
        shown = [(chat.id, Raw(_shown(chat))) for chat in found[:limit]]
        await call.reply(200, _listed(shown, has_more=len(found) > limit))

    async def retrieve(self, call: Call) -> None:
        """`GET /v1/chat/completions/{id}`."""
        await call.reply(200, _shown(await self._shelf.find(call.tenant, call.path_params["id"])))

    async def update(self, call: Call) -> None:
        """`POST /v1/chat/completions/{id}`."""
        body = await call.body(self._max_body_bytes)
        try:
            wanted = _new_metadata(body)
        except UNDECODABLE as error:
            raise told(error) from None
        changed = await self._shelf.update(call.tenant, call.path_params["id"], wanted.metadata or {})
        await call.reply(200, _shown(changed))

    async def delete(self, call: Call) -> None:
        """`DELETE /v1/chat/completions/{id}`."""
        identifier = call.path_params["id"]
        await self._shelf.delete(call.tenant, identifier)
        await call.reply(200, _encode({"object": "chat.completion.deleted", "id": identifier, "deleted": True}))

    async def messages(self, call: Call) -> None:
        """`GET /v1/chat/completions/{id}/messages`: what the request said."""
        values = call.query()
        limit = number(values, "limit", _DEFAULT_LIMIT, 1, MAX_LIMIT)
        order, after = _order(values), values.get("after", [None])[-1]
        found = await self._shelf.find(call.tenant, call.path_params["id"])
        entries = [_message(f"{found.id}-{place}", message) for place, message in enumerate(_said(found))]
        if order == "desc":
            entries.reverse()
        ids = [entry["id"] for entry in entries]
        if after is not None and after not in ids:
            message = f"Message with id '{after[:300]}' not found in this list."
            raise BadRequest(message, param="after", code="invalid_value")
        first = 0 if after is None else ids.index(after) + 1
        shown = [(entry["id"], Raw(_encode(entry))) for entry in entries[first : first + limit]]
        await call.reply(200, _listed(shown, has_more=first + limit < len(entries)))


def _said(chat: StoredChat) -> list[Item]:
    """The messages of the request; none where it had something else, which its provider took as it was."""
    try:
        return _decode(split_object(chat.request).get("messages", _NULL)) or []
    except msgspec.ValidationError:
        return []


def _order(values: Values) -> Literal["asc", "desc"]:
    return page({"order": values.get("order", ["asc"])}).order


def _pairs(values: Values) -> dict[str, str]:
    """``metadata[name]=value``, as often as there are pairs."""
    found = {
        name.removeprefix("metadata[").removesuffix("]"): said[-1]
        for name, said in values.items()
        if name.startswith("metadata[") and name.endswith("]")
    }
    if len(found) > _MOST_PAIRS:
        message = f"A completion has no more than {_MOST_PAIRS} pairs of metadata; ask for fewer."
        raise BadRequest(message, param="metadata", code="invalid_value")
    return found


def _listed(entries: list[tuple[str, Raw]], *, has_more: bool) -> bytes:
    ids = [identifier for identifier, _ in entries]
    page = {
        "object": "list",
        "data": [shown for _, shown in entries],
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
        "has_more": has_more,
    }
    return _encode(page)


def _shown(chat: StoredChat) -> bytes:
    """The answer, every value as the client got it, with what was asked."""
    answer, asked = split_object(chat.body), split_object(chat.request)
    more = {name: asked.get(name, _NULL) for name in _ASKED if name not in answer and name in asked}
    return _encode({**answer, **more, "metadata": chat.metadata})


def _message(identifier: str, said: Item) -> Item:
    content: Any = said.get("content")
    told: Item = {"id": identifier, "name": None, **said, "content_parts": None}
    if not is_array(content):
        return told
    texts = [str(part.get("text", "")) for part in content if is_item(part) and part.get("type") == "text"]
    return told | {"content": "".join(texts) or None, "content_parts": content}
