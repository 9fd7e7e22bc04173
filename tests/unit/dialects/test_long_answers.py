"""Answers of many small pieces, as a hostile provider gives them, take time in proportion to their number."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any

import pytest

from antiphon.dialects.chat_calls import Calls
from antiphon.dialects.chat_shapes import Function, ToolCall
from antiphon.dialects.client_chat_shapes import ChatTold
from antiphon.dialects.client_chat_whole import chat_whole
from antiphon.dialects.client_messages_answer import MessagesTeller
from antiphon.dialects.client_messages_shapes import MessagesTold
from antiphon.dialects.messages_notes import noted
from antiphon.dialects.tool_names import NO_TOOLS
from antiphon.dialects.writer_items import MOST_CHARACTERS, Callee
from antiphon.errors import UpstreamBroke
from antiphon.wire.events import Event
from tests.unit.dialects.writing import a_writer, output

CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"}
NOTE = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 4}


def test_calls_that_come_in_turns() -> None:
    writer = a_writer()
    begun = time.process_time()
    for key in range(1_000):
        writer.call(key, f"call_{key}", Callee("f"))
    for _ in range(10):
        for key in range(1_000):
            writer.arguments(key, str(key % 10))
    writer.finish()
    assert time.process_time() - begun < 1
    assert [item["arguments"] for item in output(writer)] == [str(key % 10) * 10 for key in range(1_000)]


def test_calls_that_are_begun_and_not_ended() -> None:
    writer = a_writer()
    calls = Calls(writer, NO_TOOLS, lambda prefix: f"{prefix}_1")
    begun = time.process_time()
    for index in range(6_000):
        calls.add(ToolCall(index=index, id=f"call_{index}", function=Function(name="f", arguments="{")))
    calls.settle()
    assert time.process_time() - begun < 1
    assert len(calls.open) == 6_000


def test_arguments_of_many_pieces_that_look_like_an_end() -> None:
    writer = a_writer()
    calls = Calls(writer, NO_TOOLS, lambda prefix: f"{prefix}_1")
    begun = time.process_time()
    for index in range(2):
        calls.add(ToolCall(index=index, id=f"call_{index}", function=Function(name="f", arguments='{"a":"')))
    for _ in range(20_000):
        calls.add(ToolCall(index=0, function=Function(arguments="words and words }")))
    calls.add(ToolCall(index=0, function=Function(arguments='"}')))
    assert time.process_time() - begun < 1
    calls.settle()
    assert list(calls.open) == [1]


def test_a_whole_answer_of_many_calls() -> None:
    body = json.dumps({"status": "completed", "output": [CALL] * 80_000}).encode()
    begun = time.process_time()
    told = chat_whole([body], ChatTold("resp_1", 1, "p/m"))
    assert time.process_time() - begun < 1.5
    assert told.count(b'"call_1"') == 80_000


def test_a_citation_after_every_word() -> None:
    """Of what was said, no more is put together for each than was not yet."""
    teller = MessagesTeller(MessagesTold("resp_1", "p/m"))
    item: dict[str, Any] = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "in_progress",
        "content": [],
    }
    teller.frames([event("output_item.added", 0, output_index=0, item=item)])
    begun = time.process_time()
    for number in range(1, 60_001, 2):
        place: dict[str, Any] = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        teller.frames([event("output_text.delta", number, delta="word", **place)])
        told = teller.frames(
            [event("output_text.annotation.added", number + 1, annotation_index=0, annotation=NOTE, **place)]
        )
        assert b'"cited_text":"word"' in told
    assert time.process_time() - begun < 1.5


def test_a_source_after_every_word_of_a_long_answer() -> None:
    writer = a_writer()
    writer.text("word" * 1_000_000)
    begun = time.process_time()
    for _ in range(4_000):
        writer.text("word")
        writer.annotate(partial(noted, [{"type": "web_search_result_location", "url": "u"}], 4))
    assert time.process_time() - begun < 1
    writer.finish()
    assert output(writer)[0]["content"][0]["annotations"][-1]["end_index"] == 4_016_000


def test_a_text_without_end_is_no_answer() -> None:
    writer = a_writer(silent=True)
    writer.text("a" * MOST_CHARACTERS)
    with pytest.raises(UpstreamBroke, match="more than 16777216 characters"):
        writer.text("a")


def event(kind: str, number: int, **members: Any) -> Event:
    data = {"type": f"response.{kind}", **members, "sequence_number": number}
    return Event(f"response.{kind}", number, json.dumps(data).encode())
