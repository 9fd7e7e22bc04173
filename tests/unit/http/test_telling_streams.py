"""Streams to clients that speak another dialect: told without waiting where that is possible, and once in any case."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from antiphon.dialects.client_chat_answer import ChatTeller
from antiphon.dialects.client_chat_shapes import ChatTold
from antiphon.dialects.client_gemini_answer import GeminiTeller
from antiphon.dialects.client_gemini_shapes import GeminiTold
from antiphon.dialects.client_messages_answer import MessagesTeller
from antiphon.dialects.client_messages_shapes import MessagesTold
from antiphon.errors import UpstreamBroke
from antiphon.http.call import DIRECT_WRITER, Call, Scope
from antiphon.http.exchange import Exchange
from antiphon.http.streams import EventStream, Heartbeat, Teller
from antiphon.wire.events import Chunk, Event, frame, text_delta
from antiphon.wire.synthesis import synthesised
from tests.unit.http.test_exchange import Wire

TELLERS: dict[str, Callable[[], Teller]] = {
    "chat": lambda: ChatTeller(ChatTold("resp_1", 1, "fast")),
    "messages": lambda: MessagesTeller(MessagesTold("resp_1", "fast")),
    "gemini": lambda: GeminiTeller(GeminiTold("resp_1", "fast"), sse=True),
}
CALL = {"type": "function_call", "id": "f", "call_id": "c", "name": "look", "arguments": '{"a":1}'}


def message(*texts: str) -> dict[str, Any]:
    content: list[Any] = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": content}


def answer(*items: dict[str, Any]) -> list[Event]:
    return synthesised(msgspec.json.encode({"status": "completed", "output": items}))


def stream_to(wire: Wire, teller: Teller) -> tuple[EventStream, Exchange]:
    exchange = wire.exchange()
    scope: Scope = {"method": "POST", "http_version": "1.1", "headers": [], DIRECT_WRITER: exchange}
    call = Call(scope, exchange.receive, exchange.send, "req_1")
    heartbeat = Heartbeat(60, asyncio.TaskGroup())
    return EventStream(call, heartbeat, done_marker=False, teller=teller), exchange


def unchunked(written: bytes) -> bytes:
    body, rest = b"", written.partition(b"\r\n\r\n")[2]
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return body


@pytest.mark.parametrize("dialect", TELLERS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=9), max_size=4), slow=st.lists(st.booleans(), min_size=1, max_size=9))
async def test_what_is_told_is_the_same_whoever_has_to_wait(dialect: str, texts: list[str], slow: list[bool]) -> None:
    events = answer(message(*texts), CALL, message("x"))
    wire, teller = Wire(), TELLERS[dialect]()
    stream, _ = stream_to(wire, teller)
    assert stream.direct is not None
    for place, event in enumerate(events):
        keeps_up = not slow[place % len(slow)]
        wire.writable = None if keeps_up else asyncio.Event()
        last = place == len(events) - 1
        taken = not last and stream.direct(frame(event))
        assert taken == (keeps_up and place > 0 and not last)
        if not taken:
            wire.writable = None
            await stream(Chunk((event,)))
    assert unchunked(wire.written) == TELLERS[dialect]().frames(events)


async def test_several_events_are_told_at_once() -> None:
    first, *events, last = answer(message("one", "two"))
    wire, teller = Wire(), TELLERS["messages"]()
    stream, _ = stream_to(wire, teller)
    await stream(Chunk((first,)))
    assert stream.direct is not None
    assert stream.direct(b"".join(map(frame, events)))
    await stream(Chunk((last,)))
    assert unchunked(wire.written) == TELLERS["messages"]().frames([first, *events, last])


@pytest.mark.parametrize("dialect", TELLERS)
async def test_a_delta_that_is_none_is_the_providers_fault(dialect: str) -> None:
    first, *_ = answer(message("one"))
    stream, _ = stream_to(Wire(), TELLERS[dialect]())
    await stream(Chunk((first,)))
    assert stream.direct is not None
    with pytest.raises(UpstreamBroke):
        stream.direct(b'event: response.output_text.delta\ndata: {"delta":1,"sequence_number":9}\n\n')


def test_one_delta_of_text_is_known_by_its_frame() -> None:
    delta = b'event: response.output_text.delta\ndata: {"delta":"a"}\n\n'
    assert text_delta(delta) == b'{"delta":"a"}'
    assert text_delta(delta + delta) is None
    assert text_delta(delta[:-1]) is None
    assert text_delta(b"event: response.refusal.delta\ndata: {}\n\n") is None
