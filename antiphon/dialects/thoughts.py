"""Reasoning that is nothing but words, sealed under the name that its provider has for it, and taken out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from antiphon.dialects.chat_keepsakes import Growing
from antiphon.dialects.steps import Thought
from antiphon.wire.requests import Item


class Words:
    """What has come since the last reasoning item ended. Implements `writer_items.Keeper`."""

    __slots__ = ("_enclose", "_said", "hides", "waiting")

    def __init__(self, enclose: Callable[[list[Item]], str], *, hides: bool) -> None:
        """`enclose` seals; `hides` keeps seals from the client."""
        self._enclose = enclose
        self.hides = hides
        self.waiting = False
        self._said: list[tuple[str, Growing]] = []

    def say(self, member: str, words: str) -> None:
        """More words under this name."""
        if not self._said or self._said[-1][0] != member:
            self._said.append((member, Growing()))
        self._said[-1][1].add(words)
        self.waiting = True

    def blob(self) -> str:
        """Everything, sealed, in its order; from here on a new item's is gathered."""
        items: list[Item] = [{member: words.text} for member, words in self._said]
        self._said.clear()
        self.waiting = False
        return self._enclose(items)


def recalled(thought: Thought, member: str) -> str | None:
    """What the seal held under this name; None where the reasoning came without a seal."""
    if thought.envelope is None:
        return None
    words: list[Any] = [item.get(member) for item in thought.envelope.items]
    return "".join(each for each in words if isinstance(each, str))
