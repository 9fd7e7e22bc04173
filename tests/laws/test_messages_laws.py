"""What holds for every answer of the Messages API, and for every conversation that is put to it."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.dialects.messages_hosts import HostName
from antiphon.errors import BadRequest, UpstreamError
from antiphon.protocols import Turn
from antiphon.wire.requests import Item
from tests.chat_streams import a_turn, cut, function_tool
from tests.grammar import check_stream
from tests.message_streams import Heard, answered, block, claude, event, heard, message, sealed_in, start, stop

TOOLS = [
    function_tool("f"),
    {"type": "custom", "name": "patch"},
    {"type": "shell"},
    {"type": "web_search"},
    {"type": "code_interpreter"},
]
INCLUDE = ["reasoning.encrypted_content"]

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6), st.sampled_from(["a", "é", "😀", '"', "\\", "\n\n"])
)
objects = st.dictionaries(st.text(max_size=3), st.one_of(st.text(max_size=5), st.integers(), st.none()), max_size=2)
inputs = st.one_of(objects, st.fixed_dictionaries({"input": texts.map("a{}".format)}), st.just({"commands": ["ls"]}))
pages = st.fixed_dictionaries({"type": st.just("web_search_result"), "url": texts, "encrypted_content": texts})


few = settings(max_examples=settings().max_examples // 3)
"""For laws whose every example costs much."""


def say(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


@st.composite
def contents(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Blocks as a whole answer has them."""
    said: list[dict[str, Any]] = []
    for place in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["text", "cited", "thinking", "redacted", "call", "search", "code", "new"]))
        name = draw(st.sampled_from(["f", "patch", "shell", "unknown"]))
        match kind:
            case "text":
                said.append(say(draw(texts)))
            case "cited":
                source = {"type": "web_search_result_location", "url": draw(texts), "title": None, "cited_text": "x"}
                said.append(say("a" + draw(texts)) | {"citations": [source]})
            case "thinking":
                said.append(
                    {"type": "thinking", "thinking": draw(texts), "signature": draw(st.sampled_from(["", "s"]))}
                )
            case "redacted":
                said.append({"type": "redacted_thinking", "data": draw(texts)})
            case "call":
                said.append({"type": "tool_use", "id": f"toolu_{place}", "name": name, "input": draw(inputs)})
            case "search":
                asked = {"type": "server_tool_use", "id": f"srvtoolu_{place}", "name": "web_search"}
                said.append(asked | {"input": {"query": draw(texts)}})
                result = {"type": "web_search_tool_result", "tool_use_id": f"srvtoolu_{place}"}
                said.append(result | {"content": draw(st.lists(pages, max_size=2))})
            case "code":
                result = {"type": "code_execution_result", "stdout": draw(texts), "stderr": "", "return_code": 0}
                said.append({"type": "code_execution_tool_result", "tool_use_id": f"srv_{place}", "content": result})
            case _:
                said.append({"type": "not_known_yet", "what": draw(texts)})
    return said


reasons = st.sampled_from(["end_turn", "tool_use", "refusal", "stop_sequence", "not_known_yet", "max_tokens"])


def asking() -> Turn:
    turn = a_turn(stream=True, tools=TOOLS, include=INCLUDE)
    turn.input = [user("Hi")]
    return turn


def user(text: str) -> Item:
    return {"type": "message", "role": "user", "content": text}


@st.composite
def streamed(draw: st.DrawFn, content: list[dict[str, Any]], reason: str) -> bytes:
    """The answer in events, its texts and arguments cut anywhere."""
    said = start(input_tokens=3, output_tokens=1)
    for place, each in enumerate(content):
        said += draw(st.sampled_from([b"", event("ping"), event("not_known_yet", index=place)]))
        said += block(place, *grown(draw, each))
    return said + stop(reason, output_tokens=7)


def grown(draw: st.DrawFn, whole: dict[str, Any]) -> list[dict[str, Any]]:
    """A block as it begins, and what it grows by."""
    match whole["type"]:
        case "text":
            cited = [{"type": "citations_delta", "citation": each} for each in whole.get("citations", [])]
            begun = {"type": "text", "text": ""}
            return [begun, *cited, *pieces(draw, whole["text"], "text_delta", "text")]
        case "thinking":
            signed = {"type": "signature_delta", "signature": whole["signature"]}
            begun = whole | {"thinking": "", "signature": ""}
            return [begun, *pieces(draw, whole["thinking"], "thinking_delta", "thinking"), signed]
        case "tool_use" | "server_tool_use":
            spelled = json.dumps(whole["input"])
            return [whole | {"input": {}}, *pieces(draw, spelled, "input_json_delta", "partial_json")]
        case _:
            return [whole]


