"""Event streams as bytes: what section 1.4 of the specification asks of them is checked wherever one is read."""

import json
from typing import Any

import httpx

DONE = b"data: [DONE]\n\n"

Event = dict[str, Any]


def frames(raw: bytes) -> list[bytes]:
    """The frames of a whole stream, comments and the end marker left out. Raises AssertionError for a broken rule."""
    assert b"\r" not in raw
    assert raw.endswith(DONE)
    assert raw.count(DONE) == 1
    blocks = raw.removesuffix(DONE).split(b"\n\n")
    assert blocks.pop() == b""
    return [block + b"\n\n" for block in blocks if not block.startswith(b":")]


def events(raw: bytes) -> list[Event]:
    """The events of a whole stream."""
    return [_event(frame) for frame in frames(raw)]


def _event(frame: bytes) -> Event:
    named, data, *rest = frame.split(b"\n")
    assert rest == [b"", b""]
    assert data.startswith(b"data: ")
    event = json.loads(data[6:])
    assert named == b"event: " + event["type"].encode()
    return event


def streamed(wire: httpx.Client, **body: Any) -> bytes:
    """The bytes that answer a create request with `stream: true`."""
    answer = wire.post("/v1/responses", json={"stream": True, **body})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    return answer.content


def replayed(wire: httpx.Client, response_id: str, **query: Any) -> bytes:
    """The bytes of a replay."""
    answer = wire.get(f"/v1/responses/{response_id}", params={"stream": "true", **query})
    assert answer.status_code == 200, answer.text
    return answer.content


def terminal(raw: bytes) -> Event:
    """The response object in the terminal event."""
    last = events(raw)[-1]
    assert last["type"] in ("response.completed", "response.incomplete", "response.failed")
    response: Event = last["response"]
    return response
