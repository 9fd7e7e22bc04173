"""Ids of items, and of calls, on their way to a provider that knows those alone which it has given itself.

OpenAI refuses all others ("Expected an ID that begins with 'ws'"), and a client, or another provider, may have given
them. Most items do as well without one. An id of a call that is longer than OpenAI takes ("Expected a string with
maximum length 64") goes as its digest, the same with the call and with its output.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from antiphon.protocols import Target, Turn
from antiphon.wire.requests import Item

_NEEDLESS: Final = frozenset(
    {"message", "reasoning", "function_call", "custom_tool_call", "web_search_call", "tool_search_call"}
    | {"shell_call", "apply_patch_call", "function_call_output", "custom_tool_call_output", "tool_search_output"}
    | {"computer_call_output", "shell_call_output", "apply_patch_call_output", "mcp_approval_response"}
)
"""Types of items that need no id, whoever they are of."""

_PREFIXES: Final = {
    "code_interpreter_call": "ci_",
    "computer_call": "cu_",
    "file_search_call": "fs_",
    "image_generation_call": "ig_",
    "mcp_call": "mcp_",
    "mcp_list_tools": "mcpl_",
}
"""How the ids of other types begin, where they are OpenAI's."""


_LONGEST_CALL_ID: Final = 64


def with_known_id(item: Item, turn: Turn, target: Target) -> Item:
    """The item, without an id that the provider has not given, or does not need."""
    call_id: Any = item.get("call_id")
    if isinstance(call_id, str) and len(call_id) > _LONGEST_CALL_ID:
        digest = hashlib.sha256(call_id.encode()).hexdigest()
        item = item | {"call_id": digest[:_LONGEST_CALL_ID]}
    kind = str(item.get("type", "message"))
    if kind not in _NEEDLESS:
        id = str(item.get("id"))
        begins = _PREFIXES.get(kind)
        if begins is None or (id.startswith(begins) and turn.origins.get(id, target.provider) == target.provider):
            return item
    return {name: value for name, value in item.items() if name != "id"}
