"""Events of a vendor's own inside Amazon's frames: every recorded stream unwrapped, and what may go wrong."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from antiphon.dialects.chat_reader import ChatReader
from antiphon.dialects.invoke_reader import InvokeReader, as_event
from antiphon.errors import UpstreamBroke, UpstreamError, UpstreamRefused
from antiphon.wire.events import EMPTY, Chunk, Event, Outcome
from tests.chat_streams import a_target, a_turn, chunk, cut
from tests.converse_streams import exception, fed, frame
from tests.fakes import SEALER
from tests.grammar import check_stream

RECORDINGS = Path(__file__).parents[2] / "recordings" / "bedrock.invoke_stream"
STREAMS = [
    pytest.param(json.loads(path.read_bytes())["response"], id=path.stem) for path in sorted(RECORDINGS.glob("*.json"))
]


class Listener:
    """Keeps what it is fed with; a word of its vendor's ends the answer."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None
        self.failure: UpstreamError | None = None
        self.heard: list[Any] = []

    def feed(self, data: bytes) -> Chunk:
        self.heard.append(json.loads(data))
        if self.heard[-1] == "fail":
            self.failure = UpstreamBroke("Oh.")
        if self.heard[-1] == "raise":
            raise UpstreamBroke("Oh.")
        if self.heard[-1] == "end":
            self.outcome = Outcome("completed", b"{}")
        number = len(self.heard)
        return EMPTY if self.heard[-1] == "silence" else Chunk((Event("heard", number, data),))

    def quick(self, data: bytes, number: int) -> bytes | None:
        return data if number == len(self.heard) else None

    def close(self) -> Chunk:
        self.outcome = Outcome("completed", b"{}")
        return EMPTY


def plain(data: bytes) -> bytes:
    return data


def wrapped(data: Any) -> bytes:
    payload = {"bytes": base64.b64encode(json.dumps(data).encode()).decode(), "p": "abc"}
    return frame(json.dumps(payload).encode(), {":event-type": "chunk", ":message-type": "event"})


def test_there_are_recordings() -> None:
    assert len(STREAMS) == 8


@pytest.mark.parametrize("response", STREAMS)
def test_a_recorded_stream(response: Any) -> None:
    data = base64.b64decode(response["eventstream_b64"])
    for pieces in ([data], [data[place : place + 1] for place in range(len(data))]):
        listener = Listener()
        found = fed(InvokeReader(listener, plain), pieces)
        assert found.error is None
        assert listener.heard == [each["chunk"] for each in response["events"]]
        assert [event.number for event in found.events] == list(range(1, len(listener.heard) + 1))


def test_the_vendor_s_reader_says_what_an_event_means() -> None:
    chunks = [chunk(content="Hel"), chunk(content="lo"), chunk("stop")]
    plain_stream = b"".join(as_event(json.dumps(each).encode()) for each in chunks)
    data = b"".join(wrapped(each) for each in chunks)
    found = fed(InvokeReader(ChatReader(a_turn(), a_target(), SEALER)), cut(data, [7, 100, 101, 300]))
    check_stream(found.events)
    assert found.events == fed(ChatReader(a_turn(), a_target(), SEALER), plain_stream).events


def test_the_answer_is_over_when_the_vendor_s_is() -> None:
    listener = Listener()
    reader = InvokeReader(listener, plain)
    reader.feed(wrapped("a") + wrapped("end") + wrapped("b"))
    assert listener.heard == ["a", "end"]
    assert reader.outcome is listener.outcome


def test_what_is_no_event_of_the_vendor_s_is_passed_over() -> None:
    listener = Listener()
    other = frame(b"{}", {":event-type": "news", ":message-type": "event"})
    assert InvokeReader(listener, plain).feed(other) == EMPTY
    assert listener.heard == []


@pytest.mark.parametrize("word", ["fail", "raise"])
def test_a_failure_comes_after_the_events_before_it(word: str) -> None:
    reader = InvokeReader(Listener(), plain)
    assert len(reader.feed(wrapped("a") + wrapped(word)).events) == (2 if word == "fail" else 1)
    assert isinstance(reader.failure, UpstreamBroke)
    with pytest.raises(UpstreamBroke):
        reader.feed(b"")
    with pytest.raises(UpstreamBroke):
        reader.close()


def test_an_exception_of_amazon_s_is_a_failure() -> None:
    with pytest.raises(UpstreamRefused) as error:
        InvokeReader(Listener(), plain).feed(exception("throttlingException", "Slow down."))
    assert error.value.status == 429


@pytest.mark.parametrize("payload", [b"{}", b"[]", b'{"bytes": 3}', b'{"bytes": "!"}', '{"bytes": "é"}'.encode()])
def test_a_frame_without_an_event_breaks_the_answer(payload: bytes) -> None:
    headers = {":event-type": "chunk", ":message-type": "event"}
    with pytest.raises(UpstreamBroke):
        InvokeReader(Listener(), plain).feed(frame(payload, headers))
    assert InvokeReader(Listener(), plain).quick(frame(payload, headers), 0) is None


def test_the_short_way_is_the_vendor_s() -> None:
    listener = Listener()
    reader = InvokeReader(listener, plain)
    assert reader.quick(wrapped("a"), 0) == b'"a"'
    assert reader.quick(wrapped("a"), 1) is None
    assert reader.quick(wrapped("a")[:-1], 0) is None
    assert reader.quick(frame(b"{}", {":event-type": "news"}), 0) is None
