"""A turn as the body of ``POST {base}/chat`` in version 2 of Cohere's API.

https://docs.cohere.com/reference/chat (read 2026-11). Only fields that are named here reach Cohere.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from antiphon.dialects.building import built_by
from antiphon.dialects.cohere_fates import FATES
from antiphon.dialects.cohere_messages import MessageWriter
from antiphon.dialects.cohere_models import reasons, thinking
from antiphon.dialects.cohere_tools import bound, write_tools
from antiphon.dialects.leftovers import report_unknown, report_wordless
from antiphon.dialects.losses import Losses
from antiphon.dialects.sealed import Unsealing
from antiphon.dialects.steps import steps_of
from antiphon.dialects.tools import offer
from antiphon.protocols import Built, Sealer, Target, Turn
from antiphon.wire.faults import missing
from antiphon.wire.requests import Reasoning, Request, TextFormat

Body = dict[str, Any]

_encode: Final = msgspec.json.Encoder().encode

_SAME: Final = {"stop": "stop_sequences", "top_k": "k", "seed": "seed"}
"""Members that mean the same, and what Cohere calls them."""

_RANGES: Final = (
    ("top_p", "p", 0.01, 0.99),
    ("presence_penalty", "presence_penalty", 0.0, 1.0),
    ("frequency_penalty", "frequency_penalty", 0.0, 1.0),
)
"""Numbers by the client's name and by Cohere's, with the least and the most that Cohere takes."""


def build_cohere(turn: Turn, target: Target, sealer: Sealer) -> Built:
    """The body to send. Raises BadRequest for what cannot be said at all, or not without loss when strict."""
    return built_by(_body, turn, bound(target), sealer, "cohere", FATES)


def _body(turn: Turn, target: Target, losses: Losses, unsealing: Unsealing) -> Body:
    request = turn.request
    tools = offer(turn, target, losses)
    form = request.text.format if request.text is not None else None
    formed = form is not None and form.type != "text"
    writer = MessageWriter(tools, losses, documents_apart=not tools.tools and not formed)
    if request.instructions:
        writer.system(request.instructions)
    body: Body = {"model": target.model, "messages": writer.messages, "stream": bool(request.stream)}
    if form is not None:
        _form(body, form, writer, losses, free=not tools.tools)
    writer.write(steps_of(turn, target, losses, unsealing, unsealed_reasoning=True))
    if not writer.messages:
        raise missing("input")
    if writer.documents:
        body["documents"] = writer.documents
    write_tools(body, tools, losses)
    _sampling(body, request, target, losses)
    if request.reasoning is not None:
        _reasoning(body, request, request.reasoning, target, losses)
    report_wordless(request, losses)
    report_unknown(request, losses)
    return body


def _form(body: Body, form: TextFormat, writer: MessageWriter, losses: Losses, *, free: bool) -> None:
    """The form of the answer's text, which Cohere holds it to where there are no tools."""
    if form.type == "text":
        return
    wanted: Body = {"type": "json_object"}
    rule = "Answer with nothing but one JSON object."
    if form.type == "json_schema":
        if form.name is None:
            raise missing("text.format.name")
        if form.schema is None:
            raise missing("text.format.schema")
        wanted["json_schema"] = form.schema
        schema = _encode(form.schema).decode()
        rule = f"Answer with nothing but one JSON object that conforms to this JSON schema:\n{schema}"
    if free:
        body["response_format"] = wanted
        return
    losses.report("field.text.format", "text.format.type")
    writer.system(rule)


def _sampling(body: Body, request: Request, target: Target, losses: Losses) -> None:
    if request.max_output_tokens is not None:
        body["max_tokens"] = request.max_output_tokens
    if request.temperature is not None:
        most = target.quirks.temperature_max
        if request.temperature > most:
            losses.report("field.temperature", "temperature", most=most)
        body["temperature"] = min(request.temperature, most)
    for name, theirs, least, most in _RANGES:
        value = getattr(request, name)
        if value is None:
            continue
        body[theirs] = min(max(value, least), most)
        if body[theirs] != value:
            losses.report(f"field.{name}", name, name=name, used=body[theirs])
    body |= {theirs: value for name, theirs in _SAME.items() if (value := getattr(request, name)) is not None}
    if request.includes("message.output_text.logprobs"):
        body["logprobs"] = True
        if request.top_logprobs:
            losses.report("field.top_logprobs", "top_logprobs")


def _reasoning(body: Body, request: Request, reasoning: Reasoning, target: Target, losses: Losses) -> None:
    if reasoning.effort is None:
        return
    if reasons(target.model):
        body["thinking"] = thinking(reasoning.effort, request.max_output_tokens or target.output_limit)
    elif reasoning.effort != "none":
        losses.report("field.reasoning.effort", "reasoning.effort", model=target.model)
