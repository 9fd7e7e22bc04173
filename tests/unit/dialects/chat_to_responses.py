"""Recorded chat completions requests as a Responses client would have asked the same: an independent way back.

Nothing here knows the code under test, but for the form of a seal. What the Responses API has no word for is named in
`INEXPRESSIBLE`.
"""

from typing import Any

from tests.unit.dialects.chat_turns import sealed_chat

Body = dict[str, Any]

INEXPRESSIBLE = frozenset(
    {"n", "stop", "seed", "logit_bias", "functions", "function_call", "web_search_options", "moderation", "modalities"}
    | {"audio", "provider", "models", "transforms", "preset", "top_k", "min_p", "repetition_penalty", "echo", "store"}
    | {"safety_model", "extra_body", "reasoning_format", "clear_thinking", "prompt_cache_options", "prediction"}
    | {"include_reasoning", "plugins"}
)

FEWEST_TOKENS = 16


def responses_request(body: Body) -> Body:
    """The create request that asks what `body` asks."""
    request: Body = {"model": body["model"], "input": []}
    for position, message in enumerate(body["messages"]):
        if position == 0 and message["role"] == "system":
            request["instructions"] = _text_of(message["content"])
        else:
            request["input"] += list(_items(message, body["model"]))
    for name in ("stream", "temperature", "top_p", "presence_penalty", "frequency_penalty", "parallel_tool_calls"):
        request[name] = body.get(name)
    for name in ("service_tier", "prompt_cache_key", "user"):
        request[name] = body.get(name)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    request["max_output_tokens"] = limit if limit is not None and limit >= FEWEST_TOKENS else None
    request["tools"] = [_tool(tool) for tool in body.get("tools") or () if "function" in tool] or None
    request["tool_choice"] = _choice(body.get("tool_choice"))
    request["text"] = {"format": _format(body.get("response_format")), "verbosity": body.get("verbosity")}
    request["reasoning"] = {"effort": _effort(body)}
    if body.get("logprobs"):
        request["include"] = ["message.output_text.logprobs"]
        request["top_logprobs"] = body.get("top_logprobs")
    return {name: value for name, value in request.items() if value is not None}


def _items(message: Body, model: str) -> Any:
    content: Any = message.get("content")
    if message["role"] == "tool":
        said = content if isinstance(content, str) else [_part(part) for part in content]
        yield {"type": "function_call_output", "call_id": message["tool_call_id"], "output": said}
        return
    if message["role"] != "assistant":
        said = content if isinstance(content, str) else [_part(part) for part in content]
        yield {"role": message["role"], "content": said}
        return
    yield from _reasoning(message, model)
    if text := _text_of(content):
        answer: Body = {"type": "output_text", "text": text, "annotations": []}
        yield {"type": "message", "role": "assistant", "status": "completed", "content": [answer]}
    for called in message.get("tool_calls") or ():
        function = called["function"]
        yield {"type": "function_call", "call_id": called["id"]} | {k: function[k] for k in ("name", "arguments")}


def _reasoning(message: Body, model: str) -> Any:
    text = message.get("reasoning_content") or message.get("reasoning") or ""
    if isinstance(message.get("content"), list):
        thinking = [part for part in message["content"] if part["type"] == "thinking"]
        text = text or "\n\n".join(_text_of(part["thinking"]) for part in thinking)
    item: Body = {"type": "reasoning", "summary": []}
    if text:
        item["content"] = [{"type": "reasoning_text", "text": text}]
    if details := message.get("reasoning_details"):
        item["encrypted_content"] = sealed_chat({"reasoning_details": details}, model=model)
    if text or details:
        yield item


def _part(part: Body) -> Body:
    match part["type"]:
        case "text":
            return {"type": "input_text", "text": part["text"]}
        case "image_url":
            image: Body = part["image_url"]
            detail = {name: image[name] for name in ("detail",) if name in image}
            return {"type": "input_image", "image_url": image["url"]} | detail
        case "file":
            file: Body = part["file"]
            data: str = file.get("file_data", "")
            kept = {name: file[name] for name in ("file_id", "filename") if name in file}
            if data:
                kept["file_url" if data.startswith("http") else "file_data"] = data
            return {"type": "input_file"} | kept
        case "document_url":
            url = part["document_url"]
            return {"type": "input_file", "file_data" if url.startswith("data:") else "file_url": url}
        case "input_audio":
            said = part["input_audio"]
            return {
                "type": "input_audio",
                "input_audio": {"data": said, "format": "wav"} if isinstance(said, str) else said,
            }
        case "video_url":
            return {"type": "input_video", "video_url": part["video_url"]["url"]}
        case kind:
            raise AssertionError(f"no such part is known: {kind}")


def _tool(tool: Body) -> Body:
    function: Body = tool["function"]
    kept = {name: function[name] for name in ("name", "description", "parameters", "strict") if name in function}
    return {"type": "function"} | kept


def _choice(choice: Any) -> Any:
    if choice is None or isinstance(choice, str):
        return "required" if choice == "any" else choice
    return {"type": "function", "name": choice["function"]["name"]}


def _format(form: Body | None) -> Body | None:
    if form is None or form["type"] != "json_schema":
        return form
    return {"type": "json_schema"} | form["json_schema"]


def _effort(body: Body) -> str | None:
    if "reasoning" in body:
        return body["reasoning"].get("effort")
    if "thinking" in body:
        return "high" if body["thinking"]["type"] == "enabled" else "none"
    return body.get("reasoning_effort")


def _text_of(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part["text"] for part in content if part["type"] == "text")