def pieces(draw: st.DrawFn, text: str, kind: str, member: str) -> list[dict[str, Any]]:
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    edges = [0, *places, len(text)]
    return [{"type": kind, member: text[a:b]} for a, b in itertools.pairwise(edges)]


def plain(body: Any) -> Any:
    """A response with the values of arguments, whose spelling is the provider's affair."""
    for item in body["output"]:
        for name in ("arguments", "input"):
            if isinstance(item.get(name), str) and item[name].startswith("{"):
                item[name] = json.loads(item[name])
    return body


@few
@given(st.data())
def test_a_stream_is_legal_and_comes_to_what_the_whole_answer_comes_to(data: st.DataObject) -> None:
    content, reason = data.draw(contents()), data.draw(reasons.filter(lambda each: each != "max_tokens"))
    answer = heard(data.draw(streamed(content, reason)), turn=asking())
    check_stream(answer.events)
    usage = {"input_tokens": 3, "output_tokens": 7}
    assert plain(answer.body) == plain(answered(message(*content, stop_reason=reason, usage=usage), asking()))


@few
@given(st.data())
def test_however_a_stream_is_cut_its_events_are_the_same(data: st.DataObject) -> None:
    said = data.draw(streamed(data.draw(contents()), data.draw(reasons)))
    places = data.draw(st.lists(st.integers(0, 10_000), max_size=6))
    assert heard(cut(said, places), turn=asking()).events == heard(said, turn=asking()).events


@few
@given(st.data())
def test_a_quick_read_says_what_a_careful_one_says(data: st.DataObject) -> None:
    said = data.draw(streamed(data.draw(contents()), "end_turn"))
    frames = [frame + b"\n\n" for frame in said.split(b"\n\n")[:-1]]
    target, turn = claude(), asking()
    reader = target.dialect.reader(turn, target)
    told = b""
    number = 0
    for frame in frames:
        quick = reader.quick(frame, number)
        if quick is not None:
            told += quick
            number += 1
            continue
        for each in reader.feed(frame).events:
            told += b"event: %b\ndata: %b\n\n" % (each.type.encode(), each.data)
            number += 1
    careful = heard(said, turn=asking())
    assert told == b"".join(b"event: %b\ndata: %b\n\n" % (each.type.encode(), each.data) for each in careful.events)
    assert reader.outcome == careful.outcome


def ended(answer: Heard) -> None:
    """Either it ended legally, or with the error that closes it."""
    check_stream(answer.events, ended=answer.error is None and answer.resumption is None)
    assert answer.outcome is not None or answer.error is not None or answer.resumption is not None


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(texts, inner, max_size=2)),
    max_leaves=4,
)


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """Events out of order, lost, doubled, of values that do not fit, or not there at all."""
    said = draw(streamed(draw(contents()), draw(st.sampled_from(["end_turn", "pause_turn", "max_tokens"]))))
    frames = said.split(b"\n\n")[:-1]
    frames = draw(st.permutations(frames))[: draw(st.integers(0, len(frames)))] if draw(st.booleans()) else frames
    for _ in range(draw(st.integers(0, 3))):
        kinds = ["content_block_start", "content_block_delta", "content_block_stop", "message_start", "message_delta"]
        names = ["index", "delta", "content_block", "message", "usage"]
        members = draw(st.dictionaries(st.sampled_from(names), anything, max_size=3))
        told = json.dumps({"type": draw(st.sampled_from([*kinds, "error"])), **members})
        spoilt = draw(
            st.sampled_from([told, told[:-3], '{"type":"content_block_delta","delta":{"text":"\\ud83d"}}', ""])
        )
        frames.insert(draw(st.integers(0, len(frames))), b"data: " + spoilt.encode())
    whole = b"\n\n".join(frames) + b"\n\n"
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole


@few
@given(mangled())
def test_whatever_comes_the_answer_ends_legally(data: bytes) -> None:
    ended(heard(data, turn=asking()))


@few
@given(st.dictionaries(st.sampled_from(["content", "usage", "stop_reason", "id", "container"]), anything))
def test_whatever_comes_whole_is_an_answer_or_an_error(body: dict[str, Any]) -> None:
    target = claude()
    try:
        target.dialect.whole(asking(), target, json.dumps(body).encode())
    except UpstreamError:
        return


