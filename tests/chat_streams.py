"""Chat completions answers for tests: how they are made, cut and read."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from antiphon.dialects.chat_answer import whole
from antiphon.dialects.chat_reader import ChatReader
from antiphon.dialects.chat_upstream import ChatUpstream
from antiphon.errors import UpstreamError
from antiphon.protocols import Caller, Reader, Target, Turn, UpstreamReply
from antiphon.quirks import Quirks
from antiphon.wire.events import Event, Outcome
from antiphon.wire.requests import parse_request
from tests.fakes import SEALER, pseudonym

NOW = 1_700_000_002.75


async def _no_post(body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b"") -> UpstreamReply:
    raise AssertionError("nothing is posted here")


def a_turn(**request: Any) -> Turn:
    """A turn whose ids count per prefix, so that two readings of one answer give the same ones."""
    counts: dict[str, itertools.count[int]] = {}

    def new_id(prefix: str) -> str:
        return f"{prefix}_{next(counts.setdefault(prefix, itertools.count())):048x}"

    body = json.dumps({"model": "provider/model", "input": "Hi", **request}).encode()
    return Turn(
        id="resp_" + "0" * 48,
        created_at=1_700_000_000,
        caller=Caller("tenant", "key"),
        request=parse_request(body),
        input=[],
        new_id=new_id,
        clock=lambda: NOW,
    )


def a_target(quirks: Quirks | None = None) -> Target:
    return Target(
        name="provider/model",
        provider="provider",
        model="model",
        dialect=ChatUpstream(SEALER, pseudonym),
        post=_no_post,
        quirks=quirks or Quirks(),
    )


def function_tool(name: str) -> dict[str, Any]:
    return {"type": "function", "name": name, "parameters": {"type": "object", "properties": {}}}


def chunk(finish: str | None = None, *, logprobs: Any = None, **delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": logprobs}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]}


def call_piece(index: int | None, arguments: Any = None, *, name: str | None = None, id: str | None = None) -> Any:
    """One entry of `tool_calls`; what is None is not there."""
    function = _given(name=name, arguments=arguments)
    return _given(index=index, id=id, function=function)


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def stream(*chunks: dict[str, Any], done: bool = True) -> bytes:
    frames = [b"data: " + json.dumps(each).encode() + b"\n\n" for each in chunks]
    return b"".join(frames) + (b"data: [DONE]\n\n" if done else b"")


def completion(message: dict[str, Any], finish: str | None = "stop", **members: Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": None, **message}, "finish_reason": finish}
    return json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "choices": [choice], **members}).encode()


@dataclass
class Heard:
    """What came of reading a stream: events, and the outcome or the error that followed them."""

    events: list[Event]
    outcome: Outcome | None
    error: UpstreamError | None

    @property
    def body(self) -> Any:
        assert self.outcome is not None, self.error
        return json.loads(self.outcome.body)

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [json.loads(event.data) for event in self.events]

    def said(self, kind: str) -> list[str]:
        """The deltas of a kind, in order."""
        return [payload["delta"] for payload in self.payloads if payload["type"] == kind]

    @property
    def types(self) -> list[str]:
        return [event.type.removeprefix("response.") for event in self.events]


def heard(data: bytes | Iterable[bytes], turn: Turn | None = None, target: Target | None = None) -> Heard:
    """Reads a stream of chat completions as the gateway would."""
    return heard_by(ChatReader(turn or a_turn(), target or a_target(), SEALER), data)


def heard_by(reader: Reader, data: bytes | Iterable[bytes]) -> Heard:
    """Feeds until the stream is at its end or fails, then closes."""
    events: list[Event] = []
    try:
        for piece in [data] if isinstance(data, bytes) else data:
            events += reader.feed(piece).events
        events += reader.close().events
    except UpstreamError as error:
        return Heard(events, reader.outcome, error)
    return Heard(events, reader.outcome, None)


def answered(data: bytes, turn: Turn | None = None, target: Target | None = None) -> Any:
    """The response object of an answer that came whole."""
    return json.loads(whole(turn or a_turn(), target or a_target(), data, SEALER).body)


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]
