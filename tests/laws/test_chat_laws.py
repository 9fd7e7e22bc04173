"""What holds for every chat completions answer, however its provider writes it."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.dialects.wrapping import WrappedInput
from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.protocols import Target, Turn
from antiphon.quirks import Quirks
from tests.chat_streams import (
    a_target,
    a_turn,
    answered,
    call_piece,
    chunk,
    completion,
    cut,
    function_tool,
    heard,
    stream,
)
from tests.grammar import check_stream
from tests.official import follow

USAGE = {"prompt_tokens": 9, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 2}}
TOOLS = [
    function_tool("f"),
    function_tool("g"),
    {"type": "custom", "name": "patch"},
    {"type": "local_shell"},
    {"type": "namespace", "name": "space", "description": "", "tools": [function_tool("h")]},
]
INCLUDE = ["message.output_text.logprobs"]

few = settings(max_examples=settings().max_examples // 3)
"""For laws whose every example costs much."""

# Any text, characters beyond the first plane included, and the words that matter to a reader of streams.
WORDS = ["<think>", "</think>", "<thin", "k>", "</th", "ink>", "a", "é", "😀", '"', "\\", "[1]", "{}"]
words = st.sampled_from([*WORDS, "\n", "data: [DONE]"])
texts = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), words)
objects = st.dictionaries(st.text(max_size=3), st.one_of(st.text(max_size=5), st.integers(), st.none()), max_size=2)
names = st.sampled_from(["f", "g", "patch", "local_shell", "space__h", "unknown"])
finishes = st.sampled_from(["stop", "tool_calls", "length", "content_filter", "eos"])


@dataclass
class Called:
    name: str
    id: str | None
    arguments: str


@st.composite
def calls(draw: st.DrawFn) -> Called:
    name = draw(names)
    arguments = json.dumps(draw(objects))
    if name == "patch" and draw(st.booleans()):
        arguments = json.dumps({"input": draw(st.text(max_size=12))}, ensure_ascii=draw(st.booleans()))
    elif name == "local_shell" and draw(st.booleans()):
        arguments = json.dumps({"command": draw(st.lists(texts, max_size=3))})
    return Called(name, draw(st.sampled_from([None, "x", "y", "z"])), arguments)


@dataclass
class Answer:
    """An answer in the order that a whole one has: reasoning, text, refusal, calls."""

    reasoning: list[str]
    member: str
    text: list[str]
    refusal: list[str]
    calls: list[Called]
    finish: str
    think_tags: bool

    @property
    def target(self) -> Target:
        return a_target(Quirks(think_tags=self.think_tags))

    @property
    def turn(self) -> Turn:
        return a_turn(tools=TOOLS, include=INCLUDE)

    @property
    def beside(self) -> dict[str, Any]:
        return {"usage": USAGE, "service_tier": "flex", "citations": ["https://a.example", "https://b.example"]}

    def whole(self) -> bytes:
        pieces = [{"id": call.id, "function": {"name": call.name, "arguments": call.arguments}} for call in self.calls]
        said = {"content": "".join(self.text), self.member: "".join(self.reasoning), "refusal": "".join(self.refusal)}
        return completion(said | {"tool_calls": pieces}, self.finish, **self.beside)


answers = st.builds(
    Answer,
    reasoning=st.lists(texts, max_size=3),
    member=st.sampled_from(["reasoning", "reasoning_content"]),
    text=st.lists(texts, max_size=5),
    refusal=st.lists(texts, max_size=2),
    calls=st.lists(calls(), max_size=4),
    finish=finishes,
    think_tags=st.booleans(),
)


@st.composite
def streamed(draw: st.DrawFn, answer: Answer) -> bytes:
    """The answer in chunks: calls may be interleaved, or all have the index 0, and arguments cut anywhere."""
    chunks = [chunk(role="assistant", content="")]
    chunks += [chunk(**{answer.member: piece}) for piece in answer.reasoning]
    chunks += [chunk(content=piece) for piece in answer.text]
    chunks += [chunk(refusal=piece) for piece in answer.refusal]
    rows: list[list[Any]] = []
    for index, call in enumerate(answer.calls):
        edges = sorted(draw(st.lists(st.integers(0, len(call.arguments)), max_size=3)))
        ends = [0, *edges, len(call.arguments)]
        row = [call_piece(index, "", name=call.name, id=call.id)]
        row += [call_piece(index, call.arguments[a:b]) for a, b in itertools.pairwise(ends)]
        rows.append(row)
    interleaved = draw(st.booleans())
    begun = [row.pop(0) for row in rows] if interleaved else []
    chunks += [chunk(tool_calls=[piece]) for piece in begun]
    while any(rows):
        row = draw(st.sampled_from([row for row in rows if row])) if interleaved else next(row for row in rows if row)
        chunks.append(chunk(tool_calls=[row.pop(0)]))
    chunks.append(chunk(answer.finish))
    chunks.append({"id": "chatcmpl-1", "choices": [], **answer.beside})
    return stream(*chunks)


answers_and_streams = answers.flatmap(lambda answer: st.tuples(st.just(answer), streamed(answer)))

# Anything at all that has the outline of a chunk.
members = st.fixed_dictionaries(
    {},
    optional={
        "content": st.one_of(
            texts, st.none(), st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": texts}))
        ),
        "reasoning": st.one_of(texts, st.none()),
        "refusal": st.one_of(texts, st.none()),
        "annotations": st.just([{"type": "url_citation", "url": "https://a.example"}]),
        "images": st.just([{"image_url": {"url": "data:image/png;base64,aGk="}}]),
        "function_call": st.just({"name": "f", "arguments": "{"}),
        "tool_calls": st.lists(
            st.builds(
                call_piece,
                st.one_of(st.none(), st.integers(0, 2)),
                st.one_of(st.none(), st.sampled_from(["", "{", "}", "{}", '"a":1']), objects),
                name=st.one_of(st.none(), names),
                id=st.sampled_from([None, "", "x", "y"]),
            ),
            max_size=2,
        ),
    },
)
LOGPROBS = {"content": [{"token": "a", "logprob": -1.5}]}
ODDITIES: list[dict[str, Any]] = [
    {"choices": []},
    {"choices": [], "usage": USAGE},
    {"error": {"message": "no"}},
    {"choices": [{"delta": {"content": ["odd", {"text": 3}]}}]},
    {"choices": [{"index": 1, "delta": {"content": "other"}}]},
]


def a_wild_chunk(finish: str | None, logprobs: Any, delta: dict[str, Any]) -> dict[str, Any]:
    return chunk(finish, logprobs=logprobs, **delta)


wild_chunks = st.one_of(
    st.builds(
        a_wild_chunk,
        st.sampled_from([None, None, None, "stop", "length", "error"]),
        st.sampled_from([None, LOGPROBS]),
        members,
    ),
    st.sampled_from(ODDITIES),
)


@st.composite
def wild_streams(draw: st.DrawFn) -> bytes:
    return stream(*draw(st.lists(wild_chunks, max_size=8)), done=draw(st.booleans()))


quirky = st.builds(Quirks, think_tags=st.booleans(), custom_tools=st.booleans())
places = st.lists(st.integers(0, 5_000), max_size=6)


@given(wild_streams(), places, quirky)
def test_events_do_not_depend_on_how_the_bytes_were_cut(data: bytes, edges: list[int], quirks: Quirks) -> None:
    target = a_target(quirks)
    whole, pieces = heard(data, a_turn(tools=TOOLS), target), heard(cut(data, edges), a_turn(tools=TOOLS), target)
    assert pieces.events == whole.events
    assert pieces.outcome == whole.outcome
    assert str(pieces.error) == str(whole.error)


@few
@given(answers_and_streams)
def test_cut_into_single_bytes(pair: tuple[Answer, bytes]) -> None:
    answer, data = pair
    single = [data[at : at + 1] for at in range(len(data))]
    assert heard(single, answer.turn, answer.target).events == heard(data, answer.turn, answer.target).events


@given(wild_streams(), quirky)
def test_every_stream_is_grammatical(data: bytes, quirks: Quirks) -> None:
    answer = heard(data, a_turn(tools=TOOLS, include=INCLUDE, store=False), a_target(quirks))
    assert (answer.outcome is None) == (answer.error is not None)
    assert answer.error is None or isinstance(answer.error, UpstreamError)
    oracle = check_stream(answer.events, ended=answer.error is None)
    if answer.outcome is not None:
        assert oracle.response == answer.body
        assert answer.events[-1].data.count(answer.outcome.body) == 1


@few
@given(answers_and_streams)
def test_a_whole_answer_and_its_stream_have_one_outcome(pair: tuple[Answer, bytes]) -> None:
    answer, data = pair
    told = heard(data, answer.turn, answer.target)
    check_stream(told.events)
    assert told.body == answered(answer.whole(), answer.turn, answer.target)
    assert told.body["usage"]["output_tokens_details"] == {"reasoning_tokens": 2}


@few
@given(answers_and_streams)
def test_deltas_put_together_are_the_answer(pair: tuple[Answer, bytes]) -> None:
    answer, data = pair
    told = heard(data, answer.turn, a_target())
    assert "".join(told.said("response.output_text.delta")) == "".join(answer.text)
    assert "".join(told.said("response.reasoning_text.delta")) == "".join(answer.reasoning)
    assert "".join(told.said("response.refusal.delta")) == "".join(answer.refusal)


@few
@given(answers_and_streams)
def test_padding_brings_every_delta_to_a_multiple_of_sixteen(pair: tuple[Answer, bytes]) -> None:
    answer, data = pair
    plain = a_turn(tools=TOOLS, include=INCLUDE, stream_options={"include_obfuscation": False})
    padded, bare = heard(data, answer.turn, answer.target), heard(data, plain, answer.target)
    for event in padded.payloads:
        assert ("obfuscation" in event) == event["type"].endswith(".delta")
        padding = event.pop("obfuscation", "")
        assert (len(event.get("delta", "")) + len(padding)) % 16 == 0
        assert len(padding) < 16
    assert padded.payloads != bare.payloads or not any(b".delta" in event.data for event in padded.events)
    assert [event.type for event in padded.events] == [event.type for event in bare.events]
    assert not any(b'"obfuscation"' in event.data for event in bare.events)


@given(answers_and_streams, st.integers(0, 10_000))
def test_a_cut_stream_is_never_complete(pair: tuple[Answer, bytes], place: int) -> None:
    answer, data = pair
    finish = data.index(b'"finish_reason": "')
    told = heard(data[: place % finish], answer.turn, answer.target)
    check_stream(told.events, ended=False)
    assert told.outcome is None
    assert isinstance(told.error, UpstreamBroke)


wrappings = st.builds(json.dumps, st.fixed_dictionaries({"input": st.text(max_size=30)}), ensure_ascii=st.booleans())


@given(wrappings, places)
def test_a_wrapped_input_is_the_same_however_it_is_cut(arguments: str, edges: list[int]) -> None:
    ends = [0, *sorted(edge % (len(arguments) + 1) for edge in edges), len(arguments)]
    wrapped = WrappedInput()
    said = "".join(wrapped.feed(arguments[a:b]) for a, b in itertools.pairwise(ends)) + wrapped.close()
    joined = said.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    assert joined == json.loads(arguments)["input"]


@few
@given(answers_and_streams)
def test_the_official_client_follows(pair: tuple[Answer, bytes]) -> None:
    answer, data = pair
    told = heard(data, answer.turn, answer.target)
    follow(told.events)
    assert msgspec.json.decode(told.events[-1].data)["response"]["id"] == told.body["id"]
