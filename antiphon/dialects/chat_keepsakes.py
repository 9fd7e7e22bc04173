"""Reasoning as a chat completions provider sent it, kept to be given back: into a seal, and out of it.

Words of thought under whatever name they came; OpenRouter's `reasoning_details`, signatures and all
(https://openrouter.ai/docs/use-cases/reasoning-tokens); Google's signatures in `extra_content`, on calls or on the
message (https://ai.google.dev/gemini-api/docs/thought-signatures). All read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct, field

from antiphon.dialects.chat_shapes import objects
from antiphon.wire.envelope import Envelope
from antiphon.wire.requests import Item, is_item

_GROWING: Final = {"reasoning.text": "text", "reasoning.summary": "summary"}
"""Details that are streamed in pieces, and the member that grows."""

_PIECES: Final = 4096


class Growing:
    """A text in pieces. Many small strings cost ten times their text, so they are joined now and then."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        self._pieces.append(piece)
        if len(self._pieces) > _PIECES:
            self._pieces[:] = ["".join(self._pieces)]

    @property
    def text(self) -> str:
        return "".join(self._pieces)


class _Detail:
    """One entry of `reasoning_details`, perhaps still growing."""

    __slots__ = ("_grown", "_member", "members")

    def __init__(self, members: Item) -> None:
        self.members = dict(members)
        self._member = _GROWING.get(str(members.get("type")), "")
        self._grown = Growing()
        self._grow(members)

    def takes(self, piece: Item) -> bool:
        """Whether `piece` goes on with this entry; if so it is taken in."""
        same = all(piece.get(name) == self.members.get(name) for name in ("type", "index"))
        if not self._member or not same or self.members.get("signature"):
            return False
        self.members |= {name: value for name, value in piece.items() if value is not None}
        self._grow(piece)
        return True

    def whole(self) -> Item:
        """The entry as it would have come in one piece."""
        text = self._grown.text
        return self.members | {self._member: text} if self._member and text else self.members

    def _grow(self, piece: Item) -> None:
        said: Any = piece.get(self._member)
        if isinstance(said, str):
            self._grown.add(said)


class Keepsakes:
    """What has come since the last reasoning item ended. Implements `writer.Keeper`."""

    __slots__ = ("_details", "_enclose", "_signatures", "_text", "hides", "waiting")

    def __init__(self, enclose: Callable[[list[Item]], str], *, hides: bool) -> None:
        """`enclose` seals. `waiting` tells whether there is anything to seal."""
        self._enclose = enclose
        self.hides = hides
        self.waiting = False
        self._clear()

    def say(self, thought: str) -> None:
        """Words of thought."""
        self._text.add(thought)
        self.waiting = True

    def detail(self, piece: Item, *, whole: bool) -> None:
        """An entry of `reasoning_details`, or a piece of one."""
        if whole or not self._details or not self._details[-1].takes(piece):
            self._details.append(_Detail(piece))
        self.waiting = True

    def sign(self, extra: Item, call_id: str | None) -> None:
        """Google's signature of a call, or of the message."""
        self._signatures.append({"extra_content": extra, "attached_to": call_id})
        self.waiting = True

    def blob(self) -> str:
        """Everything, sealed; from here on a new item's is gathered."""
        items: list[Item] = []
        if text := self._text.text:
            items.append({"reasoning": text})
        if self._details:
            items.append({"reasoning_details": [detail.whole() for detail in self._details]})
        items += self._signatures
        self._clear()
        self.waiting = False
        return self._enclose(items)

    def _clear(self) -> None:
        self._text = Growing()
        self._details: list[_Detail] = []
        self._signatures: list[Item] = []


class Recalled(Struct, frozen=True):
    """What a seal held. `signatures` are by call, `extra` is the message's."""

    text: str = ""
    details: list[Item] = field(default_factory=list[Item])
    signatures: dict[str, Item] = field(default_factory=dict[str, Item])
    extra: Item | None = None


def recalled(envelope: Envelope) -> Recalled:
    """The contents of an opened seal of chat completions."""
    text, details, extra = "", list[Item](), None
    signatures: dict[str, Item] = {}
    for item in envelope.items:
        said: Any = item.get("reasoning")
        signature: Any = item.get("extra_content")
        call_id: Any = item.get("attached_to")
        text += said if isinstance(said, str) else ""
        details += objects(item.get("reasoning_details"))
        if is_item(signature) and isinstance(call_id, str):
            signatures[call_id] = signature
        elif is_item(signature):
            extra = signature
    return Recalled(text, details, signatures, extra)


def signed(extra: Item | None) -> Item | None:
    """`extra_content` if it holds a signature."""
    if extra is None or not any(is_item(part) and part.get("thought_signature") for part in extra.values()):
        return None
    return extra
