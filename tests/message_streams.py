"""Answers of the Messages API for tests: how they are made, cut and read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from antiphon.dialects.messages_hosts import HostName
from antiphon.dialects.messages_upstream import MessagesUpstream
from antiphon.errors import UpstreamError
from antiphon.protocols import Built, Target, Turn, UpstreamReply, resumption_of
from antiphon.quirks import Quirks
from antiphon.wire.envelope import unpacked
from antiphon.wire.events import Event, Outcome
from tests.chat_streams import a_turn
from tests.fakes import SEALER, pseudonym

Body = dict[str, Any]

MODEL = "claude-sonnet-4-5"


async def _no_post(body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b"") -> UpstreamReply:
    raise AssertionError("nothing is posted here")


def claude(
    model: str = MODEL, host: HostName = "anthropic", quirks: Quirks | None = None, limit: int | None = None
) -> Target:
    return Target(
        name=f"anthropic/{model}",
        provider="anthropic",
        model=model,
        dialect=MessagesUpstream(SEALER, pseudonym, host),
        post=_no_post,
        quirks=quirks or Quirks(),
        output_limit=limit,
    )


def host_of(exchange: Body) -> HostName:
    """Where a recorded exchange took place, going by its format and its path."""
    if exchange["dialect"].startswith("bedrock-"):
        return "bedrock"
    return "vertex" if exchange["request"]["url_path"].endswith("awPredict") else "anthropic"


def event(kind: str, **members: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members}, separators=(',', ':'))}\n\n".encode()


def start(**usage: int) -> bytes:
    message: Body = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "usage": usage}
    return event("message_start", message=message)


def block(index: int, begun: Body, *deltas: Body) -> bytes:
    said = b"".join(event("content_block_delta", index=index, delta=delta) for delta in deltas)
    return (
        event("content_block_start", index=index, content_block=begun) + said + event("content_block_stop", index=index)
    )


def text_block(index: int, *pieces: str) -> bytes:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": piece} for piece in pieces))


def call_block(index: int, name: str, *pieces: str, id: str = "toolu_1") -> bytes:
    begun: Body = {"type": "tool_use", "id": id, "name": name, "input": {}}
    return block(index, begun, *({"type": "input_json_delta", "partial_json": piece} for piece in pieces))


def stop(reason: str, **usage: int) -> bytes:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return event("message_delta", delta=delta, usage=usage) + event("message_stop")


@dataclass
class Heard:
    """What came of reading a stream: events, and the outcome or the error that followed them."""

    events: list[Event]
    outcome: Outcome | None
    error: UpstreamError | None
    resumption: Built | None

    @property
    def body(self) -> Any:
        assert self.outcome is not None, self.error
        return json.loads(self.outcome.body)

    @property
    def output(self) -> list[Any]:
        return self.body["output"]

    def said(self, kind: str) -> list[str]:
        told = [json.loads(each.data) for each in self.events]
        return [each["delta"] for each in told if each["type"] == kind]

    @property
    def types(self) -> list[str]:
        return [each.type.removeprefix("response.") for each in self.events]


def heard(*streams: bytes | Iterable[bytes], turn: Turn | None = None, target: Target | None = None) -> Heard:
    """Reads streams as the gateway would: one, and those that go on after a pause."""
    target = target or claude()
    reader = target.dialect.reader(turn or a_turn(stream=True), target)
    assert hasattr(reader, "resumption")
    events: list[Event] = []
    try:
        for stream in streams:
            for piece in [stream] if isinstance(stream, bytes) else stream:
                events += reader.feed(piece).events
            events += reader.close().events
    except UpstreamError as error:
        return Heard(events, reader.outcome, error, resumption_of(reader))
    return Heard(events, reader.outcome, reader.failure, resumption_of(reader))


def answered(message: Body, turn: Turn | None = None, target: Target | None = None) -> Any:
    """The response object of an answer that came whole."""
    target = target or claude()
    return json.loads(target.dialect.whole(turn or a_turn(), target, json.dumps(message).encode()).body)


def message(*content: Body, stop_reason: str | None = "end_turn", **members: Any) -> Body:
    base = {"id": "msg_1", "type": "message", "role": "assistant", "usage": {"input_tokens": 1, "output_tokens": 1}}
    return {**base, "content": list(content), "stop_reason": stop_reason, **members}


def say(text: str, **members: Any) -> Body:
    return {"type": "text", "text": text, **members}


def use(name: str, kind: str = "server_tool_use", **given: Any) -> Body:
    """The call of a tool that the provider runs."""
    return {"type": kind, "id": "srv_1", "name": name, "input": given}


def result(kind: str, content: Any, **members: Any) -> Body:
    """What came of it."""
    return {"type": kind, "tool_use_id": "srv_1", "content": content, **members}


def asking(**request: Any) -> Turn:
    """A turn of somebody who wants to see seals."""
    turn = a_turn(stream=True, include=["reasoning.encrypted_content"], **request)
    turn.input = [{"type": "message", "role": "user", "content": "Hi"}]
    return turn


def sealed_in(item: Body) -> list[Body]:
    """The blocks in the seal of a reasoning item."""
    blob = item.get("encrypted_content")
    if not blob:
        return []
    envelope = unpacked(SEALER.open("tenant", blob))
    assert envelope is not None
    assert envelope.k == "anthropic"
    return envelope.items
