"""Answers told, cut anywhere, and put together again."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.wire.assembly import Assembly, events_of
from antiphon.wire.events import Chunk, Event, frame, render
from antiphon.wire.synthesis import synthesised
from tests.grammar import check_stream

Item = dict[str, Any]
TEXT = st.text(max_size=20)
NOTE: Item = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}


def output_text(text: str, notes: int) -> Item:
    return {"type": "output_text", "text": text, "annotations": [NOTE] * notes, "logprobs": []}


def refusal(text: str) -> Item:
    return {"type": "refusal", "refusal": text}


def message(parts: list[Item]) -> Item:
    return {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": parts}


def summary(texts: list[str]) -> Item:
    return {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": text} for text in texts]}


def reasoning(text: str) -> Item:
    return {"type": "reasoning", "id": "r", "summary": [], "content": [{"type": "reasoning_text", "text": text}]}


def function_call(text: str) -> Item:
    call = {"type": "function_call", "id": "f", "call_id": "c", "name": "n", "arguments": text}
    return call | {"status": "completed"}


def custom_call(text: str) -> Item:
    return {"type": "custom_tool_call", "id": "x", "call_id": "c", "name": "n", "input": text}


SEARCH: Item = {"type": "web_search_call", "id": "w", "status": "completed", "action": {"type": "search", "query": "q"}}
PART = st.builds(output_text, TEXT, st.integers(0, 2)) | st.builds(refusal, TEXT)
ITEM = st.one_of(
    st.builds(message, st.lists(PART, max_size=3)),
    st.builds(summary, st.lists(TEXT, max_size=3)),
    st.builds(reasoning, TEXT),
    st.builds(function_call, TEXT),
    st.builds(custom_call, TEXT),
    st.just(SEARCH),
)


def response(output: list[Item], status: str = "completed") -> bytes:
    items = [item | {"id": f"{item['id']}_{place}"} for place, item in enumerate(output)]
    details = {"reason": "max_output_tokens"} if status == "incomplete" else None
    error = {"code": "server_error", "message": "x"} if status == "failed" else None
    body = {"id": "resp_1", "object": "response", "created_at": 1, "status": status, "output": items, "error": error}
    return json.dumps(
        body | {"incomplete_details": details, "usage": {}, "completed_at": 5 if status == "completed" else None}
    ).encode()


@given(st.lists(ITEM, max_size=4), st.sampled_from(["completed", "incomplete", "failed"]))
def test_a_told_response_is_a_legal_stream_that_says_the_same(output: list[Item], status: str) -> None:
    body = response(output, status)
    events = synthesised(body)
    check_stream(events)
    assert Assembly(events).output == json.loads(body)["output"]
    assert json.loads(events[-1].data)["response"] == json.loads(body)


@given(st.lists(ITEM, min_size=1, max_size=4), st.integers(0, 40))
def test_an_answer_cut_anywhere_is_closed_legally(output: list[Item], cut: int) -> None:
    told = synthesised(response(output))[:-1]
    delivered = told[: max(2, min(cut, len(told)))]
    assembly = Assembly(delivered)
    closing = assembly.close(len(delivered))
    failed = synthesised(json.dumps(json.loads(response([], "failed")) | {"output": assembly.output}).encode())
    end = [event for event in failed if event.type in ("error", "response.failed")]
    ending = [_renumbered(event, len(delivered) + len(closing) + place) for place, event in enumerate(end)]
    for event in closing:
        assert json.loads(event.data)["sequence_number"] == event.number
    check_stream([*delivered, *closing, *ending])
    assert Assembly([*delivered, *closing]).output == assembly.output


def _renumbered(event: Event, number: int) -> Event:
    return Event(event.type, number, json.dumps(json.loads(event.data) | {"sequence_number": number}).encode())


@given(st.lists(ITEM, max_size=3))
def test_rendered_events_are_read_back_as_they_were(output: list[Item]) -> None:
    events = synthesised(response(output))
    wire = render(Chunk(tuple(events)))
    assert events_of(wire) == events
    assert wire == b"".join(frame(event) for event in events)


@pytest.mark.parametrize("kind", ["response.output_text.delta", "response.created", "custom:thing"])
def test_events_that_belong_to_no_open_item_are_passed_over(kind: str) -> None:
    event = events_of(b'event: %b\ndata: {"sequence_number":0,"output_index":4}\n\n' % kind.encode())
    assert Assembly(event).output == []
