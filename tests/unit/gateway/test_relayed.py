"""What is passed on byte for byte, however it is cut."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.gateway.relayed import MAX_EVENT_BYTES, RelayedStream, checked
from antiphon.protocols import Format
from tests.gemini_streams import GEMINI

END = b'data: {"choices":[{"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
STREAM = b": hello\n\ndata: {}\r\n\r\n" + b'data: {"text":"\\"error\\""}\r\rdata: {"error":null}\n\n' + END
FAILS = b'data: {"error":{"message":"It broke.","code":503}}\n\n'


def relayed(pieces: list[bytes], format: Format = "chat") -> tuple[list[bytes], UpstreamError | None]:
    """What is passed on, and how it ends."""
    stream = RelayedStream(format, GEMINI)
    told: list[bytes] = []
    try:
        told.extend(map(stream.feed, pieces))
        told.append(stream.close())
    except UpstreamError as error:
        return told, error
    return told, None


def cut(data: bytes, at: set[int]) -> list[bytes]:
    return [data[start:end] for start, end in pairwise([0, *sorted(at), len(data)])]


@given(st.sets(st.integers(1, len(STREAM) - 1)))
def test_every_byte_is_passed_on_in_whole_events(at: set[int]) -> None:
    told, error = relayed(cut(STREAM, at))
    assert error is None
    assert b"".join(told) == STREAM
    assert all(each.endswith((b"\n\n", b"\r\n\r\n", b"\r\r")) for each in told if each)


@given(st.sets(st.integers(1, len(STREAM + FAILS) - 1)))
def test_an_error_is_no_event_however_it_comes(at: set[int]) -> None:
    told, error = relayed(cut(STREAM + FAILS, at))
    assert error is not None
    assert "It broke." in error.message
    assert STREAM.startswith(b"".join(told))


@pytest.mark.parametrize("end", [b"", b"data: {", b'data: {"finish_reason":null}\n\n'])
def test_a_stream_without_an_ending_is_broken_and_half_an_event_is_kept_back(end: bytes) -> None:
    told, error = relayed([b"data: {}\n\n", end]) if end else relayed([b"data: {}\n\n"])
    assert isinstance(error, UpstreamBroke)
    assert b"".join(told).startswith(b"data: {}\n\n")
    assert not b"".join(told).endswith(b"data: {")


def test_the_last_event_may_lack_its_end() -> None:
    assert relayed([b"data: {}\n\ndata: [DONE]"]) == ([b"data: {}\n\n", b"data: [DONE]"], None)


def test_an_event_without_end_is_broken() -> None:
    _, error = relayed([b"x" * (MAX_EVENT_BYTES // 4)] * 5, "gemini")
    assert error is not None
    assert "does not end" in error.message


@pytest.mark.parametrize("format", get_args(Format))
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"null", b"<html>", b'{"a":', b"{}", b'{"detail":"Not Found"}', b'{"choices":5}'),
        *(b'{"error":{"message":"No."}}', b'{"error":{"message":"No."},"choices":5}'),
        b'{"choices":null,"content":null}',
    ],
)
def test_a_whole_answer_that_is_none_is_an_error(body: bytes, format: Format) -> None:
    with pytest.raises(UpstreamError):
        checked(body, format, GEMINI)


@pytest.mark.parametrize(
    ("format", "body"),
    [
        ("chat", b'{"error":null,"choices":[]}'),
        ("completions", b'{"choices": [ ] }'),
        ("messages", b'{"content":[{"type":"text","text":"\\u00e9"}]}'),
        ("gemini", b'{"promptFeedback":{"blockReason":"SAFETY"}}'),
        ("gemini", b'{"candidates":[]}'),
        ("gemini", b'{"usageMetadata":{}}'),
    ],
)
def test_a_whole_answer_is_passed_on(format: Format, body: bytes) -> None:
    assert checked(body, format, GEMINI) is body


def test_what_is_no_text_in_a_whole_answer_is_replaced() -> None:
    passed_on = checked(b'{"choices":[{"text":"\xff"}]}', "completions", GEMINI)
    assert passed_on == '{"choices":[{"text":"\ufffd"}]}'.encode()


def test_half_a_surrogate_pair_in_a_whole_answer_is_replaced() -> None:
    body = rb'{"choices":[{"message":{"content":"a\ud83d"}}]}'
    assert checked(body, "chat", GEMINI) == body.replace(rb"\ud83d", rb"\ufffd")
