"""A turn as the body of ``POST {base}/chat/completions``.

https://platform.openai.com/docs/api-reference/chat/create (read 2026-11); how vendors depart from it is said by
`Quirks`. Only fields that are named here reach a provider.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from antiphon.dialects.chat_fates import CHAT_FATES
from antiphon.dialects.chat_messages import MessageWriter
from antiphon.dialects.chat_tools import chat_choice, chat_tools
from antiphon.dialects.efforts import nearest
from antiphon.dialects.leftovers import report_unknown
from antiphon.dialects.losses import Losses
from antiphon.dialects.sealed import Unsealing
from antiphon.dialects.steps import steps_of
from antiphon.dialects.tools import Offer, offer
from antiphon.errors import BadRequest
from antiphon.protocols import Built, Pseudonym, Sealer, Target, Turn
from antiphon.quirks import Quirks
from antiphon.wire.faults import missing
from antiphon.wire.requests import Reasoning, Request, TextFormat, TextOptions

Body = dict[str, Any]

_encode: Final = msgspec.json.Encoder().encode

_SAME: Final = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "service_tier", "stop", "seed")
"""Fields that mean the same in both APIs, under the same name."""

_PRIVATE: Final = ("prompt_cache_key", "safety_identifier", "user")
"""Fields that a provider may compare between requests: told under another name, so that tenants never meet there."""

_PARAMS: Final = {
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "response_format": "text.format",
    "verbosity": "text.verbosity",
    "reasoning": "reasoning.effort",
    "reasoning_effort": "reasoning.effort",
    "thinking": "reasoning.effort",
    "logprobs": "top_logprobs",
}
"""Where the client said what a field of the body says, when the names differ."""

_SUBJECTS: Final = {"text.format": "field.text.format.json_object"}
"""What the table of fates calls such a place, where that is not plain."""

CHAT_MEMBERS: Final = ("logit_bias", "prediction", "modalities", "audio")
"""Members that chat completions alone have: told as they came, to who takes them."""

_NO_LOSS: Final = frozenset({"store", "stream_options", "parallel_tool_calls"})
"""Fields that may go unsaid: nothing is asked for that the gateway does not see to itself."""

_DEPENDENT: Final = {"tools": ("tool_choice", "parallel_tool_calls"), "logprobs": ("top_logprobs",)}
"""Fields that mean nothing, or are errors, without another."""

_ESSENTIAL: Final = frozenset({"model", "messages", "stream"})


def build_chat(turn: Turn, target: Target, sealer: Sealer, pseudonym: Pseudonym) -> Built:
    """The body to send. Raises BadRequest for what cannot be said at all, or not without loss when strict."""
    request = turn.request
    strict = turn.strict or request.strict is True
    losses = Losses(strict=strict, provider=target.provider, fates=CHAT_FATES, quirks=target.quirks)
    try:
        body = _body(turn, target, losses, Unsealing(turn, target, sealer, "chat"), pseudonym)
        schema = None if "json_schema" in body.get("response_format", ()) else _schema(request)
        return Built(_encode(body), losses.sentences(), tuple(losses.removed), schema=schema)
    except RecursionError:
        raise BadRequest("The request is nested too deeply.", code="invalid_value") from None


def _body(turn: Turn, target: Target, losses: Losses, unsealing: Unsealing, pseudonym: Pseudonym) -> Body:
    request, quirks = turn.request, target.quirks
    tools = offer(turn, target, losses)
    writer = MessageWriter(target, tools, losses)
    if request.instructions:
        writer.system(request.instructions)
    body: Body = {"model": target.model, "messages": writer.messages}
    if request.text is not None:
        _text(body, request.text, target, writer, losses)
    replays = quirks.reasoning_replay != "none"
    writer.write(steps_of(turn, target, losses, unsealing, unsealed_reasoning=replays))
    if not writer.messages:
        raise missing("input")
    if tools.tools:
        _tools(body, tools, request, quirks)
    if request.stream:
        body["stream"] = True
        if quirks.stream_usage:
            body["stream_options"] = {"include_usage": True}
    _sampling(body, request, target, losses)
    if request.reasoning is not None:
        _reasoning(body, request.reasoning, target, losses)
    _private(body, turn, pseudonym)
    body["store"] = False
    if not quirks.refused_fields.isdisjoint(body):
        _refused(body, target, losses)
    report_unknown(request, losses, _chat_members(body, request, quirks))
    return body


def _chat_members(body: Body, request: Request, quirks: Quirks) -> list[str]:
    """Puts in what is a chat client's own, and names it."""
    members = request.members() if request.body else {}
    own = [name for name in CHAT_MEMBERS if name in members and name not in quirks.refused_fields]
    body.update({name: members[name] for name in own})
    return own


