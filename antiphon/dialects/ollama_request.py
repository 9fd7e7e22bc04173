"""A turn as the body of ``POST {server}/api/chat``, Ollama's own chat API.

https://docs.ollama.com/api/chat, https://github.com/ollama/ollama/blob/main/api/types.go (read 2026-11). Only fields
that are named here reach Ollama.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import msgspec

from antiphon.dialects.building import built_by
from antiphon.dialects.efforts import nearest
from antiphon.dialects.leftovers import report_unknown, report_wordless
from antiphon.dialects.losses import Losses
from antiphon.dialects.ollama_fates import FATES
from antiphon.dialects.ollama_messages import MessageWriter
from antiphon.dialects.sealed import Unsealing
from antiphon.dialects.steps import steps_of
from antiphon.dialects.tools import FunctionTool, offer
from antiphon.protocols import Built, Sealer, Target, Turn
from antiphon.wire.faults import missing
from antiphon.wire.requests import Request

Body = dict[str, Any]

_OPTIONS: Final = {
    "temperature": "temperature",
    "top_p": "top_p",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "max_output_tokens": "num_predict",
    "stop": "stop",
    "top_k": "top_k",
    "seed": "seed",
}
"""Options by the client's name; those that nobody gives are the model's own."""


def bound(target: Target) -> Target:
    """The target with what the format allows of tools at all: no choice among them but to leave them out."""
    limits = {"tool_choice_required": "auto", "tool_choice_named": False, "allowed_tools": False}
    quirks = msgspec.structs.replace(target.quirks, custom_tools=False, strict_functions=False, **limits)
    return replace(target, quirks=quirks)


def build_ollama(turn: Turn, target: Target, sealer: Sealer) -> Built:
    """The body to send. Raises BadRequest for what cannot be said at all, or not without loss when strict."""
    return built_by(_body, turn, bound(target), sealer, "ollama", FATES)


def _body(turn: Turn, target: Target, losses: Losses, unsealing: Unsealing) -> Body:
    request = turn.request
    tools = offer(turn, target, losses)
    writer = MessageWriter(tools, losses)
    if request.instructions:
        writer.system(request.instructions)
    writer.write(steps_of(turn, target, losses, unsealing, unsealed_reasoning=True))
    if not writer.messages:
        raise missing("input")
    body: Body = {"model": target.model, "messages": writer.messages, "stream": bool(request.stream)}
    if tools.tools and tools.choice.mode != "none":
        body["tools"] = [_written(tool) for tool in tools.tools if isinstance(tool, FunctionTool)]
    _form(body, request)
    _options(body, request, target)
    if request.reasoning is not None and request.reasoning.effort is not None:
        wanted = request.reasoning.effort
        used = nearest(wanted, target.quirks) or "none"
        if used != wanted:
            losses.report("field.reasoning.effort", "reasoning.effort", wanted=wanted, used=used)
        body["think"] = False if used == "none" else used
    if request.includes("message.output_text.logprobs"):
        body["logprobs"] = True
        if request.top_logprobs:
            body["top_logprobs"] = request.top_logprobs
    report_wordless(request, losses)
    report_unknown(request, losses)
    return body


def _written(tool: FunctionTool) -> Body:
    function: Body = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _form(body: Body, request: Request) -> None:
    form = request.text.format if request.text is not None else None
    if form is None or form.type == "text":
        return
    if form.type == "json_object":
        body["format"] = "json"
        return
    if form.name is None:
        raise missing("text.format.name")
    if form.schema is None:
        raise missing("text.format.schema")
    body["format"] = form.schema


def _options(body: Body, request: Request, target: Target) -> None:
    """Options of the model and the server's ways; too long a prompt is an error unless the client lets it be cut."""
    options: Body = {}
    for name, theirs in _OPTIONS.items():
        value = getattr(request, name)
        if value is not None:
            options[theirs] = value
    if target.quirks.context_tokens:
        options["num_ctx"] = target.quirks.context_tokens
    if options:
        body["options"] = options
    if target.quirks.keep_alive:
        body["keep_alive"] = target.quirks.keep_alive
    if request.truncation != "auto":
        body["truncate"] = False
        body["shift"] = False
