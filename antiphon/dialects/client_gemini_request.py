"""A generateContent request as the create request that asks the same: the way in for Google's clients.

https://ai.google.dev/api/generate-content (read 2026-11), recordings gemini.generate and vertex.generate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.dialects.client_gemini_contents import Reading, detail_of
from antiphon.dialects.client_gemini_members import camel, integer, member, objects
from antiphon.dialects.client_gemini_tools import Tools, json_schema
from antiphon.errors import BadRequest
from antiphon.wire.events import split_object
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.requests import SEALED, Item, Request, is_array, is_item, parse_request

_members: Final = msgspec.json.Decoder(dict[str, Any]).decode
_encode: Final = msgspec.json.Encoder().encode

_SAME: Final = {
    "temperature": "temperature",
    "topP": "top_p",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "stopSequences": "stop",
}
_SAME_NUMBERS: Final = {"topK": "top_k", "seed": "seed"}
_THEIRS: Final = {ours: f"generationConfig.{theirs}" for theirs, ours in (_SAME | _SAME_NUMBERS).items()} | {
    "top_logprobs": "generationConfig.logprobs"
}

_OURS: Final = ("provider", "strict")
"""Members that are said to the gateway."""

_SPOKEN: Final = frozenset(
    {*_OURS, "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "serviceTier", "model"}
)
_CONFIGURED: Final = frozenset(
    {*_SAME, *_SAME_NUMBERS, "maxOutputTokens", "responseMimeType", "responseSchema", "responseJsonSchema"}
    | {"thinkingConfig", "responseLogprobs", "logprobs", "candidateCount", "responseModalities", "imageConfig"}
    | {"mediaResolution", "responseFormat"}
)
_LEVELS: Final = frozenset({"minimal", "low", "medium", "high"})
_BUDGETS: Final = ((0, "none"), (2048, "low"), (8192, "medium"))
"""Most tokens, and the effort that they stand for; more is high, which every model knows."""

_TIERS: Final = {"standard": "default", "unspecified": "auto"}
_SIZES: Final = {
    "1:1": "1024x1024",
    "3:2": "1536x1024",
    "2:3": "1024x1536",
    "4:3": "1536x1024",
    "3:4": "1024x1536",
    "16:9": "1792x1024",
    "9:16": "1024x1792",
}
_MOST_NOTES: Final = 16


class AskedByGemini(Struct, frozen=True):
    """What a client of Google's asks: the request in our words, whether it wants to read thoughts, what was lost."""

    request: Request
    includes_thoughts: bool = False
    notes: tuple[str, ...] = ()


def to_count(body: bytes) -> bytes:
    """The request whose tokens are to be counted: the body itself, or a member of it. Raises BadRequest."""
    try:
        members = split_object(body)
    except UNDECODABLE as error:
        raise told(error) from None
    held = members.get("generateContentRequest") or members.get("generate_content_request")
    return body if held is None else bytes(held)


def asked_by_gemini(body: bytes, model: str, *, streamed: bool) -> AskedByGemini:
    """Reads a generateContent body for a model. Raises BadRequest, whose `param` names the client's own member."""
    try:
        if not body.isascii():
            body.decode()
        members = camel(_members(body))
    except UNDECODABLE as error:
        raise told(error) from None
    try:
        return _asked(members, model, streamed=streamed)
    except RecursionError:
        raise BadRequest("The request is nested too deeply.", code="invalid_value") from None


def _asked(members: Item, model: str, *, streamed: bool) -> AskedByGemini:
    config = member(members, "generationConfig")
    _refuse(members, config)
    reading = Reading(detail_of(config.get("mediaResolution")))
    reading.read(objects(members.get("contents") or [], "contents"))
    asked: Item = {"model": model, "stream": streamed, "store": False, "input": reading.items}
    asked["stream_options"] = {"include_obfuscation": False}
    asked["include"] = [SEALED]
    notes = [*_instruct(asked, members), *reading.notes]
    asked |= {name: members[name] for name in _OURS if members.get(name) is not None}
    asked |= {name: config[theirs] for theirs, name in _SAME.items() if config.get(theirs) is not None}
    asked |= {name: integer(config[theirs]) for theirs, name in _SAME_NUMBERS.items() if config.get(theirs) is not None}
    tools = Tools()
    tools.read(members.get("tools"))
    choice = tools.choice(member(members, "toolConfig"))
    _draw(tools, config)
    if tools.tools:
        asked["tools"] = tools.tools
    if choice is not None:
        asked["tool_choice"] = choice
    _shape(asked, config)
    includes = _think(asked, member(config, "thinkingConfig"))
    if members.get("serviceTier"):
        tier = str(members["serviceTier"]).lower().removeprefix("service_tier_")
        asked["service_tier"] = _TIERS.get(tier, tier)
    notes += [*tools.notes, *_unsaid(members, config)]
    request = _request(asked, integer(config.get("maxOutputTokens")))
    return AskedByGemini(request, includes, tuple(dict.fromkeys(notes)))


