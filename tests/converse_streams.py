"""Converse answers for tests: how they are made, cut and read."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from zlib import crc32

from antiphon.dialects.converse_reader import ConverseReader
from antiphon.dialects.converse_upstream import ConverseUpstream
from antiphon.dialects.converse_whole import whole
from antiphon.errors import UpstreamError
from antiphon.protocols import Reader, Target, Turn
from antiphon.wire.envelope import Envelope, unpacked
from antiphon.wire.events import Event
from tests.chat_streams import Heard, a_turn
from tests.chat_streams import a_target as a_chat_target
from tests.fakes import SEALER

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PADDING = "abcdefghijklmnop"


def a_target(model: str = CLAUDE) -> Target:
    return replace(a_chat_target(), name=f"provider/{model}", model=model, dialect=ConverseUpstream(SEALER))


def frame(payload: bytes, headers: dict[str, str], extra: bytes = b"") -> bytes:
    """One message, made by the letter of Amazon's format; `extra` are headers of other types, as they are."""
    block = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    block += extra
    prelude = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    message = prelude + struct.pack(">I", crc32(prelude)) + block + payload
    return message + struct.pack(">I", crc32(message))


def event(kind: str, **payload: Any) -> bytes:
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return frame(json.dumps(payload | {"p": PADDING}).encode(), headers)


def exception(kind: str, message: str) -> bytes:
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return frame(json.dumps({"message": message}).encode(), headers)


def opening() -> bytes:
    return event("messageStart", role="assistant")


def piece(index: int, **delta: Any) -> bytes:
    return event("contentBlockDelta", contentBlockIndex=index, delta=delta)


def call(index: int, id: str, name: str, *inputs: str, type: str | None = None) -> bytes:
    """A whole call in pieces."""
    use = {"toolUseId": id, "name": name} | ({"type": type} if type else {})
    start = event("contentBlockStart", contentBlockIndex=index, start={"toolUse": use})
    return start + b"".join(piece(index, toolUse={"input": text}) for text in inputs) + stop(index)


def stop(index: int) -> bytes:
    return event("contentBlockStop", contentBlockIndex=index)


USAGE = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}


def ending(reason: str = "end_turn", usage: Any = None, **beside: Any) -> bytes:
    return event("messageStop", stopReason=reason) + event("metadata", usage=usage or USAGE, **beside)


def spoken(*texts: str, index: int = 0) -> bytes:
    return b"".join(piece(index, text=text) for text in texts) + stop(index)


def answer(*blocks: Any, reason: str = "end_turn", usage: Any = None, **beside: Any) -> bytes:
    message = {"role": "assistant", "content": list(blocks)}
    return json.dumps({"output": {"message": message}, "stopReason": reason, "usage": usage or USAGE} | beside).encode()


def fed(reader: Reader, data: bytes | Iterable[bytes]) -> Heard:
    """Reads a stream as the gateway would: feed until it is at its end or fails, then close."""
    events: list[Event] = []
    try:
        for part in [data] if isinstance(data, bytes) else data:
            events += reader.feed(part).events
            if reader.outcome is not None:
                return Heard(events, reader.outcome, None)
        events += reader.close().events
    except UpstreamError as error:
        return Heard(events, reader.outcome, error)
    return Heard(events, reader.outcome, None)


def heard(data: bytes | Iterable[bytes], turn: Turn | None = None, target: Target | None = None) -> Heard:
    return fed(ConverseReader(turn or a_turn(), target or a_target(), SEALER), data)


def answered(data: bytes, turn: Turn | None = None, target: Target | None = None) -> Any:
    """The response object of an answer that came whole."""
    return json.loads(whole(turn or a_turn(), target or a_target(), data, SEALER).body)


def sealed_in(body: Any) -> list[Envelope]:
    """What the seals of an answer's reasoning hold."""
    blobs = [item["encrypted_content"] for item in body["output"] if "encrypted_content" in item]
    envelopes = [unpacked(SEALER.open("tenant", blob)) for blob in blobs]
    return [each for each in envelopes if each is not None]
