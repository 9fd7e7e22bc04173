"""Amazon's binary messages out of bytes, however the bytes were cut, and nothing out of bytes that are none."""

from __future__ import annotations

import base64
import itertools
import json
import struct
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import UpstreamBroke
from antiphon.wire import aws_frames
from antiphon.wire.aws_frames import Message, MessageSplitter
from tests.chat_streams import cut
from tests.converse_streams import frame

RECORDINGS = Path(__file__).parents[2] / "recordings"
STREAMS = [
    pytest.param(exchange["response"], id=exchange["id"])
    for api in ("bedrock.converse_stream", "bedrock.invoke_stream")
    for exchange in (json.loads(path.read_bytes()) for path in sorted((RECORDINGS / api).glob("*.json")))
    if "eventstream_b64" in exchange["response"]
]

ONE = frame(b'{"a":1}', {":event-type": "x", ":message-type": "event"})
OTHER = frame(b"", {":event-type": "y"})


def messages(*pieces: bytes) -> list[Message]:
    splitter = MessageSplitter()
    return [message for piece in pieces for message in splitter.feed(piece)]


def resealed(data: bytes) -> bytes:
    """A message with its checksums made right again."""
    prelude = data[:8] + struct.pack(">I", crc32(data[:8]))
    whole = prelude + data[12:-4]
    return whole + struct.pack(">I", crc32(whole))


@pytest.mark.parametrize("response", STREAMS)
def test_a_recorded_stream(response: Any) -> None:
    data = base64.b64decode(response["eventstream_b64"])
    found = [(dict(message.headers), json.loads(message.payload)) for message in messages(data)]
    assert found == [(event["headers"], event["payload"]) for event in response["events"]]


def test_there_are_recorded_streams() -> None:
    assert len(STREAMS) == 18


def test_messages_in_one_read_and_in_several() -> None:
    expected = [Message({":event-type": "x", ":message-type": "event"}, b'{"a":1}'), Message({":event-type": "y"}, b"")]
    data = ONE + OTHER
    assert messages(data) == expected
    assert messages(*(data[place : place + 1] for place in range(len(data)))) == expected
    assert messages(ONE[:-1], ONE[-1:] + OTHER[:13], OTHER[13:]) == expected


@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(0, 10_000), max_size=6))
def test_the_messages_are_the_same_however_the_bytes_were_cut(payloads: list[bytes], places: list[int]) -> None:
    data = b"".join(frame(payload, {":event-type": str(len(payload))}) for payload in payloads)
    assert messages(*cut(data, places)) == messages(data)
    assert [message.payload for message in messages(data)] == payloads


def test_headers_that_are_no_text_are_passed_over() -> None:
    values = {0: b"", 1: b"", 2: b"\x01", 3: b"\x00\x01", 4: b"1234", 5: b"12345678", 6: b"\x00\x02ab", 8: b"12345678"}
    others = b"".join(b"\x01" + bytes([97 + kind, kind]) + value for kind, value in values.items())
    others += b"\x01u\x09" + b"u" * 16
    assert messages(frame(b"{}", {":event-type": "x"}, others)) == [Message({":event-type": "x"}, b"{}")]


@pytest.mark.parametrize("place", range(len(ONE)))
def test_no_flipped_bit_goes_unnoticed(place: int) -> None:
    for bit in range(8):
        broken = bytearray(ONE)
        broken[place] ^= 1 << bit
        with pytest.raises(UpstreamBroke):
            messages(bytes(broken), bytes(64))


@pytest.mark.parametrize(
    "headers",
    [
        b"\x05ab",
        b"\x01a",
        b"\x01a\x0a",
        b"\x01a\xff",
        b"\x01a\x07\x00",
        b"\x01a\x07\x00\x09abc",
        b"\x01a\x04\x00",
        b"\x01\xff\x07\x00\x01x",
        b"\x01a\x07\x00\x01\xff",
    ],
)
def test_headers_that_cannot_be_read(headers: bytes) -> None:
    with pytest.raises(UpstreamBroke, match="headers"):
        messages(frame(b"{}", {}, headers))


@pytest.mark.parametrize(
    ("size", "header_size"),
    [(15, 0), (0, 0), (16, 1), (2**32 - 1, 0), (aws_frames.MAX_MESSAGE_BYTES + 1, 0), (2**24, 2**24 - 16)],
)
def test_lengths_that_cannot_be_end_the_stream_at_once(size: int, header_size: int) -> None:
    prelude = struct.pack(">II", size, header_size)
    with pytest.raises(UpstreamBroke, match="length"):
        messages(prelude + struct.pack(">I", crc32(prelude)))


def test_messages_before_a_broken_one_are_given() -> None:
    splitter = MessageSplitter()
    found = splitter.feed(ONE + bytes(12))
    assert next(found).payload == b'{"a":1}'
    with pytest.raises(UpstreamBroke):
        next(found)


def test_what_waits_is_told() -> None:
    splitter = MessageSplitter()
    assert not splitter.waiting
    assert list(splitter.feed(ONE[:5])) == []
    assert splitter.waiting
    assert splitter.only(OTHER) is None
    assert len(list(splitter.feed(ONE[5:]))) == 1
    assert not splitter.waiting
    assert splitter.only(OTHER) == Message({":event-type": "y"}, b"")


@pytest.mark.parametrize("data", [b"", ONE[:-1], ONE + b"x", ONE + OTHER, ONE[:-1] + b"x", bytes(16), b"x" * 16])
def test_only_one_whole_message_is_one(data: bytes) -> None:
    assert MessageSplitter().only(data) is None


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_anything_ends_in_messages_or_in_an_error_of_ours(data: bytes, places: list[int]) -> None:
    for start in (b"", ONE, resealed(ONE[:12] + data[:20] + ONE[12:])):
        try:
            messages(*cut(start + data, places))
        except UpstreamBroke:
            continue


def test_many_kinds_of_headers_are_read_too() -> None:
    data = b"".join(frame(b"{}", {":event-type": f"kind {number}"}) for number in range(200))
    names = [message.headers[":event-type"] for message in itertools.chain(messages(data))]
    assert names == [f"kind {number}" for number in range(200)]