def _refuse(members: Item, config: Item) -> None:
    """Raises BadRequest for what an answer without it would not be an answer to."""
    if not members.get("contents"):
        raise BadRequest("contents is not specified.", param="contents", code="missing_required_parameter")
    if members.get("cachedContent"):
        message = "What is cached at Google is known to Google alone; send the contents themselves."
        raise BadRequest(message, param="cachedContent", code="unsupported_value")
    if integer(config.get("candidateCount")) not in (None, 0, 1):
        message = "This model gives one answer to a request; leave 'candidateCount' out, or ask so many times."
        raise BadRequest(message, param="generationConfig.candidateCount", code="unsupported_value")
    modes: Any = config.get("responseModalities")
    if is_array(modes) and "AUDIO" in modes and "TEXT" not in modes:
        message = "This model does not speak; ask for the modality 'TEXT'."
        raise BadRequest(message, param="generationConfig.responseModalities", code="unsupported_value")


def _request(asked: Item, limit: object) -> Request:
    """The request. Raises BadRequest, whose `param` is what the client called the member."""
    try:
        request = parse_request(_encode(asked))
    except BadRequest as error:
        theirs = _THEIRS.get(error.param or "")
        if theirs is None:
            raise
        message = error.message.replace(f"'{error.param}'", f"'{theirs}'")
        raise BadRequest(message, param=theirs, code=error.code) from None
    if limit is None:
        return request
    if not isinstance(limit, int) or limit < 1:
        message = "Invalid 'generationConfig.maxOutputTokens': expected an integer of at least 1."
        raise BadRequest(message, param="generationConfig.maxOutputTokens", code="invalid_value")
    # Google lets one ask for less than the Responses API does.
    asked["max_output_tokens"] = limit
    return msgspec.structs.replace(request, max_output_tokens=limit, body=_encode(asked))


def _instruct(asked: Item, members: Item) -> list[str]:
    """What the system says. Gives a sentence on what of it was lost."""
    said: Any = members.get("systemInstruction")
    if isinstance(said, str):
        asked["instructions"] = said
        return []
    parts = objects(member(members, "systemInstruction").get("parts") or [], "systemInstruction.parts")
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
    if texts:
        asked["instructions"] = "\n\n".join(texts)
    return [] if len(texts) == len(parts) else ["What the system says can only be text."]


def _shape(asked: Item, config: Item) -> None:
    """The form of the answer."""
    kind, schema = config.get("responseMimeType"), config.get("responseJsonSchema")
    if schema is None and is_item(config.get("responseSchema")):
        schema = json_schema(config["responseSchema"])
    for form in objects(config.get("responseFormat") or [], "generationConfig.responseFormat"):
        text = member(form, "text")
        kind, schema = kind or text.get("mimeType"), schema if schema is not None else text.get("schema")
    if schema is not None:
        asked["text"] = {"format": {"type": "json_schema", "name": "response", "schema": schema}}
    elif str(kind).lower().replace("_", "/") == "application/json":
        asked["text"] = {"format": {"type": "json_object"}}
    if config.get("responseLogprobs"):
        asked["include"] = [*asked["include"], "message.output_text.logprobs"]
        asked["top_logprobs"] = integer(config.get("logprobs") or 0)


def _draw(tools: Tools, config: Item) -> None:
    """Pictures are made by a tool everywhere else."""
    modes: Any = config.get("responseModalities")
    if not is_array(modes) or "IMAGE" not in modes:
        return
    wanted = member(config, "imageConfig")
    size = _SIZES.get(str(wanted.get("aspectRatio")))
    tools.tools.append({"type": "image_generation"} | ({"size": size} if size else {}))
    lost = [name for name, value in wanted.items() if value and not (name == "aspectRatio" and size)]
    tools.notes += [f"'imageConfig.{name[:64]}' is for Google's own models; it was left out." for name in lost]


def _think(asked: Item, thinking: Item) -> bool:
    """How much to reason, and whether its summary is to be read."""
    level, budget = str(thinking.get("thinkingLevel") or "").lower(), integer(thinking.get("thinkingBudget"))
    reasoning: Item = {}
    if level in _LEVELS:
        reasoning["effort"] = level
    elif isinstance(budget, int) and budget >= 0:
        reasoning["effort"] = next((effort for most, effort in _BUDGETS if budget <= most), "high")
    includes = thinking.get("includeThoughts") is True
    if includes:
        reasoning["summary"] = "auto"
    if reasoning:
        asked["reasoning"] = reasoning
    return includes


def _unsaid(members: Mapping[str, Any], config: Item) -> list[str]:
    """Sentences on members that no other provider is told."""
    lost = [name for name, value in members.items() if name not in _SPOKEN and value]
    lost += [f"generationConfig.{name}" for name, value in config.items() if name not in _CONFIGURED and value]
    if config.get("mediaResolution") and detail_of(config["mediaResolution"]) is None:
        lost.append("generationConfig.mediaResolution")
    return [f"'{name[:64]}' is for Google's own models; it was left out." for name in lost[:_MOST_NOTES]]
