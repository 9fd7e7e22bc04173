"""What holds for every answer of Cohere's, however it is cut."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.protocols import Turn
from tests.chat_streams import Heard, a_turn, cut, function_tool
from tests.grammar import check_stream
from tests.unit.dialects.cohere_turns import answered, end, event, heard, start

TOOLS = [function_tool("f"), {"type": "custom", "name": "patch"}, {"type": "local_shell"}]
USAGE = {"tokens": {"input_tokens": 9, "output_tokens": 5}, "cached_tokens": 4}

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6),
    st.sampled_from(["é", "😀", '"', "\\", "\n", "data: [DONE]"]),
)
names = st.sampled_from(["f", "patch", "local_shell", "unknown"])
objects = st.dictionaries(st.text(max_size=3), st.one_of(st.text(max_size=5), st.integers()), max_size=2)
places = st.lists(st.integers(0, 5_000), max_size=6)


@dataclass
class Answer:
    thoughts: list[str]
    text: list[str]
    plan: list[str]
    calls: list[tuple[str, str]]
    cited: list[tuple[int, int]]
    reason: str

    @property
    def turn(self) -> Turn:
        return a_turn(tools=TOOLS, store=False, include=["reasoning.encrypted_content"])

    @property
    def citations(self) -> list[dict[str, Any]]:
        source = {"type": "document", "id": "d", "document": {"title": "T"}}
        if not self.text:
            return []
        return [{"start": a, "end": b, "sources": [source], "content_index": 1} for a, b in self.cited]

    def streamed(self) -> bytes:
        data = start()
        for thought in self.thoughts:
            data += event("content-delta", 0, {"content": {"thinking": thought}})
        data += event("content-start", 1, {"content": {"type": "text", "text": ""}})
        for text in self.text:
            data += event("content-delta", 1, {"content": {"text": text}})
        for index, citation in enumerate(self.citations):
            data += event("citation-start", index, {"citations": citation}) + event("citation-end", index)
        for plan in self.plan:
            data += event("tool-plan-delta", message={"tool_plan": plan})
        for index, (name, arguments) in enumerate(self.calls):
            call = {"id": f"c_{index}", "type": "function", "function": {"name": name, "arguments": ""}}
            data += event("tool-call-start", index, {"tool_calls": call})
            for piece in (arguments[:3], arguments[3:]):
                data += event("tool-call-delta", index, {"tool_calls": {"function": {"arguments": piece}}})
            data += event("tool-call-end", index)
        return data + end(self.reason, usage=USAGE)

    def whole(self) -> bytes:
        content = [
            {"type": "thinking", "thinking": "".join(self.thoughts)},
            {"type": "text", "text": "".join(self.text)},
        ]
        calls = [
            {"id": f"c_{index}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for index, (name, arguments) in enumerate(self.calls)
        ]
        message = {
            "content": content,
            "citations": self.citations,
            "tool_plan": "".join(self.plan),
            "tool_calls": calls,
        }
        return json.dumps({"id": "m-1", "message": message, "finish_reason": self.reason, "usage": USAGE}).encode()


answers = st.builds(
    Answer,
    thoughts=st.lists(texts, max_size=3),
    text=st.lists(texts, max_size=4),
    plan=st.lists(texts, max_size=2),
    calls=st.lists(st.tuples(names, st.builds(json.dumps, objects)), max_size=3),
    cited=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=2),
    reason=st.sampled_from(["COMPLETE", "TOOL_CALL", "MAX_TOKENS"]),
)


def text_of(text: str) -> bytes:
    return event("content-delta", 0, {"content": {"text": text}})


def thought_of(text: str) -> bytes:
    return event("content-delta", 1, {"content": {"thinking": text}})


def plan_of(text: str) -> bytes:
    return event("tool-plan-delta", message={"tool_plan": text})


def call_of(index: int, name: str) -> bytes:
    call = {"id": "x", "function": {"name": name, "arguments": "{"}}
    return event("tool-call-start", index, {"tool_calls": call})


def arguments_of(index: int, said: str) -> bytes:
    return event("tool-call-delta", index, {"tool_calls": {"function": {"arguments": said}}})


def call_end(index: int) -> bytes:
    return event("tool-call-end", index)


def citation_of(first: int, last: int) -> bytes:
    return event("citation-start", 0, {"citations": {"start": first, "end": last, "sources": [{"id": "d"}]}})


pieces = st.one_of(
    st.builds(text_of, texts),
    st.builds(thought_of, texts),
    st.builds(plan_of, texts),
    st.builds(call_of, st.integers(0, 2), names),
    st.builds(arguments_of, st.integers(0, 2), st.sampled_from(["}", '"a":1', "", "x"])),
    st.builds(call_end, st.integers(0, 2)),
    st.builds(citation_of, st.integers(-9, 9), st.integers(-9, 9)),
    st.sampled_from(
        [
            b": ping\n\n",
            b"data: garbage\n\n",
            b"data: 3\n\n",
            b"\xff\xfe\n\n",
            event("new-event", 1),
            end(),
            end("ERROR"),
            end("MAX_TOKENS", usage="x"),
            event("content-delta", 0, {"content": [{"text": 1}]}),
            b'data: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"\n\n',
            b'data: {"message":"no"}\n\n',
            b"data: [DONE]\n\n",
        ]
    ),
)
wild = st.lists(pieces, max_size=8).map(b"".join).map(start().__add__)


def legal(answer: Heard) -> None:
    assert (answer.outcome is None) == (answer.error is not None)
    assert answer.error is None or isinstance(answer.error, UpstreamError)
    oracle = check_stream(answer.events, ended=answer.error is None)
    if answer.outcome is not None:
        assert oracle.response == answer.body


@given(wild, places)
def test_every_stream_ends_legally_and_alike_however_it_is_cut(data: bytes, edges: list[int]) -> None:
    whole = heard(data, a_turn(tools=TOOLS, store=False))
    parts = heard(cut(data, edges), a_turn(tools=TOOLS, store=False))
    legal(whole)
    assert parts.events == whole.events
    assert parts.outcome == whole.outcome
    assert str(parts.error) == str(whole.error)


@given(answers)
def test_a_whole_answer_and_its_stream_have_one_outcome(answer: Answer) -> None:
    told = heard(answer.streamed(), answer.turn)
    legal(told)
    assert told.body == answered(answer.whole(), answer.turn)


@given(answers, st.integers(0, 100_000))
def test_a_cut_stream_is_never_complete(answer: Answer, place: int) -> None:
    data = answer.streamed()
    told = heard(data[: place % data.index(b"event: message-end")], answer.turn)
    check_stream(told.events, ended=False)
    assert told.outcome is None
    assert isinstance(told.error, UpstreamBroke)
