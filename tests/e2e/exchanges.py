"""What providers say, made for a test or taken from a recording."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.e2e.upstream import Reply, stream, whole

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"

Item = dict[str, Any]

UPSTREAM_ID = "resp_68a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f607"
PLAIN = "openai.responses/openai-responses.test_responses_create_streaming-content_mode0.0.91dd522e"
NATIVE_USAGE: Item = {
    "input_tokens": 21,
    "input_tokens_details": {"cached_tokens": 5},
    "output_tokens": 8,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 29,
}
CHAT_USAGE: Item = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "total_tokens": 18,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 2},
}


@cache
def recording(name: str) -> Mapping[str, Any]:
    """A recorded exchange, by its path under the recordings without `.json`."""
    return json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))


def recorded(name: str) -> Reply:
    """The answer of a recorded exchange."""
    response = recording(name)["response"]
    if "sse" in response:
        return stream(response["sse"].encode())
    return whole(response["body"], response["status"])


# --- items ------------------------------------------------------------------------------------------------------------


def message(text: str, id: str = "msg_1") -> Item:
    part: Item = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    return {"id": id, "type": "message", "status": "completed", "content": [part], "role": "assistant"}


def function_call(name: str, arguments: str, call_id: str, id: str = "fc_1") -> Item:
    return {
        "id": id,
        "type": "function_call",
        "status": "completed",
        "arguments": arguments,
        "call_id": call_id,
        "name": name,
    }


def reasoning(summary: str, sealed: str | None = None, id: str = "rs_1") -> Item:
    item: Item = {"id": id, "type": "reasoning", "summary": [{"type": "summary_text", "text": summary}]}
    return item if sealed is None else item | {"encrypted_content": sealed}


# --- a native upstream ------------------------------------------------------------------------------------------------


@cache
def _blank_response() -> Mapping[str, Any]:
    first = recording(PLAIN)["response"]["sse"].split("\n")[1]
    return json.loads(first.removeprefix("data: "))["response"]


def native_response(*output: Item, status: str = "completed", **members: Any) -> Item:
    """A response object as OpenAI sends it."""
    response: Item = copy.deepcopy(dict(_blank_response()))
    response |= {"id": UPSTREAM_ID, "instructions": None}
    ended: Item = {"status": status, "output": list(output), "usage": NATIVE_USAGE}
    if status == "completed":
        ended["completed_at"] = response["created_at"] + 1
    return response | ended | members


def native_whole(*output: Item, **members: Any) -> Reply:
    return whole(native_response(*output, **members))


def native_frames(*output: Item, **members: Any) -> list[bytes]:
    """The stream of an answer, one frame per event."""
    ended = native_response(*output, **members)
    nothing: Item = {"status": "in_progress", "completed_at": None, "output": [], "usage": None}
    begun = ended | nothing
    events: list[Item] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(output):
        events += _item_events(index, item)
    events.append({"type": f"response.{ended['status']}", "response": ended})
    return [native_frame(event | {"sequence_number": number}) for number, event in enumerate(events)]


def native_stream(*output: Item, **members: Any) -> Reply:
    return stream(*native_frames(*output, **members))


def native_frame(event: Item) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n".encode()


def _item_events(index: int, item: Item) -> list[Item]:
    place: Item = {"item_id": item["id"], "output_index": index}
    match item["type"]:
        case "message":
            empty: Item = {"content": [], "status": "in_progress"}
            inner = _text_events(place, item["content"][0])
        case "function_call":
            empty = {"arguments": "", "status": "in_progress"}
            inner = [
                {"type": "response.function_call_arguments.delta", **place, "delta": item["arguments"]},
                {"type": "response.function_call_arguments.done", **place, "arguments": item["arguments"]},
            ]
        case _:
            empty = {"summary": []}
            inner = _summary_events(place, item["summary"][0])
    added: Item = {"type": "response.output_item.added", "output_index": index, "item": item | empty}
    return [added, *inner, {"type": "response.output_item.done", "output_index": index, "item": item}]


def _text_events(place: Item, part: Item) -> list[Item]:
    spot = place | {"content_index": 0}
    return [
        {"type": "response.content_part.added", **spot, "part": part | {"text": ""}},
        *(
            {"type": "response.output_text.delta", **spot, "delta": delta, "logprobs": [], "obfuscation": _pad(delta)}
            for delta in words(part["text"])
        ),
        {"type": "response.output_text.done", **spot, "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", **spot, "part": part},
    ]


def _summary_events(place: Item, part: Item) -> list[Item]:
    spot = place | {"summary_index": 0}
    return [
        {"type": "response.reasoning_summary_part.added", **spot, "part": part | {"text": ""}},
        {"type": "response.reasoning_summary_text.delta", **spot, "delta": part["text"]},
        {"type": "response.reasoning_summary_text.done", **spot, "text": part["text"]},
        {"type": "response.reasoning_summary_part.done", **spot, "part": part},
    ]


def words(text: str) -> list[str]:
    """The text cut behind every blank."""
    return [each for each in text.replace(" ", " \0").split("\0") if each]


def _pad(delta: str) -> str:
    return "x" * (-len(delta) % 16)


# --- a chat completions upstream --------------------------------------------------------------------------------------


def chat_whole(content: str | None = None, finish: str = "stop", **members: Any) -> Reply:
    """An answer; `members` belong to its message."""
    said: Item = {"role": "assistant", "content": content, **members}
    choice: Item = {"index": 0, "message": said, "finish_reason": finish, "logprobs": None}
    head: Item = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "upstream-model"}
    return whole(head | {"choices": [choice], "usage": CHAT_USAGE})


def chat_chunk(delta: Item, finish: str | None = None) -> bytes:
    choice: Item = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return _chat_frame({"choices": [choice]})


def chat_frames(deltas: Iterable[str | Item], finish: str = "stop") -> list[bytes]:
    """The stream of an answer, one frame per chunk; a string is a piece of its content."""
    said = [delta if isinstance(delta, dict) else {"content": delta} for delta in deltas]
    frames = [chat_chunk({"role": "assistant", "content": ""}), *(chat_chunk(delta) for delta in said)]
    return [*frames, chat_chunk({}, finish), _chat_frame({"choices": [], "usage": CHAT_USAGE}), b"data: [DONE]\n\n"]


def chat_stream(*deltas: str | Item, finish: str = "stop") -> Reply:
    return stream(*chat_frames(deltas, finish))


def chat_call(name: str, arguments: str, id: str, index: int = 0) -> Item:
    """A call, as part of a message or of a delta."""
    return {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _chat_frame(members: Item) -> bytes:
    head: Item = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000}
    return f"data: {json.dumps(head | {'model': 'upstream-model'} | members)}\n\n".encode()


# --- either -----------------------------------------------------------------------------------------------------------


def said(provider: str, text: str, *, streamed: bool) -> Reply:
    """The same words from either kind of provider, `native` or `chat`."""
    if provider == "native":
        return native_stream(message(text)) if streamed else native_whole(message(text))
    return chat_stream(*words(text)) if streamed else chat_whole(text)
