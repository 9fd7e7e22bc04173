"""Recorded requests to Cohere as a Responses client would have asked the same: an independent way back.

Nothing here knows the code under test. What the Responses API has no word for is named in `INEXPRESSIBLE`.
"""

from typing import Any

Body = dict[str, Any]

INEXPRESSIBLE = frozenset({"stop_sequences", "seed", "k", "safety_mode", "citation_options", "priority"})

_CHOICES = {"REQUIRED": "required", "NONE": "none", None: None}


def responses_request(body: Body) -> Body:
    """The create request that asks what `body` asks."""
    request: Body = {"model": body["model"], "input": [], "stream": body.get("stream")}
    for message in body["messages"]:
        request["input"] += list(_items(message))
    for theirs, ours in {"max_tokens": "max_output_tokens", "p": "top_p", "temperature": "temperature"}.items():
        request[ours] = body.get(theirs)
    request["tools"] = [{"type": "function"} | tool["function"] for tool in body.get("tools") or ()] or None
    request["tool_choice"] = _CHOICES[body.get("tool_choice")]
    return {name: value for name, value in request.items() if value is not None}


def _items(message: Body) -> Any:
    role, content = message["role"], message.get("content")
    if role == "tool":
        yield {"type": "function_call_output", "call_id": message["tool_call_id"], "output": content}
        return
    if role != "assistant":
        yield {"type": "message", "role": role, "content": content}
        return
    if content:
        yield {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": content}]}
    for call in message.get("tool_calls") or ():
        yield {"type": "function_call", "call_id": call["id"]} | call["function"]
