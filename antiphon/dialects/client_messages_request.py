"""A request of the Messages API as the create request that asks the same: the way in for Anthropic's clients.

https://platform.claude.com/docs/en/api/messages (read 2026-11), recordings anthropic.messages; what Claude Code sends
beside that is read or reported, too.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from antiphon.dialects.client_messages_items import Reading
from antiphon.dialects.client_messages_tools import Tools
from antiphon.wire.faults import UNDECODABLE, missing, told
from antiphon.wire.requests import SEALED, Item, Request, parse_request

_SAME: Final = ("model", "stream", "temperature", "top_p", "top_k", "provider", "strict")
"""Members that mean the same in both APIs."""

_SPOKEN: Final = frozenset(
    {*_SAME, "messages", "system", "max_tokens", "tools", "tool_choice", "thinking", "output_config", "output_format"}
    | {"stop_sequences", "metadata", "service_tier", "speed", "container", "mcp_servers", "cache_control"}
)

_TIERS: Final = {"standard_only": "default"}
_LEVELS: Final = ((2048, "low"), (8192, "medium"))
"""Budgets of thought, and the effort that is asked for up to each; beyond them it is high, which every model knows."""

_encode: Final = msgspec.json.Encoder().encode


class _Thinking(Struct, frozen=True):
    type: Literal["enabled", "disabled", "adaptive"]
    budget_tokens: int | None = None
    display: str | None = None


class _Format(Struct, frozen=True):
    type: Literal["json_schema"]
    schema: dict[str, Any]


class _Output(Struct, frozen=True):
    effort: str | None = None
    format: _Format | None = None
    task_budget: dict[str, Any] | None = None


class _Metadata(Struct, frozen=True):
    user_id: str | None = None


class _Choice(Struct, frozen=True):
    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class _Messages(Struct, frozen=True):
    messages: Annotated[list[dict[str, Any]], Meta(min_length=1)]
    model: str
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    system: str | list[dict[str, Any]] | None = None
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: _Choice | None = None
    thinking: _Thinking | None = None
    output_config: _Output | None = None
    output_format: _Format | None = None
    metadata: _Metadata | None = None
    service_tier: str | None = None
    speed: str | None = None
    container: str | dict[str, Any] | None = None
    mcp_servers: list[dict[str, Any]] | None = None


_read: Final = msgspec.json.Decoder(_Messages).decode
_members: Final = msgspec.json.Decoder(dict[str, Any]).decode


class AskedByMessages(Struct, frozen=True):
    """What a client of the Messages API asks: the request in our words, and a sentence for each thing that was lost."""

    request: Request
    notes: tuple[str, ...] = ()


def asked_by_messages(body: bytes, *, counting: bool = False) -> AskedByMessages:
    """Reads a body, of a request to count where `counting`. Raises BadRequest, whose `param` names its member."""
    try:
        if not body.isascii():
            body.decode()
        said, members = _read(body), _members(body)
    except UNDECODABLE as error:
        raise told(error, _Messages) from None
    if said.max_tokens is None and not counting:
        raise missing("max_tokens")
    reading = Reading()
    asked: Item = {name: members[name] for name in _SAME if members.get(name) is not None}
    if isinstance(said.system, str):
        asked["instructions"] = said.system
    elif said.system is not None:
        reading.system(said.system)
    for place, message in enumerate(said.messages):
        reading.read(message, f"messages[{place}]")
    reading.finish()
    asked |= {"input": reading.items, "store": False, "include": [SEALED]}
    asked["stream_options"] = {"include_obfuscation": False}
    tools = _offer(asked, said, reading)
    _shape(asked, said)
    notes = [*reading.notes, *tools.notes, *_unsaid(said, members)]
    request = parse_request(_encode(asked))
    if said.max_tokens is not None:
        # A message may ask for less than the Responses API lets one ask for.
        asked["max_output_tokens"] = said.max_tokens
        request = msgspec.structs.replace(request, max_output_tokens=said.max_tokens, body=_encode(asked))
    return AskedByMessages(request, tuple(dict.fromkeys(notes)))


def _offer(asked: Item, said: _Messages, reading: Reading) -> Tools:
    tools = Tools(said.mcp_servers, said.container, reading.uploads)
    tools.read(said.tools or [])
    if tools.tools:
        asked["tools"] = tools.tools
    if tools.searches is not None:
        asked["max_tool_calls"] = tools.searches
    if said.tool_choice is not None and tools.tools:
        asked["tool_choice"] = tools.choice(msgspec.structs.asdict(said.tool_choice))
        if said.tool_choice.disable_parallel_tool_use:
            asked["parallel_tool_calls"] = False
    return tools


def _shape(asked: Item, said: _Messages) -> None:
    if said.stop_sequences:
        asked["stop"] = said.stop_sequences
    output = said.output_config or _Output()
    form = output.format or said.output_format
    if form is not None:
        asked["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": form.schema}}
    reasoning = _reasoning(said.thinking, output.effort)
    if reasoning:
        asked["reasoning"] = reasoning
    if said.metadata is not None and said.metadata.user_id:
        asked["user"] = said.metadata.user_id
    if said.speed == "fast":
        asked["service_tier"] = "fast"
    elif said.service_tier is not None:
        asked["service_tier"] = _TIERS.get(said.service_tier, said.service_tier)


def _reasoning(thinking: _Thinking | None, effort: str | None) -> Item:
    """How much to think. Who says nothing of thoughts is not shown any."""
    if thinking is None:
        return {"effort": effort} if effort else {}
    if thinking.type == "disabled":
        return {"effort": "none"}
    if effort is None and thinking.budget_tokens is not None:
        effort = next((word for most, word in _LEVELS if thinking.budget_tokens <= most), "high")
    summary = {} if thinking.display == "omitted" else {"summary": "auto"}
    return {"effort": effort or "medium", **summary}


def _unsaid(said: _Messages, members: Item) -> list[str]:
    """What no other provider is told."""
    lost = [name for name, value in members.items() if name not in _SPOKEN and value is not None]
    if said.output_config is not None and said.output_config.task_budget is not None:
        lost.append("output_config.task_budget")
    return [f"'{name[:64]}' is for Anthropic's own models; it was left out." for name in lost[:16]]
