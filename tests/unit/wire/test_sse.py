"""Frames out of bytes, however the bytes were cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import UpstreamBroke
from antiphon.wire import sse
from antiphon.wire.sse import Frame, FrameSplitter


def frames(*pieces: bytes) -> list[Frame]:
    splitter = FrameSplitter()
    found = [frame for piece in pieces for frame in splitter.feed(piece)]
    return found + splitter.finish()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"event: a\ndata: {}\n\n", [Frame("a", b"{}", b"event: a\ndata: {}\n\n")]),
        (b"data: {}\n\n", [Frame("", b"{}")]),
        (b"data:{}\n\n", [Frame("", b"{}")]),
        (b"data: 1\ndata: 2\n\n", [Frame("", b"1\n2")]),
        (
            b"data: {}\r\n\r\nevent: b\r\ndata: 2\r\n\r\n",
            [Frame("", b"{}"), Frame("b", b"2", b"event: b\ndata: 2\n\n")],
        ),
        (b": comment\n\nid: 7\nretry: 5\ndata: x\n\n", [Frame("", b"x")]),
        (b"event: only\n\n", []),
        (b"\n\n\n\ndata: x\n\n\n\n", [Frame("", b"x")]),
        (b"data: without an end", [Frame("", b"without an end")]),
        (b"event: \xff\ndata: x\n\n", [Frame("\ufffd", b"x", "event: \ufffd\ndata: x\n\n".encode())]),
        (b"\xef\xbb\xbfdata: x\n\ndata: y\n\n", [Frame("", b"x"), Frame("", b"y")]),
    ],
)
def test_frames_follow_the_standard(text: bytes, expected: list[Frame]) -> None:
    assert frames(text) == expected


LINES = st.lists(
    st.sampled_from([b"event: response.created", b"data: {}", b"data", b": ping", b"", b"id: 3", b"data:  two ", b"x"]),
    max_size=30,
)


@given(lines=LINES, end=st.sampled_from([b"\n", b"\r\n", b"\r"]), cuts=st.lists(st.integers(0, 200), max_size=8))
def test_frames_are_the_same_however_the_bytes_were_cut(lines: list[bytes], end: bytes, cuts: list[int]) -> None:
    text = b"".join(line + end for line in lines)
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[start:stop] for start, stop in itertools.pairwise(places)]
    strip = [Frame(frame.event, frame.data) for frame in frames(text)]
    assert [Frame(frame.event, frame.data) for frame in frames(*pieces)] == strip


@given(cut=st.integers(1, 60))
def test_the_raw_text_of_a_canonical_frame_is_its_own_bytes_even_when_it_was_cut(cut: int) -> None:
    text = b'event: response.output_text.delta\ndata: {"delta":"caf\xc3\xa9"}\n\n'
    assert frames(text[:cut], text[cut:])[0].raw == text


def test_a_frame_without_end_is_refused_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_FRAME_BYTES", 1000)
    splitter = FrameSplitter()
    for _ in range(10):
        splitter.feed(b"x" * 100)
    with pytest.raises(UpstreamBroke):
        splitter.feed(b"x")
