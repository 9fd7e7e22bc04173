"""Streams of chat completions, put together again: OpenAI's own client is the judge."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from antiphon.dialects import client_chat_assembly
from antiphon.dialects.client_chat_assembly import ChatAssembly
from antiphon.errors import UpstreamBroke
from tests.unit.dialects.test_chat_recordings import EXCHANGES, FAILED, name_of, within

STREAMED = [each for each in EXCHANGES if each["api"] == "openai.chat" and each["response"].get("sse")]
REASONS = {
    "openai-chat.azure-model-router.1.0.7b4de278": "its first chunk says nothing of being one",
    "openai-chat.test_include_logprobs_with_function_tools.0.91fa7438": "asserts that null logprobs stay null",
    "openai-chat.test_tools_streaming_variant_a.0.bf467b9a": "tells every call twice, and no reason for its end",
}
"""Streams that the client itself does not follow, and why."""

WHOLE = [each for each in STREAMED if each["id"] not in FAILED | REASONS.keys()]


def assembled(*pieces: bytes) -> Any:
    assembly = ChatAssembly()
    for piece in pieces:
        assembly.feed(piece)
    body = assembly.whole()
    return None if body is None else json.loads(body)


def data_of(exchange: dict[str, Any]) -> bytes:
    return exchange["response"]["sse"].encode()


@pytest.mark.parametrize("exchange", WHOLE, ids=name_of)
def test_an_answer_is_what_the_official_client_makes_of_it(exchange: dict[str, Any]) -> None:
    state: Any = ChatCompletionStreamState()
    for line in exchange["response"]["sse"].split("\n"):
        said = line.removeprefix("data: ")
        if line.startswith("data: ") and said != "[DONE]":
            state.handle_chunk(ChatCompletionChunk.model_validate_json(said))
    ours = assembled(data_of(exchange))
    for theirs, choice in zip(state.current_completion_snapshot.choices, ours["choices"], strict=True):
        made = theirs.model_dump(exclude_none=True)
        message, wanted = choice["message"], made["message"]
        assert (message.get("content") or "") == (wanted.get("content") or "")
        assert choice["finish_reason"] == made["finish_reason"]
        calls = [(call["id"], call["function"]["arguments"]) for call in message.get("tool_calls") or ()]
        assert calls == [(call["id"], call["function"]["arguments"]) for call in wanted.get("tool_calls") or ()]
        assert within(choice, "logprobs", "content") == within(made, "logprobs", "content")
    assert ours["object"] == "chat.completion"


def test_a_call_that_is_told_twice_is_one() -> None:
    twice = next(each for each in STREAMED if each["id"].endswith("variant_a.0.bf467b9a"))
    (call,) = assembled(data_of(twice))["choices"][0]["message"]["tool_calls"]
    assert call["function"] == {"name": "llm_version", "arguments": "{}"}


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_wherever_a_stream_is_cut_the_same_comes_of_it(data: st.DataObject) -> None:
    raw = data_of(WHOLE[0]) + b": a comment\n\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    edges = [0, *cuts, len(raw)]
    assert assembled(*[raw[start:end] for start, end in itertools.pairwise(edges)]) == assembled(raw)


def test_what_told_of_a_failure_or_of_nothing_is_no_answer() -> None:
    assert assembled() is None
    assert assembled(b'data: {"id":"x","choices":[]}\n\ndata: {"error":{"message":"no"}}\n\n') is None


@pytest.mark.parametrize("raw", [b"data: hello\n\n", b"data: [1]\n\n", b"data: " + b"[" * 5000 + b"\n\n"])
def test_what_is_no_chunk_breaks_the_answer(raw: bytes) -> None:
    with pytest.raises(UpstreamBroke):
        assembled(raw)


def test_odd_chunks_are_taken_as_far_as_they_go() -> None:
    raw = b"".join(
        b"data: %b\n\n" % json.dumps(chunk).encode()
        for chunk in (
            {"id": "a", "usage": {"total_tokens": 1}, "obfuscation": "xx"},
            {"id": "a", "usage": None, "choices": [5, {"delta": 7}, {"index": 1, "delta": {"content": "x"}}]},
            {"id": "a", "choices": [{"index": 1, "delta": {"content": "y", "audio": {"data": "a", "expires_at": 1}}}]},
            {"id": "a", "choices": [{"index": 1, "delta": {"audio": {"data": "b", "expires_at": 1}}}]},
        )
    )
    made = assembled(raw)
    assert [choice["message"]["content"] for choice in made["choices"]] == [None, "xy"]
    assert made["choices"][1]["message"]["audio"] == {"data": "ab", "expires_at": 1}
    assert made["usage"] == {"total_tokens": 1}
    assert "obfuscation" not in made


def test_a_stream_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_chat_assembly, "MAX_STREAM_BYTES", 10)
    with pytest.raises(UpstreamBroke, match="longer"):
        assembled(b": a comment\n\n")
