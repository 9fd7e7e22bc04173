"""Every recorded chat completions answer, read by the dialect and, independently, by this file."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from antiphon.errors import UpstreamRefused
from antiphon.protocols import Target
from antiphon.quirks import Quirks
from tests.chat_streams import a_target, a_turn, answered, heard, stream
from tests.grammar import check_stream
from tests.replayed import answers, name_of

FAILED = {
    "groq-chat.test_tool_use_failed_error_streaming_with_text.0.9e866a63": "did not call a tool",
    "openrouter-chat.test_openrouter_stream_error.0.d46e6c7c": "Token limit reached",
}
BETWEEN = {
    "groq-chat.test_groq_model_web_search_tool_stream.0.27afc62e": "its search stands between thoughts",
}
QUIRKS = {"xai": Quirks(reasoning_outside_completion=True)}


EXCHANGES = answers("openai-chat")
STREAMS = [each for each in EXCHANGES if each["response"].get("sse")]
WHOLE = [each for each in EXCHANGES if not each["response"].get("sse")]


def target_for(exchange: dict[str, Any]) -> Target:
    return a_target(QUIRKS.get(exchange["provider"]))


def within(value: Any, *names: str) -> Any:
    """The member of a member, None where there is none."""
    for name in names:
        value = None if value is None else value.get(name)
    return value


def listed(value: Any, name: str) -> list[Any]:
    return value.get(name) or []


@dataclass
class Reading:
    """What the provider said, put together without any of the code under test."""

    text: str = ""
    reasoning: str = ""
    calls: list[list[str]] = field(default_factory=list[list[str]])
    usage: Any = field(default_factory=dict[str, Any])
    finish: str = ""
    marks: dict[Any, list[str]] = field(default_factory=dict[Any, list[str]])

    def add(self, said: Any) -> None:
        self.usage = said.get("usage") or within(said, "x_groq", "usage") or self.usage
        for choice in listed(said, "choices"):
            if choice["index"] == 0:
                self.message(choice.get("delta") or choice.get("message") or {})
                self.finish = choice.get("finish_reason") or self.finish

    def message(self, message: Any) -> None:
        content = message.get("content")
        if isinstance(content, str):
            self.text += content
        else:
            for part in listed(message, "content"):
                self.text += part.get("text", "")
                self.reasoning += "".join(thought["text"] for thought in listed(part, "thinking"))
        details = [each.get("text") or each.get("summary") or "" for each in listed(message, "reasoning_details")]
        self.reasoning += "".join(details) or message.get("reasoning_content") or message.get("reasoning") or ""
        if within(message, "function_call", "name"):
            self.calls.append([message["function_call"]["name"], "", message["function_call"]["arguments"]])
        for place, piece in enumerate(listed(message, "tool_calls")):
            self.call(place if piece.get("index") is None else piece["index"], piece)

    def call(self, mark: Any, piece: Any) -> None:
        if mark not in self.marks:
            self.marks[mark] = ["", "", ""]
            self.calls.append(self.marks[mark])
        call = self.marks[mark]
        call[0] = call[0] or within(piece, "function", "name") or ""
        call[1] = call[1] or piece.get("id") or ""
        call[2] += within(piece, "function", "arguments") or ""


def reading_of(exchange: dict[str, Any]) -> Reading:
    reading = Reading()
    for said in said_in(exchange):
        reading.add(said)
    return reading


def said_in(exchange: dict[str, Any]) -> list[Any]:
    response = exchange["response"]
    if not response.get("sse"):
        return [response["body"]]
    lines = [line[5:].strip() for line in response["sse"].splitlines() if line.startswith("data:")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def tokens_in(said: list[Any]) -> list[Any]:
    """The probabilities of all tokens of a stream."""
    choices = [choice for each in said for choice in listed(each, "choices")]
    return list(itertools.chain.from_iterable(within(choice, "logprobs", "content") or () for choice in choices))


def texts(body: dict[str, Any], kind: str) -> str:
    items = [item for item in body["output"] if item["type"] == kind]
    parts = [part for item in items for part in item.get("summary", []) + item.get("content", [])]
    return "".join(part["text"] for part in parts)


def agrees(body: dict[str, Any], reading: Reading, *, outside: bool) -> None:
    assert texts(body, "message") == reading.text
    assert texts(body, "reasoning") == reading.reasoning
    calls = [item for item in body["output"] if item["type"] == "function_call"]
    assert [(call["name"], call["arguments"]) for call in calls] == [
        (name, arguments or "{}") for name, _, arguments in reading.calls
    ]
    for call, (_, given_id, _) in zip(calls, reading.calls, strict=True):
        assert call["call_id"] == given_id or (not given_id and call["call_id"].startswith("call_"))
    usage, sent = body["usage"], reading.usage
    reasoning = within(sent, "completion_tokens_details", "reasoning_tokens") if outside else 0
    assert usage["input_tokens"] == sent.get("prompt_tokens", 0)
    assert usage["output_tokens"] == sent.get("completion_tokens", 0) + reasoning
    assert usage["raw_usage"] == sent
    assert body["status"] == ("incomplete" if reading.finish == "length" else "completed")


def test_there_are_recordings() -> None:
    assert len(STREAMS) > 50
    assert len(WHOLE) > 100
    assert {each["id"] for each in EXCHANGES} >= set(FAILED)


@pytest.mark.parametrize("exchange", STREAMS, ids=name_of)
def test_a_recorded_stream(exchange: dict[str, Any]) -> None:
    target = target_for(exchange)
    answer = heard(exchange["response"]["sse"].encode(), target=target)
    if exchange["id"] in FAILED:
        check_stream(answer.events, ended=False)
        assert isinstance(answer.error, UpstreamRefused)
        assert FAILED[exchange["id"]] in answer.error.message
        return
    check_stream(answer.events)
    assert "".join(answer.said("response.output_text.delta")) == texts(answer.body, "message")
    agrees(answer.body, reading_of(exchange), outside=target.quirks.reasoning_outside_completion)


@pytest.mark.parametrize("exchange", WHOLE, ids=name_of)
def test_a_recorded_whole_answer(exchange: dict[str, Any]) -> None:
    target = target_for(exchange)
    body = answered(json.dumps(exchange["response"]["body"]).encode(), target=target)
    agrees(body, reading_of(exchange), outside=target.quirks.reasoning_outside_completion)


@pytest.mark.parametrize("exchange", WHOLE, ids=name_of)
def test_a_recorded_whole_answer_would_be_the_same_in_a_stream(exchange: dict[str, Any]) -> None:
    body = exchange["response"]["body"]
    message = body["choices"][0]["message"]
    calls = [call | {"index": place} for place, call in enumerate(message.get("tool_calls") or [])]
    first = {name: value for name, value in message.items() if name != "tool_calls"}
    choice = {"index": 0, "logprobs": body["choices"][0].get("logprobs")}
    beside = {name: value for name, value in body.items() if name != "choices"}
    chunks = [beside | {"choices": [choice | {"delta": first}]}]
    chunks += [{"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]} for call in calls]
    chunks += [{"choices": [{"index": 0, "delta": {}, "finish_reason": body["choices"][0]["finish_reason"] or "stop"}]}]
    answer = heard(stream(*chunks), target=target_for(exchange))
    check_stream(answer.events)
    assert answer.body == answered(json.dumps(body).encode(), target=target_for(exchange))


@pytest.mark.parametrize("exchange", [each for each in STREAMS if each["id"] not in FAILED | BETWEEN], ids=name_of)
def test_a_recorded_stream_would_be_the_same_in_one_piece(exchange: dict[str, Any]) -> None:
    reading = reading_of(exchange)
    calls = [
        {"id": given_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        for name, given_id, arguments in reading.calls
    ]
    message = {"content": reading.text, "reasoning_content": reading.reasoning, "tool_calls": calls}
    said = said_in(exchange)
    if details := [each for piece in said for each in details_in(piece)]:
        message["reasoning_details"] = details
    logprobs = {"content": tokens_in(said)}
    choice: Any = {"index": 0, "message": message, "finish_reason": reading.finish, "logprobs": logprobs}
    tiers = [each["service_tier"] for each in said if each.get("service_tier")]
    body: dict[str, Any] = {
        "id": said[0]["id"],
        "choices": [choice],
        "usage": reading.usage or None,
        "service_tier": tiers[-1] if tiers else None,
        "citations": said[-1].get("citations"),
    }
    turn = a_turn(include=["message.output_text.logprobs"])
    answer = heard(exchange["response"]["sse"].encode(), turn, target_for(exchange))
    turn = a_turn(include=["message.output_text.logprobs"])
    assert answer.body == answered(json.dumps(body).encode(), turn, target_for(exchange))


def details_in(piece: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for choice in piece["choices"] for each in choice["delta"].get("reasoning_details") or ()]


def test_a_recorded_stream_of_tokens_with_their_probabilities() -> None:
    (exchange,) = [each for each in STREAMS if "test_include_logprobs_streaming" in each["id"]]
    turn = a_turn(include=["message.output_text.logprobs"])
    answer = heard(exchange["response"]["sse"].encode(), turn)
    check_stream(answer.events)
    (item,) = answer.body["output"]
    (part,) = item["content"]
    sent = tokens_in(said_in(exchange))
    assert [each["token"] for each in part["logprobs"]] == [each["token"] for each in sent]
    assert len(part["logprobs"]) > 20
