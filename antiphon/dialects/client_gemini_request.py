"""A generateContent request as the create request that asks the same.

https://ai.google.dev/api/generate-content (read 2026-11).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.dialects.client_gemini_contents import camel, is_list, items_of, objects, text_parts
from antiphon.errors import BadRequest
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.requests import Item, Request, is_item, parse_request

_members: Final = msgspec.json.Decoder(dict[str, Any]).decode
_encode: Final = msgspec.json.Encoder().encode

_SAME: Final = {
    "temperature": "temperature",
    "topP": "top_p",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
}
_LEVELS: Final = frozenset({"minimal", "low", "medium", "high"})
_BUDGETS: Final = ((0, "none"), (1024, "minimal"), (4096, "low"), (12288, "medium"))
"""Most tokens, and the effort that they stand for; more is high, and -1 leaves it to the model."""

_HOSTED: Final[dict[str, Item]] = {
    "googleSearch": {"type": "web_search"},
    "googleSearchRetrieval": {"type": "web_search"},
    "codeExecution": {"type": "code_interpreter", "container": {"type": "auto"}},
}
_MODES: Final = {"AUTO": "auto", "NONE": "none", "ANY": "required", "VALIDATED": "auto"}
_SPOKEN: Final = frozenset(
    {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "serviceTier", "labels", "model"}
)
_CONFIGURED: Final = frozenset(
    {*_SAME, "maxOutputTokens", "responseMimeType", "responseSchema", "responseJsonSchema", "thinkingConfig"}
    | {"responseLogprobs", "logprobs", "candidateCount", "responseModalities"}
)


class AskedByGemini(Struct, frozen=True):
    """What a client of Google's asks: the request in our words, and whether it wants to read thoughts."""

    request: Request
    includes_thoughts: bool = False


def asked_by_gemini(body: bytes, model: str, *, streamed: bool) -> AskedByGemini:
    """Reads a generateContent body for a model. Raises BadRequest, whose `param` names the client's own member."""
    try:
        if not body.isascii():
            body.decode()
        members = camel(_members(body))
    except UNDECODABLE as error:
        raise told(error) from None
    config = _object(members, "generationConfig")
    asked: Item = {"model": model, "stream": streamed, "store": False}
    asked["stream_options"] = {"include_obfuscation": False}
    asked["include"] = ["reasoning.encrypted_content"]
    asked["input"] = items_of(objects(members.get("contents") or [], "contents"))
    system = _object(members, "systemInstruction")
    if system:
        parts = text_parts(objects(system.get("parts") or [], "systemInstruction.parts"), "systemInstruction")
        asked["instructions"] = "\n\n".join(part["text"] for part in parts if part["type"] == "input_text")
    asked |= {name: config[theirs] for theirs, name in _SAME.items() if config.get(theirs) is not None}
    _offer(asked, members)
    _shape(asked, config)
    includes = _think(asked, _object(config, "thinkingConfig"))
    if members.get("serviceTier"):
        asked["service_tier"] = str(members["serviceTier"]).lower().replace("standard", "default")
    asked |= {name: value for name, value in members.items() if name not in _SPOKEN and value is not None}
    asked |= {f"generationConfig.{name}": value for name, value in config.items() if name not in _CONFIGURED}
    if config.get("candidateCount") not in (None, 1):
        message = "This model gives one answer to a request; leave 'candidateCount' out, or ask so many times."
        raise BadRequest(message, param="generationConfig.candidateCount", code="unsupported_value")
    request = parse_request(_encode(asked))
    limit = config.get("maxOutputTokens")
    if isinstance(limit, int) and limit > 0:
        # Google lets one ask for less than the Responses API does.
        asked["max_output_tokens"] = limit
        request = msgspec.structs.replace(request, max_output_tokens=limit, body=_encode(asked))
    return AskedByGemini(request, includes)


def _object(members: Item, name: str) -> Item:
    value: Any = members.get(name)
    if value is None:
        return {}
    if not is_item(value):
        raise BadRequest(f"Invalid type for '{name}': expected an object.", param=name, code="invalid_type")
    return camel(value)


def _offer(asked: Item, members: Item) -> None:
    tools: list[Item] = []
    for tool in objects(members.get("tools") or [], "tools"):
        for name, value in tool.items():
            if name == "functionDeclarations":
                tools += [_function(each) for each in objects(value, "tools.functionDeclarations")]
            elif name in _HOSTED:
                tools.append(_HOSTED[name])
            elif name == "fileSearch" and is_item(value):
                tools.append({"type": "file_search", "vector_store_ids": camel(value).get("fileSearchStoreNames") or []})
            else:
                raise BadRequest(f"The tool '{name[:64]}' is not known here.", param="tools", code="unsupported_value")
    if tools:
        asked["tools"] = tools
    calling = _object(_object(members, "toolConfig"), "functionCallingConfig")
    mode = _MODES.get(str(calling.get("mode") or "AUTO").upper(), "auto")
    names: Any = calling.get("allowedFunctionNames")
    if names and mode != "none":
        listed = [{"type": "function", "name": name} for name in names]
        asked["tool_choice"] = {"type": "allowed_tools", "mode": mode, "tools": listed}
    elif calling and tools:
        asked["tool_choice"] = mode


def _function(declared: Item) -> Item:
    schema: Any = declared.get("parametersJsonSchema")
    if schema is None and is_item(declared.get("parameters")):
        schema = json_schema(declared["parameters"])
    function: Item = {"type": "function", "name": declared.get("name"), "strict": False}
    if declared.get("description"):
        function["description"] = declared["description"]
    return function | ({"parameters": schema} if schema is not None else {})


def json_schema(schema: Item) -> Item:
    """Google's own kind of schema as JSON Schema: types in small letters, `nullable` as a type."""
    made: Item = {}
    for name, value in camel(schema).items():
        if name == "type" and isinstance(value, str):
            made["type"] = value.lower()
        elif name == "properties" and is_item(value):
            made["properties"] = {key: json_schema(each) for key, each in value.items() if is_item(each)}
        elif name == "items" and is_item(value):
            made["items"] = json_schema(value)
        elif name == "anyOf" and is_list(value):
            made["anyOf"] = [json_schema(each) for each in value if is_item(each)]
        elif name in ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"):
            made[name] = int(value)
        elif name not in ("nullable", "propertyOrdering", "example"):
            made[name] = value
    if schema.get("nullable") and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


def _shape(asked: Item, config: Item) -> None:
    schema: Any = config.get("responseJsonSchema")
    if schema is None and is_item(config.get("responseSchema")):
        schema = json_schema(config["responseSchema"])
    if schema is not None:
        asked["text"] = {"format": {"type": "json_schema", "name": "response", "schema": schema}}
    elif config.get("responseMimeType") == "application/json":
        asked["text"] = {"format": {"type": "json_object"}}
    if config.get("responseLogprobs"):
        asked["include"] = [*asked["include"], "message.output_text.logprobs"]
        asked["top_logprobs"] = config.get("logprobs") or 0
    if "IMAGE" in (config.get("responseModalities") or ()):
        asked["tools"] = [*asked.get("tools", ()), {"type": "image_generation"}]


def _think(asked: Item, thinking: Item) -> bool:
    """How much to reason, and whether its summary is to be read."""
    level, budget = str(thinking.get("thinkingLevel") or "").lower(), thinking.get("thinkingBudget")
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
