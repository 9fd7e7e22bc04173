"""Tools under the names that a chat completions provider takes, and the way back to the client's own.

Chat completions know functions with flat names of at most 64 characters; the Responses API has namespaces, longer names
and kinds of tools that are no functions.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from msgspec import Struct

Kind = Literal["function", "custom", "apply_patch", "local_shell", "shell", "tool_search", "hosted"]
"""What a call was to the client. The provider itself runs ``hosted`` tools; all others but ``function`` may reach it as
functions in their stead."""

_LEGAL: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ILLEGAL: Final = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_STEM: Final = 64 - 9


class ToolName(Struct, frozen=True):
    """A tool as the client knows it."""

    kind: Kind
    name: str
    namespace: str | None = None


_NOBODY: Final[Mapping[str, ToolName]] = MappingProxyType({})


class ToolNames(Struct, frozen=True):
    """The tools that were offered, by the provider's name for them.

    `allowed` holds the provider's names for those that may be called, None when all may. `parallel` says whether an
    answer may hold more than one call.
    """

    known: Mapping[str, ToolName] = _NOBODY
    allowed: frozenset[str] | None = None
    parallel: bool = True

    def of(self, name: str) -> ToolName:
        """The client's tool for a name in an answer; a name that nobody offered is taken as a plain function's."""
        return self.known.get(name) or ToolName("function", name)

    def permits(self, name: str) -> bool:
        """Whether the client may see a call under this name of the provider's."""
        return self.allowed is None or name in self.allowed


NO_TOOLS: Final = ToolNames()


def hosted_name(kind: str, label: str | None = None) -> ToolName:
    """A tool of this type that somebody else runs; `label` tells one MCP server from another."""
    return ToolName("hosted", family(kind), label)


def family(kind: str) -> str:
    """Versions and spellings of one hosted tool under one name."""
    for name in ("web_search", "computer"):
        if kind.startswith(name):
            return name
    return kind


def flat_name(tool: ToolName) -> str:
    """The provider's name for a tool: ``namespace__name``, or a stem of it and a digest where that is not legal."""
    name = tool.name if tool.namespace is None else f"{tool.namespace}__{tool.name}"
    return name if _LEGAL.fullmatch(name) else digested_name(tool)


def digested_name(tool: ToolName) -> str:
    """A legal name that no other tool gets, the same on every turn."""
    plain = "\x00".join((tool.kind, tool.namespace or "", tool.name))
    stem = _ILLEGAL.sub("_", tool.name if tool.namespace is None else f"{tool.namespace}__{tool.name}")
    return f"{stem[:_LONGEST_STEM]}_{hashlib.sha256(plain.encode()).hexdigest()[:8]}"
