"""Answers told to Anthropic's clients: the events of a stream come to what the whole answer says.

What Anthropic itself said, read by our own reader, must be told as it was said.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from antiphon.dialects.client_gemini_shapes import parts_of
from antiphon.dialects.client_messages_answer import MessagesTeller
from antiphon.dialects.client_messages_shapes import MessagesTold
from antiphon.dialects.client_messages_whole import failed_answer, messages_whole
from antiphon.wire.events import Event
from antiphon.wire.synthesis import synthesised
from tests.message_streams import answered, asking, heard
from tests.unit.dialects.test_messages_recordings import (
    EXCHANGES,
    PAUSED,
    Reading,
    name_of,
    payloads,
    put_on,
    reading_of,
    target_of,
    wire_bytes,
)

TOLD = MessagesTold("resp_abc", "fast")
RECORDED = [each for each in EXCHANGES if each["id"] not in PAUSED]

Body = dict[str, Any]


def told_whole(**members: Any) -> Body:
    return json.loads(messages_whole(body_of(**members), TOLD))


def body_of(**members: Any) -> bytes:
    return json.dumps({"status": "completed", "output": []} | members).encode()


def events_in(frames: bytes) -> list[Body]:
    """Every event, by the rules of Anthropic's streams."""
    told: list[Body] = []
    for frame in frames.decode().removesuffix("\n\n").split("\n\n"):
        name, data = frame.split("\n")
        told.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {told[-1]['type']}"
    return told


def joined(frames: bytes) -> Body:
    """The message that a client puts together, block by block: none begins while another is open."""
    begun, *events, last = events_in(frames)
    assert (begun["type"], last["type"]) == ("message_start", "message_stop")
    message: Body = begun["message"]
    inputs = ""
    opened: int | None = None
    for event in events:
        content = message["content"]
        match event["type"]:
            case "content_block_start":
                assert opened is None
                opened = event["index"]
                assert opened == len(content)
                content.append(event["content_block"])
                inputs = ""
            case "content_block_delta":
                assert event["index"] == opened
                pieces = {len(content) - 1: ""}
                put_on(content[-1], event["delta"], pieces, len(content) - 1)
                inputs += pieces[len(content) - 1]
            case "content_block_stop":
                assert event["index"] == opened
                opened = None
                if inputs:
                    content[-1]["input"] = json.loads(inputs)
            case _:
                assert event["type"] == "message_delta"
                message |= event["delta"] | {"usage": event["usage"]}
    assert opened is None
    return message


def agrees(message: Body, reading: Reading) -> None:
    """What was recorded is what is told; seals are the gateway's own."""
    content: list[Body] = message["content"]
    text = "".join(block["text"] for block in content if block["type"] == "text")
    recorded = "".join(block["text"] for block in reading.content if block["type"] == "text")
    assert text == recorded
    thoughts = "".join(block["thinking"] for block in content if block["type"] == "thinking")
    thought = "".join(block["thinking"] for block in reading.content if block["type"] == "thinking")
    assert thoughts.replace("\n\n", "") == thought.replace("\n\n", "")
    signed = any(block.get("signature") or block.get("data") for block in reading.content)
    assert signed <= any(seal.startswith("ant1.") for block in content for seal in seals_of(block))
    calls = [(each["id"], each["name"], each["input"]) for each in content if each["type"] == "tool_use"]
    assert calls == [
        (each["id"], each["name"], each["input"]) for each in reading.content if each["type"] == "tool_use"
    ]
    assert message["stop_reason"] == reading.stop
    usage = {name: value for name, value in message["usage"].items() if value}
    assert usage == {name: value for name in message["usage"] if (value := reading.usage.get(name))}


def seals_of(block: Body) -> list[str]:
    return [block[name] for name in ("signature", "data") if block.get(name)]


@pytest.mark.parametrize("exchange", RECORDED, ids=name_of)
def test_a_recorded_answer_is_told_as_it_was_said(exchange: Body) -> None:
    target, turn = target_of(exchange), asking(store=False)
    if payloads(exchange):
        events = heard(wire_bytes(exchange), turn=turn, target=target)
        outcome = events.outcome
        assert outcome is not None
        told = events.events
        body = outcome.body
    else:
        body = json.dumps(answered(exchange["response"]["body"], turn, target)).encode()
        told = synthesised(body)
    whole = json.loads(messages_whole(body, TOLD))
    assert joined(MessagesTeller(TOLD).frames(told)) == whole
    assert joined(MessagesTeller(TOLD).frames(synthesised(body))) == whole
    agrees(whole, reading_of(exchange))


def test_there_are_answers() -> None:
    assert len(RECORDED) > 90


