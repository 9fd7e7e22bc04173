"""What clients and providers have really said, as seeds to begin from."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, Literal

import msgspec

from tests.replayed import Exchange, recorded

Framing = Literal["sse", "aws", "ndjson", "whole"]

LONGEST: Final = 64 * 1024
"""Bytes of a seed. What is longer says nothing that a shorter one does not, and makes every round slow."""


def requests_of(*dialects: str) -> list[bytes]:
    """The bodies that were sent in one of these formats."""
    bodies = (each["request"].get("body") for each in _of(dialects))
    return _short(msgspec.json.encode(body) for body in bodies if body is not None)


def answers_of(*dialects: str, framing: Framing) -> list[bytes]:
    """The answers that came in one of these formats, whole or in this framing, refusals among them."""
    return _short(data for each in _of(dialects) for kind, data in body_of(each) if kind == framing)


def refusals_of(*dialects: str) -> list[bytes]:
    """The refusals among them."""
    refused = (each for each in _of(dialects) if each["response"]["status"] >= 400)
    return _short(data for each in refused for _, data in body_of(each))


def body_of(exchange: Exchange) -> Iterator[tuple[Framing, bytes]]:
    """The answer as it came, and in which framing; nothing for one of which only the events were kept."""
    response: dict[str, Any] = exchange["response"]
    if "sse" in response:
        yield "sse", response["sse"].encode()
    elif "ndjson" in response:
        yield "ndjson", _lines(response["ndjson"])
    elif "eventstream_b64" in response:
        yield "aws", base64.b64decode(response["eventstream_b64"])
    elif response.get("body") is not None:
        yield "whole", msgspec.json.encode(response["body"])
    elif "text" in response:
        yield "whole", response["text"].encode()


def _lines(said: Any) -> bytes:
    return said.encode() if isinstance(said, str) else b"".join(msgspec.json.encode(each) + b"\n" for each in said)


def _of(dialects: Sequence[str]) -> Iterator[Exchange]:
    for each in recorded():
        if each["dialect"] in dialects:
            yield each


def _short(bodies: Iterator[bytes]) -> list[bytes]:
    return list(dict.fromkeys(body for body in bodies if len(body) <= LONGEST))


@cache
def by_api(api: str, *, streamed: bool) -> list[tuple[int, Framing, bytes]]:
    """Every answer of an API: its status, framing and bytes."""
    found: list[tuple[int, Framing, bytes]] = []
    for each in recorded():
        if each["api"] == api:
            for framing, body in body_of(each):
                if (framing != "whole") == streamed and len(body) <= LONGEST:
                    found.append((each["response"]["status"], framing, body))
    return found
