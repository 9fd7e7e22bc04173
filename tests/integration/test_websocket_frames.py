"""Byte by byte: handshakes that are none, frames that are broken, and what is said in the log."""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from antiphon.lifecycle_settings import WebSocketSettings
from tests.integration.harness import KEY, PATIENCE, Gateway, assert_refused, sent, serving, settings_for, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 100_000
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
HANDSHAKE = {
    "Host": "g",
    "Authorization": f"Bearer {KEY}",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
}
NO_CHANGES: Mapping[str, str | None] = {}
TURN: dict[str, Any] = {"type": "response.create", "model": "demo/echo", "input": "Hi", "store": False}
WARM_UP = TURN | {"generate": False}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Gateway]:
    folder = tmp_path_factory.mktemp("websocket")
    websocket = WebSocketSettings(max_frame_bytes=LIMIT, ping_seconds=1)
    settings = settings_for(1, f"sqlite:///{folder}/antiphon.db", websocket=websocket)
    async with serving(settings, folder / "log") as running:
        yield running
        told = [
            line for line in running.lines() if line["level"] not in ("info", "debug") or line["event"] != "request"
        ]
        assert not told


def head(start: str = "GET /v1/responses", changes: Mapping[str, str | None] = NO_CHANGES) -> bytes:
    """A handshake; a header that becomes None is left out."""
    fields: dict[str, str | None] = {**HANDSHAKE, **changes}
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([f"{start} HTTP/1.1", *lines, "", ""]).encode()


