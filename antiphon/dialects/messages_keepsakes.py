"""Blocks that only Anthropic can read, or wants to see again as they were: into the seal of a reasoning item."""

from __future__ import annotations

from collections.abc import Callable

from antiphon.dialects.messages_shapes import clean
from antiphon.wire.requests import Item


class Keepsakes:
    """What has come since the last reasoning item ended. Implements `writer_items.Keeper`."""

    __slots__ = ("_blocks", "_enclose", "hides", "waiting")

    def __init__(self, enclose: Callable[[list[Item]], str], *, hides: bool) -> None:
        """`enclose` seals; `hides` keeps seals from the client."""
        self._enclose = enclose
        self.hides = hides
        self.waiting = False
        self._blocks: list[Item] = []

    def add(self, block: Item) -> None:
        """A block, as it is to come back."""
        self._blocks.append(clean(block))
        self.waiting = True

    def blob(self) -> str:
        """Everything, sealed, in its order; from here on a new item's is gathered."""
        blocks, self._blocks = self._blocks, []
        self.waiting = False
        return self._enclose(blocks)
