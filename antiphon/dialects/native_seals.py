"""Blobs of a provider that speaks the Responses API itself, put into the gateway's seal on their way to the client.

Law: an item has one seal, however often the provider tells it: OpenAI's blob in the last event differs from the one in
the item's own (recorded), and a client may keep either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Raw

from antiphon.wire.events import split_object
from antiphon.wire.requests import Item

SEALED_MEMBER: Final = b'"encrypted_content"'
"""What stands in the bytes of every event that there is something to do with."""

_NOTHING: Final = (None, Raw(b"null"), Raw(b'""'))
_REASONING: Final = Raw(b'"reasoning"')

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode
_items: Final = msgspec.json.Decoder(list[Raw]).decode


class NativeSeals:
    """The seals of one answer."""

    __slots__ = ("_enclose", "_made")

    def __init__(self, enclose: Callable[[list[Item]], str]) -> None:
        """`enclose` seals."""
        self._enclose = enclose
        self._made: dict[bytes, Raw] = {}

    def item(self, item: Raw) -> Raw:
        """The item with its blob sealed; one without keeps its bytes. Raises msgspec.DecodeError."""
        if SEALED_MEMBER not in bytes(item):
            return item
        members = split_object(item)
        blob = members.get("encrypted_content")
        if members.get("type") != _REASONING or blob in _NOTHING:
            return item
        members["encrypted_content"] = self._seal(members.get("id"), bytes(blob or b""))
        return Raw(_encode(members))

    def output(self, output: Raw) -> Raw:
        """The items of a response, sealed."""
        return Raw(_encode([self.item(item) for item in _items(output)]))

    def response(self, body: bytes) -> bytes:
        """A response, its items sealed."""
        members = split_object(body)
        if "output" in members:
            members["output"] = self.output(members["output"])
        return _encode(members)

    def _seal(self, id: Raw | None, blob: bytes) -> Raw:
        identity = b"" if id is None else bytes(id)
        made = self._made.get(identity)
        if made is None:
            kept: Item = {"encrypted_content": _decode(blob)}
            if id is not None:
                kept["id"] = _decode(id)
            made = Raw(_encode(self._enclose([kept])))
            if identity:
                self._made[identity] = made
        return made


def unsealed_item(item: Item, kept: Any, *, with_id: bool) -> Item:
    """The item as its own provider wants it back; `kept` is what the seal held of it."""
    opened: Item = {"summary": [], **item, "encrypted_content": kept.get("encrypted_content")}
    if with_id and kept.get("id"):
        opened["id"] = kept["id"]
    return opened
