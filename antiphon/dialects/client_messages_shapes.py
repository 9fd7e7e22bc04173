"""What a client of the Messages API is told in, whole answers and events alike.

https://platform.claude.com/docs/en/api/messages, .../build-with-claude/streaming and .../api/errors (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.wire.requests import Item, is_item

_encode: Final = msgspec.json.Encoder().encode
_any: Final = msgspec.json.Decoder().decode

_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_SERVER: Final = "api_error"
_LEAST_SERVER: Final = 500

_STATUSES: Final = {502: 500, 503: 529}

_BY_CODE: Final = {
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
    "upstream_timeout": 504,
    "server_overloaded": 503,
}
"""Codes of failures after the beginning of an answer, and the status that they would have had before it."""

BROKEN: Final = "The answer broke."
_SEARCHED: Final = "search"


class ToldMessage(Struct, frozen=True):
    """What is read of a response object."""

    status: str = "completed"
    output: Sequence[dict[str, Any]] = ()
    usage: dict[str, Any] | None = None
    incomplete_details: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    stop_sequence: str | None = None


class MessagesTold(Struct, frozen=True):
    """What every message says of itself. `model` is the name that the client asked for."""

    id: str
    model: str

    def message(self, content: list[Item], ending: Item, usage: Item) -> Item:
        """A whole message, or the beginning of one."""
        head = {"id": f"msg_{self.id.removeprefix('resp_')}", "type": "message", "role": "assistant"}
        return {**head, "model": self.model, "content": content, **ending, "usage": usage}


def ending(response: ToldMessage, *, calls: bool, refused: bool) -> Item:
    """Why the answer ended."""
    reason = (response.incomplete_details or {}).get("reason")
    word = "end_turn"
    if reason is not None:
        word = "refusal" if reason == "content_filter" else "max_tokens"
    elif refused:
        word = "refusal"
    elif calls:
        word = "tool_use"
    elif response.stop_sequence is not None:
        word = "stop_sequence"
    return {"stop_reason": word, "stop_sequence": response.stop_sequence if word == "stop_sequence" else None}


def usage(response: ToldMessage) -> Item:
    """The tokens, what came from the cache or went into it counted apart."""
    counts = response.usage or {}
    details: Any = counts.get("input_tokens_details")
    known: Item = details if is_item(details) else {}
    read, written = known.get("cached_tokens") or 0, known.get("cache_write_tokens") or 0
    return {
        "input_tokens": max((counts.get("input_tokens") or 0) - read - written, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": counts.get("output_tokens") or 0,
    }


def call_of(item: Item) -> Item:
    """The block of a call, its input still to come."""
    name = item["name"] if item.get("namespace") is None else f"{item['namespace']}__{item['name']}"
    return {"type": "tool_use", "id": item["call_id"], "name": name, "input": {}}


def input_of(call: Item) -> Item:
    """The arguments of a call, as an object: of one that was cut short nothing, and in one what is no object."""
    said = call.get("arguments") or "{}"
    try:
        value: object = _any(said)
    except (msgspec.DecodeError, RecursionError):
        value = None if call.get("status") == "incomplete" else said
    if is_item(value):
        return value
    return {} if value is None else {"arguments": value}


def redacted(seal: str) -> Item:
    """Thoughts that nobody but their maker can read."""
    return {"type": "redacted_thinking", "data": seal}


def citation(note: Item, text: str) -> Item | None:
    """A citation of a page, None for what only Anthropic's own models cite. `text` is what the note counts in."""
    if note.get("type") != "url_citation":
        return None
    said = text[note.get("start_index") or 0 : note.get("end_index") or 0]
    return {
        "type": "web_search_result_location",
        "url": note.get("url") or "",
        "title": note.get("title"),
        "cited_text": said,
        "encrypted_index": "",
    }


def hosted(item: Item) -> list[Item]:
    """The blocks for work that a provider's server did: the call, and what came of it. None where there is no word."""
    match item["type"]:
        case "web_search_call":
            return _search(item)
        case "code_interpreter_call":
            return _code(item)
        case "mcp_call":
            return _mcp(item)
        case _:
            return []


def _search(item: Item) -> list[Item]:
    action: Any = item.get("action")
    if not is_item(action) or action.get("type", _SEARCHED) != _SEARCHED:
        return []
    use = {"type": "server_tool_use", "id": item["id"], "name": "web_search"}
    result: Item = {"type": "web_search_tool_result", "tool_use_id": item["id"]}
    found: Any = [
        {"type": "web_search_result", "url": source["url"], "title": source.get("title") or source["url"]}
        | {"encrypted_content": "", "page_age": None}
        for source in action.get("sources") or ()
        if source.get("url")
    ]
    if item.get("status") == "failed":
        found = {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    queries: list[str] = action.get("queries") or []
    query = action.get("query") or ", ".join(queries)
    return [use | {"input": {"query": query}}, result | {"content": found}]


def _code(item: Item) -> list[Item]:
    use = {"type": "server_tool_use", "id": item["id"], "name": "code_execution", "input": {"code": item.get("code")}}
    logs = "\n".join(str(each["logs"]) for each in item.get("outputs") or () if each.get("type") == "logs")
    failed = item.get("status") == "failed"
    ran: Item = {
        "type": "code_execution_result",
        "stdout": logs,
        "stderr": "",
        "return_code": int(failed),
        "content": [],
    }
    return [use, {"type": "code_execution_tool_result", "tool_use_id": item["id"], "content": ran}]


def _mcp(item: Item) -> list[Item]:
    error: Any = item.get("error")
    said = item.get("output") or (error if isinstance(error, str) else _encode(error).decode() if error else "")
    use = {"type": "mcp_tool_use", "id": item["id"], "name": item["name"], "server_name": item["server_label"]}
    result = {"type": "mcp_tool_result", "tool_use_id": item["id"], "is_error": bool(error)}
    content = [{"type": "text", "text": said}]
    return [use | {"input": input_of(item)}, result | {"content": content}]


def status_of(status: int) -> int:
    """The status that Anthropic gives in place of one of ours."""
    return _STATUSES.get(status, status)


def error_body(status: int, message: str, request_id: str | None = None) -> bytes:
    """An error in Anthropic's envelope. `status` is ours."""
    known = _TYPES.get(status) or (_SERVER if status >= _LEAST_SERVER else _TYPES[400])
    return _encode({"type": "error", "error": {"type": known, "message": message}, "request_id": request_id})


def failure_status(error: Item) -> int:
    """The status of a failure that an answer ended with."""
    code = error.get("code")
    if error.get("type") == "invalid_request_error":
        return 400
    return _BY_CODE.get(code if isinstance(code, str) else "", 500)
