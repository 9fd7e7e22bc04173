"""Every recorded Converse answer, read by the dialect and, independently, by this file."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest

from antiphon.errors import UpstreamRefused
from antiphon.protocols import Target, Turn
from tests.chat_streams import a_turn
from tests.converse_streams import a_target, answered, event, heard, sealed_in
from tests.grammar import check_stream
from tests.replayed import answers, exchanges, has_answer, name_of
from tests.unit.dialects.converse_to_responses import within

INCLUDED = ["reasoning.encrypted_content"]

INCOMPLETE = {"max_tokens": "max_output_tokens", "guardrail_intervened": "content_filter"}


WHOLE = [each for each in answers("bedrock-converse") if "events" not in each["response"]]
STREAMS = [each for each in answers("bedrock-converse") if "events" in each["response"]]
REFUSALS = [
    each for form in ("bedrock-converse", "bedrock-count-tokens") for each in exchanges(form) if not has_answer(each)
]


def model_of(exchange: Any) -> str:
    return unquote(exchange["request"]["url_path"].split("/")[2])


def target_for(exchange: Any) -> Target:
    """Of the two exchanges whose model is not known, both are of Claude."""
    model = model_of(exchange)
    return a_target() if model == "MODEL" else a_target(model)


def turn_for(exchange: Any) -> Turn:
    """The tools that were offered, so that calls lead back to them."""
    config = within(exchange["request"]["body"] or {}, "toolConfig")
    specs: list[Any] = [tool["toolSpec"] for tool in config.get("tools", []) if "toolSpec" in tool]
    tools = [{"type": "function", "name": spec["name"], "parameters": spec["inputSchema"]["json"]} for spec in specs]
    return a_turn(tools=tools or None, include=INCLUDED)


def bytes_of(exchange: Any) -> bytes:
    """The stream as it came, or, where only its events were kept, in frames of our own."""
    response = exchange["response"]
    if "eventstream_b64" in response:
        return base64.b64decode(response["eventstream_b64"])
    return b"".join(event(each["headers"][":event-type"], **each["payload"]) for each in response["events"])


@dataclass
class Reading:
    """What the model said, put together without any of the code under test."""

    text: str = ""
    reasoning: str = ""
    seals: list[Any] = field(default_factory=list[Any])
    calls: list[tuple[str, str, Any]] = field(default_factory=list[tuple[str, str, Any]])
    usage: Any = None
    reason: str = ""
    tier: str = "default"


def reading_of(exchange: Any) -> Reading:
    response = exchange["response"]
    if "events" in response:
        return reading_of_events([(each["headers"][":event-type"], each["payload"]) for each in response["events"]])
    body = response["body"]
    reading = Reading(usage=body["usage"], reason=body["stopReason"])
    reading.tier = body.get("serviceTier", {}).get("type", "default")
    for block in body["output"]["message"]["content"]:
        reading.text += block.get("text", "")
        if "toolUse" in block:
            use = block["toolUse"]
            reading.calls.append((use["toolUseId"], use["name"], use["input"]))
        for kind, value in block.get("reasoningContent", {}).items():
            if kind == "redactedContent":
                reading.seals.append({"redactedContent": value})
                continue
            reading.reasoning += value["text"]
            if "signature" in value:
                reading.seals.append({"text": value["text"], "signature": value["signature"]})
    return reading


def reading_of_events(events: list[tuple[str, Any]]) -> Reading:
    reading = Reading()
    blocks: dict[int, dict[str, Any]] = {}
    for kind, payload in events:
        block = blocks.setdefault(payload.get("contentBlockIndex", -1), {"text": "", "input": "", "thought": ""})
        if kind == "contentBlockStart":
            block |= payload["start"]["toolUse"]
        elif kind == "contentBlockDelta":
            delta = payload["delta"]
            reading.text += delta.get("text", "")
            block["input"] += delta.get("toolUse", {}).get("input", "")
            thought = delta.get("reasoningContent", {})
            block["thought"] += thought.get("text", "")
            block["signature"] = block.get("signature", "") + thought.get("signature", "")
        elif kind == "messageStop":
            reading.reason = payload["stopReason"]
        elif kind == "metadata":
            reading.usage = payload["usage"]
    for _, block in sorted(blocks.items()):
        reading.reasoning += block["thought"]
        if block.get("signature"):
            reading.seals.append({"text": block["thought"], "signature": block["signature"]})
        if "toolUseId" in block:
            reading.calls.append((block["toolUseId"], block["name"], json.loads(block["input"] or "{}")))
    return reading


def texts(body: Any, kind: str, *members: str) -> str:
    items = [item for item in body["output"] if item["type"] == kind]
    parts: list[Any] = [part for item in items for name in members for part in item.get(name, [])]
    return "".join(part["text"] for part in parts)


def agrees(body: Any, exchange: Any) -> None:
    """The response holds what the recording holds."""
    reading = reading_of(exchange)
    assert texts(body, "message", "content") == reading.text
    assert texts(body, "reasoning", "summary", "content") == reading.reasoning
    assert [item for envelope in sealed_in(body) for item in envelope.items] == reading.seals
    calls = [item for item in body["output"] if item["type"] == "function_call"]
    assert [(item["call_id"], item["name"], json.loads(item["arguments"])) for item in calls] == reading.calls
    sent, usage = reading.usage, body["usage"]
    read, written = sent.get("cacheReadInputTokens", 0), sent.get("cacheWriteInputTokens", 0)
    assert usage["input_tokens"] == sent["inputTokens"] + read + written
    assert usage["input_tokens_details"] == {"cached_tokens": read, "cache_write_tokens": written}
    assert usage["output_tokens"] == sent["outputTokens"]
    assert usage["total_tokens"] == sent["totalTokens"]
    assert usage["raw_usage"] == sent
    reason = INCOMPLETE.get(reading.reason)
    assert body["status"] == ("completed" if reason is None else "incomplete")
    assert body["incomplete_details"] == (None if reason is None else {"reason": reason})
    assert body["service_tier"] == reading.tier


def test_there_are_recordings() -> None:
    assert len(WHOLE) >= 36
    assert len(STREAMS) >= 11
    assert len(REFUSALS) >= 6


@pytest.mark.parametrize("exchange", WHOLE, ids=name_of)
def test_a_recorded_whole_answer(exchange: Any) -> None:
    body = json.dumps(exchange["response"]["body"]).encode()
    agrees(answered(body, turn_for(exchange), target_for(exchange)), exchange)


@pytest.mark.parametrize("exchange", STREAMS, ids=name_of)
def test_a_recorded_stream(exchange: Any) -> None:
    found = heard(bytes_of(exchange), turn_for(exchange), target_for(exchange))
    check_stream(found.events)
    assert "".join(found.said("response.output_text.delta")) == texts(found.body, "message", "content")
    agrees(found.body, exchange)


@pytest.mark.parametrize("exchange", STREAMS, ids=name_of)
def test_a_recorded_stream_is_the_same_byte_by_byte(exchange: Any) -> None:
    data = bytes_of(exchange)
    pieces = (data[place : place + 1] for place in range(len(data)))
    bytewise = heard(pieces, turn_for(exchange), target_for(exchange))
    assert bytewise.events == heard(data, turn_for(exchange), target_for(exchange)).events


def whole_of(exchange: Any) -> bytes:
    """A recorded stream as the answer that it would have been in one piece."""
    response = exchange["response"]
    blocks: dict[int, dict[str, Any]] = {}
    body: dict[str, Any] = {}
    for each in response["events"]:
        kind, payload = each["headers"][":event-type"], each["payload"]
        if kind == "contentBlockStart":
            blocks[payload["contentBlockIndex"]] = {"toolUse": payload["start"]["toolUse"] | {"input": ""}}
        elif kind == "contentBlockDelta":
            grow(blocks.setdefault(payload["contentBlockIndex"], {}), payload["delta"])
        elif kind == "messageStop":
            body["stopReason"] = payload["stopReason"]
        elif kind == "metadata":
            body |= {name: payload[name] for name in ("usage", "serviceTier") if name in payload}
    return json.dumps(body | {"output": {"message": {"content": [blocks[index] for index in sorted(blocks)]}}}).encode()


def grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    if "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    for name, value in delta.get("reasoningContent", {}).items():
        text = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {})
        text[name] = text.get(name, "") + value


@pytest.mark.parametrize("exchange", STREAMS, ids=name_of)
def test_a_recorded_stream_would_be_the_same_in_one_piece(exchange: Any) -> None:
    found = heard(bytes_of(exchange), turn_for(exchange), target_for(exchange))
    assert found.body == answered(whole_of(exchange), turn_for(exchange), target_for(exchange))


def frames_of(body: Any) -> bytes:
    """A recorded whole answer as the stream that it would have been."""
    data = event("messageStart", role="assistant")
    for index, block in enumerate(body["output"]["message"]["content"]):
        if "toolUse" in block:
            start = {name: block["toolUse"][name] for name in ("toolUseId", "name")}
            data += event("contentBlockStart", contentBlockIndex=index, start={"toolUse": start})
            delta: dict[str, Any] = {"toolUse": {"input": json.dumps(block["toolUse"]["input"])}}
            data += event("contentBlockDelta", contentBlockIndex=index, delta=delta)
        for name, value in block.get("reasoningContent", {}).items():
            pieces = [{name: value}] if name == "redactedContent" else [{key: each} for key, each in value.items()]
            pieces.sort(key=lambda each: "signature" in each)
            for each in pieces:
                data += event("contentBlockDelta", contentBlockIndex=index, delta={"reasoningContent": each})
        if "text" in block:
            data += event("contentBlockDelta", contentBlockIndex=index, delta={"text": block["text"]})
        data += event("contentBlockStop", contentBlockIndex=index)
    data += event("messageStop", stopReason=body["stopReason"])
    beside = {name: body[name] for name in ("usage", "serviceTier", "trace") if name in body}
    return data + event("metadata", **beside)


@pytest.mark.parametrize("exchange", WHOLE, ids=name_of)
def test_a_recorded_whole_answer_would_be_the_same_in_a_stream(exchange: Any) -> None:
    body = exchange["response"]["body"]
    found = heard(frames_of(body), turn_for(exchange), target_for(exchange))
    check_stream(found.events)
    assert found.body == answered(json.dumps(body).encode(), turn_for(exchange), target_for(exchange))


@pytest.mark.parametrize("exchange", REFUSALS, ids=name_of)
def test_a_recorded_refusal(exchange: Any) -> None:
    response = exchange["response"]
    target = target_for(exchange)
    error = target.dialect.refusal(response["status"], json.dumps(response["body"]).encode(), None)
    assert isinstance(error, UpstreamRefused)
    missing = "identifier is invalid" in response["body"]["message"]
    assert error.status == 400
    assert error.code == ("model_not_found" if missing else None)
    assert error.message[:40] == response["body"]["message"][:40]


@pytest.mark.parametrize("exchange", answers("bedrock-count-tokens"), ids=name_of)
def test_a_recorded_count(exchange: Any) -> None:
    target = a_target()
    counting = target.dialect.counting
    assert counting is not None
    asked = exchange["request"]["body"]["input"]["converse"]
    assert json.loads(counting.body(json.dumps(asked | {"inferenceConfig": {}}).encode(), target)) == {
        "input": {"converse": asked}
    }
    body = exchange["response"]["body"]
    assert counting.tokens(json.dumps(body).encode()) == body["inputTokens"]
