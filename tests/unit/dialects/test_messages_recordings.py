"""Every recorded answer of the Messages API, read by the dialect and, independently, by this file."""

from __future__ import annotations

import base64
import copy
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from antiphon.protocols import Target, Turn
from antiphon.wire.requests import Item
from tests.chat_streams import a_turn
from tests.grammar import check_stream
from tests.message_streams import Heard, answered, claude, heard, host_of, sealed_in
from tests.replayed import answers, name_of

PAUSED = {"anthropic-messages.test_pause_turn_web_search_streaming_vcr.0.04678d11"}

HOSTED = {
    "web_search_tool_result": "web_search_call",
    "web_fetch_tool_result": "web_search_call",
    "mcp_tool_result": "mcp_call",
    "code_execution_tool_result": "code_interpreter_call",
    "bash_code_execution_tool_result": "code_interpreter_call",
    "text_editor_code_execution_tool_result": "code_interpreter_call",
    "tool_search_tool_result": "tool_search_call",
}
SPOKEN = {"text", "tool_use"}


def parted(exchange: dict[str, Any]) -> list[dict[str, Any]]:
    """One exchange for each answer: two recordings hold the streams of several, one behind the other."""
    begin = "event: message_start"
    streams = [begin + each for each in (exchange["response"].get("sse") or "").split(begin)[1:]]
    if len(streams) < 2:
        return [exchange]
    return [
        exchange | {"id": f"{exchange['id']}.{place}", "response": {"status": 200, "sse": stream}}
        for place, stream in enumerate(streams)
    ]


def payloads(exchange: dict[str, Any]) -> list[Any]:
    """The events of a stream, decoded."""
    response: Any = exchange["response"]
    if response.get("sse"):
        lines = response["sse"].splitlines()
        return [json.loads(line[5:]) for line in lines if line.startswith("data:")]
    events: list[Any] = response.get("events") or []
    return [copy.deepcopy(each["chunk"]) for each in events if each.get("chunk")]


EXCHANGES = [
    part for each in answers("anthropic-messages") + answers("bedrock-invoke-anthropic") for part in parted(each)
]
STREAMS = [each for each in EXCHANGES if payloads(each)]
WHOLE = [each for each in EXCHANGES if not payloads(each)]


@dataclass
class Reading:
    """What the provider said, put together without any of the code under test."""

    content: list[Any] = field(default_factory=list[Any])
    usage: dict[str, Any] = field(default_factory=dict[str, Any])
    stop: str | None = None
    id: str = ""
    container: Any = None


def reading_of(exchange: dict[str, Any]) -> Reading:
    events = payloads(exchange)
    if not events:
        body = exchange["response"]["body"]
        usage = {name: value for name, value in body["usage"].items() if value is not None}
        return Reading(body["content"], usage, body["stop_reason"], body["id"], body.get("container"))
    reading = Reading()
    inputs: dict[int, str] = {}
    for event in events:
        if event["type"] == "message_start":
            reading.id = event["message"]["id"]
            reading.usage = dict(event["message"]["usage"])
            reading.content = list(event["message"]["content"])
            reading.stop = event["message"].get("stop_reason")
            reading.container = event["message"].get("container")
        elif event["type"] == "content_block_start":
            reading.content.append(event["content_block"])
            inputs[event["index"]] = ""
        elif event["type"] == "content_block_delta":
            put_on(reading.content[event["index"]], event["delta"], inputs, event["index"])
        elif event["type"] == "message_delta":
            reading.stop = event["delta"]["stop_reason"]
            reading.container = event["delta"].get("container")
            reading.usage |= event["usage"]
    for index, text in inputs.items():
        if text:
            reading.content[index]["input"] = json.loads(text)
    return reading


def put_on(block: Any, delta: Any, inputs: dict[int, str], index: int) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = block.get("signature", "") + delta["signature"]
        case "input_json_delta":
            inputs[index] += delta["partial_json"]
        case "citations_delta":
            block.setdefault("citations", []).append(delta["citation"])
        case "compaction_delta":
            block["content"] = delta["content"]
        case other:
            raise AssertionError(other)


def wire_bytes(exchange: dict[str, Any]) -> bytes:
    """The stream as it came."""
    response = exchange["response"]
    return response["sse"].encode() if response.get("sse") else base64.b64decode(response["eventstream_b64"])


def target_of(exchange: dict[str, Any]) -> Target:
    body: Any = exchange["request"]["body"] or {}
    return claude(body.get("model") or reading_model(exchange), host_of(exchange))


def reading_model(exchange: dict[str, Any]) -> str:
    body = exchange["response"].get("body") or payloads(exchange)[0]["message"]
    return body["model"]


