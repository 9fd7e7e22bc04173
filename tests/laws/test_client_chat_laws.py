"""Requests of chat and of legacy completions, whatever stands in them: read, or refused; never a failure."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.dialects.client_chat_request import asked_by_chat
from antiphon.dialects.client_completions_request import asked_by_completion
from antiphon.errors import BadRequest
from antiphon.wire.requests import is_array, is_item

CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief.", "name": "x"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA=="}},
                {"type": "video_url", "video_url": {"url": "https://a.org/a.mp4"}},
                {"type": "document_url", "document_url": "https://a.org/a.pdf"},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
                {"type": "text", "text": "x"},
            ],
            "refusal": None,
            "tool_calls": [CALL, {"id": "d", "type": "custom", "custom": {"name": "patch", "input": "x"}}],
            "reasoning_details": [{"type": "reasoning.text", "text": "Hm.", "signature": "s", "data": "x"}],
            "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}],
            "audio": {"id": "a"},
        },
        {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "seen"}]},
        {"role": "tool", "tool_call_id": "d", "content": "done"},
        {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}},
        {"role": "function", "name": "look", "content": "seen"},
    ],
    "tools": [
        {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}, "strict": True}},
        {"type": "custom", "custom": {"name": "patch", "format": {"type": "grammar", "grammar": {"syntax": "lark"}}}},
        {"type": "web_search"},
    ],
    "functions": [{"name": "old"}],
    "tool_choice": {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "look"}}]},
    },
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}},
    "web_search_options": {"user_location": {"type": "approximate", "approximate": {"city": "Oslo"}}},
    "reasoning": {"effort": "low", "max_tokens": 5},
    "thinking": {"type": "enabled", "budget_tokens": 5},
    "stream_options": {"include_usage": True},
    "stop": ["x"],
    "n": 2,
    "store": True,
    "metadata": {"a": "b"},
    "modalities": ["text"],
    "logprobs": True,
    "top_logprobs": 2,
    "max_tokens": 5,
}
COMPLETION: dict[str, Any] = {
    "model": "m",
    "prompt": ["x", "y"],
    "stop": ["x"],
    "n": 2,
    "logprobs": 2,
    "stream_options": {"include_usage": True},
    "logit_bias": {"5": 1},
    "suffix": "x",
    "echo": True,
}
VALUES: list[Any] = [None, True, 0, -1, 1e400, 2**70, "", "x", "\ud800", [], [None], [[]], [5], {}, {"type": 5}, [{}]]
ODD = st.sampled_from(VALUES)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a body."""
    inner: list[Any] = []
    if is_item(value):
        inner += value.items()
    elif is_array(value):
        inner += enumerate(value)
    return [*([path] if path else []), *(found for name, each in inner for found in places(each, (*path, name)))]


def mutated(body: dict[str, Any], data: st.DataObject) -> bytes:
    """The body with odd values at some places."""
    changed = copy.deepcopy(body)
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from(places(changed)))
        inner: Any = changed
        for step in way:
            inner = inner[step]
        if data.draw(st.booleans()):
            inner[last] = copy.deepcopy(data.draw(ODD))
        else:
            del inner[last]
    return json.dumps(changed).encode()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_chat_is_read_or_refused(data: st.DataObject) -> None:
    with suppress(BadRequest):
        assert json.loads(asked_by_chat(mutated(CHAT, data)).request.body)["store"] is False


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_completion_is_read_or_refused(data: st.DataObject) -> None:
    with suppress(BadRequest):
        asked = asked_by_completion(mutated(COMPLETION, data))
        assert len(asked.requests) == len(asked.prompts)
