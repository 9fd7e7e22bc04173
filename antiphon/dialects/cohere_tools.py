"""The tools of a turn in Cohere's words (https://docs.cohere.com/v2/docs/tool-use-overview, read 2026-11)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import msgspec

from antiphon.dialects.losses import Losses
from antiphon.dialects.tools import FunctionTool, Offer
from antiphon.protocols import Target

Body = dict[str, Any]

_CHOICES: Final = {"REQUIRED": "REQUIRED", "none": "NONE"}
"""Leaving the choice out leaves it to the model; there is no word for that."""


def bound(target: Target) -> Target:
    """The target with what the format allows of tools at all: no choice by name, no tools of free text."""
    limits = {"tool_choice_required": "REQUIRED", "tool_choice_named": False, "allowed_tools": False}
    quirks = msgspec.structs.replace(target.quirks, custom_tools=False, strict_functions=True, **limits)
    return replace(target, quirks=quirks)


def write_tools(body: Body, offered: Offer, losses: Losses) -> None:
    """Adds `tools`, `tool_choice` and `strict_tools` to the body."""
    tools = [tool for tool in offered.tools if isinstance(tool, FunctionTool)]
    if not tools:
        return
    body["tools"] = [_written(tool) for tool in tools]
    choice = _CHOICES.get(offered.choice.mode or "")
    if choice is not None:
        body["tool_choice"] = choice
    if any(tool.strict for tool in tools):
        if all(tool.strict and tool.parameters.get("required") for tool in tools):
            body["strict_tools"] = True
        else:
            losses.report("tool.function.strict", "tools")


def _written(tool: FunctionTool) -> Body:
    function: Body = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function | {"parameters": tool.parameters}}