@few
@given(st.data())
def test_an_answer_that_is_interrupted_goes_on(data: st.DataObject) -> None:
    first, then = data.draw(contents()), data.draw(contents())
    answer = heard(data.draw(streamed(first, "pause_turn")), data.draw(streamed(then, "end_turn")), turn=asking())
    check_stream(answer.events)
    if first:
        assert answer.body["usage"]["output_tokens"] in (7, 14)


@st.composite
def conversations(draw: st.DrawFn) -> list[Item]:
    """Items in any order that the Responses API takes: what was called is answered."""
    items: list[Item] = []
    for place in range(draw(st.integers(1, 8))):
        role = draw(st.sampled_from(["user", "assistant", "system", "developer", "calls", "answer"]))
        if role == "calls":
            many = draw(st.integers(1, 3))
            calls = [f"call.{place}.{number}" for number in range(many)]
            items += [{"type": "function_call", "call_id": each, "name": "f", "arguments": "{}"} for each in calls]
            if draw(st.booleans()):
                items.append(user("wait"))
            shuffled = draw(st.permutations(calls))
            items += [{"type": "function_call_output", "call_id": each, "output": draw(texts)} for each in shuffled]
        elif role == "answer":
            answer = answered(message(*draw(contents()), stop_reason="end_turn"), asking())
            items += [item for item in answer["output"] if item["type"] in ("reasoning", "message", "web_search_call")]
        else:
            items.append({"type": "message", "role": role, "content": draw(texts)})
    return items


@few
@given(
    conversations(),
    st.sampled_from(
        ["claude-opus-4-8", "claude-sonnet-4-5", "claude-opus-5-5", "claude-3-haiku-20240307", "gpt-oss:20b"]
    ),
    st.sampled_from(["none", "low", "max", None]),
    st.sampled_from(["anthropic", "vertex", "bedrock"]),
)
def test_every_conversation_is_put_as_the_provider_takes_it(
    items: list[Item], model: str, effort: str | None, host: HostName
) -> None:
    turn = a_turn(tools=[function_tool("f")], **({"reasoning": {"effort": effort}} if effort else {}))
    turn.input = [{"id": f"item_{place}", **item} for place, item in enumerate(items)]
    target = claude(model, host)
    try:
        body = json.loads(target.dialect.build(turn, target).body)
    except BadRequest:  # nothing is said in it
        return
    check_conversation(body, native=model in ("claude-opus-4-8", "claude-opus-5-5") and host == "anthropic")
    thinking = body.get("thinking")
    if thinking and thinking["type"] == "enabled":
        assert 1024 <= thinking["budget_tokens"] < body["max_tokens"]
        assert body.get("temperature", 1) == 1
    assert json.dumps(body).count('"cache_control"') <= 4


def check_conversation(body: Any, *, native: bool) -> None:
    """The rules of Anthropic's, independent of the code that keeps them."""
    messages = body["messages"]
    assert messages[0]["role"] == "user"
    assert messages[-1]["role"] in (("user", "system") if native else ("user",))
    open_calls: list[str] = []
    seen: set[str] = set()
    for before, each in zip([None, *messages], messages, strict=False):
        assert each["content"]
        assert before is None or before["role"] != each["role"]
        if each["role"] == "system":
            assert native
            assert before is not None
            assert before["role"] == "user"
            continue
        if before is not None and before["role"] == "system":
            assert each["role"] == "assistant"
        results = [block["tool_use_id"] for block in each["content"] if block["type"] == "tool_result"]
        assert results == open_calls
        assert all(block["type"] == "tool_result" for block in each["content"][: len(results)])
        open_calls = [block["id"] for block in each["content"] if block["type"] == "tool_use"]
        assert not seen & set(open_calls)
        assert len(set(open_calls)) == len(open_calls)
        seen |= set(open_calls)
        assert all(said["type"] != "text" or said["text"].strip() for said in each["content"])


@few
@given(contents())
def test_what_is_sealed_is_what_was_sent(content: list[dict[str, Any]]) -> None:
    body = answered(message(*content), asking())
    kept = [block for item in body["output"] for block in sealed_in(item)]
    own = [each for each in content if each["type"] not in ("text", "tool_use")]
    assert kept == [each for each in own if each["type"] != "thinking" or each["signature"]]
