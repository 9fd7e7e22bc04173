"""The response object: one superset that satisfies every client at once.

Law: the object in the create answer, in the terminal event and in every later GET is the same bytes, but for what
`include` adds.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from antiphon.wire.requests import ConversationRef, Item, PromptRef, Request
from antiphon.wire.usage import Usage

NULL: Final = Raw(b"null")


class ResponseError(Struct, frozen=True):
    """`response.error`: why an answer failed. `code` is never null (seed 004)."""

    code: str
    message: str
    type: str = "server_error"


TransformationReason = Literal[
    "organization_mismatch", "end_user_mismatch", "model_mismatch", "prefix_mismatch", "turn_boundary"
]


class Transformation(Struct, frozen=True):
    """Something in the input that the model did not get to read: the reasoning item `id`, and why."""

    id: str
    reason: TransformationReason
    type: Literal["reasoning"] = "reasoning"
    action: Literal["removed"] = "removed"


class EchoedReasoning(Struct, frozen=True):
    """`reasoning` as it is echoed; every key is always there."""

    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None


class EchoedText(Struct, frozen=True):
    """`text` as it is echoed."""

    format: Any
    verbosity: str = "medium"


class ResponseObject(Struct, frozen=True, kw_only=True):
    """A whole response. Fields with a default hold what is true while nothing has come from a provider yet.

    `stop_sequence` is the one of the request's `stop` that ended it, where the provider says so.
    """

    id: str
    object: str = "response"
    created_at: int
    completed_at: int | None = None
    status: str = "in_progress"
    background: bool = False
    conversation: ConversationRef | None = None
    error: ResponseError | None = None
    incomplete_details: dict[str, str] | None = None
    input_transformations: tuple[Transformation, ...] | UnsetType = UNSET
    instructions: str | None = None
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    metadata: dict[str, str]
    model: str
    output: list[Any] | Raw = Raw(b"[]")
    parallel_tool_calls: bool
    presence_penalty: float
    frequency_penalty: float
    previous_response_id: str | None
    prompt: PromptRef | UnsetType
    prompt_cache_key: str | None
    prompt_cache_retention: str | None
    provider: str
    reasoning: EchoedReasoning
    safety_identifier: str | None
    service_tier: str
    store: bool
    temperature: float
    text: EchoedText
    tool_choice: str | Item
    tools: list[Item]
    top_logprobs: int
    top_p: float
    truncation: str
    user: str | None
    usage: Usage | Raw | None = None
    stop_sequence: str | UnsetType = UNSET


_json = msgspec.json.Encoder()


def opened(
    request: Request,
    *,
    id: str,
    created_at: int,
    provider: str,
    conversation: str | None,
    transformations: tuple[Transformation, ...] = (),
) -> ResponseObject:
    """The response object at its birth: the request echoed, nothing answered. `created_at` is in Unix seconds."""
    return ResponseObject(
        id=id,
        created_at=created_at,
        background=request.background is True,
        conversation=None if conversation is None else ConversationRef(conversation),
        input_transformations=transformations or UNSET,
        instructions=request.instructions,
        max_output_tokens=request.max_output_tokens,
        max_tool_calls=request.max_tool_calls,
        metadata=request.metadata or {},
        model=request.model or "",
        parallel_tool_calls=request.parallel_tool_calls is not False,
        presence_penalty=request.presence_penalty or 0.0,
        frequency_penalty=request.frequency_penalty or 0.0,
        previous_response_id=request.previous_response_id,
        prompt=UNSET if request.prompt is None else request.prompt,
        prompt_cache_key=request.prompt_cache_key,
        prompt_cache_retention=request.prompt_cache_retention,
        provider=provider,
        reasoning=_echoed_reasoning(request),
        safety_identifier=request.safety_identifier,
        service_tier=request.service_tier or "auto",
        store=request.stored,
        temperature=1.0 if request.temperature is None else request.temperature,
        text=_echoed_text(request),
        tool_choice="auto" if request.tool_choice is None else request.tool_choice,
        tools=[echoed_tool(tool) for tool in request.tools or ()],
        top_logprobs=request.top_logprobs or 0,
        top_p=1.0 if request.top_p is None else request.top_p,
        truncation=request.truncation or "disabled",
        user=request.user,
    )


def encoded(response: ResponseObject) -> bytes:
    """The object as JSON."""
    return _json.encode(response)


def echoed_tool(tool: Item) -> Item:
    """A tool as it may be shown again: functions with all their keys, secrets of MCP servers gone (spec 5.11)."""
    if tool.get("type") == "function":
        return {
            "type": "function",
            "name": tool.get("name"),
            "description": None,
            "parameters": None,
            "strict": tool.get("strict") is True,
        } | {name: value for name, value in tool.items() if value is not None}
    if tool.get("type") == "mcp":
        return {name: value for name, value in tool.items() if name not in ("authorization", "headers")}
    return tool


def _echoed_reasoning(request: Request) -> EchoedReasoning:
    reasoning = request.reasoning
    if reasoning is None:
        return EchoedReasoning()
    return EchoedReasoning(reasoning.effort, reasoning.summary or reasoning.generate_summary, None)


def _echoed_text(request: Request) -> EchoedText:
    text = request.text
    form: Any = {"type": "text"}
    if text is None:
        return EchoedText(form)
    if text.format is not None and text.format.type == "json_schema":
        form = {
            "type": "json_schema",
            "name": text.format.name,
            "description": text.format.description,
            "schema": text.format.schema,
            "strict": text.format.strict is True,
        }
    elif text.format is not None:
        form = {"type": text.format.type}
    return EchoedText(form, text.verbosity or "medium")
