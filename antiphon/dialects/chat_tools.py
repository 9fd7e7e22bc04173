"""The tools of a turn in the words of chat completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from antiphon.dialects.tools import CustomTool, FunctionTool, HostedTool, Offer, Tool
from antiphon.quirks import Quirks

ChatTool = dict[str, Any]


def chat_tools(offered: Offer, quirks: Quirks) -> list[ChatTool]:
    """`tools` of the body. No provider of chat completions runs tools itself, so an offer to one has none of those."""
    return [_written(tool, quirks) for tool in offered.tools if not isinstance(tool, HostedTool)]


def chat_choice(offered: Offer) -> str | ChatTool | None:
    """`tool_choice` of the body."""
    choice = offered.choice
    tools: Mapping[str, Tool] = {tool.name: tool for tool in offered.tools}
    if choice.named is not None:
        return _reference(tools[choice.named])
    if choice.within is not None:
        within = [_reference(tools[name]) for name in choice.within]
        return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": within}}
    return choice.mode


def _written(tool: FunctionTool | CustomTool, quirks: Quirks) -> ChatTool:
    body: ChatTool = {"name": tool.name}
    if tool.description:
        body["description"] = tool.description
    if isinstance(tool, CustomTool):
        if tool.grammar is not None:
            rules = {"syntax": tool.grammar.syntax, "definition": tool.grammar.definition}
            body["format"] = {"type": "grammar", "grammar": rules}
        return {"type": "custom", "custom": body}
    body["parameters"] = tool.parameters
    if tool.strict and quirks.strict_functions:
        body["strict"] = True  # what is not strict needs no word here
    return {"type": "function", "function": body}


def _reference(tool: Tool) -> ChatTool:
    kind = "custom" if isinstance(tool, CustomTool) else "function"
    return {"type": kind, kind: {"name": tool.name}}