def _tools(body: Body, tools: Offer, request: Request, quirks: Quirks) -> None:
    body["tools"] = chat_tools(tools, quirks)
    if (choice := chat_choice(tools)) is not None:
        body["tool_choice"] = choice
    if request.parallel_tool_calls is not None and quirks.parallel_tool_calls:
        body["parallel_tool_calls"] = request.parallel_tool_calls


def _sampling(body: Body, request: Request, target: Target, losses: Losses) -> None:
    quirks = target.quirks
    for name in _SAME:
        value = getattr(request, name)
        if value is not None:
            body[name] = value
    if request.max_output_tokens is not None:
        body[quirks.max_tokens_field] = request.max_output_tokens
    if request.temperature is not None and request.temperature > quirks.temperature_max:
        body["temperature"] = quirks.temperature_max
        losses.report("field.temperature", "temperature", most=f"{quirks.temperature_max:g}")
    if request.top_k is not None:
        losses.report("field.top_k", "top_k")
    if request.include and request.includes("message.output_text.logprobs"):
        body["logprobs"] = True
        if request.top_logprobs:
            body["top_logprobs"] = request.top_logprobs


def _reasoning(body: Body, reasoning: Reasoning, target: Target, losses: Losses) -> None:
    summary = reasoning.summary or reasoning.generate_summary
    if summary in {"concise", "detailed"}:
        losses.report("field.reasoning.summary", "reasoning.summary")
    if reasoning.effort is None:
        return
    style, wanted = target.quirks.effort_style, reasoning.effort
    effort = nearest(wanted, target.quirks)
    effortless = target.quirks.effortless_models
    if style == "none" or effort is None or (effortless and re.search(effortless, target.model)):
        losses.report("field.reasoning.effort", "reasoning.effort")
        return
    if effort != wanted or (style == "thinking.type" and effort != "none"):
        losses.report("field.reasoning.effort", "reasoning.effort", effort=wanted, used=effort)
    if style == "reasoning_effort":
        body["reasoning_effort"] = effort
    elif style == "reasoning.effort":
        body["reasoning"] = {"effort": effort}
    else:
        body["thinking"] = {"type": "disabled" if effort == "none" else "enabled"}


def _text(body: Body, text: TextOptions, target: Target, writer: MessageWriter, losses: Losses) -> None:
    if text.verbosity is not None and text.verbosity != "medium":
        body["verbosity"] = text.verbosity
    form = text.format
    if form is None or form.type == "text":
        return
    if form.type == "json_object":
        body["response_format"] = {"type": "json_object"}
        return
    if form.name is None:
        raise missing("text.format.name")
    if form.schema is None:
        raise missing("text.format.schema")
    if target.quirks.json_schema:
        body["response_format"] = {"type": "json_schema", "json_schema": _named_schema(form)}
        return
    losses.report("field.text.format.json_schema", "text.format.type")
    body["response_format"] = {"type": "json_object"}
    rule = "Answer with nothing but one JSON object that conforms to this JSON schema:"
    described = f"{form.description}\n\n{rule}" if form.description else rule
    writer.system(f"{described}\n{_encode(form.schema).decode()}")


def _schema(request: Request) -> dict[str, Any] | None:
    """What the answer is to conform to."""
    form = None if request.text is None else request.text.format
    return None if form is None or form.type != "json_schema" else form.schema


def _named_schema(form: TextFormat) -> Body:
    schema: Body = {"name": form.name, "schema": form.schema}
    if form.description is not None:
        schema["description"] = form.description
    if form.strict is not None:
        schema["strict"] = form.strict
    return schema


def _private(body: Body, turn: Turn, pseudonym: Pseudonym) -> None:
    request = turn.request
    for name in _PRIVATE:
        if value := getattr(request, name):
            body[name] = pseudonym(turn.caller.tenant, value)
    if request.prompt_cache_retention is not None:
        body["prompt_cache_retention"] = request.prompt_cache_retention


def _refused(body: Body, target: Target, losses: Losses) -> None:
    """Takes out what the provider would answer with an error."""
    for name in [name for name in body if name in target.quirks.refused_fields and name not in _ESSENTIAL]:
        if name not in body:
            continue
        value = body.pop(name)
        for dependent in _DEPENDENT.get(name, ()):
            body.pop(dependent, None)
        if name in _NO_LOSS or (name == "service_tier" and value in {"auto", "default"}):
            continue
        param = _PARAMS.get(name, name)
        losses.report(_SUBJECTS.get(param, f"field.{param}"), param)
