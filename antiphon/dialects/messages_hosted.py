"""Work that Anthropic's servers did, as items of a response.

What is told here is for the client to see. Besides, call and result are sealed as they came: an item that has the id of
its call is passed over where the seal is opened again (`steps.py`).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from antiphon.dialects.chat_shapes import objects
from antiphon.wire.requests import Item, is_item

CALLS: Final = frozenset({"server_tool_use", "mcp_tool_use"})
"""Blocks in which the model calls a tool that the provider runs."""

_RESULT: Final = "_tool_result"
_FOUND: Final = "_error"

_encode: Final = msgspec.json.Encoder().encode


def is_result(kind: str) -> bool:
    """Whether a block of this type is what came of such a call."""
    return kind.endswith(_RESULT)


def told(call: Item | None, result: Item) -> Item | None:
    """The item that a call and its result come to, None where the Responses API has no word for it.

    The call may be missing: then it was made in another answer.
    """
    given: Any = call.get("input") if call is not None else None
    asked: Item = given if is_item(given) else {}
    base = {"id": str(result.get("tool_use_id") or ""), "status": "failed" if _failed(result) else "completed"}
    if not base["id"]:
        return None
    match result.get("type"):
        case "web_search_tool_result":
            return base | _search(asked, result)
        case "web_fetch_tool_result":
            return base | {
                "type": "web_search_call",
                "action": {"type": "open_page", "url": _text(asked.get("url"))},
            }
        case "mcp_tool_result":
            return base | _mcp(call or {}, asked, result)
        case "tool_search_tool_result":
            return base | {"type": "tool_search_call", "call_id": None, "execution": "server", "arguments": asked}
        case str(kind) if kind.endswith("code_execution_tool_result"):
            return base | _code(asked, result)
        case _:
            return None


def _failed(result: Item) -> bool:
    content: Any = result.get("content")
    return result.get("is_error") is True or (is_item(content) and _text(content.get("type")).endswith(_FOUND))


def _search(asked: Item, result: Item) -> Item:
    query = _text(asked.get("query"))
    sources = [{"type": "url", "url": found["url"]} for found in objects(result.get("content")) if found.get("url")]
    action = {"type": "search", "query": query, "queries": [query] if query else [], "sources": sources}
    return {"type": "web_search_call", "action": action}


def _mcp(call: Item, asked: Item, result: Item) -> Item:
    content = result.get("content")
    said = content if isinstance(content, str) else "\n".join(_text(part.get("text")) for part in objects(content))
    failed = result.get("is_error") is True
    error = {"type": "mcp_tool_execution_error", "content": [{"type": "text", "text": said}]}
    return {
        "type": "mcp_call",
        "server_label": _text(call.get("server_name")),
        "name": _text(call.get("name")),
        "arguments": _encode(asked).decode(),
        "approval_request_id": None,
        "output": None if failed else said,
        "error": error if failed else None,
    }


def _code(asked: Item, result: Item) -> Item:
    """Code in Python, a command for a shell, or what is to be done to a file: the code is what was asked for."""
    content: Any = result.get("content")
    code = _text(asked.get("code")) or ("" if "path" in asked else _text(asked.get("command")))
    logs = _logs(content if is_item(content) else {})
    return {
        "type": "code_interpreter_call",
        "code": code or _encode(asked).decode(),
        "container_id": "",
        "outputs": [{"type": "logs", "logs": logs}] if logs else [],
    }


def _logs(content: Item) -> str:
    lines: Any = content.get("lines")
    shown = [content.get("stdout"), content.get("stderr"), content.get("content"), content.get("error_code")]
    if isinstance(lines, list):
        shown += lines
    return "\n".join(text for each in shown if isinstance(each, str) and (text := each.rstrip("\n")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
