"""Google's answers for tests: how they are made, and how they are read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from antiphon.dialects.gemini_upstream import GeminiUpstream
from antiphon.errors import UpstreamError
from antiphon.protocols import Target, Turn, UpstreamReply
from antiphon.quirks import Quirks
from antiphon.wire.envelope import unpacked
from antiphon.wire.events import Event
from tests.chat_streams import Heard, a_turn
from tests.fakes import SEALER

GEMINI = GeminiUpstream(SEALER)
TENANT = "tenant"


async def _no_post(body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b"") -> UpstreamReply:
    raise AssertionError("nothing is posted here")


def gemini_target(model: str = "gemini-3-flash-preview", **quirks: Any) -> Target:
    return Target(
        name=f"gemini/{model}",
        provider="gemini",
        model=model,
        dialect=GEMINI,
        post=_no_post,
        quirks=Quirks(**quirks),
    )


def generated(*parts: Any, finish: str | int | None = None, usage: Any = None, **candidate: Any) -> dict[str, Any]:
    """A chunk, or a whole answer if it says how it ended."""
    candidate |= {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    said: dict[str, Any] = {"candidates": [candidate], "responseId": "r-1", "modelVersion": "gemini"}
    return said if usage is None else said | {"usageMetadata": usage}


def stream(*chunks: Any, end: str = "\r\n\r\n") -> bytes:
    return b"".join(f"data: {json.dumps(chunk)}{end}".encode() for chunk in chunks)


def heard(data: bytes | Iterable[bytes], turn: Turn | None = None, target: Target | None = None) -> Heard:
    """Reads a stream as the gateway would: feed until it is at its end or fails, then close."""
    reader = GEMINI.reader(turn or a_turn(), target or gemini_target())
    events: list[Event] = []
    try:
        for piece in [data] if isinstance(data, bytes) else data:
            events += reader.feed(piece).events
        events += reader.close().events
    except UpstreamError as error:
        return Heard(events, reader.outcome, error)
    return Heard(events, reader.outcome, None)


def answered(said: Any, turn: Turn | None = None, target: Target | None = None) -> Any:
    """The response object of an answer that came whole."""
    data = said if isinstance(said, bytes) else json.dumps(said).encode()
    return json.loads(GEMINI.whole(turn or a_turn(), target or gemini_target(), data).body)


def inner(value: Any, name: str) -> Any:
    """A member that is an object, empty where there is none."""
    return value.get(name) or {}


def listed(value: Any, name: str) -> list[Any]:
    """A member that is a list, empty where there is none."""
    return value.get(name) or []


def in_chunks(body: Any) -> bytes:
    """A whole answer as the stream that it could have been: every part in a chunk of its own."""
    (candidate,) = body["candidates"]
    parts = listed(inner(candidate, "content"), "parts")
    beside = {name: value for name, value in body.items() if name not in ("candidates", "usageMetadata")}
    last = {name: value for name, value in candidate.items() if name != "content"}
    logprobs = last.pop("logprobsResult", None)
    chunks = [beside | {"candidates": [{"content": {"parts": [part]}, "index": 0}]} for part in parts]
    if logprobs is not None:
        chunks[0]["candidates"][0]["logprobsResult"] = logprobs
    return stream(*chunks, body | {"candidates": [last]})


def sealed_in(body: Any) -> list[Any]:
    """Everything that the seals of an answer hold, in order."""
    found: list[Any] = []
    for item in body["output"]:
        if blob := item.get("encrypted_content"):
            envelope = unpacked(SEALER.open(TENANT, blob))
            assert envelope is not None
            found += envelope.items
    return found
