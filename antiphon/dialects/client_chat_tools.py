"""Tools and choices of a chat completions request in their flat form."""

from __future__ import annotations

from typing import Any, Final

from antiphon.errors import BadRequest
from antiphon.wire.faults import missing
from antiphon.wire.requests import Item, is_array, is_item

_SPELLINGS: Final = {"any": "required"}
"""Vendors' words for a choice of tools."""


def offered(tools: list[Item] | None, functions: list[Item] | None, search: Item | None) -> list[Item]:
    """The tools; `functions` are those of the older form, `search` what `web_search_options` says."""
    found = [_tool(tool, place) for place, tool in enumerate(tools or ())]
    found += [_flat("function", function) for function in functions or ()]
    if search is not None:
        found.append({"type": "web_search", **_search(search)})
    return found


def chosen(choice: str | Item) -> str | Item:
    """Which of them is to be called, in the newer form or the older."""
    return _SPELLINGS.get(choice, choice) if isinstance(choice, str) else _choice(choice)


def _search(options: Item) -> Item:
    """Chat has the place of a user one level deeper."""
    where: Any = options.get("user_location")
    if not is_item(where) or not is_item(where.get("approximate")):
        return options
    place: Item = {"type": where.get("type", "approximate"), **where["approximate"]}
    return {**options, "user_location": place}


def _tool(tool: Item, place: int) -> Item:
    """A tool in its flat form. Tools of other types are passed on for the dialect to judge."""
    kind = tool.get("type", "function")
    if kind not in ("function", "custom"):
        return tool
    inner: Any = tool.get(kind)
    if not is_item(inner):
        param = f"tools[{place}].{kind}"
        raise missing(param)
    flat = _flat(kind, inner)
    form: Any = flat.get("format")
    if kind == "custom" and is_item(form) and is_item(form.get("grammar")):
        flat["format"] = {"type": "grammar", **form["grammar"]}
    return flat


def _flat(kind: str, inner: Item) -> Item:
    """Chat holds a call to its schema only where it is asked to; the Responses API does so unasked."""
    flat: Item = {"type": kind, **inner}
    if kind == "function" and flat.get("strict") is None:
        flat["strict"] = False
    return flat


def _choice(choice: Item) -> Item:
    kind: Any = choice.get("type", "function")
    if not isinstance(kind, str):
        raise BadRequest("'tool_choice' has a type that is no text.", param="tool_choice", code="invalid_type")
    inner: Any = choice.get(kind)
    if kind == "allowed_tools" and is_item(inner):
        tools: Any = inner.get("tools", [])
        if not is_array(tools) or not all(map(is_item, tools)):
            message = "'tool_choice.allowed_tools.tools' must be a list of tools."
            raise BadRequest(message, param="tool_choice", code="invalid_type")
        return {"type": kind, **inner, "tools": [_choice(tool) for tool in tools if is_item(tool)]}
    if is_item(inner):
        return {"type": kind, **inner}
    return {"type": kind, **{name: value for name, value in choice.items() if name != "type"}}
