"""Recorded requests to Google, said by a client of the Responses API: written without any of the code under test."""

from __future__ import annotations

import json
import re
from typing import Any

from antiphon.wire.envelope import Envelope, packed
from antiphon.wire.requests import is_array, is_item
from tests.fakes import SEALER

Body = dict[str, Any]

FEWEST_TOKENS = 16
"""The Responses API lets nobody ask for fewer."""

DUMMY = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
_FREE = {"args", "response", "parameters", "parametersJsonSchema", "responseJsonSchema"}
_HOTTEST = 2


def camel(value: Any) -> Any:
    """The one spelling of two that Google takes, wherever the names are Google's own."""
    if is_array(value):
        return [camel(each) for each in value]
    if not is_item(value):
        return value
    renamed: Body = {}
    for spelt, inner in value.items():
        name = re.sub(r"_([a-z])", lambda found: found[1].upper(), spelt)
        renamed[name] = inner if name in _FREE else camel(inner)
    return renamed


def lowered(schema: Any) -> Any:
    """A schema of OpenAPI's subset as a JSON schema."""
    if is_array(schema):
        return [lowered(each) for each in schema]
    if not is_item(schema):
        return schema
    plain = {name: lowered(value) for name, value in schema.items()}
    if isinstance(plain.get("type"), str):
        plain["type"] = plain["type"].lower()
    return plain


def responses_request(body: Body, *, model: str) -> Body:
    """What a client would send; `INEXPRESSIBLE` in the test names what it has no word for."""
    body = camel(body)
    items: list[Body] = []
    for content in body["contents"]:
        items += _Content(model).items(content)
    request: Body = {"input": items, "store": False}
    system = [part["text"] for part in body.get("systemInstruction", {}).get("parts", [])]
    if system:
        request["instructions"] = system[0]
        request["input"] = [{"role": "developer", "content": text} for text in system[1:]] + items
    config = body.get("generationConfig", {})
    _tools(request, body, config)
    _config(request, config)
    return request


class _Content:
    def __init__(self, model: str) -> None:
        self._model = model

    def items(self, content: Body) -> list[Body]:
        if content.get("role") == "model":
            return [item for part in content["parts"] for item in self._said(part)]
        items: list[Body] = []
        message: list[Body] = []
        for part in content["parts"]:
            if "functionResponse" in part:
                items.append(_output(part["functionResponse"]))
            else:
                message.append(_part(part))
        return items + ([{"role": "user", "content": message}] if message else [])

    def _said(self, part: Body) -> list[Body]:
        signature = part.get("thoughtSignature")
        signature = None if signature == DUMMY else signature
        if part.get("thought") or "toolCall" in part or "toolResponse" in part:
            return [self._sealed(part)]
        if "functionCall" in part:
            call = part["functionCall"]
            made = {"type": "function_call", "call_id": call["id"], "name": call["name"]}
            made["arguments"] = json.dumps(call["args"])
            if signature is None:
                return [made]
            return [self._sealed({"thoughtSignature": signature, "attached_to": call["id"]}), made]
        said = {"role": "assistant", "content": [{"type": "output_text", "text": part["text"]}]}
        if signature is None:
            return [said]
        return [said, self._sealed({"thoughtSignature": signature, "characters": len(part["text"])})]

    def _sealed(self, item: Body) -> Body:
        envelope = Envelope(p="gemini", m=self._model, d="", k="gemini", items=[item], t=1_700_000_000)
        return {"type": "reasoning", "summary": [], "encrypted_content": SEALER.seal("tenant-a", packed(envelope))}


def _output(answer: Body) -> Body:
    made: Body = {"type": "function_call_output", "call_id": answer["id"]}
    media = [_part(part) for part in answer.get("parts", [])]
    text = json.dumps(answer["response"])
    if not media:
        return made | {"output": text}
    told = [{"type": "input_text", "text": text}] if answer["response"] else []
    return made | {"output": told + media}


def _part(part: Body) -> Body:
    if "text" in part:
        return {"type": "input_text", "text": part["text"]}
    media = part.get("inlineData") or part["fileData"]
    kind, address = media["mimeType"], media.get("fileUri")
    if address is None:
        data = media["data"].replace("-", "+").replace("_", "/")
        address = f"data:{kind};base64,{data}"
        if kind.startswith("audio/"):
            return {"type": "input_audio", "input_audio": {"data": data, "format": kind.partition("/")[2]}}
    if kind.startswith("image/"):
        return {"type": "input_image", "image_url": address}
    if kind.startswith("video/"):
        return {"type": "input_video", "video_url": address}
    return {"type": "input_file", "file_data" if "fileUri" not in media else "file_url": address}


def _tools(request: Body, body: Body, config: Body) -> None:
    calling = body.get("toolConfig", {}).get("functionCallingConfig", {})
    strict = calling.get("mode") == "VALIDATED"
    tools = [made for tool in body.get("tools", []) for made in _tool(tool, strict=strict)]
    if "IMAGE" in config.get("responseModalities", []):
        tools.append({"type": "image_generation"})
    if tools:
        request["tools"] = tools
    names = calling.get("allowedFunctionNames")
    if names:
        allowed = [{"type": "function", "name": name} for name in names]
        allowed += [{"type": tool["type"]} for tool in tools if tool["type"] != "function"]
        request["tool_choice"] = {"type": "allowed_tools", "mode": "required", "tools": allowed}
    elif calling.get("mode") in ("AUTO", "NONE"):
        request["tool_choice"] = calling["mode"].lower()


def _tool(tool: Body, *, strict: bool) -> list[Body]:
    made: list[Body] = []
    for declared in tool.get("functionDeclarations", []):
        schema = declared.get("parametersJsonSchema") or lowered(declared.get("parameters"))
        function = {"type": "function", "name": declared["name"], "parameters": schema}
        function["description"] = declared.get("description")
        made.append(function | ({"strict": True} if strict else {}))
    if "googleSearch" in tool:
        made.append({"type": "web_search"})
    if "urlContext" in tool:
        made.append({"type": "web_search", "external_web_access": True})
    if "codeExecution" in tool:
        made.append({"type": "code_interpreter", "container": {"type": "auto"}})
    if "fileSearch" in tool:
        made.append({"type": "file_search", "vector_store_ids": tool["fileSearch"]["fileSearchStoreNames"]})
    return made


def _config(request: Body, config: Body) -> None:
    if config.get("maxOutputTokens", 0) >= FEWEST_TOKENS:
        request["max_output_tokens"] = config["maxOutputTokens"]
    if config.get("temperature", 0) <= _HOTTEST and "temperature" in config:
        request["temperature"] = config["temperature"]
    if config.get("responseLogprobs"):
        request["include"] = ["message.output_text.logprobs"]
    if "responseJsonSchema" in config:
        form = {"type": "json_schema", "name": "answer", "schema": config["responseJsonSchema"]}
        request["text"] = {"format": form}
    elif config.get("responseMimeType") == "application/json":
        request["text"] = {"format": {"type": "json_object"}}
    if config.get("thinkingConfig", {}).get("includeThoughts"):
        request["reasoning"] = {"summary": "auto"}
