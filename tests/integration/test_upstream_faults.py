"""Whatever a provider does wrong, the client gets an error in the envelope, or a stream that is ended properly."""

import gzip
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.faulty import (
    KINDS,
    Scene,
    gateway_before_a_faulty_provider,
    good_body,
    some_events,
    unharmed,
)
from tests.integration.harness import UPSTREAM_KEY
from tests.integration.provider import (
    DONE,
    LAST,
    STREAMING,
    chat_chunk,
    event,
    native_events,
    piece,
    response,
    streamed,
    whole,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Scene]:
    async with gateway_before_a_faulty_provider(tmp_path_factory.mktemp("faults")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def stage(scene: Scene) -> AsyncGenerator[Scene]:
    async with unharmed(scene) as made:
        yield made


# --- no output at all: an HTTP error ----------------------------------------------------------------------------------

HTML = whole(b"<html><body>Welcome to 127.0.0.1</body></html>", kind="text/html")
LONG_HEAD = b"HTTP/1.1 200 OK\r\nX-Long: %b\r\nContent-Length: 2\r\n\r\n{}" % (b"x" * 100_000)
OVERSTATED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{}"
UNDERSTATED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n"
HALF_GZIP = gzip.compress(good_body("native") * 9)[:-20]
SECRETS = json.dumps(
    {"error": {"message": f"Incorrect key {UPSTREAM_KEY} for http://127.0.0.1:8000/v1 (host localhost:11434)"}}
).encode()

BEFORE_OUTPUT: dict[str, tuple[bytes, str, int, str | None]] = {
    "closes at once": (b"", "hangs up", 502, "upstream_error"),
    "resets at once": (b"", "resets", 502, "upstream_error"),
    "never answers": (b"", "falls silent", 504, "upstream_timeout"),
    "says garbage": (b"\x00\x01 not HTTP at all\r\n\r\n", "hangs up", 502, "upstream_error"),
    "speaks TLS": (b"\x15\x03\x01\x00\x02\x02\x46", "hangs up", 502, "upstream_error"),
    "stops in the head": (b"HTTP/1.1 200 OK\r\nContent-", "hangs up", 502, "upstream_error"),
    "is silent after the head": (STREAMING, "falls silent", 504, "upstream_timeout"),
    "sends too long a head": (LONG_HEAD, "hangs up", 502, "upstream_error"),
    "overstates its length": (OVERSTATED, "hangs up", 502, "upstream_error"),
    "understates its length": (UNDERSTATED + good_body("native"), "hangs up", 502, "upstream_error"),
    "sends a page": (HTML, "goes on", 502, "upstream_error"),
    "has no content": (b"HTTP/1.1 204 No Content\r\n\r\n", "goes on", 502, "upstream_error"),
    "has an empty body": (whole(b""), "goes on", 502, "upstream_error"),
    "redirects": (whole(b"", status="302 Found", Location="http://127.0.0.1/"), "goes on", 502, "upstream_error"),
    "switches protocols": (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "hangs up", 502, "upstream_error"),
    "cuts its compression": (whole(HALF_GZIP, Content_Encoding="gzip"), "goes on", 502, "upstream_error"),
    "says it compresses": (whole(good_body("native"), Content_Encoding="gzip"), "goes on", 502, "upstream_error"),
    "compresses strangely": (whole(b"\x8b\x00", Content_Encoding="br"), "goes on", 502, "upstream_error"),
    "lies about chunks": (STREAMING + b"zz\r\nabc\r\n", "hangs up", 502, "upstream_error"),
    "answers a list": (whole(b"[]"), "goes on", 502, "upstream_error"),
    "answers null": (whole(b"null"), "goes on", 502, "upstream_error"),
    "answers an empty object": (whole(b"{}"), "goes on", 502, None),
    "streams comments only": (streamed(b": ping\n\n", b": ping\n\n"), "goes on", 502, "upstream_error"),
    "streams the end only": (streamed(DONE), "goes on", 502, "upstream_error"),
    "streams nothing": (streamed(), "goes on", 502, "upstream_error"),
    "streams no JSON": (streamed(b"data: {not json\n\n"), "goes on", 502, "upstream_error"),
    "streams a list": (streamed(b"data: []\n\n"), "goes on", 502, "upstream_error"),
    "streams half a character": (streamed(b'data: {"type":"\xe2\x82"}\n\n'), "goes on", 502, "upstream_error"),
    "refuses the key": (whole(SECRETS, status="401 Unauthorized"), "goes on", 502, "upstream_error"),
    "breaks and tells all": (whole(SECRETS, status="500 Broken"), "goes on", 502, "server_error"),
}  # fmt: skip


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", BEFORE_OUTPUT)
async def test_a_provider_that_brings_no_output_is_an_http_error(
    stage: Scene, *, kind: str, stream: bool, fault: str
) -> None:
    said, then, status, code = BEFORE_OUTPUT[fault]
    stage.says(said, then=then)
    error = await stage.refused(kind, stream=stream)
    assert (error["status"], error["type"]) == (status, "server_error")
    assert error["code"] == (code or error["code"])
    assert error["param"] is None


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_provider_that_nobody_listens_at_is_an_http_error(stage: Scene, *, kind: str, stream: bool) -> None:
    error = await stage.refused(f"closed-{kind}", stream=stream)
    assert (error["status"], error["code"]) == (502, "upstream_error")


def native_error(**error: Any) -> bytes:
    return event("error", 2, error=error)


@pytest.mark.parametrize("opened", [False, True], ids=["first", "opened"])
@pytest.mark.parametrize("kind", KINDS)
async def test_an_error_in_the_stream_before_any_output_is_an_http_error(
    stage: Scene, *, kind: str, opened: bool
) -> None:
    error = {"type": "tokens", "code": "rate_limit_exceeded", "message": "Slow down on 127.0.0.1:80."}
    tells = native_error(**error) if kind == "native" else f"data: {json.dumps({'error': error})}\n\n".encode()
    opening = native_events()[:2] if kind == "native" else [chat_chunk({"role": "assistant", "content": ""})]
    stage.says(streamed(*(opening if opened else ()), tells), then="goes on")
    told = await stage.refused(kind, stream=True)
    assert (told["status"], told["code"], told["type"]) == (429, "rate_limit_exceeded", "rate_limit_error")


async def test_a_failed_response_before_any_output_is_an_http_error(stage: Scene) -> None:
    body = response(status="failed", error={"code": "server_error", "message": "It broke."})
    for stream in (False, True):
        stage.says(whole(json.dumps(body).encode()), then="goes on")
        assert (await stage.refused("native", stream=stream))["status"] == 502
        stage.says(streamed(*native_events()[:2], event("response.failed", 2, response=body)), then="goes on")
        assert (await stage.refused("native", stream=stream))["status"] == 502


# --- after output: `error` and `response.failed` ----------------------------------------------------------------------

Breaking = Callable[[str], tuple[bytes, str]]


def told_error(kind: str) -> tuple[bytes, str]:
    error = {"type": "server_error", "code": "server_error", "message": f"Key {UPSTREAM_KEY} broke localhost:80."}
    tells = native_error(**error) if kind == "native" else f"data: {json.dumps({'error': error})}\n\n".encode()
    return piece(tells) + LAST, "goes on"


AFTER_OUTPUT: dict[str, Breaking] = {
    "hangs up": lambda _: (b"", "hangs up"),
    "resets": lambda _: (b"", "resets"),
    "falls silent": lambda _: (b"", "falls silent"),
    "ends the body": lambda _: (LAST, "goes on"),
    "stops inside an event": lambda _: (piece(b'data: {"type":"resp'), "hangs up"),
    "ends inside an event": lambda _: (piece(b'data: {"type":"resp') + LAST, "goes on"),
    "ends inside a character": lambda _: (piece(b'data: {"type":"\xe2\x82') + LAST, "goes on"),
    "lies about a chunk": lambda _: (b"5\r\nabcdefgh\r\n", "hangs up"),
    "sends no JSON": lambda _: (piece(b"data: {not json\n\n"), "falls silent"),
    "sends a list": lambda _: (piece(b"data: [1]\n\n"), "falls silent"),
    "sends half a character": lambda _: (piece(b'data: {"type":"\xe2\x82"}\n\n'), "falls silent"),
    "tells of an error": told_error,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", AFTER_OUTPUT)
async def test_a_provider_that_breaks_after_output_ends_the_stream_with_a_failure(
    stage: Scene, kind: str, fault: str
) -> None:
    last, then = AFTER_OUTPUT[fault](kind)
    stage.says(STREAMING, *map(piece, some_events(kind)), last, then=then)
    told = await stage.failed(kind)
    said = "".join(each["delta"] for each in told if each["type"] == "response.output_text.delta")
    assert said == "One two "
    assert told[-1]["response"]["output"][0]["content"][0]["text"] == said


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", AFTER_OUTPUT)
async def test_the_same_in_one_read_ends_the_stream_with_a_failure(stage: Scene, kind: str, fault: str) -> None:
    last, then = AFTER_OUTPUT[fault](kind)
    stage.says(STREAMING + b"".join(map(piece, some_events(kind))) + last, then=then)
    await stage.failed(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["hangs up", "sends no JSON", "tells of an error"])
async def test_a_stream_that_breaks_is_an_http_error_for_who_asked_for_a_whole_answer(
    stage: Scene, kind: str, fault: str
) -> None:
    last, then = AFTER_OUTPUT[fault](kind)
    stage.says(STREAMING, *map(piece, some_events(kind)), last, then=then)
    error = await stage.refused(kind, stream=False)
    assert error["status"] == 502
