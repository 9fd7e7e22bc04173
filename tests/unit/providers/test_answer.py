"""The law of answers: how the bytes were cut makes no difference."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.providers.answer import Answer, whole_chunk

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


@pytest.mark.parametrize("size", [16, 17, 254, 255, 256, 257, 4094, 4095])
def test_a_read_that_is_one_chunk_is_known_by_its_length(size: int) -> None:
    body = b"x" * size
    chunk = b"%x\r\n%b\r\n" % (size, body)
    assert whole_chunk(chunk) == body
    others = [chunk[:-1], chunk + b"1", chunk[:-2] + b"x\r\n", chunk.replace(b"x", b"", 1), b"0" + chunk, chunk[1:]]
    assert [whole_chunk(other) for other in [*others, chunk.replace(b"\r\n", b"\n"), chunk + chunk]] == [None] * 8


@pytest.mark.parametrize("size", [0, 1, 15, 4096])
def test_chunks_of_other_sizes_are_left_to_the_parser(size: int) -> None:
    assert whole_chunk(b"%x\r\n%b\r\n" % (size, b"x" * size)) is None
