"""The law of answers: how the bytes were cut makes no difference."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from antiphon.providers.answer import Answer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
BY_LENGTH = b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 12\r\n\r\ndata: word\n\n"
BY_CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n6;a=b\r\ndata: \r\n6\r\nword\n\n\r\n0\r\nTrailer: x\r\n\r\n"
BY_CLOSE = HEAD + b"\r\ndata: word\n\n"


def understood(pieces: list[bytes]) -> tuple[int, list[tuple[bytes, bytes]], bytes, bool, bool, bool]:
    answer = Answer()
    for piece in pieces:
        answer.feed(piece)
    return (
        answer.status,
        answer.headers,
        b"".join(answer.body),
        answer.done,
        answer.reusable,
        answer.ends_by_close(),
    )


@given(st.sampled_from([BY_LENGTH, BY_CHUNKS, BY_CLOSE]), st.lists(st.integers(0, 200)))
def test_an_answer_is_the_same_however_it_was_cut(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(edges)]
    assert understood(pieces) == understood([data])


def test_the_three_ways_to_end_are_told_apart() -> None:
    kind = (b"content-type", b"text/event-stream")
    text = b"data: word\n\n"
    assert understood([BY_LENGTH]) == (200, [kind, (b"content-length", b"12")], text, True, True, False)
    assert understood([BY_CHUNKS]) == (200, [kind, (b"transfer-encoding", b"chunked")], text, True, True, False)
    assert understood([BY_CLOSE]) == (200, [kind], text, False, False, True)