def texts(body: Any, kind: str) -> str:
    items = [item for item in body["output"] if item["type"] == kind]
    return "".join(part["text"] for item in items for part in item.get("summary", []) + item.get("content", []))


def is_kept(block: Any) -> bool:
    """Whether only the provider can say it again, or wants to see it as it was."""
    return block["type"] not in SPOKEN and (block["type"] != "thinking" or bool(block.get("signature")))


def agrees(body: Any, reading: Reading) -> None:
    content = reading.content
    text = "".join(block["text"] for block in content if block["type"] == "text")
    assert texts(body, "message") == text
    thoughts = "".join(block["thinking"] for block in content if block["type"] == "thinking")
    assert texts(body, "reasoning").replace("\n\n", "") == thoughts.replace("\n\n", "")
    calls = [item for item in body["output"] if item["type"] == "function_call"]
    uses = [block for block in content if block["type"] == "tool_use"]
    assert [(each["call_id"], each["name"], json.loads(each["arguments"])) for each in calls] == [
        (each["id"], each["name"], each["input"]) for each in uses
    ]
    hosted = [(item["type"], item["id"]) for item in body["output"] if item["type"] in HOSTED.values()]
    assert hosted == [(HOSTED[block["type"]], block["tool_use_id"]) for block in content if block["type"] in HOSTED]
    kept = [block for item in body["output"] for block in sealed_in(item)]
    container = [{"type": "container", **reading.container}] if reading.container else []
    assert kept == [block for block in content if is_kept(block)] + container
    cites(body, content)
    counts(body["usage"], reading.usage)
    assert body["status"] == ("incomplete" if reading.stop in ("max_tokens", "pause_turn") else "completed")


def cites(body: Any, content: list[Any]) -> None:
    """Every citation spans the block that it was made in."""
    parts = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
    notes = [(note, part["text"]) for part in parts for note in part["annotations"]]
    cited: list[Any] = [(block["text"], each) for block in content for each in cited_by(block)]
    assert len(notes) == len(cited)
    for (note, text), (said, source) in zip(notes, cited, strict=True):
        assert note["type"] == "url_citation"
        assert text[note["start_index"] : note["end_index"]] == said
        assert (note["url"], note["title"]) == (source["url"], source["title"])


def cited_by(block: Any) -> list[Any]:
    return block.get("citations") or []


def counts(usage: Any, sent: dict[str, Any]) -> None:
    read, written = sent.get("cache_read_input_tokens") or 0, sent.get("cache_creation_input_tokens") or 0
    assert usage["input_tokens"] == sent["input_tokens"] + read + written
    assert usage["input_tokens_details"] == {"cached_tokens": read, "cache_write_tokens": written}
    assert usage["output_tokens"] == sent["output_tokens"]
    details: Any = sent.get("output_tokens_details") or {}
    assert usage["output_tokens_details"]["reasoning_tokens"] == details.get("thinking_tokens", 0)
    assert usage["raw_usage"] == {name: value for name, value in sent.items() if value is not None}


def asking() -> Turn:
    turn = a_turn(stream=True, include=["reasoning.encrypted_content"])
    turn.input = [user("Hi")]
    return turn


def read(exchange: dict[str, Any]) -> Heard:
    return heard(wire_bytes(exchange), turn=asking(), target=target_of(exchange))


def finished(reading: Reading) -> bytes:
    """What a provider may say after its pause."""
    rest = {"type": "text", "text": ""}
    events = [
        {"type": "message_start", "message": {"id": "msg_2", "usage": {"input_tokens": 0, "output_tokens": 0}}},
        {"type": "content_block_start", "index": 0, "content_block": rest},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Done."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 0}},
        {"type": "message_stop"},
    ]
    reading.content.append({"type": "text", "text": "Done."})
    reading.stop = "end_turn"
    return "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events).encode()


def test_there_are_recordings() -> None:
    assert len(STREAMS) > 30
    assert len(WHOLE) > 80
    assert {each["id"] for each in EXCHANGES} >= PAUSED


@pytest.mark.parametrize("exchange", [each for each in STREAMS if each["id"] not in PAUSED], ids=name_of)
def test_a_recorded_stream(exchange: dict[str, Any]) -> None:
    answer = read(exchange)
    check_stream(answer.events)
    assert "".join(answer.said("response.output_text.delta")) == texts(answer.body, "message")
    assert answer.outcome is not None
    assert answer.outcome.upstream_id == reading_of(exchange).id
    agrees(answer.body, reading_of(exchange))


