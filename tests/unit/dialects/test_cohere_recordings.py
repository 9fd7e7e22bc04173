"""Every recorded exchange with Cohere's chat: its request asked again, its answer read by dialect and by this file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.chat_streams import a_turn
from tests.grammar import check_stream
from tests.replayed import answers, name_of, requests
from tests.unit.dialects.cohere_to_responses import INEXPRESSIBLE, responses_request
from tests.unit.dialects.cohere_turns import a_target, answered, cohere, heard

Body = dict[str, Any]

EXCHANGES = answers("cohere-v2")
STREAMS = [each for each in EXCHANGES if "sse" in each["response"]]
WHOLE = [each for each in EXCHANGES if "sse" not in each["response"]]


def said(body: Body) -> Body:
    """What a body asks for, in one spelling: null gone, nothing said where the default is meant."""
    asked = {name: value for name, value in body.items() if value is not None and name not in INEXPRESSIBLE}
    asked["messages"] = [{k: v for k, v in message.items() if v is not None} for message in body["messages"]]
    return asked


class Reading:
    """What Cohere said, put together without any of the code under test."""

    def __init__(self, exchange: Any) -> None:
        self.text: str = ""
        self.thoughts: str = ""
        self.calls: list[list[str]] = []
        self.citations: list[Any] = []
        self.usage: Any = {}
        self.reason: str = ""
        response = exchange["response"]
        if "sse" in response:
            lines = [line[5:].strip() for line in response["sse"].splitlines() if line.startswith("data:")]
            for event in [json.loads(line) for line in lines if line != "[DONE]"]:
                self.event(event)
        else:
            self.whole(response["body"])

    def event(self, event: Any) -> None:
        delta: Any = event.get("delta") or {}
        message: Any = delta.get("message") or {}
        if event["type"].startswith("content-") and message:
            self.text += message["content"].get("text", "")
            self.thoughts += message["content"].get("thinking", "")
        elif event["type"] == "tool-plan-delta":
            self.thoughts += message["tool_plan"]
        elif event["type"] == "tool-call-start":
            call = message["tool_calls"]
            self.calls.append([call["id"], call["function"]["name"], call["function"]["arguments"]])
        elif event["type"] == "tool-call-delta":
            self.calls[-1][2] += message["tool_calls"]["function"]["arguments"]
        elif event["type"] == "citation-start":
            self.citations.append(message["citations"])
        elif event["type"] == "message-end":
            self.usage, self.reason = delta["usage"], delta["finish_reason"]

    def whole(self, body: Any) -> None:
        message: Any = body["message"]
        self.text = "".join(part.get("text", "") for part in message.get("content") or ())
        self.thoughts = "".join(part.get("thinking", "") for part in message.get("content") or ())
        self.thoughts += message.get("tool_plan") or ""
        for call in message.get("tool_calls") or ():
            self.calls.append([call["id"], call["function"]["name"], call["function"]["arguments"]])
        self.citations = message.get("citations") or []
        self.usage, self.reason = body["usage"], body["finish_reason"]


def texts(body: Any, kind: str) -> str:
    items = [item for item in body["output"] if item["type"] == kind]
    return "".join(part["text"] for item in items for part in item["content"])


def agrees(body: Any, reading: Reading) -> None:
    assert texts(body, "message") == reading.text
    assert texts(body, "reasoning") == reading.thoughts
    calls = [item for item in body["output"] if item["type"] == "function_call"]
    assert [[call["call_id"], call["name"], call["arguments"]] for call in calls] == [
        [call_id, name, arguments or "{}"] for call_id, name, arguments in reading.calls
    ]
    notes = [
        note
        for item in body["output"]
        if item["type"] == "message"
        for part in item["content"]
        for note in part["annotations"]
    ]
    cited = [(each["start"], each["end"], source["id"]) for each in reading.citations for source in each["sources"]]
    assert [(note["start_index"], note["end_index"], note["file_id"]) for note in notes] == cited
    for note, each in zip(notes, reading.citations, strict=True):
        assert reading.text[note["start_index"] : note["end_index"]] == each["text"]
    usage = body["usage"]
    assert usage["input_tokens"] == reading.usage["tokens"]["input_tokens"]
    assert usage["output_tokens"] == reading.usage["tokens"]["output_tokens"]
    assert usage["input_tokens_details"]["cached_tokens"] == reading.usage.get("cached_tokens", 0)
    assert usage["raw_usage"] == reading.usage
    assert body["status"] == ("incomplete" if reading.reason == "MAX_TOKENS" else "completed")


def test_there_are_recordings() -> None:
    assert (len(EXCHANGES), len(STREAMS)) >= (14, 4)
    readings = [Reading(each) for each in EXCHANGES]
    assert sum(bool(each.citations) for each in readings) >= 2
    assert sum(bool(each.calls) for each in readings) >= 6
    assert sum(bool(each.thoughts) for each in readings) >= 7


@pytest.mark.parametrize("exchange", requests("cohere-v2"), ids=name_of)
def test_a_recorded_request_is_asked_again(exchange: Any) -> None:
    recorded = exchange["request"]["body"]
    asked = cohere(responses_request(recorded), a_target(model=recorded["model"]))
    assert said(asked) == said(recorded)


@pytest.mark.parametrize("exchange", STREAMS, ids=name_of)
def test_a_recorded_stream(exchange: Any) -> None:
    answer = heard(exchange["response"]["sse"].encode())
    check_stream(answer.events)
    assert "".join(answer.said("response.output_text.delta")) == texts(answer.body, "message")
    agrees(answer.body, Reading(exchange))


@pytest.mark.parametrize("exchange", WHOLE, ids=name_of)
def test_a_recorded_whole_answer(exchange: Any) -> None:
    agrees(answered(json.dumps(exchange["response"]["body"]).encode()), Reading(exchange))


@pytest.mark.parametrize("exchange", STREAMS, ids=name_of)
def test_a_recorded_stream_would_be_the_same_in_one_piece(exchange: Any) -> None:
    reading = Reading(exchange)
    calls = [{"id": i, "function": {"name": name, "arguments": arguments}} for i, name, arguments in reading.calls]
    whole: Body = {
        "id": json.loads(exchange["response"]["sse"].split("data: ")[1].split("\n")[0])["id"],
        "message": {
            "content": [{"type": "text", "text": reading.text}],
            "tool_plan": reading.thoughts,
            "tool_calls": calls,
        },
        "finish_reason": reading.reason,
        "usage": reading.usage,
    }
    turn = a_turn(store=False, include=["reasoning.encrypted_content"])
    streamed = heard(exchange["response"]["sse"].encode(), turn).body
    turn = a_turn(store=False, include=["reasoning.encrypted_content"])
    assert streamed == answered(json.dumps(whole).encode(), turn)
