"""A turn as the body of ``POST /model/{model}/converse``.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (read 2026-11). Only fields that are
named here reach Bedrock; among them are those of its own that clients may set beside the Responses API's.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from antiphon.dialects.converse_cache import OPTIONS, place_points
from antiphon.dialects.converse_effort import inference, thinking_of
from antiphon.dialects.converse_fates import CONVERSE_FATES
from antiphon.dialects.converse_messages import MessageWriter
from antiphon.dialects.converse_models import Traits, traits_of
from antiphon.dialects.converse_tools import Form, form_of, hosts_of, output_config, rule_of, seen_by_tools, tool_config
from antiphon.dialects.leftovers import report_hosted, report_unknown
from antiphon.dialects.losses import Losses, decoded
from antiphon.dialects.sealed import Unsealing
from antiphon.dialects.steps import steps_of
from antiphon.dialects.tools import offer
from antiphon.errors import BadRequest
from antiphon.protocols import Built, Sealer, Target, Turn
from antiphon.wire.faults import missing
from antiphon.wire.requests import KNOWN_FIELDS, Request

Body = dict[str, Any]

_encode: Final = msgspec.json.Encoder().encode

_OWN: Final[dict[str, Any]] = {
    "additionalModelRequestFields": dict[str, Any],
    "additionalModelResponseFieldPaths": list[str],
    "guardrailConfig": dict[str, Any],
    "performanceConfig": dict[str, Any],
    "requestMetadata": dict[str, str],
}
"""Bedrock's own fields, which clients may set, and their types."""

_LOST: Final = ("presence_penalty", "frequency_penalty", "top_k", "seed", "safety_identifier", "user")
_TIERS: Final = {"default": "default", "flex": "flex", "priority": "priority", "reserved": "reserved"}
_USUAL_TIERS: Final = (None, "auto")

_WHICH_STOP: Final = "/stop_sequence"
"""Where a model says which of several texts ended its answer; one that does not is not asked in vain."""


def build_converse(turn: Turn, target: Target, sealer: Sealer) -> Built:
    """The body to send. Raises BadRequest for what cannot be said at all, or not without loss when strict."""
    request = turn.request
    strict, quirks = turn.strict or request.strict is True, seen_by_tools(target).quirks
    losses = Losses(strict=strict, provider=target.provider, fates=CONVERSE_FATES, quirks=quirks)
    try:
        return Built(_encode(_body(turn, target, losses, sealer)), losses.sentences(), tuple(losses.removed))
    except RecursionError:
        raise BadRequest("The request is nested too deeply.", code="invalid_value") from None


def _body(turn: Turn, target: Target, losses: Losses, sealer: Sealer) -> Body:
    request, traits = turn.request, traits_of(target.model)
    seen = seen_by_tools(target)
    tools = offer(turn, seen, losses, hosts_of(traits))
    report_hosted(request, tools, losses)
    form = form_of(request, traits, tools)
    writer = MessageWriter(traits, tools, losses)
    _instruct(writer, request, form, losses)
    writer.write(steps_of(turn, seen, losses, Unsealing(turn, seen, sealer, "converse")))
    if not writer.messages:
        raise missing("input")
    body: Body = {"messages": writer.messages}
    if writer.system:
        body["system"] = writer.system
    if (config := tool_config(tools, form, traits, writer.called, losses)) is not None:
        body["toolConfig"] = config
    _thinking(body, request, target, traits, losses)
    if request.stop is not None and len(request.stop) > 1:
        body["additionalModelResponseFieldPaths"] = [_WHICH_STOP]
    if form.way == "native" and form.format is not None:
        body["outputConfig"] = output_config(form.format)
    _tier(body, request, losses)
    place_points(body, request, traits, losses)
    _lost(request, losses)
    _own(body, request, losses)
    return body


def _instruct(writer: MessageWriter, request: Request, form: Form, losses: Losses) -> None:
    if request.instructions:
        writer.instruct(request.instructions)
    if form.way == "words" and form.format is not None:
        losses.report(f"field.text.format.{form.format.type}", "text.format.type")
        writer.instruct(rule_of(form.format))


def _thinking(body: Body, request: Request, target: Target, traits: Traits, losses: Losses) -> None:
    """How much to think, how long the answer may be, and how much of it is chance."""
    unsigned = _ends_unsigned(body["messages"])
    fields = thinking_of(request, target, traits, losses, unsigned=unsigned)
    config = inference(request, traits, fields, losses)
    if config:
        body["inferenceConfig"] = config
    if fields:
        body["additionalModelRequestFields"] = fields
    choice = body.get("toolConfig", {}).get("toolChoice", {})
    if "budget_tokens" in fields.get("thinking", {}) and choice:
        losses.report("choice.forced", "tool_choice")
        del body["toolConfig"]["toolChoice"]


def _ends_unsigned(messages: list[Body]) -> bool:
    """Whether the last thing that was said is a tool's result, and no reasoning stands before the call."""
    if len(messages) < 2 or not any("toolResult" in block for block in messages[-1]["content"]):  # noqa: PLR2004 - a pair
        return False
    return "reasoningContent" not in messages[-2]["content"][0]


def _tier(body: Body, request: Request, losses: Losses) -> None:
    tier = request.service_tier
    if tier in _TIERS:
        body["serviceTier"] = {"type": _TIERS[tier]}
    elif tier not in _USUAL_TIERS:
        losses.report("field.service_tier", "service_tier", tier=str(tier)[:64])


def _lost(request: Request, losses: Losses) -> None:
    for name in _LOST:
        if getattr(request, name):
            losses.report(f"field.{name}", name)
    if request.top_logprobs or request.includes("message.output_text.logprobs"):
        losses.report("field.top_logprobs", "top_logprobs")
    if request.text is not None and request.text.verbosity not in (None, "medium"):
        losses.report("field.text.verbosity", "text.verbosity")


def _own(body: Body, request: Request, losses: Losses) -> None:
    """Bedrock's own fields, as the client set them; fields that nobody acts on are reported."""
    report_unknown(request, losses, (*_OWN, OPTIONS))
    members = request.members() if request.body else {}
    if members.keys() <= KNOWN_FIELDS:
        return
    for name, kind in _OWN.items():
        given: Any = msgspec.json.decode(members[name]) if name in members else None
        if given is None:
            continue
        value: Any = decoded(given, kind, name)
        body[name] = body.get(name, {}) | value if name == "additionalModelRequestFields" else value
    if body.get("guardrailConfig", {}).get("trace") in ("enabled", "enabled_full"):
        losses.report("field.guardrailConfig.trace", "guardrailConfig.trace")
