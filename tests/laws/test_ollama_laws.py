"""What holds for every answer of Ollama's, however it is cut."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.wire.ndjson import LineSplitter
from antiphon.wire.texts import mended
from tests.chat_streams import a_turn, cut, function_tool
from tests.grammar import check_stream
from tests.unit.dialects.ollama_turns import answered, heard, last, line

TOOLS = [function_tool("f"), {"type": "custom", "name": "patch"}, {"type": "local_shell"}]

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
names = st.sampled_from(["f", "patch", "local_shell", "unknown"])
objects = st.dictionaries(st.text(max_size=3), st.one_of(st.text(max_size=5), st.integers()), max_size=2)
places = st.lists(st.integers(0, 5_000), max_size=6)


def thought_of(words: str) -> bytes:
    return line(message={"thinking": words})


def call_of(name: str, arguments: Any) -> bytes:
    return line(message={"tool_calls": [{"function": {"name": name, "arguments": arguments}}]})


pieces = st.one_of(
    st.builds(line, texts),
    st.builds(thought_of, texts),
    st.builds(call_of, names, st.one_of(objects, st.sampled_from(["{", None, [1]]))),
    st.sampled_from(
        [
            b"\n",
            b"garbage\n",
            b"3\n",
            b"\xff\xfe\n",
            b'{"message":{"content":[1]}}\n',
            b'{"new":1}\n',
            b'{"error":"no"}\n',
            line(message={"images": ["aGk="]}),
            last(),
            last(reason="length"),
        ]
    ),
)
wild = st.lists(pieces, max_size=8).map(b"".join)


@given(wild, places)
def test_every_stream_ends_legally_and_alike_however_it_is_cut(data: bytes, edges: list[int]) -> None:
    whole = heard(data, a_turn(tools=TOOLS, store=False))
    parts = heard(cut(data, edges), a_turn(tools=TOOLS, store=False))
    assert (whole.outcome is None) == (whole.error is not None)
    assert whole.error is None or isinstance(whole.error, UpstreamError)
    oracle = check_stream(whole.events, ended=whole.error is None)
    if whole.outcome is not None:
        assert oracle.response == whole.body
    assert parts.events == whole.events
    assert parts.outcome == whole.outcome
    assert str(parts.error) == str(whole.error)


@given(
    st.lists(texts, max_size=3),
    st.lists(texts, max_size=3),
    st.lists(st.tuples(names, objects), max_size=3),
    st.sampled_from(["stop", "length"]),
)
def test_a_whole_answer_and_its_stream_have_one_outcome(
    thoughts: list[str], said: list[str], calls: list[tuple[str, Any]], reason: str
) -> None:
    stream = b"".join(
        [*map(thought_of, thoughts), *map(line, said), *(call_of(*call) for call in calls), last(reason=reason)]
    )
    message = {
        "thinking": "".join(thoughts),
        "tool_calls": [{"function": {"name": name, "arguments": arguments}} for name, arguments in calls],
    }
    told = heard(stream, a_turn(tools=TOOLS, store=False))
    check_stream(told.events)
    whole = last("".join(said), reason, message=message | {"content": "".join(said)})
    assert told.body == answered(whole, a_turn(tools=TOOLS, store=False))


@given(st.lists(texts, min_size=1, max_size=4), st.integers(0, 10_000))
def test_a_cut_stream_is_never_complete(said: list[str], place: int) -> None:
    stream = b"".join(map(line, said))
    told = heard(stream[: place % len(stream)])
    check_stream(told.events, ended=False)
    assert isinstance(told.error, UpstreamBroke)


@given(st.lists(st.binary(max_size=9), max_size=6), places)
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], edges: list[int]) -> None:
    data = b"\n".join(lines)
    splitter = LineSplitter()
    found = [each for piece in cut(data, edges) for each in splitter.feed(piece)] + splitter.finish()
    assert found == [mended(each.strip()) for each in data.split(b"\n") if each.strip()]
    assert not splitter.waiting
