"""Turns for tests of what Anthropic's Messages API is asked."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from antiphon.dialects.messages_hosts import HostName
from antiphon.errors import BadRequest
from antiphon.protocols import Built, Target, Turn
from antiphon.wire.envelope import Envelope, packed
from antiphon.wire.requests import Item
from tests.chat_streams import a_turn
from tests.fakes import SEALER
from tests.message_streams import claude

Body = dict[str, Any]

OLD, BUDGETED, ADAPTIVE, SILENT = "claude-3-5-haiku-latest", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-4-8"
NEWEST, MAKES_UP_ITS_MIND = "claude-opus-5-5", "claude-opus-5"
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
FORM = {"format": {"type": "json_schema", "name": "thing", "schema": SCHEMA}}


def turn_of(request: Body) -> Turn:
    turn = a_turn(**request)
    items = request.get("input", [user("Hi")])
    turn.input = [{"id": f"item_{place}", **item} for place, item in enumerate(items)]
    return turn


def built(request: Body, target: Target | None = None) -> Built:
    target = target or claude()
    return target.dialect.build(turn_of(request), target)


def sent(request: Body, model: str = BUDGETED, host: HostName = "anthropic") -> Body:
    """The body, for a request that can be said without loss."""
    result = built(request, claude(model, host))
    assert result.warnings == ()
    return json.loads(result.body)


def lossy(request: Body, model: str = BUDGETED, host: HostName = "anthropic") -> tuple[Body, str]:
    """The body, and the one loss on the way to it, which a strict client is refused for."""
    result = built(request, claude(model, host))
    assert len(result.warnings) == 1, result.warnings
    with pytest.raises(BadRequest):
        built(request | {"strict": True}, claude(model, host))
    return json.loads(result.body), result.warnings[0]


def refused(request: Body, model: str = BUDGETED) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        built(request, claude(model))
    return caught.value


def user(content: Any) -> Item:
    return {"type": "message", "role": "user", "content": content}


def part(kind: str, **members: Any) -> Item:
    return user([{"type": kind, **members}])


def assistant(text: str) -> Item:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def developer(text: str) -> Item:
    return {"type": "message", "role": "developer", "content": text}


def call(call_id: str, **members: Any) -> Item:
    return {"type": "function_call", "call_id": call_id, "name": "f", "arguments": "{}", **members}


def output(call_id: str, said: Any = "seen", **members: Any) -> Item:
    return {"type": "function_call_output", "call_id": call_id, "output": said, **members}


def sealed(*blocks: Item, provider: str = "anthropic", model: str = BUDGETED) -> Item:
    envelope = Envelope(p=provider, m=model, d="", k="anthropic", items=list(blocks), t=0)
    blob = SEALER.seal("tenant", packed(envelope))
    return {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": blob}


def blocks(body: Body, place: int = 0) -> list[Any]:
    """The blocks of one message, without marks."""
    said = body["messages"][place]["content"]
    return [{name: value for name, value in each.items() if name != "cache_control"} for each in said]


def text(said: str) -> Body:
    return {"type": "text", "text": said}


def url_of(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
