import json

import pytest

from antiphon.wire.ndjson import LineSplitter
from antiphon.wire.sse import Frame, FrameSplitter
from antiphon.wire.texts import mended, paired


@pytest.mark.parametrize("text", [b"", b"plain", "é 漢 😀".encode()])
def test_text_stays_as_it_is(text: bytes) -> None:
    assert mended(text) is text


@pytest.mark.parametrize(
    ("raw", "told"),
    [(b"\xff", "\ufffd"), (b'{"a":"\xe2\x82"}', '{"a":"\ufffd"}'), (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd")],
)
def test_what_is_no_text_is_replaced(raw: bytes, told: str) -> None:
    assert mended(raw).decode() == told


@pytest.mark.parametrize("cut", range(12))
def test_a_character_that_was_cut_between_two_reads_is_whole(cut: int) -> None:
    text = "data: é\xff\n\n".encode() + b"data: \xff\n\n"
    frames = FrameSplitter()
    assert frames.feed(text[:cut]) + frames.feed(text[cut:]) == [
        Frame("", "é\xff".encode()),
        Frame("", "\ufffd".encode()),
    ]
    lines = LineSplitter()
    assert lines.feed(text[:cut]) + lines.feed(text[cut:]) == [b"data: \xc3\xa9\xc3\xbf", "data: \ufffd".encode()]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"'),
        (rb'"\uD83D\uDE00\uD83D"', rb'"\uD83D\uDE00\ufffd"'),
        (rb'"\ude00\ud83d"', rb'"\ufffd\ufffd"'),
        (rb'"\ud83d\n\\ude00"', rb'"\ufffd\n\\ude00"'),
        (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"'),
        (rb'"\\ud83d"', rb'"\\ud83d"'),
        (rb'"\\\udead"', rb'"\\\ufffd"'),
    ],
)
def test_half_a_pair_is_replaced(said: bytes, text: bytes) -> None:
    assert paired(said) == text
    json.loads(paired(said)).encode()
