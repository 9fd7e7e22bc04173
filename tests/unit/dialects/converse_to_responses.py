"""Recorded Converse requests as a Responses client would have asked the same: an independent way back.

Nothing here knows the code under test, but for the form of a seal. What the Responses API has no word for is named in
`INEXPRESSIBLE`; fields of Bedrock's own that the gateway takes as they are travel beside the request.
"""

import json
from typing import Any

from tests.unit.dialects.converse_turns import sealed_converse

Body = dict[str, Any]

INEXPRESSIBLE = {
    "inferenceConfig.stopSequences": "the Responses API has no stop sequences",
    "guardContent": "marks what a guardrail looks at; without it, a guardrail looks at everything",
    "toolConfig.cachePoint": "no breakpoint stands behind tools; the implicit mode puts one there",
}

OWN = ("guardrailConfig", "performanceConfig", "requestMetadata")
FEWEST_TOKENS = 16
EFFORTS = {1024: "minimal"}
DOCUMENTS = {"txt": "text/plain", "pdf": "application/pdf"}


def responses_request(body: Body, model: str, bare: str) -> Body:
    """The create request that asks what `body` asks of `model`, whose own name is `bare`."""
    request: Body = {"model": model, "input": [], "prompt_cache_options": {"mode": "explicit"}}
    request["input"] += list(_system(body.get("system") or []))
    for message in body["messages"]:
        request["input"] += list(_items(message, bare))
    config = within(body, "inferenceConfig")
    limit = config.get("maxTokens")
    request["max_output_tokens"] = limit if limit is not None and limit >= FEWEST_TOKENS else None
    request["temperature"], request["top_p"] = config.get("temperature"), config.get("topP")
    tools = within(body, "toolConfig")
    request["tools"] = [_tool(tool["toolSpec"]) for tool in tools.get("tools") or () if "toolSpec" in tool] or None
    request["tool_choice"] = _choice(tools.get("toolChoice"))
    request["service_tier"] = within(body, "serviceTier").get("type")
    if "outputConfig" in body:
        request["text"] = {"format": _format(body["outputConfig"]["textFormat"])}
    extra = dict(within(body, "additionalModelRequestFields"))
    if thinking := extra.pop("thinking", None):
        request["reasoning"] = {"effort": EFFORTS[thinking["budget_tokens"]]}
    if extra:
        request["additionalModelRequestFields"] = extra
    request |= {name: body[name] for name in OWN if name in body}
    return {name: value for name, value in request.items() if value is not None}


def within(body: Any, name: str) -> Body:
    """An object in an object, empty where there is none."""
    return body.get(name) or {}


def _system(blocks: list[Body]) -> Any:
    """System text, with its cache points as breakpoints, which only a message's parts can have."""
    parts = _parts(blocks)
    if parts:
        yield {"type": "message", "role": "developer", "content": parts}


def _items(message: Body, bare: str) -> Any:
    if message["role"] == "user":
        for block in message["content"]:
            if "toolResult" in block:
                yield _output(block["toolResult"])
        if parts := _parts([block for block in message["content"] if "toolResult" not in block]):
            yield {"type": "message", "role": "user", "content": parts}
        return
    for block in message["content"]:
        if "text" in block:
            said: Body = {"type": "output_text", "text": block["text"], "annotations": []}
            yield {"type": "message", "role": "assistant", "status": "completed", "content": [said]}
        elif "toolUse" in block:
            use = block["toolUse"]
            called = {"name": use["name"], "arguments": json.dumps(use["input"])}
            yield {"type": "function_call", "call_id": use["toolUseId"]} | called
        else:
            reasoning = block["reasoningContent"]
            kept = reasoning if "redactedContent" in reasoning else reasoning["reasoningText"]
            yield {"type": "reasoning", "summary": [], "encrypted_content": sealed_converse(kept, model=bare)}


def _output(result: Body) -> Body:
    content = [{"text": json.dumps(each["json"])} if "json" in each else each for each in result["content"]]
    output: Any = _parts(content)
    if [each["type"] for each in output] == ["input_text"]:
        output = output[0]["text"]
    status = "incomplete" if result.get("status") == "error" else "completed"
    return {"type": "function_call_output", "call_id": result["toolUseId"], "output": output, "status": status}


def _parts(blocks: list[Body]) -> list[Body]:
    parts: list[Body] = []
    for block in blocks:
        if "cachePoint" in block:
            parts[-1]["prompt_cache_breakpoint"] = {"mode": "explicit"}
        elif block.get("text") != "\n":  # what stands between a document and a cache point
            parts.append(_part(block))
    return parts


def _part(block: Body) -> Body:
    match next(iter(block)):
        case "text":
            return {"type": "input_text", "text": block["text"]}
        case "guardContent":
            return {"type": "input_text", "text": block["guardContent"]["text"]["text"]}
        case "image":
            return {"type": "input_image", "image_url": _url(block["image"], "image")}
        case "video":
            return {"type": "input_video", "video_url": _url(block["video"], "video")}
        case "document":
            document = block["document"]
            if "s3Location" in document["source"]:
                return {"type": "input_file", "file_url": document["source"]["s3Location"]["uri"]}
            data = f"data:{DOCUMENTS[document['format']]};base64,{document['source']['bytes']}"
            return {"type": "input_file", "file_data": data}
        case kind:
            raise AssertionError(f"no such block is known: {kind}")


def _url(media: Body, kind: str) -> str:
    source = media["source"]
    if "s3Location" in source:
        return source["s3Location"]["uri"]
    return f"data:{kind}/{media['format'].rpartition('/')[2]};base64,{source['bytes']}"


def _tool(spec: Body) -> Body:
    tool: Body = {"type": "function", "name": spec["name"], "parameters": spec["inputSchema"]["json"]}
    return tool | {name: spec[name] for name in ("description", "strict") if name in spec}


def _choice(choice: Body | None) -> Any:
    if choice is None:
        return None
    if "tool" in choice:
        return {"type": "function", "name": choice["tool"]["name"]}
    return "auto" if "auto" in choice else "required"


def _format(form: Body) -> Body:
    schema = form["structure"]["jsonSchema"]
    named = {"name": schema["name"], "schema": json.loads(schema["schema"]), "strict": True}
    return {"type": "json_schema", "description": schema.get("description")} | named
