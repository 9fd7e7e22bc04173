"""Compaction items: a conversation's past as one blob that only the gateway can open.

The blob's payload is JSON: a summary of our own making (`text`), or what a provider sealed for itself (`blob`, `id`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.wire.envelope import unverified
from antiphon.wire.faults import UNDECODABLE
from antiphon.wire.requests import Item

MARK: Final = b'"compaction'
"""What stands in the bytes of every request that has anything to do with compaction."""

TRIGGER: Final = "compaction_trigger"

_PREAMBLE: Final = "Summary of the earlier conversation: "

Open = Callable[[str], bytes]
"""The payload of a blob. Raises BadRequest `invalid_encrypted_content`."""


class Payload(Struct, frozen=True, omit_defaults=True):
    """What is sealed: version, kind, provider and model, then a summary, or the provider's own blob and its id."""

    v: int = 0
    k: str = ""
    p: str = ""
    m: str = ""
    text: str | None = None
    blob: str | None = None
    id: str | None = None


_VERSION: Final = 1
_KIND: Final = "compaction"
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Payload).decode


def summary_payload(provider: str, model: str, text: str) -> bytes:
    """The payload of a summary."""
    return _encode(Payload(_VERSION, _KIND, provider, model, text=text))


def wrapped_payload(provider: str, model: str, blob: str, identifier: str) -> bytes:
    """The payload of a provider's own compaction item."""
    return _encode(Payload(_VERSION, _KIND, provider, model, blob=blob, id=identifier))


def opened_item(item: Item, open_blob: Open, origins: dict[str, str]) -> Item:
    """What a compaction item stands for: a summary as a developer message, or the item of the provider that made it.

    `origins` learns which provider that is, by the item's id. Raises BadRequest for a blob that cannot be opened.
    """
    blob = item.get("encrypted_content")
    if not isinstance(blob, str):
        if item.get("summary"):
            return item  # somebody's own words, in the open: dialects can read them
        raise unverified("")
    payload = _payload(open_blob(blob), blob)
    if payload.text is not None:
        return _developer(str(item.get("id", "")), payload.text)
    identifier = payload.id or str(item.get("id", ""))
    origins[identifier] = payload.p
    return {"type": "compaction", "id": identifier, "encrypted_content": payload.blob}


def since_newest(items: Sequence[Item]) -> int:
    """Where a context begins that has been compacted: at the newest compaction item, 0 where there is none.

    Messages right before it that are not the model's stand beside it (`/responses/compact` puts the user's there, word
    for word), so they are still told.
    """
    start = next((place for place in range(len(items) - 1, -1, -1) if items[place].get("type") == "compaction"), 0)
    while start and _stands(items[start - 1]):
        start -= 1
    return start


def user_messages(items: Sequence[Item]) -> list[Item]:
    """What the user said, word for word."""
    said = (item for item in items if item.get("type") == "message" and item.get("role") == "user")
    return [{**item, "status": "completed"} for item in said]


def _stands(item: Item) -> bool:
    kind = item.get("type", "message")
    return kind == TRIGGER or (kind == "message" and item.get("role") != "assistant")


def _payload(data: bytes, blob: str) -> Payload:
    try:
        payload = _decode(data)
    except UNDECODABLE:
        raise unverified(blob) from None
    if payload.v != _VERSION or payload.k != _KIND or (payload.text is None and payload.blob is None):
        raise unverified(blob)
    return payload


def _developer(identifier: str, text: str) -> Item:
    content = [{"type": "input_text", "text": _PREAMBLE + text}]
    return {"type": "message", "id": identifier, "status": "completed", "role": "developer", "content": content}
