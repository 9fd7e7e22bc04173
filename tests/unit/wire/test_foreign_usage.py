import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.wire.counts import Counts
from antiphon.wire.foreign_usage import MOST_BYTES, UsageWatch

JSON, EVENTS = b"application/json; charset=utf-8", b"text/event-stream"

WHOLE: dict[str, tuple[Any, str | None, Counts]] = {
    "chat": (
        {
            "model": "m",
            "usage": {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}},
        },
        "m",
        Counts(input=9, output=2, cached=4),
    ),
    "responses": ({"model": "m", "usage": {"input_tokens": 3, "output_tokens": 1}}, "m", Counts(input=3, output=1)),
    "messages": (
        {
            "model": "c",
            "usage": {
                "input_tokens": 5,
                "cache_read_input_tokens": 2,
                "cache_creation_input_tokens": 1,
                "output_tokens": 4,
            },
        },
        "c",
        Counts(input=8, output=4, cached=2, cache_write=1),
    ),
    "google": (
        {
            "modelVersion": "g",
            "usageMetadata": {"promptTokenCount": 6, "candidatesTokenCount": 2, "thoughtsTokenCount": 3},
        },
        "g",
        Counts(input=6, output=5),
    ),
    "a list of google's": (
        [{"modelVersion": "g"}, {"usageMetadata": {"promptTokenCount": 6, "candidatesTokenCount": 2}}],
        "g",
        Counts(input=6, output=2),
    ),
    "converse": ({"usage": {"inputTokens": 7, "outputTokens": 8}}, None, Counts(input=7, output=8)),
    "embeddings": ({"model": "e", "usage": {"prompt_tokens": 7, "total_tokens": 7}}, "e", Counts(input=7)),
}

STREAMS: dict[str, tuple[list[Any], str, Counts]] = {
    "chat": (
        [
            {"model": "m", "choices": [{"delta": {"content": 'usage"'}}], "usage": None},
            {"model": "m", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}},
        ],
        "m",
        Counts(input=9, output=2),
    ),
    "messages": (
        [
            {"type": "message_start", "message": {"model": "c", "usage": {"input_tokens": 5, "output_tokens": 1}}},
            {"type": "content_block_delta", "delta": {"text": "Hi"}},
            {"type": "message_delta", "usage": {"output_tokens": 12}},
        ],
        "c",
        Counts(input=5, output=12),
    ),
    "responses": (
        [
            {"type": "response.created", "response": {"model": "m", "usage": None}},
            {
                "type": "response.completed",
                "response": {"model": "m", "usage": {"input_tokens": 3, "output_tokens": 1}},
            },
        ],
        "m",
        Counts(input=3, output=1),
    ),
    "google": (
        [
            {"modelVersion": "g", "usageMetadata": {"promptTokenCount": 6}},
            {"modelVersion": "g", "usageMetadata": {"promptTokenCount": 6, "candidatesTokenCount": 4}},
        ],
        "g",
        Counts(input=6, output=4),
    ),
}


def watched(media_type: bytes, pieces: list[bytes], *, encoded: bool = False) -> UsageWatch:
    watch = UsageWatch(media_type, encoded=encoded)
    for piece in pieces:
        watch.feed(piece)
    watch.close()
    return watch


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer_of_a_known_shape(name: str) -> None:
    body, model, counts = WHOLE[name]
    watch = watched(JSON, [json.dumps(body).encode()])
    assert (watch.model, watch.counts) == (model, counts)


@settings(max_examples=100)
@given(st.sampled_from(sorted(STREAMS)), st.lists(st.integers(1, 40), max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_a_stream_tells_the_same_however_it_is_cut(name: str, cuts: list[int], end: str) -> None:
    events, model, counts = STREAMS[name]
    text = "".join(f"event: x{end}data: {json.dumps(event)}{end}{end}" for event in events) + f"data: [DONE]{end}{end}"
    left, pieces = text.encode(), list[bytes]()
    for cut in cuts:
        pieces.append(left[:cut])
        left = left[cut:]
    watch = watched(EVENTS, [*pieces, left])
    assert (watch.model, watch.counts) == (model, counts)


@settings(max_examples=100)
@given(st.sampled_from([JSON, EVENTS, b"", b"audio/mpeg"]), st.lists(st.binary(max_size=60), max_size=5))
def test_nothing_that_passes_is_ever_a_failure(media_type: bytes, pieces: list[bytes]) -> None:
    watched(media_type, [b"data: ", *pieces, b'usage"\n'])


def test_what_is_encoded_or_no_json_is_not_looked_into() -> None:
    body = [json.dumps(WHOLE["chat"][0]).encode()]
    assert watched(JSON, body, encoded=True).counts is None
    assert watched(b"text/plain", body).counts is None


@pytest.mark.parametrize("media_type", [JSON, EVENTS])
def test_what_is_remembered_is_bounded(media_type: bytes) -> None:
    chunk = b"x" * (1024 * 1024)
    assert watched(media_type, [chunk] * (MOST_BYTES // len(chunk) + 1)).counts is None


@pytest.mark.parametrize(
    "body",
    [{"usage": "much"}, {"usage": {"input_tokens": "3"}}, {"usage": {"seconds": 3}}, {"model": 3}, 3, "usage", []],
)
def test_an_unknown_shape_has_no_usage(body: Any) -> None:
    assert watched(JSON, [json.dumps(body).encode()]).counts is None
