"""A chat completions request as the create request that asks the same: the way in for clients that speak chat.

https://platform.openai.com/docs/api-reference/chat/create and, for what gateways and vendors have added to it,
https://openrouter.ai/docs/use-cases/reasoning-tokens (read 2026-11).
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from antiphon.dialects.client_chat_items import Reading
from antiphon.dialects.client_chat_tools import chosen, offered
from antiphon.errors import BadRequest
from antiphon.wire.faults import UNDECODABLE, missing, told
from antiphon.wire.requests import SEALED, Item, Metadata, Request, parse_request

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

_NO_MEANING: Final = frozenset({"include_reasoning"})
"""Members that ask for what is given anyway."""

_PARAMS: Final = {
    "reasoning.effort": "reasoning_effort",
    "text.verbosity": "verbosity",
    "text.format.name": "response_format.json_schema.name",
    "text.format.schema": "response_format.json_schema.schema",
}
"""What a chat client calls a member that has another name in our request."""

_LEVELS: Final = ((4096, "low"), (16_384, "medium"))
"""Budgets of thinking in tokens, by the effort that they come to; more is high."""

MOST_CHOICES: Final = 128
"""OpenAI's own limit of `n`."""

_encode: Final = msgspec.json.Encoder().encode


class _StreamOptions(Struct, frozen=True):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class _Reasoning(Struct, frozen=True):
    effort: str | None = None
    max_tokens: int | None = None
    enabled: bool | None = None


class _Thinking(Struct, frozen=True):
    type: str | None = None
    budget_tokens: int | None = None


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
    n: Annotated[int, Meta(ge=1, le=MOST_CHOICES)] | None = None
    store: bool | None = None
    metadata: Metadata | None = None
    modalities: list[Literal["text", "audio", "image"]] | None = None
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
    """What a chat client asks: the request in our words, so many answers to it, and how it wants to be told.

    `store` tells whether the completion is to be kept, with `metadata`. `notes` are sentences about what was lost.
    """

    request: Request
    includes_usage: bool = False
    legacy_functions: bool = False
    choices: int = 1
    store: bool = False
    metadata: dict[str, str] | None = None
    notes: tuple[str, ...] = ()


def asked_by_chat(body: bytes) -> AskedByChat:
    """Reads a chat completions body. Raises BadRequest, whose `param` names the member of the chat request."""
    try:
        if not body.isascii():
            body.decode()
        chat, members = _chat(body), _members(body)
    except UNDECODABLE as error:
        raise told(error, _Chat) from None
    reading = Reading()
    for place, message in enumerate(chat.messages):
        reading.read(message, f"messages[{place}]")
    asked: Item = {name: members[name] for name in _SAME if members.get(name) is not None}
    asked |= {name: value for name, value in members.items() if name not in _SPOKEN | _NO_MEANING and value is not None}
    if asked.get("modalities") == ["text"]:
        del asked["modalities"]
    asked["input"] = reading.items
    asked["store"] = False
    asked["include"] = [SEALED]
    if chat.stop:
        asked["stop"] = [chat.stop] if isinstance(chat.stop, str) else chat.stop
    if tools := offered(chat.tools, chat.functions, chat.web_search_options):
        asked["tools"] = tools
    if chat.functions is not None:
        asked["parallel_tool_calls"] = False  # the older form has room for one call
    choice = chat.tool_choice if chat.tool_choice is not None else chat.function_call
    if choice is not None:
        asked["tool_choice"] = chosen(choice)
    _shape_text(asked, chat)
    _think(asked, chat)
    options = chat.stream_options or _StreamOptions()
    asked["stream_options"] = {"include_obfuscation": options.include_obfuscation is True}
    return AskedByChat(
        request=limited(asked, chat.max_completion_tokens or chat.max_tokens),
        includes_usage=options.include_usage is True,
        legacy_functions=chat.functions is not None,
        choices=chat.n or 1,
        store=chat.store is True,
        metadata=chat.metadata,
        notes=tuple(dict.fromkeys(reading.notes)),
    )


def limited(asked: Item, limit: int | None) -> Request:
    """The request, with a limit of tokens that may be less than the Responses API lets one ask for.

    Raises BadRequest in the words of chat.
    """
    try:
        request = parse_request(_encode(asked))
    except BadRequest as error:
        param = _PARAMS.get(error.param or "", error.param)
        raise BadRequest(
            error.message.replace(f"'{error.param}'", f"'{param}'"), param=param, code=error.code
        ) from None
    if limit is None:
        return request
    asked["max_output_tokens"] = limit
    return msgspec.structs.replace(request, max_output_tokens=limit, body=_encode(asked))


def _shape_text(asked: Item, chat: _Chat) -> None:
    text: Item = {}
    form = chat.response_format
    if form is not None and form.type == "json_schema":
        schema = form.json_schema
        if schema is None or schema.name is None:
            param = "response_format.json_schema" + ("" if schema is None else ".name")
            raise missing(param)
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
    elif chat.top_logprobs:
        message = "'top_logprobs' needs 'logprobs' to be true."
        raise BadRequest(message, param="top_logprobs", code="invalid_value")


def _think(asked: Item, chat: _Chat) -> None:
    """Reasoning is summed up for a client that reads it: chat has a place for that (`reasoning_content`)."""
    effort = chat.reasoning_effort or _effort(chat.reasoning or _Reasoning(), chat.thinking or _Thinking())
    asked["reasoning"] = {"summary": "auto"} | ({"effort": effort} if effort else {})


def _effort(reasoning: _Reasoning, thinking: _Thinking) -> str | None:
    """OpenRouter's word for it, and Anthropic's."""
    if reasoning.effort is not None:
        return reasoning.effort
    if thinking.type == "disabled" or reasoning.enabled is False:
        return "none"
    budget = reasoning.max_tokens or thinking.budget_tokens
    if budget is not None:
        return next((word for most, word in _LEVELS if budget <= most), "high")
    return None if thinking.type is None and reasoning.enabled is None else "medium"


def _given(value: Struct) -> Item:
    return {name: member for name, member in msgspec.structs.asdict(value).items() if member is not None}
