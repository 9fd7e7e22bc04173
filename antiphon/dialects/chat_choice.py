"""`tool_choice` in all its forms, for providers that know only some of them (spec section 3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import Struct

from antiphon.dialects.chat_losses import Losses, decoded, missing
from antiphon.dialects.chat_names import ToolName
from antiphon.errors import BadRequest
from antiphon.protocols import Target
from antiphon.wire.requests import Item

_STAND_INS: Final = ("apply_patch", "local_shell", "shell")


class Toolbox(Struct, frozen=True):
    """What there is to choose from: the provider's name of each tool, and types of tools that were left out."""

    names: Mapping[ToolName, str]
    hosted: frozenset[str]


class Choice(Struct, frozen=True):
    """`value` is the body's `tool_choice`; `only` names the tools to send, None for all; `allowed` those to let by."""

    value: Any = None
    only: tuple[str, ...] | None = None
    allowed: frozenset[str] | None = None


class _Nested(Struct, frozen=True):
    name: str


class _Named(Struct, frozen=True):
    type: str
    name: str | None = None
    namespace: str | None = None
    function: _Nested | None = None
    server_label: str | None = None


class _Allowed(Struct, frozen=True):
    mode: Literal["auto", "required"]
    tools: list[Item]


_FREE: Final = Choice()


def chosen(choice: str | Item | None, box: Toolbox, target: Target, losses: Losses) -> Choice:
    """What to send for `choice`. Raises BadRequest for a choice that is not legal, or that is not there."""
    match choice:
        case None:
            return _FREE
        case "auto":
            return Choice("auto") if box.names else _FREE
        case "none":
            return Choice("none", allowed=frozenset()) if box.names else _FREE
        case "required":
            return _required(box, target, losses)
        case str():
            raise _invalid(f"Invalid value: '{choice[:64]}'. Supported values are: 'none', 'auto', and 'required'.")
        case _ if choice.get("type") == "allowed_tools":
            return _allowed(decoded(choice, _Allowed, "tool_choice"), box, target, losses)
        case _:
            return _named(decoded(choice, _Named, "tool_choice"), box, target, losses)


def _required(box: Toolbox, target: Target, losses: Losses) -> Choice:
    if box.names:
        return Choice(_force(target, losses))
    if not box.hosted:
        raise _invalid("Tool choice 'required' must be specified with 'tools' parameter.")
    losses.lose(f"{target.provider} has none of the tools that one call is required of.", "tool_choice")
    return _FREE


def _force(target: Target, losses: Losses) -> str:
    """The provider's word for ``required``; those that have none say ``auto`` there."""
    word = target.quirks.tool_choice_required
    if word == "auto":
        losses.lose(f"{target.provider} cannot be made to call a tool.", "tool_choice")
    return word


def _named(choice: _Named, box: Toolbox, target: Target, losses: Losses) -> Choice:
    found = _find(choice, box, "tool_choice")
    if found is None:
        losses.lose(f"{target.provider} has no tool '{choice.type}' to call.", "tool_choice")
        return _FREE
    tool, name = found
    allowed = frozenset({name})
    if not target.quirks.tool_choice_named:
        return Choice(_force(target, losses), (name,), allowed)
    return Choice(_reference(tool, name, target), allowed=allowed)


def _allowed(choice: _Allowed, box: Toolbox, target: Target, losses: Losses) -> Choice:
    """Natively where the provider can; else only the allowed tools are sent, so that no call is made to be suppressed.

    One tool that must be called is named instead, which leaves the provider's cache of the tools alone.
    """
    places = [f"tool_choice.tools[{index}]" for index in range(len(choice.tools))]
    sought = [_find(decoded(tool, _Named, place), box, place) for tool, place in zip(choice.tools, places, strict=True)]
    found = {name: tool for tool, name in filter(None, sought)}
    names = tuple(found)
    allowed = frozenset(names)
    if not names:
        if choice.mode == "required" and not box.hosted:
            raise _invalid("Tool choice 'required' must be specified with at least one allowed tool.")
        if choice.mode == "required":
            losses.lose(f"{target.provider} has none of the tools that one call is required of.", "tool_choice")
        return Choice("none", allowed=allowed) if box.names else _FREE
    if target.quirks.allowed_tools:
        tools = [_reference(tool, name, target) for name, tool in found.items()]
        return Choice({"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": tools}}, None, allowed)
    if choice.mode == "auto":
        return Choice("auto", names, allowed)
    if len(names) == 1 and target.quirks.tool_choice_named:
        return Choice(_reference(found[names[0]], names[0], target), None, allowed)
    return Choice(_force(target, losses), names, allowed)


def _find(choice: _Named, box: Toolbox, place: str) -> tuple[ToolName, str] | None:
    """The tool that is meant; None for one that was left out. Raises BadRequest when there is no such tool at all."""
    name = choice.name
    match choice.type:
        case "function" | "custom":
            name = name or (choice.function.name if choice.function else None)
            if name is None:
                raise missing(f"{place}.name")
            tool = ToolName(choice.type, name, choice.namespace)
        case kind if kind in _STAND_INS:
            tool = ToolName(kind, kind)
        case kind:
            if _family(kind) in map(_family, box.hosted):
                return None
            raise _invalid(f"Tool choice '{kind[:64]}' not found in 'tools' parameter.")
    upstream = box.names.get(tool)
    if upstream is None and choice.type in box.hosted:
        return None
    if upstream is None:
        raise _invalid(f"Tool choice '{(name or choice.type)[:64]}' not found in 'tools' parameter.")
    return tool, upstream


def _family(kind: str) -> str:
    """Versions and spellings of one hosted tool under one name."""
    for family in ("web_search", "computer"):
        if kind.startswith(family):
            return family
    return kind


def _reference(tool: ToolName, name: str, target: Target) -> Item:
    if tool.kind == "custom" and target.quirks.custom_tools:
        return {"type": "custom", "custom": {"name": name}}
    return {"type": "function", "function": {"name": name}}


def _invalid(message: str) -> BadRequest:
    return BadRequest(message, param="tool_choice", code="invalid_value")
