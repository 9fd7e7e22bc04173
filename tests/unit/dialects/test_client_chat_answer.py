"""Answers told to chat clients: the chunks of a stream come to what the whole answer says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from antiphon.dialects.client_chat_answer import ChatTeller
from antiphon.dialects.client_chat_shapes import ChatTold
from antiphon.dialects.client_chat_whole import chat_whole
from antiphon.wire.events import Event
from antiphon.wire.synthesis import synthesised
from tests.chat_streams import a_turn, heard, stream
from tests.unit.dialects.test_chat_recordings import EXCHANGES, FAILED, name_of, reading_of, said_in, target_for, within

TOLD = ChatTold("resp_abc", 1_700_000_000, "fast", includes_usage=True)
INCLUDED = ["reasoning.encrypted_content", "message.output_text.logprobs"]


def joined(frames: bytes) -> dict[str, Any]:
    """The message that a client puts together from a stream, with its ending and its usage."""
    lines = frames.decode().split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    assert {chunk["id"] for chunk in chunks} == {"chatcmpl-abc"}
    message: dict[str, Any] = {}
    logprobs: list[Any] = []
    finish = None
    for chunk in chunks[:-1]:
        assert chunk["object"] == "chat.completion.chunk"
        assert chunk["usage"] is None
        choice = chunk["choices"][0]
        logprobs += within(choice, "logprobs", "content") or []
        finish = choice["finish_reason"] or finish
        for name, value in choice["delta"].items():
            grow(message, name, value)
    assert chunks[-1]["choices"] == []
    return {"message": message, "logprobs": logprobs, "finish_reason": finish, "usage": chunks[-1]["usage"]}


def grow(message: dict[str, Any], name: str, value: Any) -> None:
    if name == "tool_calls":
        calls = message.setdefault(name, [])
        for piece in value:
            if piece["index"] == len(calls):
                calls.append({n: v for n, v in piece.items() if n != "index"})
            else:
                kind = calls[piece["index"]]["type"]
                for member, text in piece[kind].items():
                    calls[piece["index"]][kind][member] += text
    elif isinstance(value, list):
        message[name] = message.get(name, []) + value
    elif isinstance(value, str) and name != "role":
        message[name] = (message.get(name) or "") + value
    else:
        message.setdefault(name, value)


ANSWERS = [each for each in EXCHANGES if each["id"] not in FAILED]


@pytest.mark.parametrize("exchange", ANSWERS, ids=name_of)
def test_a_stream_comes_to_what_the_whole_answer_says(exchange: dict[str, Any]) -> None:
    turn = a_turn(store=False, include=INCLUDED)
    target = target_for(exchange)
    chunks = said_in(exchange)
    if exchange["response"].get("sse"):
        outcome = heard(stream(*chunks), turn, target).outcome
        assert outcome is not None
    else:
        outcome = target.dialect.whole(turn, target, json.dumps(chunks[0]).encode())
    told = json.loads(chat_whole([outcome.body], TOLD))
    choice = told["choices"][0]
    teller = ChatTeller(TOLD)
    streamed = joined(teller.frames(synthesised(outcome.body)))
    message = {name: value for name, value in choice["message"].items() if value not in (None, "")}
    assert {name: value for name, value in streamed["message"].items() if value not in (None, "")} == message
    assert streamed["finish_reason"] == choice["finish_reason"]
    assert streamed["usage"] == told["usage"]
    assert streamed["logprobs"] == (within(choice, "logprobs", "content") or [])
    reading = reading_of(exchange)
    assert (message.get("content") or "") == reading.text
    calls = [(call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls", [])]
    assert calls == [(name, arguments or "{}") for name, _, arguments in reading.calls]


def test_words_without_probabilities_say_so() -> None:
    delta: dict[str, Any] = {"type": "response.output_text.delta", "delta": "Hi", "logprobs": []}
    event = Event("response.output_text.delta", 4, json.dumps(delta).encode())
    (chunk,) = ChatTeller(TOLD).frames([event]).decode().split("\n\n")[:-1]
    choice = json.loads(chunk.removeprefix("data: "))["choices"][0]
    assert choice == {"index": 0, "delta": {"content": "Hi"}, "logprobs": None, "finish_reason": None}


def test_entries_of_lists_have_places_by_which_clients_put_them_together() -> None:
    """OpenAI's own client gives up at a second entry without one."""
    note = {"type": "url_citation", "url": "https://a.org", "title": "A", "start_index": 0, "end_index": 2}
    part: dict[str, Any] = {"type": "output_text", "text": "Hi", "annotations": [note, note], "logprobs": []}
    output: list[dict[str, Any]] = [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "one"},
        {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "AAAA"},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]},
        {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "two"},
        {"type": "image_generation_call", "id": "ig_2", "status": "completed", "result": "BBBB"},
    ]
    body = json.dumps({"status": "completed", "output": output}).encode()
    message = json.loads(chat_whole([body], TOLD))["choices"][0]["message"]
    streamed = joined(ChatTeller(TOLD).frames(synthesised(body)))["message"]
    for member in ("reasoning_details", "annotations", "images"):
        assert [entry["index"] for entry in streamed[member]] == [0, 1]
        assert streamed[member] == message[member]
