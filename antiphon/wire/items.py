"""What is asked of any list of items."""

from __future__ import annotations

from typing import Final, TypeGuard

from antiphon.wire.requests import Item

PREFIXES: Final = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "computer_call_output": "cuo",
    "compaction": "cmp",
    "mcp_approval_response": "mcpa",
    "apply_patch_call_output": "apco",
    "shell_call_output": "sho",
    "local_shell_call_output": "lsho",
    "tool_search_output": "tso",
    "image_generation_call": "ig",
}
"""Prefixes of item ids; any other type is an ``item``."""


def is_id(value: object) -> TypeGuard[str]:
    """Whether an item can be asked for by this: clients stop paging at an empty id."""
    return isinstance(value, str) and value != ""


def identified(items: list[Item]) -> list[Item]:
    """The items, each with an id of its own: without one a client cannot ask for the page after it."""
    taken: set[str] = set()
    listed: list[Item] = []
    for place, item in enumerate(items):
        given: object = item.get("id")
        identifier = given if is_id(given) else f"item_{place}"
        if identifier in taken:
            identifier = f"{identifier}_{place}"
        taken.add(identifier)
        listed.append(item if item.get("id") == identifier else item | {"id": identifier})
    return listed
