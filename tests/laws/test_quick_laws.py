"""The quick ways of a stream tell what the ordinary ways tell, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.dialects.chat_template import template_of
from antiphon.dialects.chat_upstream import ChatUpstream
from antiphon.dialects.cohere_upstream import CohereUpstream
from antiphon.dialects.responses_upstream import ResponsesUpstream
from antiphon.errors import UpstreamError
from antiphon.protocols import Reader, Target, UpstreamDialect
from antiphon.wire.events import render
from tests.chat_streams import a_target, a_turn, chunk, stream
from tests.fakes import SEALER, pseudonym
from tests.replayed import answers, name_of


def frames(wire: bytes) -> list[bytes]:
    return [frame + b"\n\n" for frame in wire.split(b"\n\n")[:-1]]


def told(reader: Reader, reads: list[bytes], *, quick: bool) -> tuple[bytes, int, str]:
    """What a client sees of the reads, how many of them went the quick way, and how the answer ended."""
    wire = b""
    number = quickly = 0
    try:
        for read in reads:
            frame = reader.quick(read, number) if quick else None
            if frame is not None:
                quickly += 1
                number += 1
                wire += frame
                continue
            said = reader.feed(read)
            number += len(said.events)
            wire += render(said)
            if reader.outcome is not None or reader.failure is not None:
                break
        else:
            wire += render(reader.close())
    except UpstreamError as error:
        return wire, quickly, error.message
    return wire, quickly, "" if reader.outcome is None else reader.outcome.status


def fresh(dialect: UpstreamDialect) -> Reader:
    target = Target(name="p/m", provider="p", model="m", dialect=dialect, post=a_target().post)
    return dialect.reader(a_turn(), target)


DIALECTS: dict[str, UpstreamDialect] = {
    "openai-responses": ResponsesUpstream(SEALER, pseudonym),
    "openai-chat": ChatUpstream(SEALER, pseudonym),
    "cohere-v2": CohereUpstream(SEALER),
}


@pytest.mark.parametrize("kind", DIALECTS)
def test_a_recorded_stream_is_the_same_either_way(kind: str) -> None:
    dialect = DIALECTS[kind]
    recorded = [each for each in answers(kind) if "sse" in each["response"]]
    assert recorded
    total = 0
    for exchange in recorded:
        reads = frames(exchange["response"]["sse"].encode())
        ordinary = told(fresh(dialect), reads, quick=False)
        wire, quickly, end = told(fresh(dialect), reads, quick=True)
        assert (wire, end) == (ordinary[0], ordinary[2]), name_of(exchange)
        total += quickly
    assert total > len(recorded)


deltas = st.lists(
    st.one_of(
        st.fixed_dictionaries({"content": st.text(st.characters(exclude_categories=["Cs"]), max_size=5)}),
        st.sampled_from(
            [
                {"reasoning_content": "hm"},
                {"refusal": "no"},
                {"content": "x", "reasoning_content": "y"},
                {"content": 'a","finish_reason":"stop'},
                {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]},
                {"role": "assistant", "content": ""},
            ]
        ),
    ),
    max_size=12,
)


@given(deltas, st.booleans(), st.booleans())
def test_any_chat_stream_is_the_same_either_way(said: list[dict[str, Any]], spaced: bool, ascii_only: bool) -> None:  # noqa: FBT001 - drawn, not called
    separators = (", ", ": ") if spaced else (",", ":")
    chunks = [*(chunk(**delta) for delta in said), chunk("stop")]
    reads = [
        b"data: " + json.dumps(each, separators=separators, ensure_ascii=ascii_only).encode() + b"\n\n"
        for each in chunks
    ]
    reads.append(b"data: [DONE]\n\n")
    ordinary = told(fresh(ChatUpstream(SEALER, pseudonym)), reads, quick=False)
    quick = told(fresh(ChatUpstream(SEALER, pseudonym)), reads, quick=True)
    assert (quick[0], quick[2]) == (ordinary[0], ordinary[2])


def test_plain_text_goes_the_quick_way() -> None:
    reads = frames(stream(*(chunk(content=f"word {n} ") for n in range(9)), chunk("stop")))
    assert told(fresh(ChatUpstream(SEALER, pseudonym)), reads, quick=True)[1] == 8


@pytest.mark.parametrize(
    "said",
    [
        chunk(content="x", reasoning_content="y"),
        chunk("stop", content="x"),
        chunk(content="x", tool_calls=[{"index": 0}]),
        chunk(content="x", logprobs={"content": []}),
        chunk(content=[{"type": "text", "text": "x"}]),
        {"choices": [{"index": 1, "delta": {"content": "x"}}]},
        {"choices": [{"index": 0, "message": {"content": "x"}}]},
        {"error": {"message": "broken"}, "choices": [{"delta": {"content": "x"}}]},
        {"choices": [{"delta": {"content": "x"}}, {"index": 1, "delta": {"content": "y"}}]},
    ],
)
def test_what_says_more_than_text_makes_no_template(said: dict[str, Any]) -> None:
    assert template_of(stream(said, done=False)) is None


def test_a_template_takes_one_string_and_nothing_else() -> None:
    template = template_of(stream(chunk(content="x"), done=False))
    assert template is not None
    assert template.text(stream(chunk(content='a "word"\n'), done=False)) == 'a "word"\n'
    assert template.text(template.before + b'"a","role":"b"' + template.after) is None
    assert template.text(template.before + b"1" + template.after) is None
    assert template.text(template.before + b'"\\ud800"' + template.after) is None
    assert template.text(template.before[:-1] + template.after) is None
