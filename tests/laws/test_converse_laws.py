"""What holds for every Converse stream and request, whatever is in them."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.dialects.converse_reader import ConverseReader
from antiphon.dialects.converse_request import build_converse
from antiphon.errors import BadRequest, UpstreamError
from antiphon.wire.events import Event
from tests.chat_streams import a_turn, cut, function_tool
from tests.converse_streams import (
    a_target,
    answer,
    answered,
    call,
    ending,
    event,
    exception,
    frame,
    heard,
    opening,
    piece,
    spoken,
    stop,
)
from tests.fakes import SEALER
from tests.grammar import check_stream
from tests.unit.dialects.chat_turns import turn_of

MODELS = [
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "global.anthropic.claude-opus-5",
    "us.amazon.nova-2-lite-v1:0",
    "us.amazon.nova-pro-v1:0",
    "us.meta.llama3-3-70b-instruct-v1:0",
    "mistral.mistral-large-2407-v1:0",
    "somebody.new",
]
SCHEMA: Any = {"type": "object", "properties": {}, "additionalProperties": False}
TOOLS = [function_tool("f"), {"type": "custom", "name": "patch"}, {"type": "local_shell"}, {"type": "web_search"}]
REQUESTS: list[dict[str, Any]] = [
    {},
    {"tools": TOOLS, "include": ["reasoning.encrypted_content"]},
    {"tools": TOOLS, "parallel_tool_calls": False},
    {"tools": TOOLS, "tool_choice": "none", "store": False},
    {"text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}}, "tools": TOOLS},
]

few = settings(max_examples=settings().max_examples // 3)
"""For laws whose every example costs much."""

models, requests = st.sampled_from(MODELS), st.sampled_from(REQUESTS)

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
objects = st.dictionaries(words, st.one_of(words, st.integers(), st.none()), max_size=2)
names = st.sampled_from(["f", "patch", "local_shell", "answer_in_json", "nova_grounding", "unknown"])
CITATIONS: list[Any] = [
    {"location": {"web": {"url": "https://a.example"}}, "title": "A"},
    {"location": {"documentChar": {"documentIndex": 0, "start": 0, "end": 1}}},
    {"source": "https://b.example"},
    {"title": 3, "location": []},
    {},
]
blobs = st.binary(min_size=1, max_size=4).map(lambda data: base64.b64encode(data).decode())


@st.composite
def blocks(draw: st.DrawFn) -> Any:
    """A content block of any kind."""
    match draw(st.sampled_from(["text", "text", "thought", "redacted", "use", "use", "cited", "image", "new"])):
        case "text":
            return {"text": draw(words)}
        case "thought":
            text = {"text": draw(words)}
            return {"reasoningContent": {"reasoningText": text | draw(signatures)}}
        case "redacted":
            return {"reasoningContent": {"redactedContent": draw(blobs)}}
        case "use":
            use = {"toolUseId": draw(st.sampled_from(["", "x", "y"])), "name": draw(names), "input": draw(objects)}
            return {"toolUse": use | ({"type": "server_tool_use"} if use["name"] == "nova_grounding" else {})}
        case "cited":
            cited = draw(st.lists(st.sampled_from(CITATIONS), max_size=2))
            return {"citationsContent": {"content": [{"text": "so"}], "citations": cited}}
        case "image":
            return {"image": {"format": "png", "source": {"bytes": "aGk="}}}
        case _:
            return {"somethingNew": {}}


signatures = st.one_of(st.just(dict[str, str]()), words.map(lambda signature: {"signature": signature}))
reasons = st.sampled_from(["end_turn", "tool_use", "stop_sequence", "content_filtered", "new"])


def pieces(text: str, places: list[int]) -> list[str]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(edges)]


def streamed(index: int, block: Any, places: list[int]) -> bytes:
    """A block as it comes in a stream, in pieces."""
    match next(iter(block)):
        case "text":
            return spoken(*pieces(block["text"], places), index=index)
        case "toolUse":
            use = block["toolUse"]
            inputs = pieces(json.dumps(use["input"]), places)
            return call(index, use["toolUseId"], use["name"], *inputs, type=use.get("type"))
        case "reasoningContent":
            inner = block["reasoningContent"]
            if "redactedContent" in inner:
                return piece(index, reasoningContent=inner) + stop(index)
            text = inner["reasoningText"]
            said = [piece(index, reasoningContent={"text": each}) for each in pieces(text["text"], places)]
            signed = [piece(index, reasoningContent={"signature": text["signature"]})] if "signature" in text else []
            return b"".join(said + signed) + stop(index)
        case "citationsContent":
            notes = b"".join(piece(index, citation=each) for each in block["citationsContent"]["citations"])
            return piece(index, text="so") + notes + stop(index)
        case "image":
            start = event("contentBlockStart", contentBlockIndex=index, start={"image": {"format": "png"}})
            return start + piece(index, image={"source": {"bytes": "aGk="}}) + stop(index)
        case _:
            return piece(index, **block) + stop(index)


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """An answer in one piece, and the same in a stream."""
    content, reason = draw(st.lists(blocks(), max_size=5)), draw(reasons)
    places = draw(st.lists(st.integers(0, 20), max_size=3))
    data = b"".join(streamed(index, block, places) for index, block in enumerate(content))
    return answer(*content, reason=reason), opening() + data + ending(reason)


@few
@given(answers(), models, requests, st.lists(st.integers(0, 10_000), max_size=5))
def test_any_answer_is_legal_however_it_comes(
    said: tuple[bytes, bytes], model: str, request: dict[str, Any], places: list[int]
) -> None:
    whole, stream = said
    found = heard(stream, a_turn(**request), a_target(model))
    check_stream(found.events)
    assert found.error is None
    assert found.body == answered(whole, a_turn(**request), a_target(model))
    assert heard(cut(stream, places), a_turn(**request), a_target(model)).events == found.events


def is_ended(events: list[Event]) -> bool:
    return bool(events) and events[-1].type in ("response.completed", "response.incomplete")


def ends_well(data: bytes, places: list[int]) -> None:
    """The stream ends in a terminal event or an error of ours, and up to there it is legal."""
    found = heard(cut(data, places), a_turn(tools=TOOLS), a_target())
    check_stream(found.events, ended=is_ended(found.events))
    assert (found.error is None) == is_ended(found.events)
    assert found.error is None or isinstance(found.error, UpstreamError)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """A frame, or some, or none."""
    index, text = draw(st.integers(0, 2)), draw(words)
    made = [
        opening(),
        piece(index, text=text),
        piece(index, toolUse={"input": text}),
        piece(index, reasoningContent=draw(objects)),
        call(index, "x", draw(names), "{}"),
        stop(index),
        ending(draw(reasons)),
        event("messageStop", stopReason=draw(reasons)),
        event("metadata", usage={"inputTokens": -1, "outputTokens": 10**30}),
        frame(draw(st.binary(max_size=9)), {":event-type": draw(st.sampled_from(["new", "messageStop"]))}),
        exception("throttlingException", "Slow down."),
        draw(st.binary(max_size=20)),
    ]
    return draw(st.sampled_from(made))


places_ = st.lists(st.integers(0, 10_000), max_size=4)


@few
@given(st.lists(frames(), max_size=8), places_)
def test_frames_in_any_order_end_well(parts: list[bytes], places: list[int]) -> None:
    ends_well(b"".join(parts), places)


@few
@given(answers(), st.integers(0, 100_000), places_)
def test_a_stream_that_is_cut_ends_well(said: tuple[bytes, bytes], place: int, places: list[int]) -> None:
    ends_well(said[1][: place % len(said[1])], places)


@few
@given(answers(), st.integers(0, 1_000_000), places_)
def test_a_flipped_bit_ends_in_an_error(said: tuple[bytes, bytes], bit: int, places: list[int]) -> None:
    data = bytearray(said[1])
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    ends_well(bytes(data), places)


@few
@given(answers(), models, requests)
def test_the_short_way_leads_to_the_same_end(said: tuple[bytes, bytes], model: str, request: dict[str, Any]) -> None:
    """Frame by frame, as paced streams come."""
    reader, number, quick = ConverseReader(a_turn(**request), a_target(model), SEALER), 0, 0
    data = said[1]
    while data:
        size = int.from_bytes(data[:4], "big")
        part, data = data[:size], data[size:]
        if reader.quick(part, number) is not None:
            number, quick = number + 1, quick + 1
            continue
        number += len(reader.feed(part).events)
    reader.close()
    assert reader.outcome is not None
    assert reader.outcome.body == answered_bytes(said[0], model, request)


def answered_bytes(whole: bytes, model: str, request: dict[str, Any]) -> bytes:
    target = a_target(model)
    return target.dialect.whole(a_turn(**request), target, whole).body


@st.composite
def items(draw: st.DrawFn) -> Any:
    """An item of a conversation."""
    match draw(st.integers(0, 7)):
        case 0 | 1 | 2:
            return {"role": draw(st.sampled_from(["user", "assistant", "developer"])), "content": draw(words)}
        case 3:
            part: Any = {"type": "input_text", "text": draw(words), "prompt_cache_breakpoint": {}}
            return {"role": "user", "content": [part]}
        case 4:
            file = {"type": "input_file", "file_data": "data:application/pdf;base64,AAAA"}
            return {"role": "user", "content": [file]}
        case 5:
            return {"type": "reasoning", "summary": []}
        case _:
            arguments = draw(st.sampled_from(["{}", '{"a": 1}', "oops"]))
            call_id = draw(st.sampled_from(["c1", "c2", "functions.f:0"]))
            return {"type": "function_call", "call_id": call_id, "name": "f", "arguments": arguments}


OUTPUTS: list[Any] = [
    "done",
    "",
    [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}],
    [{"type": "input_file", "file_data": "data:application/pdf;base64,AAAA"}],
]


@st.composite
def conversations(draw: st.DrawFn) -> list[Any]:
    """Items in any order, every call with its output somewhere behind it."""
    said: list[Any] = []
    open_: list[str] = []
    for item in draw(st.lists(items(), max_size=8)):
        said.append(item)
        if item.get("type") == "function_call":
            open_.append(item["call_id"])
        elif open_ and draw(st.booleans()):
            said.append(output(open_.pop(), draw(st.sampled_from(OUTPUTS))))
    return said + [output(id, "done") for id in open_]


def output(id: str, said: Any) -> Any:
    return {"type": "function_call_output", "call_id": id, "output": said}


@few
@given(conversations(), models)
def test_any_conversation_is_one_that_bedrock_takes(said: list[Any], model: str) -> None:
    turn = turn_of({"input": said, "instructions": "Be brief."})
    try:
        body = json.loads(build_converse(turn, a_target(model), SEALER).body)
    except BadRequest:
        return
    messages = body["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"] * (len(messages) // 2) + ["user"] * (
        len(messages) % 2
    )
    names = {tool["toolSpec"]["name"] for tool in body.get("toolConfig", {}).get("tools", []) if "toolSpec" in tool}
    for place, message in enumerate(messages):
        content = message["content"]
        assert content
        assert all(block["text"].strip() or block["text"] == "\n" for block in content if "text" in block)
        calls = [block["toolUse"] for block in content if "toolUse" in block]
        assert names.issuperset(use["name"] for use in calls)
        results = (
            [block["toolResult"] for block in messages[place + 1]["content"] if "toolResult" in block] if calls else []
        )
        assert [use["toolUseId"] for use in calls] == [result["toolUseId"] for result in results]
        if any("document" in block for block in content):
            assert any("text" in block for block in content)
    documents = [block["document"]["name"] for message in messages for block in inside(message) if "document" in block]
    assert len(set(documents)) == len(documents)
    assert json.dumps(body).count("cachePoint") <= 4


def inside(message: Any) -> list[Any]:
    results = [block["toolResult"]["content"] for block in message["content"] if "toolResult" in block]
    return message["content"] + [block for content in results for block in content]
