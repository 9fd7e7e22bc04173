"""Models as every shape of their list is made from them."""

from __future__ import annotations

from typing import Protocol

from msgspec import UnsetType


class Card(Protocol):
    """A model on offer: encodes to the object that `/v1/models` shows."""

    @property
    def id(self) -> str:
        """Its public name."""
        ...

    @property
    def created(self) -> int:
        """When it came to be, in Unix seconds; 0 where nobody has told."""
        ...

    @property
    def context_window(self) -> int | UnsetType:
        """How many tokens it takes in, where that is known."""
        ...

    @property
    def max_output_tokens(self) -> int | UnsetType:
        """How many tokens it answers with, where that is known."""
        ...

    @property
    def output_modalities(self) -> tuple[str, ...] | UnsetType:
        """What it makes, where that is known."""
        ...

    @property
    def input_modalities(self) -> tuple[str, ...] | UnsetType:
        """``text``, ``image`` and others, where that is known."""
        ...

    @property
    def capabilities(self) -> tuple[str, ...] | UnsetType:
        """``tools``, ``reasoning`` and others, where that is known."""
        ...
