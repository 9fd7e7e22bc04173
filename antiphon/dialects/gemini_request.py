"""A turn as the body of ``POST {base}/models/{model}:generateContent``.

https://ai.google.dev/api/generate-content and, for Vertex AI,
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference (read 2026-11). Only fields that are
named here reach Google.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from antiphon.dialects.gemini_contents import ContentWriter
from antiphon.dialects.gemini_fates import GEMINI_FATES
from antiphon.dialects.gemini_models import Place, Traits, as_google_chooses, hosts_of, place_of, traits_of
from antiphon.dialects.gemini_schemas import plain_schema
from antiphon.dialects.gemini_tools import Tooling, ToolWriter
from antiphon.dialects.leftovers import report_hosted, report_unknown
from antiphon.dialects.losses import Losses
from antiphon.dialects.sealed import Unsealing
from antiphon.dialects.steps import steps_of
from antiphon.dialects.tools import offer
from antiphon.errors import BadRequest
from antiphon.protocols import Built, Sealer, Target, Turn
from antiphon.wire.faults import missing
from antiphon.wire.requests import Reasoning, Request, TextFormat, TextOptions

Body = dict[str, Any]

_encode: Final = msgspec.json.Encoder().encode

_SAME: Final = {
    "temperature": "temperature",
    "top_p": "topP",
    "max_output_tokens": "maxOutputTokens",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "stop": "stopSequences",
    "top_k": "topK",
    "seed": "seed",
}
"""Fields that mean the same, and what Google calls them."""

_UNSAID: Final = ("prompt_cache_key", "prompt_cache_retention", "safety_identifier", "user")
"""Fields that Google has no word for."""

_TIERS: Final = ("flex", "priority")
_USUAL_TIERS: Final = (None, "auto", "default", "standard")
_TIER_HEADERS: Final = "X-Vertex-AI-LLM-Request-Type: shared\r\nX-Vertex-AI-LLM-Shared-Request-Type: {}\r\n"

_RULE: Final = "Answer with nothing but one JSON object that conforms to this JSON schema:"
_JSON: Final = "Answer with nothing but one JSON object."


def build_gemini(turn: Turn, target: Target, sealer: Sealer) -> Built:
    """The body to send. Raises BadRequest for what cannot be said at all, or not without loss when strict."""
    request = turn.request
    target = as_google_chooses(target)
    strict = turn.strict or request.strict is True
    losses = Losses(strict=strict, provider=target.provider, fates=GEMINI_FATES, quirks=target.quirks)
    try:
        body, headers = _Building(turn, target, losses).body(Unsealing(turn, target, sealer, "gemini"))
        return Built(_encode(body), losses.sentences(), tuple(losses.removed), headers)
    except RecursionError:
        raise BadRequest("The request is nested too deeply.", code="invalid_value") from None


class _Building:
    """One body in the making."""

    __slots__ = ("_losses", "_place", "_request", "_schemas", "_target", "_traits", "_turn")

    def __init__(self, turn: Turn, target: Target, losses: Losses) -> None:
        self._turn = turn
        self._request: Request = turn.request
        self._target = target
        self._losses = losses
        self._traits: Traits = traits_of(target.model)
        self._place: Place = place_of(target)
        self._schemas = target.quirks.json_schema

    def body(self, unsealing: Unsealing) -> tuple[Body, bytes]:
        """The body, and the headers that go with it."""
        request, target, losses = self._request, self._target, self._losses
        offered = offer(self._turn, target, losses, hosts_of(target))
        tooling = ToolWriter(offered, self._traits, self._place, losses, schemas=self._schemas).write()
        report_hosted(request, offered, losses)
        writer = ContentWriter(self._traits, self._place, offered, losses)
        if request.instructions:
            writer.instruct(request.instructions)
        config = self._config(tooling, writer)
        writer.write(steps_of(self._turn, target, losses, unsealing))
        if (resolution := writer.resolution) is not None:
            config["mediaResolution"] = resolution
        if not writer.contents and not writer.system:
            raise missing("input")
        body: Body = {"contents": writer.contents or [{"role": "user", "parts": [{"text": ""}]}]}
        if writer.system:
            body["systemInstruction"] = {"parts": writer.system}
        if tooling.tools:
            body["tools"] = tooling.tools
        if tooling.config:
            body["toolConfig"] = tooling.config
        if config:
            body["generationConfig"] = config
        headers = self._tier(body)
        self._unsaid()
        return body, headers

    def _config(self, tooling: Tooling, writer: ContentWriter) -> Body:
        request = self._request
        config: Body = {}
        for name, theirs in _SAME.items():
            if (value := getattr(request, name)) is not None:
                config[theirs] = value
        if request.includes("message.output_text.logprobs"):
            config["responseLogprobs"] = True
            if request.top_logprobs:
                config["logprobs"] = request.top_logprobs
        if request.text is not None:
            self._text(config, request.text, tooling, writer)
        if request.reasoning is not None and (thinking := self._thinking(request.reasoning)):
            config["thinkingConfig"] = thinking
        if tooling.pictures is not None:
            config["responseModalities"] = ["TEXT", "IMAGE"]
            if tooling.pictures:
                config["imageConfig"] = tooling.pictures
        return config

    def _text(self, config: Body, text: TextOptions, tooling: Tooling, writer: ContentWriter) -> None:
        if text.verbosity not in (None, "medium"):
            self._losses.report("field.text.verbosity", "text.verbosity")
        if text.format is not None and text.format.type != "text":
            self._format(config, text.format, tooling, writer)

    def _format(self, config: Body, form: TextFormat, tooling: Tooling, writer: ContentWriter) -> None:
        """A form natively, or told to the model where that cannot go together with tools."""
        schema = form.schema
        if form.type == "json_schema":
            if form.name is None:
                raise missing("text.format.name")
            if schema is None:
                raise missing("text.format.schema")
            if form.description and "description" not in schema:
                schema = schema | {"description": form.description}
        if tooling.tools and not self._traits.combines:
            self._losses.report(f"field.text.format.{form.type}.beside_tools", "text.format.type")
            writer.instruct(_JSON if schema is None else f"{_RULE}\n{_encode(schema).decode()}")
            return
        config["responseMimeType"] = "application/json"
        if schema is not None and self._schemas:
            config["responseJsonSchema"] = schema
        elif schema is not None:
            config["responseSchema"] = plain_schema(schema)

    def _thinking(self, reasoning: Reasoning) -> Body:
        thinking: Body = {}
        effort, traits = reasoning.effort, self._traits
        if effort is not None and traits.thinking == "none":
            if effort != "none":
                self._losses.report("field.reasoning.effort.none", "reasoning.effort", model=self._target.model)
        elif effort is not None:
            told = traits.efforts[effort]
            thinking["thinkingLevel" if traits.thinking == "level" else "thinkingBudget"] = told
            if effort in traits.inexact:
                words = {"model": self._target.model, "effort": effort, "told": told}
                self._losses.report("field.reasoning.effort", "reasoning.effort", **words)
        summary = reasoning.summary or reasoning.generate_summary
        if summary in {"concise", "detailed"}:
            self._losses.report("field.reasoning.summary", "reasoning.summary")
        if summary is not None and traits.thinking != "none" and thinking.get("thinkingBudget") != 0:
            thinking["includeThoughts"] = True
        return thinking

    def _tier(self, body: Body) -> bytes:
        tier = self._request.service_tier
        if tier in _USUAL_TIERS:
            return b""
        if tier not in _TIERS:
            self._losses.report("field.service_tier", "service_tier", tier=str(tier)[:64])
            return b""
        if self._place.tier_headers:
            return _TIER_HEADERS.format(tier).encode()
        body["serviceTier"] = tier
        return b""

    def _unsaid(self) -> None:
        """Reports what is not told, and fields that nobody acts on."""
        request, losses = self._request, self._losses
        for name in _UNSAID:
            if getattr(request, name):
                losses.report(f"field.{name}", name)
        report_unknown(request, losses)