def frame(opcode: int, data: bytes, *, final: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """A frame as a client sends it, or must not."""
    size = len(data)
    first = bytes([0x80 * final | reserved << 4 | opcode])
    mask = 0x80 * masked
    if size < 126:
        length = bytes([mask | size])
    elif size < 65_536:
        length = bytes([mask | 126]) + struct.pack("!H", size)
    else:
        length = bytes([mask | 127]) + struct.pack("!Q", size)
    if not masked:
        return first + length + data
    key = b"\x12\x34\x56\x78"
    repeated = (key * (size // 4 + 1))[:size]
    mixed = (int.from_bytes(data) ^ int.from_bytes(repeated)).to_bytes(size)
    return first + length + key + mixed


def text(value: object) -> bytes:
    return frame(TEXT, value if isinstance(value, bytes) else json.dumps(value).encode())


class Peer:
    """A client that speaks in bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def frame(self) -> tuple[int, bytes]:
        """The next frame: its opcode, its data."""
        first, size = await self._reader.readexactly(2)
        assert first & 0xF0 == 0x80, "whole, and without extensions"
        assert size < 128, "servers do not mask"
        if size == 126:
            (size,) = struct.unpack("!H", await self._reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
        return first & 15, await self._reader.readexactly(size)

    async def heard(self, opcode: int) -> bytes:
        """The next frame of this kind, pings and pongs between them passed over."""
        while True:
            kind, data = await self.frame()
            if kind == opcode:
                return data
            assert kind in (PING, PONG), (kind, data)

    async def event(self) -> Any:
        return json.loads(await self.heard(TEXT))

    async def closed(self) -> int:
        (code,) = struct.unpack("!H", (await self.heard(CLOSE))[:2])
        assert await self._reader.read() == b""
        return code

    async def still_serves(self) -> None:
        self.writer.write(text(WARM_UP))
        kinds = [(await self.event())["type"] for _ in range(3)]
        assert kinds == ["response.created", "response.in_progress", "response.completed"]


@asynccontextmanager
async def opened(
    gateway: Gateway,
    rest: bytes = b"",
    start: str = "GET /v1/responses",
    changes: Mapping[str, str | None] = NO_CHANGES,
) -> AsyncGenerator[Peer]:
    """A connection whose handshake succeeds; `rest` is sent in one piece with it."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        try:
            writer.write(head(start, changes) + rest)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 101 "), answer
            assert b"x-request-id: req_" in answer
            yield Peer(reader, writer)
        finally:
            writer.transport.abort()


@pytest.mark.parametrize(
    "changes",
    [
        {"Sec-WebSocket-Version": "8"},
        {"Sec-WebSocket-Version": None},
        {"Sec-WebSocket-Key": None},
        {"Sec-WebSocket-Key": "short"},
        {"Sec-WebSocket-Key": "=" * 24},
        {"Upgrade": "h2c"},
        {"Upgrade": "websocket, h2c"},
        {"Connection": "keep-alive"},
        {"Content-Length": "0"},
        {"sec-websocket-key": HANDSHAKE["Sec-WebSocket-Key"]},
    ],
    ids=str,
)
async def test_what_is_no_handshake_is_served_as_plain_http(gateway: Gateway, changes: dict[str, str | None]) -> None:
    assert_refused(await sent(gateway, head(changes=changes)), 426)


@pytest.mark.parametrize("path", ["/v1/responses/resp_x", "/v1/nowhere", "/v1/responses%2Fx", "/V1/responses"])
async def test_a_websocket_anywhere_else_is_not_found(gateway: Gateway, path: str) -> None:
    assert_refused(await sent(gateway, head(f"GET {path}")), 404)


async def test_a_handshake_leaves_other_routes_alone(gateway: Gateway) -> None:
    assert (await sent(gateway, head("GET /health"))).status == 200
    assert_refused(await sent(gateway, head("POST /v1/responses", {"Content-Length": "2"}) + b"{}"), 400)
    assert_refused(await sent(gateway, head(changes={"Authorization": "Bearer x"})), 401)
    empty = {"Authorization": None, "Sec-WebSocket-Protocol": "openai-insecure-api-key."}
    assert_refused(await sent(gateway, head(changes=empty)), 401)


async def test_long_heads_many_headers_and_queries_are_no_trouble(gateway: Gateway) -> None:
    many = {f"X-{number}": "x" * 200 for number in range(200)} | {"X-Long": "x" * 9000}
    async with opened(gateway, start="GET /v1/responses?x=" + "y" * 9000, changes=many) as peer:
        await peer.still_serves()
    beta = {"OpenAI-Beta": "responses_websockets=2099-01-01"}
    async with opened(gateway, start="GET /v1/%72esponses", changes=beta) as peer:
        await peer.still_serves()


@pytest.mark.parametrize("size", [10, 40_000, 90_000])
async def test_frames_may_come_with_the_handshake(gateway: Gateway, size: int) -> None:
    async with opened(gateway, text(WARM_UP | {"input": "x" * size}) + text(WARM_UP)) as peer:
        for _ in range(2):
            assert [(await peer.event())["type"] for _ in range(3)][-1] == "response.completed"
        await peer.still_serves()


@pytest.mark.parametrize(
    "early",
    [
        frame(CLOSE, struct.pack("!H", 1000)),
        frame(PING, b"") + frame(CLOSE, struct.pack("!H", 1000)),
        frame(TEXT, b"{}", reserved=4) + frame(PING, b"x") * 3,
        frame(TEXT, b"\xff") + frame(PING, b"x") + text(TURN),
        b"\x00" * 1000,
    ],
    ids=["close", "ping and close", "broken and pings", "no text and more", "no frame"],
)
async def test_what_ends_a_connection_may_come_with_the_handshake(gateway: Gateway, early: bytes) -> None:
    async with opened(gateway, early) as peer:
        assert await peer.closed() in (1000, 1002, 1007)


BROKEN: list[tuple[bytes, str]] = [
    (b"", "invalid_json"),
    (b"{", "invalid_json"),
    (b"[]", "invalid_type"),
    (b"null", "invalid_type"),
    (b"{}", "missing_required_parameter"),
    (b'{"type":1}', "invalid_type"),
    (b'{"type":"response.cancel"}', "invalid_value"),
    (b'{"type":"' + b"x" * 50_000 + b'"}', "invalid_value"),
    (b'{"type":"response.create","stream_id":"a b"}', "invalid_stream_id"),
    (b'{"type":"response.create","model":1}', "invalid_type"),
    (b'{"type":"response.create","response":1}', "invalid_type"),
    (b'{"type":"response.steer"}', "missing_required_parameter"),
    (b"[" * 90_000, "invalid_type"),
    (b'{"type":"response.create","input":' + b"[" * 90_000, "invalid_json"),
]


async def test_a_message_that_makes_no_sense_is_an_error_and_the_connection_stays(gateway: Gateway) -> None:
    async with opened(gateway) as peer:
        for data, code in BROKEN:
            peer.writer.write(text(data))
            told = await peer.event()
            assert (told["type"], told["status"], told["error"]["code"]) == ("error", 400, code), data[:100]
            assert told["error"]["message"]
        for data in (b"", b'{"type":"response.create"}', b"\xff"):
            peer.writer.write(frame(BINARY, data))
            assert (await peer.event())["error"]["code"] == "invalid_json"
        await peer.still_serves()


async def test_a_message_may_come_in_pieces_with_others_between(gateway: Gateway) -> None:
    data = json.dumps(WARM_UP | {"input": "ü€😀"}, ensure_ascii=False).encode()
    async with opened(gateway) as peer:
        for at in range(len(data)):
            peer.writer.write(frame(TEXT if at == 0 else 0, data[at : at + 1], final=at == len(data) - 1))
            if at % 20 == 5:
                peer.writer.write(frame(PING, b"are you there"))
                assert await peer.heard(PONG) == b"are you there"
        assert (await peer.event())["type"] == "response.created"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(TEXT, b"{}", masked=False), 1002),
        (frame(TEXT, b"{}", reserved=4), 1002),
        (frame(3, b"{}"), 1002),
        (frame(0, b"{}"), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(TEXT, b"{", final=False) + frame(TEXT, b"}"), 1002),
        (frame(TEXT, b'{"type":"\xff"}'), 1007),
        (frame(TEXT, b'"\xc3', final=False) + frame(0, b'"'), 1007),
        (frame(TEXT, b"x" * (LIMIT + 1)), 1009),
        (frame(TEXT, b"x" * 5_000_000), 1009),
        (frame(TEXT, b"x" * 60_000, final=False) + frame(0, b"x" * 60_000, final=False), 1009),
        (frame(CLOSE, struct.pack("!H", 1000)), 1000),
    ],
)
async def test_a_connection_that_cannot_go_on_says_why(gateway: Gateway, data: bytes, code: int) -> None:
    async with opened(gateway) as peer:
        peer.writer.write(data)
        assert await peer.closed() == code


