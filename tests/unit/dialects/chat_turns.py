"""Turns and targets for tests of what a chat completions provider is sent."""

import json
from typing import Any

from antiphon.dialects.chat_request import build_chat
from antiphon.dialects.chat_upstream import ChatUpstream
from antiphon.protocols import Built, Caller, Target, Turn, UpstreamReply
from antiphon.quirks import Quirks
from antiphon.wire.envelope import Envelope, packed
from antiphon.wire.requests import Item, parse_request
from tests.fakes import SEALER, pseudonym

Body = dict[str, Any]


async def _nobody(body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b"") -> UpstreamReply:
    raise AssertionError("translating must not send anything")


def target_of(quirks: Quirks | None = None, *, provider: str = "acme", model: str = "acme-1") -> Target:
    return Target(
        name=f"{provider}/{model}",
        provider=provider,
        model=model,
        dialect=ChatUpstream(SEALER, pseudonym),
        post=_nobody,
        quirks=quirks or Quirks(),
    )


def turn_of(body: Body, *, history: list[Item] | None = None, origins: dict[str, str] | None = None) -> Turn:
    """The turn of a create request as the gateway hands it on: text made an item, every item with an id."""
    request = parse_request(json.dumps({"model": "acme-1"} | body).encode())
    items = request.input or []
    if isinstance(items, str):
        items = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": items}]}]
    return Turn(
        id="resp_1",
        created_at=1_700_000_000,
        caller=Caller("tenant-a", "key-a"),
        request=request,
        input=[{"id": f"item_{index}"} | item for index, item in enumerate(items)],
        new_id=lambda prefix: f"{prefix}_1",
        clock=lambda: 0.0,
        history=history or [],
        origins=origins or {},
    )


def built(body: Body, quirks: Quirks | None = None, **more: Any) -> Built:
    return build_chat(turn_of(body, **more), target_of(quirks), SEALER, pseudonym)


def sealed_chat(*items: Item, model: str = "acme-1", provider: str = "acme", tenant: str = "tenant-a") -> str:
    """A blob such as an answer of this provider comes with."""
    envelope = Envelope(p=provider, m=model, d="", k="chat", items=list(items), t=1_700_000_000)
    return SEALER.seal(tenant, packed(envelope))


def chat(body: Body, quirks: Quirks | None = None, **more: Any) -> Body:
    """The body that a provider gets, for a request that it can be asked without loss."""
    result = built(body, quirks, **more)
    assert result.warnings == ()
    return json.loads(result.body)


def messages(*items: Item, quirks: Quirks | None = None, **more: Any) -> list[Body]:
    return chat({"input": list(items)}, quirks, **more)["messages"]


def lossy(body: Body, quirks: Quirks | None = None, **more: Any) -> tuple[Body, tuple[str, ...]]:
    """The body, and what was lost on the way to it."""
    result = built(body, quirks, **more)
    assert result.warnings
    return json.loads(result.body), result.warnings


def user(content: Any) -> Item:
    return {"type": "message", "role": "user", "content": content}


def assistant(text: str) -> Item:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def call(call_id: str, name: str = "look", arguments: str = "{}", **more: Any) -> Item:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments, **more}


def output(call_id: str, said: Any = "seen") -> Item:
    return {"type": "function_call_output", "call_id": call_id, "output": said}


def function(name: str, **more: Any) -> Item:
    return {"type": "function", "name": name, **more}