@pytest.mark.parametrize("exchange", [each for each in STREAMS if each["id"] in PAUSED], ids=name_of)
def test_a_recorded_stream_that_pauses_is_one_answer_with_what_follows(exchange: dict[str, Any]) -> None:
    reading = reading_of(exchange)
    answer = read(exchange)
    check_stream(answer.events, ended=False)
    assert answer.outcome is None
    assert answer.resumption is not None
    assert answer.resumption.streamed
    asked = json.loads(answer.resumption.body)["messages"]
    assert [each["role"] for each in asked] == ["user", "assistant"]
    assert asked[1]["content"] == [block for block in reading.content if block != {"type": "text", "text": ""}]
    more = finished(reading)
    answer = heard(wire_bytes(exchange), more, turn=asking(), target=target_of(exchange))
    check_stream(answer.events)
    agrees(answer.body, reading)


@pytest.mark.parametrize("exchange", WHOLE, ids=name_of)
def test_a_recorded_whole_answer(exchange: dict[str, Any]) -> None:
    body = answered(exchange["response"]["body"], asking(), target_of(exchange))
    agrees(body, reading_of(exchange))


@pytest.mark.parametrize("exchange", [each for each in STREAMS if each["id"] not in PAUSED], ids=name_of)
def test_a_recorded_stream_would_be_the_same_in_one_piece(exchange: dict[str, Any]) -> None:
    reading = reading_of(exchange)
    whole = {"id": reading.id, "type": "message", "content": reading.content, "stop_reason": reading.stop}
    body = answered(whole | {"usage": reading.usage, "container": reading.container}, asking(), target_of(exchange))
    assert compared(read(exchange).body) == compared(body)


@pytest.mark.parametrize("exchange", WHOLE, ids=name_of)
def test_a_recorded_whole_answer_would_be_the_same_in_a_stream(exchange: dict[str, Any]) -> None:
    body = exchange["response"]["body"]
    beside = {name: value for name, value in body.items() if name in ("id", "usage")}
    events = [{"type": "message_start", "message": beside}]
    for index, block in enumerate(body["content"]):
        events += [{"type": "content_block_start", "index": index, "content_block": block}]
        events += [{"type": "content_block_stop", "index": index}]
    end = {name: body.get(name) for name in ("stop_reason", "stop_sequence", "container")}
    end["stop_reason"] = end["stop_reason"] or "end_turn"
    events += [{"type": "message_delta", "delta": end, "usage": {}}, {"type": "message_stop"}]
    stream = "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events).encode()
    target = target_of(exchange)
    answer = heard(stream, turn=asking(), target=claude(target.model))
    check_stream(answer.events)
    assert answer.body == answered(body, asking(), target)


@pytest.mark.parametrize("exchange", [each for each in EXCHANGES if each["id"] not in PAUSED], ids=name_of)
def test_what_was_said_goes_back_as_it_was(exchange: dict[str, Any]) -> None:
    """Every block in its place, but that text is not cited and calls have results."""
    reading = reading_of(exchange)
    target = target_of(exchange)
    body = read(exchange).body if payloads(exchange) else answered(exchange["response"]["body"], asking(), target)
    turn = asking()
    turn.input = [user("Hi"), *body["output"]]
    turn.input += [output(item["call_id"]) for item in body["output"] if item["type"] == "function_call"]
    turn.input.append(user("And now?"))
    built = target.dialect.build(turn, target)
    said = [block for block in reading.content if is_kept(block) or block["type"] in SPOKEN]
    answers = [each for each in json.loads(built.body)["messages"] if each["role"] == "assistant"]
    sent = [block for each in answers for block in each["content"]]
    assert joined(sent) == joined(said)
    assert built.warnings == ()


def user(text: str) -> Item:
    return {"type": "message", "role": "user", "content": text}


def output(call_id: str) -> Item:
    return {"type": "function_call_output", "call_id": call_id, "output": "seen"}


def joined(blocks: list[Any]) -> list[Any]:
    """Blocks with neighbouring text put together, and without what a replay may leave out."""
    found: list[Any] = []
    for block in blocks:
        bare = {name: value for name, value in block.items() if name not in ("cache_control", "caller")}
        if block["type"] != "text":
            found.append(bare if block["type"] == "tool_use" else without_mark(block))
        elif found and found[-1]["type"] == "text":
            found[-1] = {"type": "text", "text": found[-1]["text"] + block["text"]}
        else:
            found.append({"type": "text", "text": block["text"]})
    return [block for block in found if block["type"] != "text" or block["text"].strip()]


def without_mark(block: Any) -> Any:
    return {name: value for name, value in block.items() if name != "cache_control"}


def compared(body: Any) -> Any:
    """A response whose arguments are values, since their spelling is the provider's affair."""
    for item in body["output"]:
        if "arguments" in item and isinstance(item["arguments"], str):
            item["arguments"] = json.loads(item["arguments"])
    return body