async def test_a_client_that_stops_halfway_leaves_nothing_behind(gateway: Gateway) -> None:
    whole = head() + text(WARM_UP)
    for cut in range(0, len(whole), 37):
        _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(whole[:cut])
        await writer.drain()
        writer.transport.abort()
    async with opened(gateway) as peer:
        await peer.still_serves()


async def test_a_silent_client_is_pinged(gateway: Gateway) -> None:
    async with opened(gateway) as peer:
        data = await peer.heard(PING)
        peer.writer.write(frame(PONG, data))
        await peer.heard(PING)


async def test_more_requests_than_may_wait_are_refused(gateway: Gateway) -> None:
    big = TURN | {"input": "x" * (LIMIT // 2)}
    async with opened(gateway) as peer:
        peer.writer.write(b"".join(text(big) for _ in range(9)))
        ended: list[str] = []
        while len(ended) < 9:
            event = await peer.event()
            if event["type"] in ("error", "response.completed"):
                ended.append(event["type"] if event["type"] != "error" else event["error"]["code"])
        assert set(ended) == {"response.completed", "websocket_queue_full"}
        await peer.still_serves()


async def test_every_request_and_every_connection_has_a_line_in_the_log(gateway: Gateway) -> None:
    seen = await gateway.mark()

    def lines() -> list[dict[str, Any]]:
        return [line for line in gateway.lines()[seen:] if line["path"] == "/openai/responses"]

    async with opened(gateway, start="GET /openai/responses") as peer:
        await peer.still_serves()
        peer.writer.write(text({"type": "response.create", "model": "nobody/x"}))
        assert (await peer.event())["status"] == 400
    await until(lambda: len(lines()) == 3, "all is logged")
    warm, refused, connection = lines()
    assert (connection["method"], connection["status"], connection["key"]) == ("GET", 101, "master")
    name = connection["request_id"]
    assert [line["request_id"] for line in (warm, refused)] == [f"{name}.1", f"{name}.2"]
    assert (warm["method"], warm["status"], warm["stream"]) == ("response.create", 200, True)
    assert warm["response_id"].startswith("resp_")
    assert warm["target"] == "demo/echo"
    assert (refused["status"], refused["error_code"]) == (400, "model_not_found")
