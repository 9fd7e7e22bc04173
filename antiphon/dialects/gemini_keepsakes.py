"""What Google wants to see again, kept in the seals of reasoning items: into a seal, and out of it.

Thoughts and what Google's own tools did are kept as the parts that they came in. Signatures go back to the very part
that they came on (https://ai.google.dev/gemini-api/docs/thought-signatures, read 2026-11): to a call by its id, to a
text by how many of its last characters that part held, to a picture by their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import Struct

from antiphon.dialects.sealed import STANDS_FOR
from antiphon.wire.envelope import Envelope
from antiphon.wire.requests import Item

SIGNATURE: Final = "thoughtSignature"

_CALL: Final = "attached_to"
_TEXT: Final = "characters"
_PICTURE: Final = "picture"


class Keepsakes:
    """What has come since the last reasoning item ended. Implements `writer.Keeper`."""

    __slots__ = ("_enclose", "_items", "_thought", "hides", "waiting")

    def __init__(self, enclose: Callable[[list[Item]], str], *, hides: bool) -> None:
        """`enclose` seals. `waiting` tells whether there is anything to seal."""
        self._enclose = enclose
        self._items: list[Item] = []
        self._thought: list[str] = []
        self.hides = hides
        self.waiting = False

    def think(self, text: str, signature: str | None) -> None:
        """A part of thought. Parts are joined as long as none is signed."""
        self.waiting = True
        if not signature:
            self._thought.append(text)
            return
        self._settle()
        self._items.append({"text": text, "thought": True, SIGNATURE: signature})

    def part(self, part: Item, stands_for: str) -> None:
        """A part to be given back as it is; the item of that id tells of it, too."""
        self._keep(part | {STANDS_FOR: [stands_for]})

    def sign_call(self, signature: str, call_id: str) -> None:
        """The signature of a call."""
        self._keep({SIGNATURE: signature, _CALL: call_id})

    def sign_text(self, signature: str, characters: int) -> None:
        """The signature of a part of so many characters, which the text before ends with."""
        self._keep({SIGNATURE: signature, _TEXT: characters})

    def sign_picture(self, signature: str) -> None:
        """The signature of the picture that comes next."""
        self._keep({SIGNATURE: signature, _PICTURE: True})

    def blob(self) -> str:
        """Everything, sealed; from here on a new item's is gathered."""
        self._settle()
        items, self._items = self._items, []
        self.waiting = False
        return self._enclose(items)

    def _keep(self, item: Item) -> None:
        self._settle()
        self._items.append(item)
        self.waiting = True

    def _settle(self) -> None:
        if self._thought:
            self._items.append({"text": "".join(self._thought), "thought": True})
            self._thought.clear()


class KeptPart(Struct, frozen=True):
    """A part to be given back."""

    part: Item


class CallSignature(Struct, frozen=True):
    """The signature of a call."""

    signature: str
    call_id: str


class TextSignature(Struct, frozen=True):
    """The signature of the last so many characters."""

    signature: str
    characters: int


class PictureSignature(Struct, frozen=True):
    """The signature of the picture that comes next."""

    signature: str


Kept = KeptPart | CallSignature | TextSignature | PictureSignature


def recalled(envelope: Envelope) -> Iterator[Kept]:
    """The contents of an opened seal, in their order."""
    for item in envelope.items:
        signature = str(item.get(SIGNATURE, ""))
        call_id: Any = item.get(_CALL)
        characters: Any = item.get(_TEXT)
        if isinstance(call_id, str):
            yield CallSignature(signature, call_id)
        elif isinstance(characters, int):
            yield TextSignature(signature, characters)
        elif _PICTURE in item:
            yield PictureSignature(signature)
        else:
            yield KeptPart({name: value for name, value in item.items() if name != STANDS_FOR})