MESSAGE: Body = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
CALL: Body = {"type": "function_call", "id": "f", "status": "completed", "call_id": "c", "name": "look"}


def said(*parts: Body) -> Body:
    return MESSAGE | {"content": list(parts)}


def text(words: str, *notes: Body) -> Body:
    return {"type": "output_text", "text": words, "annotations": list(notes)}


def sealed(seal: str) -> Body:
    return {"type": "reasoning", "id": "r", "summary": [], "encrypted_content": seal}


ANSWERS: dict[str, Body] = {
    "nothing": {"output": []},
    "empty text": {"output": [said(text(""))]},
    "two parts": {"output": [said(text("a"), text("b"))]},
    "refusal": {"output": [said({"type": "refusal", "refusal": "No."})]},
    "call": {"output": [CALL | {"arguments": '{"a": 1}'}]},
    "call in a namespace": {"output": [CALL | {"arguments": "{}", "namespace": "n"}]},
    "open thoughts": {
        "output": [{"type": "reasoning", "id": "r", "content": [{"type": "reasoning_text", "text": "a"}]}]
    },
    "no thoughts": {"output": [{"type": "reasoning", "id": "r", "summary": []}]},
    "sealed": {"output": [{"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "ant1.x"}]},
    "text sealed": {"output": [said(text("a")), sealed("ant1.x"), sealed("ant1.y")]},
    "text sealed before a call": {
        "output": [said(text("a")), sealed("ant1.x"), sealed("ant1.y"), CALL | {"arguments": "{}"}]
    },
    "cut": {"output": [said(text("a"))], "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
    "filtered": {"output": [], "status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
    "stopped": {"output": [said(text("a"))], "stop_sequence": "END"},
    "code": {
        "output": [
            {"type": "code_interpreter_call", "id": "ci", "status": "completed", "code": "1", "container_id": "c"}
            | {"outputs": [{"type": "logs", "logs": "1"}, {"type": "image", "url": "u"}]}
        ]
    },
    "failed search": {
        "output": [
            {"type": "web_search_call", "id": "ws", "status": "failed", "action": {"type": "search", "queries": ["a"]}}
        ]
    },
    "page opened": {"output": [{"type": "web_search_call", "id": "ws", "action": {"type": "open_page", "url": "u"}}]},
    "mcp": {
        "output": [
            {"type": "mcp_call", "id": "mc", "server_label": "s", "name": "n", "arguments": '{"a":1}', "output": "x"},
            {"type": "mcp_call", "id": "md", "server_label": "s", "name": "n", "arguments": "{}", "error": {"e": 1}},
        ]
    },
    "citations": {
        "output": [
            said(
                text(
                    "Hello",
                    {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 4},
                    {"type": "file_citation", "file_id": "f", "filename": "n", "index": 1},
                )
            )
        ]
    },
}

REASONS = {
    "refusal": "refusal",
    "call": "tool_use",
    "call in a namespace": "tool_use",
    "text sealed before a call": "tool_use",
    "cut": "max_tokens",
    "filtered": "refusal",
    "stopped": "stop_sequence",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_stream_comes_to_what_the_whole_answer_says(name: str) -> None:
    body = body_of(**ANSWERS[name])
    whole = json.loads(messages_whole(body, TOLD))
    assert joined(MessagesTeller(TOLD).frames(synthesised(body))) == whole
    assert whole["stop_reason"] == REASONS.get(name, "end_turn")
    assert (whole["stop_sequence"] == "END") == (name == "stopped")


def test_an_answer_ends_with_its_text_and_not_with_a_seal_on_it() -> None:
    """Claude Code takes the last block for the answer."""
    kinds = {name: [block["type"] for block in told_whole(**ANSWERS[name])["content"]] for name in ANSWERS}
    assert kinds["text sealed"] == ["text"]
    assert kinds["text sealed before a call"] == ["text", "redacted_thinking", "redacted_thinking", "tool_use"]
    assert kinds["sealed"] == ["redacted_thinking"]


def test_citations_quote_what_they_are_about() -> None:
    (block,) = told_whole(**ANSWERS["citations"])["content"]
    (cited,) = block["citations"]
    assert (cited["cited_text"], cited["url"]) == ("Hell", "u")


def test_usage_is_told_apart() -> None:
    details = {"cached_tokens": 3, "cache_write_tokens": 2}
    usage = {"input_tokens": 10, "input_tokens_details": details, "output_tokens": 4}
    assert told_whole(usage=usage)["usage"] == {
        "input_tokens": 5,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 2,
        "output_tokens": 4,
    }


def event(kind: str, **members: Any) -> Event:
    return Event(kind, 0, json.dumps({"type": kind, **members}).encode())


def test_items_that_are_told_at_once_wait_for_each_other() -> None:
    """Some providers begin a call before the one before it is done."""
    first, second = CALL | {"arguments": '{"a":1}'}, CALL | {"call_id": "d", "arguments": '{"b":2}'}
    delta = "response.function_call_arguments.delta"
    told = [
        event("response.created"),
        event("response.output_item.added", output_index=0, item=first | {"arguments": ""}),
        event("response.output_item.added", output_index=1, item=second | {"arguments": ""}),
        event(delta, output_index=1, delta='{"b"'),
        event(delta, output_index=0, delta='{"a":1}'),
        event("response.output_item.added", output_index=2, item=MESSAGE | {"content": []}),
        event("response.output_text.delta", output_index=2, content_index=0, delta="Hm."),
        event(delta, output_index=1, delta=":2}"),
        event("response.output_item.done", output_index=1, item=second),
        event("response.output_item.done", output_index=2, item=said(text("Hm."))),
        event("response.output_item.done", output_index=0, item=first),
        event("response.completed", response={"status": "completed"}),
    ]
    content = joined(MessagesTeller(TOLD).frames(told))["content"]
    assert [block.get("input") or block["text"] for block in content] == [{"a": 1}, {"b": 2}, "Hm."]
    piecewise = MessagesTeller(TOLD)
    assert joined(b"".join(piecewise.frames([each]) for each in told))["content"] == content


def test_what_was_never_finished_is_told_as_far_as_it_came() -> None:
    told = [
        event("response.created"),
        event("response.output_item.added", output_index=0, item=MESSAGE | {"content": []}),
        event("response.output_text.delta", output_index=0, content_index=0, delta="Hel"),
        event("response.output_item.added", output_index=1, item=CALL | {"arguments": ""}),
        event("response.incomplete", response={"incomplete_details": {"reason": "max_output_tokens"}}),
    ]
    message = joined(MessagesTeller(TOLD).frames(told))
    assert [block["type"] for block in message["content"]] == ["text", "tool_use"]
    assert message["stop_reason"] == "max_tokens"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "rate_limit_exceeded", "message": "m"}, "rate_limit_error"),
        ({"code": "upstream_timeout", "message": "m"}, "timeout_error"),
        ({"code": "invalid_prompt", "message": "m"}, "invalid_request_error"),
        ({"code": "x", "type": "invalid_request_error"}, "invalid_request_error"),
        ({}, "api_error"),
    ],
)
def test_a_failure_is_an_error_event(error: Body, kind: str) -> None:
    failed = {"status": "failed", "error": error}
    (told,) = events_in(MessagesTeller(TOLD).frames([event("response.failed", response=failed)]))
    assert (told["type"], told["error"]["type"]) == ("error", kind)
    raised = failed_answer(json.dumps(failed).encode())
    assert raised.message == told["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        ("", "completed", {}),
        ("null", "completed", {}),
        ('{"a": 1}', "incomplete", {"a": 1}),
        ('{"a": ', "incomplete", {}),
        ('{"a": ', "completed", {"arguments": '{"a": '}),
        ("[1]", "completed", {"arguments": [1]}),
        ("rm -r", "completed", {"arguments": "rm -r"}),
    ],
)
def test_arguments_that_are_no_object_are_told_in_one(arguments: str, status: str, told: Body) -> None:
    """A call whose arguments are lost would be run without any. What was cut short is not run."""
    call = CALL | {"arguments": arguments, "status": status}
    assert told_whole(output=[call])["content"][0]["input"] == told
    if not arguments.startswith("{"):
        assert joined(MessagesTeller(TOLD).frames(synthesised(body_of(output=[call]))))["content"][0]["input"] == told
    (part,) = parts_of(call)
    assert part["functionCall"]["args"] == told


def test_arguments_that_come_in_pieces_are_told_as_they_come_where_they_are_an_object() -> None:
    def pieces(*deltas: str) -> list[str]:
        call = CALL | {"arguments": "".join(deltas), "status": "completed"}
        events = [event("response.output_item.added", output_index=0, item=CALL | {"arguments": ""})]
        events += [event("response.function_call_arguments.delta", output_index=0, delta=delta) for delta in deltas]
        events.append(event("response.output_item.done", output_index=0, item=call))
        frames = events_in(MessagesTeller(TOLD).frames(events))
        return [each["delta"]["partial_json"] for each in frames if each["type"] == "content_block_delta"]

    assert pieces("", " ", '{"a"', ": {", "}}") == ['{"a"', ": {", "}}"]
    assert pieces("no ", '{"a"', ":1}") == ['{"arguments":"no {\\"a\\":1}"}']
