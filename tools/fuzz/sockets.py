"""WebSocket connections: a handshake and frames, of which any may be wrong (RFC 6455)."""

from __future__ import annotations

import struct
from random import Random
from typing import Any, Final

from tools.fuzz.asks import path_bytes
from tools.fuzz.mutation import Mutator, encoded

_TEXT: Final = 1
_CLOSE: Final = 8
_MASK: Final = b"\x01\x02\x03\x04"
_SMALL: Final = 126
_LARGE: Final = 65_536

_EVENTS: Final[tuple[Any, ...]] = (
    {"type": "response.create", "response": {"model": "demo/echo", "input": "Hi"}},
    {"type": "response.create", "model": "chat/m", "input": [{"role": "user", "content": "Hi"}], "stream_id": "a"},
    {"type": "response.create", "response": {"model": "openai/gpt-5-mini", "input": "Hi", "generate": False}},
    {"type": "response.cancel", "response_id": "resp_1"},
    {"type": "response.steer", "previous_response_id": "resp_1", "input": "x"},
    {"type": "ping"},
)


def handshake(key: str, path: str = "/v1/responses") -> bytes:
    """The request that asks for a WebSocket."""
    return (
        b"GET %b HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ) % (path_bytes(path), key.encode())


def frame(payload: bytes, opcode: int = _TEXT, *, last: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """One frame of a client."""
    size, mark = len(payload), 0x80 if masked else 0
    head = bytes([(0x80 if last else 0) | reserved << 4 | opcode])
    if size < _SMALL:
        head += bytes([mark | size])
    elif size < _LARGE:
        head += bytes([mark | _SMALL]) + struct.pack(">H", size)
    else:
        head += bytes([mark | _SMALL + 1]) + struct.pack(">Q", size)
    if not masked:
        return head + payload
    mask = (_MASK * (size // 4 + 1))[:size]
    covered = int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")
    return head + _MASK + covered.to_bytes(size, "big")


def conversation(chance: Random, mutator: Mutator, key: str) -> bytes:
    """A handshake, some frames, and nearly always a close at the end."""
    data = handshake(key)
    for _ in range(chance.randrange(1, 6)):
        data += _frame(chance, mutator)
    return data + (b"" if chance.random() < 0.1 else frame(struct.pack(">H", 1000), _CLOSE))


def _frame(chance: Random, mutator: Mutator) -> bytes:
    payload = encoded(mutator.json(chance.choice(_EVENTS)))
    match chance.randrange(10):
        case 0:
            return frame(mutator.data(payload))
        case 1:
            return frame(payload, chance.randrange(16))
        case 2:
            middle = len(payload) // 2
            return frame(payload[:middle], last=False) + frame(payload[middle:], 0)
        case 3:
            return frame(payload, masked=False)
        case 4:
            return mutator.data(frame(payload))
        case 5:
            return frame(payload[:100], 9) + frame(payload)
        case 6:
            return frame(payload, reserved=chance.randrange(8))
        case 7:
            return frame(
                struct.pack(">H", chance.choice((0, 999, 1005, 3000, 65_535))) + mutator.text().encode()[:120], _CLOSE
            )
        case _:
            return frame(payload)
