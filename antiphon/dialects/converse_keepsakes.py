"""Reasoning as Converse sent it, kept to be given back: into a seal, and out of it.

What a model has signed, or sealed, only it can read again; it wants that back unchanged, before the calls it led to
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ReasoningContentBlock.html, read 2026-11).
Reasoning in clear alone is for the reader: Bedrock takes none of it back.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from antiphon.errors import UpstreamBroke
from antiphon.wire.envelope import Envelope
from antiphon.wire.requests import Item


class Keepsakes:
    """What has come since the last reasoning item ended. Implements `writer.Keeper`."""

    __slots__ = ("_blocks", "_enclose", "_redacted", "_signature", "_words", "hides", "waiting")

    def __init__(self, enclose: Callable[[list[Item]], str], *, hides: bool) -> None:
        """`enclose` seals. `waiting` tells whether there is anything to seal."""
        self._enclose = enclose
        self._blocks: list[Item] = []
        self._words: list[str] = []
        self._signature: list[str] = []
        self._redacted: list[str] = []
        self.hides = hides
        self.waiting = False

    def say(self, thought: str) -> None:
        """Words of thought."""
        self._words.append(thought)

    def sign(self, signature: str) -> None:
        """A piece of what proves the block's words."""
        self._signature.append(signature)
        self.waiting = True

    def seal(self, redacted: str) -> None:
        """A piece, in base64, of thoughts that only their author can read."""
        self._redacted.append(redacted)
        self.waiting = True

    def settle(self) -> None:
        """A block ends. Words that nobody signed are not wanted back. Raises UpstreamBroke for what is no base64."""
        if self._signature:
            self._blocks.append({"text": "".join(self._words), "signature": "".join(self._signature)})
        if self._redacted:
            self._blocks.append({"redactedContent": _joined(self._redacted)})
        self._words.clear()
        self._signature.clear()
        self._redacted.clear()

    def blob(self) -> str:
        """Everything, sealed; from here on a new item's is gathered."""
        self.settle()
        blocks, self._blocks = self._blocks, []
        self.waiting = False
        return self._enclose(blocks)


def recalled(envelope: Envelope) -> list[dict[str, Any]]:
    """The content blocks that an opened seal of Converse's stands for."""
    return [
        {"reasoningContent": item if "redactedContent" in item else {"reasoningText": item}} for item in envelope.items
    ]


def _joined(pieces: list[str]) -> str:
    if len(pieces) == 1:
        return pieces[0]
    try:
        return base64.b64encode(b"".join(base64.b64decode(piece, validate=True) for piece in pieces)).decode()
    except binascii.Error:
        raise UpstreamBroke("The provider sent sealed reasoning that cannot be read.") from None
