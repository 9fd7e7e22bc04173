"""`tool_choice` in all its forms, for providers that know only some of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from antiphon.dialects.common_fates import NO_FORCE
from antiphon.dialects.losses import Losses, decoded
from antiphon.dialects.tool_names import ToolName, family, hosted_name
from antiphon.errors import BadRequest
from antiphon.protocols import Target
from antiphon.wire.faults import missing
from antiphon.wire.requests import Item

_STAND_INS: Final = ("apply_patch", "local_shell", "shell")


class Toolbox(Struct, frozen=True):
    """What there is to choose from: the provider's name of each tool, and types of tools that were left out."""

    names: Mapping[ToolName, str]
    hosted: frozenset[str]


class Choice(Struct, frozen=True):
    """What the model may or must call, in the provider's names.

    `mode` is ``auto``, ``none`` or the provider's word for ``required``; None where nothing need be said. `named` is
    the one tool that must be called. `within` are the tools that the provider itself is to keep to. `only` names the
    tools to send, None for all; `allowed` those whose calls are let by.
    """

    mode: str | None = None
    named: str | None = None
    within: tuple[str, ...] | None = None
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
        return Choice(_force("choice.required", target, losses))
    if not box.hosted:
        raise _invalid("Tool choice 'required' must be specified with 'tools' parameter.")
    losses.report("choice.left_out", "tool_choice")
    return _FREE


def _force(form: str, target: Target, losses: Losses) -> str:
    """The provider's word for ``required``, for a choice of this form; those that have none say ``auto`` there."""
    word = target.quirks.tool_choice_required
    if word == "auto":
        losses.miss(form, "tool_choice", NO_FORCE)
    return word


def _named(choice: _Named, box: Toolbox, target: Target, losses: Losses) -> Choice:
    found = _find(choice, box, "tool_choice")
    if found is None:
        losses.report("choice.left_out", "tool_choice")
        return _FREE
    allowed = frozenset({found})
    if not target.quirks.tool_choice_named:
        return Choice(_force("choice.function", target, losses), only=(found,), allowed=allowed)
    return Choice(named=found, allowed=allowed)


def _allowed(choice: _Allowed, box: Toolbox, target: Target, losses: Losses) -> Choice:
    """Natively where the provider can; else only the allowed tools are sent, so that no call is made to be suppressed.

    One tool that must be called is named instead, which leaves the provider's cache of the tools alone.
    """
    places = [f"tool_choice.tools[{index}]" for index in range(len(choice.tools))]
    sought = [_find(decoded(tool, _Named, place), box, place) for tool, place in zip(choice.tools, places, strict=True)]
    names = tuple(dict.fromkeys(filter(None, sought)))
    allowed = frozenset(names)
    if not names:
        if choice.mode == "required" and not box.hosted:
            raise _invalid("Tool choice 'required' must be specified with at least one allowed tool.")
        if choice.mode == "required":
            losses.report("choice.left_out", "tool_choice")
        return Choice("none", allowed=allowed) if box.names else _FREE
    if target.quirks.allowed_tools:
        return Choice(choice.mode, within=names, allowed=allowed)
    if choice.mode == "auto":
        return Choice("auto", only=names, allowed=allowed)
    if len(names) == 1 and target.quirks.tool_choice_named:
        return Choice(named=names[0], allowed=allowed)
    return Choice(_force("choice.allowed_tools", target, losses), only=names, allowed=allowed)


def _find(choice: _Named, box: Toolbox, place: str) -> str | None:
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
            tool = hosted_name(kind, choice.server_label)
            if tool not in box.names and tool.name in map(family, box.hosted):
                return None
    upstream = box.names.get(tool)
    if upstream is None and choice.type in box.hosted:
        return None
    if upstream is None:
        raise _invalid(f"Tool choice '{(name or choice.type)[:64]}' not found in 'tools' parameter.")
    return upstream


def _invalid(message: str) -> BadRequest:
    return BadRequest(message, param="tool_choice", code="invalid_value")
