"""What holds for every answer of Google's, however it comes, and for its way back."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.wire.events import render
from tests.chat_streams import a_turn, cut, function_tool
from tests.gemini_streams import GEMINI, answered, gemini_target, generated, heard, in_chunks, stream
from tests.grammar import check_stream
from tests.official import follow
from tests.unit.dialects.chat_turns import output, turn_of, user

TOOLS = [
    function_tool("f"),
    function_tool("9g"),
    {"type": "custom", "name": "patch"},
    {"type": "local_shell"},
    {"type": "namespace", "name": "space", "description": "", "tools": [function_tool("h")]},
    {"type": "web_search"},
]
INCLUDE = ["message.output_text.logprobs"]

few = settings(max_examples=settings().max_examples // 3)
"""For laws whose every example costs much."""
USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 3, "thoughtsTokenCount": 2, "totalTokenCount": 14}

words = st.sampled_from(["a", "é", "😀", '"', "\\", "\n", "data: {}", "\u2028", "long enough to be cut"])
texts = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6), words)
signatures = st.sampled_from(["c2ln", "bmF0dXJl", "=="])
objects = st.dictionaries(
    st.text(max_size=3), st.one_of(st.text(max_size=5), st.integers(-9, 9), st.none()), max_size=2
)
names = st.sampled_from(["f", "_9g", "patch", "local_shell", "space__h", "unknown"])


Part = dict[str, Any]


def a_call(name: str, args: Any, identity: str | None) -> Part:
    call = {"name": name, "args": args}
    return {"functionCall": call if identity is None else call | {"id": identity}}


def f_called_with(args: Any) -> Part:
    return a_call("f", args, None)


def a_text(text: str) -> Part:
    return {"text": text}


def a_thought(text: str) -> Part:
    return {"text": text, "thought": True}


def some_code(text: str) -> Part:
    return {"executableCode": {"language": "PYTHON", "code": text, "id": "e"}}


def a_result(text: str) -> Part:
    return {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": text}}


def signed(part: Part, signature: str | None) -> Part:
    return part if signature is None else part | {"thoughtSignature": signature}


def an_answer(listed: list[Part], finish: str | int, beside: Part) -> Part:
    return generated(*listed, finish=finish, usage=USAGE, **beside)


def a_chunk(part: Part, finish: str | None) -> Part:
    return generated(part, finish=finish)


calls = st.builds(a_call, names, objects, st.sampled_from([None, "x", "y", "z"]))
search = st.just({"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["q"]}, "id": "s"}})
found = st.just({"toolResponse": {"toolType": "GOOGLE_SEARCH_WEB", "response": {"n": 1}, "id": "s"}})
picture: st.SearchStrategy[Part] = st.just({"inlineData": {"mimeType": "image/png", "data": "aGk="}})
said = st.builds(a_text, texts)
thought = st.builds(a_thought, texts)
worked_at = st.one_of(st.builds(some_code, texts), st.builds(a_result, texts), search, found)
empty: st.SearchStrategy[Part] = st.just({"text": ""})
parts = st.builds(
    signed, st.one_of(said, said, thought, calls, worked_at, picture, empty), st.one_of(st.none(), signatures)
)
finishes = st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY", 1, 2, "SOMETHING_NEW"])
GROUNDED: Part = {
    "webSearchQueries": ["q", ""],
    "groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}],
    "groundingSupports": [{"segment": {"endIndex": 1}, "groundingChunkIndices": [0, 7]}],
}
CITED: Part = {"citationSources": [{"startIndex": 0, "endIndex": 2, "uri": "https://b.example"}]}
besides: list[Part] = [{}, {"groundingMetadata": GROUNDED}, {"citationMetadata": CITED}]
grounding = st.sampled_from(besides)
answers = st.builds(an_answer, st.lists(parts, max_size=6), finishes, grounding)

ODDITIES: list[Any] = [
    {},
    [],
    7,
    {"candidates": []},
    {"candidates": None, "usageMetadata": {"promptTokenCount": "many"}},
    {"candidates": [{"content": {}}]},
    {"candidates": [{"content": {"parts": [{"text": 3}, {}, {"thought": True}, {"functionCall": {}}, 5]}}]},
    {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": [1]}}]}}]},
    {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "willContinue": True}}]}}]},
    {"candidates": [{"content": {"parts": [{"functionCall": {"partialArgs": [{"jsonPath": "$.a[2].b"}]}}]}}]},
    {"candidates": [{"content": {"parts": [{"executableCode": "x"}, {"toolCall": 1}, {"toolResponse": []}]}}]},
    {"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "audio/wav", "data": "aGk="}}]}}]},
    {"candidates": [{"index": 1, "content": {"parts": [{"text": "another"}]}, "finishReason": "STOP"}]},
    {"candidates": [{"groundingMetadata": {"groundingSupports": [{}, {"segment": {"startIndex": -4}}]}}]},
    {"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]},
    {"promptFeedback": {"blockReason": "SAFETY"}},
    {"error": {"code": 503, "status": "UNAVAILABLE", "message": "later"}},
    {"candidates": [{"content": {"parts": [{"text": "\ud83d"}]}}]},
]
chunks = st.one_of(
    st.builds(a_chunk, parts, st.sampled_from([None, None, None, "STOP"])),
    st.sampled_from(ODDITIES),
)


@st.composite
def wild_streams(draw: st.DrawFn) -> bytes:
    wire = stream(*draw(st.lists(chunks, max_size=8)), end=draw(st.sampled_from(["\r\n\r\n", "\n\n"])))
    garbage = draw(
        st.sampled_from([b"", b"", b": ping\n\n", b"event: odd\ndata: {}\n\n", b"data: <html>\n\n", b"\xff"])
    )
    place = draw(st.integers(0, len(wire)))
    return wire + garbage if draw(st.booleans()) else wire[:place] + garbage


places = st.lists(st.integers(0, 5_000), max_size=6)


def turn(**more: Any) -> Any:
    return a_turn(tools=TOOLS, store=False, include=INCLUDE, **more)


@few
@given(wild_streams(), places)
def test_events_do_not_depend_on_how_the_bytes_were_cut(data: bytes, edges: list[int]) -> None:
    whole, pieces = heard(data, turn()), heard(cut(data, edges), turn())
    assert pieces.events == whole.events
    assert pieces.outcome == whole.outcome
    assert str(pieces.error) == str(whole.error)


@few
@given(wild_streams())
def test_every_stream_is_grammatical(data: bytes) -> None:
    answer = heard(data, turn())
    assert (answer.outcome is None) == (answer.error is not None)
    assert answer.error is None or isinstance(answer.error, UpstreamError)
    oracle = check_stream(answer.events, ended=answer.error is None)
    if answer.outcome is not None:
        assert oracle.response == answer.body


@few
@given(answers)
def test_a_whole_answer_and_its_stream_have_one_outcome(body: Any) -> None:
    told = heard(in_chunks(body), turn())
    check_stream(told.events)
    assert told.body == answered(body, turn())
    assert told.body["usage"]["input_tokens"] == 9
    assert told.body["usage"]["output_tokens"] == 5


@few
@given(answers, st.integers(0, 10_000))
def test_a_cut_stream_is_never_complete(body: Any, place: int) -> None:
    wire = in_chunks(body)
    told = heard(wire[: place % wire.index(b'"finishReason"')], turn())
    check_stream(told.events, ended=False)
    assert told.outcome is None
    assert isinstance(told.error, UpstreamBroke)


@few
@given(st.lists(st.one_of(st.builds(generated, parts), st.builds(generated, said)), max_size=8))
def test_the_quick_way_tells_the_same(listed: list[Any]) -> None:
    reads = [stream(chunk) for chunk in (*listed, generated(finish="STOP", usage=USAGE))]
    reader = GEMINI.reader(turn(), gemini_target())
    wire = b""
    number = 0
    for read in reads:
        frame = reader.quick(read, number)
        if frame is not None:
            number += 1
            wire += frame
        else:
            chunk = reader.feed(read)
            number += len(chunk.events)
            wire += render(chunk)
    wire += render(reader.close())
    answer = heard(reads, turn())
    assert wire == b"".join(b"event: %b\ndata: %b\n\n" % (e.type.encode(), e.data) for e in answer.events)
    assert reader.outcome == answer.outcome


@few
@given(answers)
def test_the_official_client_follows(body: Any) -> None:
    follow(heard(in_chunks(body), turn()).events)


signed_parts = st.lists(
    st.one_of(
        said,
        st.builds(f_called_with, objects),
        st.builds(signed, st.one_of(said, thought, empty, picture, st.builds(f_called_with, objects)), signatures),
    ),
    max_size=6,
)
CODE: list[Part] = [some_code("1") | {"thoughtSignature": "eA=="}, a_result("1")]
FILES: list[Part] = [
    {"toolCall": {"toolType": "FILE_SEARCH", "id": "s"}, "thoughtSignature": "eQ=="},
    {"toolResponse": {"toolType": "FILE_SEARCH", "id": "s"}, "thoughtSignature": "eg=="},
]
nothing: list[Part] = []
worked = st.sampled_from([CODE, FILES, nothing])


@few
@given(signed_parts, worked)
def test_what_google_said_goes_back_to_it_as_it_came(listed: list[Any], work: list[Any]) -> None:
    """Texts that nothing was signed between are one text; the rest is as it was, every signature in its place."""
    sent = [named(part, f"c{at}") for at, part in enumerate(listed)]
    model = "gemini-2.5-flash"
    fresh = a_turn(store=False, include=["reasoning.encrypted_content"])
    body = answered(generated(*work, *sent, finish="STOP"), fresh, gemini_target(model))
    results = [output(item["call_id"]) for item in body["output"] if item["type"] == "function_call"]
    again = turn_of({"input": [user("Hi"), *body["output"], *results, user("So?")]})
    again.caller = fresh.caller
    built = GEMINI.build(again, gemini_target(model))
    replayed: list[Any] = []
    for content in json.loads(built.body)["contents"]:
        replayed += content["parts"] if content["role"] == "model" else []
    expected = joined(work + sent)
    if all("text" in part and (part.get("thought") or not part["text"]) for part in expected):
        assert replayed == []
        return
    assert replayed == expected


def named(part: Part, identity: str) -> Part:
    return part | {"functionCall": part["functionCall"] | {"id": identity}} if "functionCall" in part else part


def joined(listed: list[Any]) -> list[Any]:
    told: list[Any] = []
    for part in listed:
        plain = part.keys() == {"text"}
        if plain and told and told[-1].keys() == {"text"}:
            told[-1] = {"text": told[-1]["text"] + part["text"]}
        elif part != {"text": ""}:
            told.append(part)
    return told
