"""A chat completions request as the create request that asks the same: the way in for clients that speak chat.

https://platform.openai.com/docs/api-reference/chat/create and, for what gateways and vendors have added to it,
https://openrouter.ai/docs/use-cases/reasoning-tokens (read 2026-11).
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from antiphon.dialects.client_chat_items import items_of
from antiphon.errors import BadRequest
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.requests import Item, Request, is_item, parse_request

_SAME: Final = (
    *("model", "stream", "temperature", "top_p", "presence_penalty", "frequency_penalty", "parallel_tool_calls"),
    *("service_tier", "metadata", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"),
    *("provider", "strict", "top_k", "seed"),
)
"""Members that mean the same in both APIs."""

_SPOKEN: Final = frozenset(
    {*_SAME, "messages", "tools", "functions", "tool_choice", "function_call", "response_format", "verbosity", "n"}
    | {"max_tokens", "max_completion_tokens", "reasoning_effort", "reasoning", "logprobs", "top_logprobs"}
    | {"stop", "stream_options", "store", "web_search_options", "thinking"}
)

_SPELLINGS: Final = {"any": "required"}
"""Vendors' words for a choice of tools."""

_NO_MEANING: Final = frozenset({"include_reasoning"})
"""Members that ask for what is given anyway."""

_encode: Final = msgspec.json.Encoder().encode


class _StreamOptions(Struct, frozen=True):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class _Reasoning(Struct, frozen=True):
    effort: str | None = None


class _Thinking(Struct, frozen=True):
    type: str | None = None


class _Schema(Struct, frozen=True):
    name: str | None = None
    schema: dict[str, Any] | None = None
    description: str | None = None
    strict: bool | None = None


class _Format(Struct, frozen=True):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: _Schema | None = None


class _Chat(Struct, frozen=True):
    messages: Annotated[list[dict[str, Any]], Meta(min_length=1)]
    model: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Meta(ge=1)] | None = None
    n: int | None = None
    stop: str | list[str] | None = None
    tools: list[dict[str, Any]] | None = None
    functions: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    function_call: str | dict[str, Any] | None = None
    response_format: _Format | None = None
    verbosity: str | None = None
    reasoning_effort: str | None = None
    reasoning: _Reasoning | None = None
    thinking: _Thinking | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    web_search_options: dict[str, Any] | None = None


_chat: Final = msgspec.json.Decoder(_Chat).decode
_members: Final = msgspec.json.Decoder(dict[str, Any]).decode


class AskedByChat(Struct, frozen=True):
    """What a chat client asks: the request in our words, and how it wants to be told."""

    request: Request
    includes_usage: bool = False
    legacy_functions: bool = False


def asked_by_chat(body: bytes) -> AskedByChat:
    """Reads a chat completions body. Raises BadRequest, whose `param` names the member of the chat request."""
    try:
        if not body.isascii():
            body.decode()
        chat, members = _chat(body), _members(body)
    except UNDECODABLE as error:
        raise told(error) from None
    if chat.n is not None and chat.n != 1:
        message = "This model gives one answer to a request; leave 'n' out, or ask so many times."
        raise BadRequest(message, param="n", code="unsupported_value")
    asked: Item = {name: members[name] for name in _SAME if members.get(name) is not None}
    asked |= {name: value for name, value in members.items() if name not in _SPOKEN | _NO_MEANING and value is not None}
    asked["input"] = items_of(chat.messages)
    asked["store"] = False
    asked["include"] = ["reasoning.encrypted_content"]
    if chat.stop:
        asked["stop"] = [chat.stop] if isinstance(chat.stop, str) else chat.stop
    _offer_tools(asked, chat)
    _shape_text(asked, chat)
    _think(asked, chat)
    options = chat.stream_options or _StreamOptions()
    asked["stream_options"] = {"include_obfuscation": False}
    limit = chat.max_completion_tokens or chat.max_tokens
    request = parse_request(_encode(asked))
    if limit is not None:
        # A chat may ask for less than the Responses API lets one ask for.
        asked["max_output_tokens"] = limit
        request = msgspec.structs.replace(request, max_output_tokens=limit, body=_encode(asked))
    return AskedByChat(request, options.include_usage is True, chat.functions is not None)


def _offer_tools(asked: Item, chat: _Chat) -> None:
    tools = [_tool(tool, place) for place, tool in enumerate(chat.tools or ())]
    tools += [{"type": "function", **function} for function in chat.functions or ()]
    if chat.web_search_options is not None:
        tools.append({"type": "web_search", **chat.web_search_options})
    if tools:
        asked["tools"] = tools
    choice = chat.tool_choice if chat.tool_choice is not None else chat.function_call
    if choice is not None:
        asked["tool_choice"] = _SPELLINGS.get(choice, choice) if isinstance(choice, str) else _choice(choice)


def _tool(tool: Item, place: int) -> Item:
    """A tool in its flat form. Tools of other types are passed on for the dialect to judge."""
    kind: Any = tool.get("type", "function")
    if kind not in ("function", "custom"):
        return tool
    inner: Any = tool.get(kind)
    if not is_item(inner):
        param = f"tools[{place}].{kind}"
        raise BadRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    flat: Item = {"type": kind, **inner}
    form: Any = flat.get("format")
    if kind == "custom" and is_item(form) and is_item(form.get("grammar")):
        flat["format"] = {"type": "grammar", **form["grammar"]}
    return flat


def _choice(choice: Item) -> Item:
    kind: Any = choice.get("type", "function")
    if kind == "allowed_tools" and is_item(choice.get("allowed_tools")):
        allowed: Item = choice["allowed_tools"]
        return {"type": "allowed_tools", **allowed, "tools": [_choice(tool) for tool in allowed.get("tools", ())]}
    inner: Any = choice.get(kind)
    if is_item(inner):
        return {"type": kind, **inner}
    return {"type": kind, **{name: value for name, value in choice.items() if name != "type"}}


def _shape_text(asked: Item, chat: _Chat) -> None:
    text: Item = {}
    form = chat.response_format
    if form is not None and form.type == "json_schema":
        schema = form.json_schema or _Schema()
        text["format"] = {"type": "json_schema", **_given(schema)}
    elif form is not None:
        text["format"] = {"type": form.type}
    if chat.verbosity is not None:
        text["verbosity"] = chat.verbosity
    if text:
        asked["text"] = text
    if chat.logprobs:
        asked["include"] = [*asked["include"], "message.output_text.logprobs"]
        asked["top_logprobs"] = chat.top_logprobs or 0


def _think(asked: Item, chat: _Chat) -> None:
    """Reasoning is summed up for a client that reads it: chat has a place for that (`reasoning_content`)."""
    effort = chat.reasoning_effort or (chat.reasoning and chat.reasoning.effort)
    if effort is None and chat.thinking is not None:
        effort = "none" if chat.thinking.type == "disabled" else "medium"
    asked["reasoning"] = {"summary": "auto"} | ({"effort": effort} if effort else {})


def _given(value: Struct) -> Item:
    return {name: member for name, member in msgspec.structs.asdict(value).items() if member is not None}
