"""What providers do that is odd and no fault, and events that are strange: an answer is an answer, and has an end."""

import gzip
import json
from collections.abc import AsyncGenerator, Callable

import pytest
import pytest_asyncio

from tests.integration.faulty import (
    KINDS,
    Scene,
    events,
    gateway_before_a_faulty_provider,
    good,
    good_body,
    some_events,
    unharmed,
)
from tests.integration.harness import ask, frames_of
from tests.integration.provider import (
    DONE,
    LAST,
    STREAMING,
    chat_events,
    event,
    native_events,
    piece,
    streamed,
    whole,
)
from tests.integration.upstream.origin import Peer, Request

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Scene]:
    async with gateway_before_a_faulty_provider(tmp_path_factory.mktemp("faults")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def stage(scene: Scene) -> AsyncGenerator[Scene]:
    async with unharmed(scene) as made:
        yield made


STRANGE = {
    "an item without its item": event("response.output_item.added", 6, output_index=1),
    "an item that is a list": event("response.output_item.added", 6, output_index=1, item=[]),
    "an index that is a word": event("response.output_item.added", 6, output_index="one", item={}),
    "a part without its part": event("response.content_part.added", 6, output_index=0, content_index=1),
    "a delta without its delta": event("response.output_text.delta", 6, output_index=0, content_index=0),
    "a delta that is a number": event("response.output_text.delta", 6, output_index=0, content_index=0, delta=5),
    "a delta of half a character": event("response.output_text.delta", 6, output_index=0, delta="@").replace(
        b"@", b"\xe2\x82"
    ),
    "a delta of a lone surrogate": event("response.output_text.delta", 6, output_index=0, delta="\ud800"),
    "an annotation of nothing": event("response.output_text.annotation.added", 6, output_index=0),
    "a number that is a word": event("response.output_text.delta", 6, output_index=0, delta="x").replace(
        b'"sequence_number": 6', b'"sequence_number": "six"'
    ),
    "a type that is a number": b'data: {"type":5,"sequence_number":6}\n\n',
    "a type with a line end": b'data: {"type":"a\\nb: c\\n\\ndata: d","sequence_number":6}\n\n',
    "an event of an unknown type": event("response.telepathy.delta", 6, output_index=0, thought="x"),
    "a response that is a list": event("response.completed", 6, response=[]),
    "a response without anything": event("response.completed", 6, response={}),
}


@pytest.mark.parametrize("strange", STRANGE)
async def test_strange_events_never_keep_a_stream_from_its_end(stage: Scene, strange: str) -> None:
    stage.says(STREAMING, *map(piece, [*some_events("native"), STRANGE[strange]]))
    answer = await stage.ask("native", stream=True)
    assert answer.status == 200
    assert answer.body.endswith(DONE)
    told = [json.loads(frame.partition(b"\ndata: ")[2].decode()) for frame in frames_of(answer.body)]
    assert [each["sequence_number"] for each in told] == list(range(len(told)))
    assert told[-1]["type"] in ("response.failed", "response.completed")
    kept = await ask(stage.gateway, "GET", f"/v1/responses/{told[-1]['response']['id']}")
    assert kept.json == told[-1]["response"]


async def test_a_number_that_nobody_can_read_is_the_providers_fault(stage: Scene) -> None:
    stage.says(whole(good_body("native").replace(b'"annotations"', b'"x": 1e999, "annotations"')), then="goes on")
    error = await stage.refused("native", stream=True)
    assert (error["status"], error["code"]) == (502, "upstream_error")


# --- odd, and no fault ------------------------------------------------------------------------------------------------

INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


def gzipped(kind: str) -> bytes:
    return whole(gzip.compress(good_body(kind)), Content_Encoding="gzip")


def until_close(kind: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + good_body(kind)


def carriage_returns(kind: str) -> bytes:
    return streamed(*(each.replace(b"\n", b"\r\n") for each in events(kind)))


def lone_returns(kind: str) -> bytes:
    return streamed(*(each.replace(b"\n", b"\r") for each in events(kind)))


def byte_by_byte(kind: str) -> bytes:
    return streamed(*(bytes([each]) for each in b"".join(events(kind))))


def gzipped_stream(kind: str) -> bytes:
    head = STREAMING.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    return head + piece(gzip.compress(b"".join(events(kind)))) + LAST


def commented(kind: str) -> bytes:
    return streamed(*(b": ping\n\nretry: 5\n\nid: 7\n" + each for each in events(kind)))


ODD: dict[str, tuple[Callable[[str], bytes], str]] = {
    "interim answers": (lambda kind: INTERIM + good(kind), "goes on"),
    "gzip": (gzipped, "goes on"),
    "a body until the end": (until_close, "hangs up"),
    "a stream": (lambda kind: streamed(*events(kind)), "goes on"),
    "a gzip stream": (gzipped_stream, "goes on"),
    "CR LF": (carriage_returns, "goes on"),
    "CR": (lone_returns, "goes on"),
    "byte by byte": (byte_by_byte, "goes on"),
    "comments": (commented, "goes on"),
    "a stream that is left open": (lambda kind: STREAMING + piece(b"".join(events(kind))), "falls silent"),
    "bytes after the end": (lambda kind: good(kind) + b"HTTP/1.1 200 OK\r\n\r\n", "hangs up"),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("odd", ODD)
async def test_odd_answers_are_answers(stage: Scene, *, kind: str, stream: bool, odd: str) -> None:
    said, then = ODD[odd]
    stage.says(said(kind), then=then)
    await stage.completed(kind, stream=stream)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_event_of_several_megabytes_passes(stage: Scene, kind: str) -> None:
    long = "x" * 3_000_000
    stage.says(streamed(*(native_events(long) if kind == "native" else chat_events(long))), then="goes on")
    await stage.completed(kind, stream=True, text=long)
    await stage.completed(kind, stream=False, text=long)


async def test_a_provider_that_answers_the_second_attempt_is_not_told_of(stage: Scene) -> None:
    calls = 0

    async def second_time(_: Request, peer: Peer) -> None:
        nonlocal calls
        calls += 1
        await peer.say(whole(b"{}", status="500 Broken") if calls == 1 else good("native"))

    stage.upstream.script = second_time
    answer = await stage.ask("native", stream=False)
    assert answer.status == 200
    assert answer.headers["antiphon-attempts"] == "2"
