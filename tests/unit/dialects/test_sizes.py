"""Large requests cost memory and time in proportion to what is sent, and no more."""

from __future__ import annotations

import base64
import itertools
import json
import time
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest

from antiphon.app.upstreams import dialects_of
from antiphon.errors import BadRequest
from antiphon.gateway.history import new_items
from antiphon.protocols import Caller, Target, Turn, UpstreamReply
from antiphon.sealing import Seals
from antiphon.wire.requests import parse_request

DIALECTS = dialects_of(Seals(["a secret of the gateway"], bytes))
MODELS = {
    "bedrock-messages": "anthropic.claude-sonnet-4-5",
    "chat": "gpt-4o",
    "cohere": "command-a-03-2025",
    "converse": "anthropic.claude-sonnet-4-5",
    "gemini": "gemini-3-pro-preview",
    "messages": "claude-sonnet-4-5",
    "ollama": "qwen3:8b",
    "responses": "gpt-5",
    "vertex-messages": "claude-sonnet-4-5",
}
PICTURE = f"data:image/png;base64,{base64.b64encode(bytes(range(256)) * 20_000).decode()}"
CALL = {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"}
CONTENT: list[dict[str, Any]] = [{"type": "input_image", "image_url": PICTURE}]
FOUND = {"type": "function_call_output", "call_id": "call_1", "output": CONTENT}
REQUESTS: dict[str, list[dict[str, Any]]] = {
    "said": [{"role": "user", "content": CONTENT}],
    "found": [{"role": "user", "content": "Look."}, CALL, FOUND],
}


async def nobody(body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b"") -> UpstreamReply:
    raise AssertionError("nothing is posted here")


def asking(name: str, items: list[dict[str, Any]]) -> tuple[Turn, Target]:
    request = parse_request(json.dumps({"model": "m", "store": False, "input": items}).encode())
    numbers = itertools.count()

    def new_id(prefix: str) -> str:
        return f"{prefix}_{next(numbers):048x}"

    turn = Turn(
        id=new_id("resp"),
        created_at=1_700_000_000,
        caller=Caller("tenant-a", "key-a"),
        request=request,
        input=new_items(request, new_id, []),
        new_id=new_id,
        clock=lambda: 1_700_000_000.0,
    )
    target = Target(name=f"x/{MODELS[name]}", provider="x", model=MODELS[name], dialect=DIALECTS[name], post=nobody)
    return turn, target


def test_every_format_has_a_model() -> None:
    assert MODELS.keys() == DIALECTS.keys()


@pytest.mark.parametrize("where", REQUESTS)
@pytest.mark.parametrize("name", MODELS)
def test_a_picture_of_five_megabytes_is_copied_twice_at_most(name: str, where: str) -> None:
    """Out of its address, and into the body, which may grow while it is written."""
    turn, target = asking(name, REQUESTS[where])
    tracemalloc.start()
    try:
        built = target.dialect.build(turn, target)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(PICTURE) <= len(built.body) + 100 < len(PICTURE) + 2_000
    assert peak < 3 * len(PICTURE)


@pytest.mark.parametrize("name", MODELS)
def test_an_address_that_is_almost_a_picture_takes_no_more_than_its_share(name: str) -> None:
    content = [{"type": "input_image", "image_url": "data:a/" + "a" * 16_000_000}]
    turn, target = asking(name, [{"role": "user", "content": content}])
    begun = time.process_time()
    with suppress(BadRequest):
        target.dialect.build(turn, target)
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("name", MODELS)
def test_a_message_of_many_parts(name: str) -> None:
    content = [{"type": "input_text", "text": "words " * 20}] * 40_000
    turn, target = asking(name, [{"role": "user", "content": content}])
    begun = time.process_time()
    target.dialect.build(turn, target)
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("whose", [{"call_id": "call_1"}, {"name": "look"}], ids=["one id", "a name"])
def test_many_outputs_find_their_calls_in_their_order(whose: dict[str, str]) -> None:
    outputs = [{"type": "function_call_output", "output": f"No. {number}"} | whose for number in range(12_000)]
    turn, target = asking("chat", [{"role": "user", "content": "Look."}, *[CALL] * 12_000, *outputs])
    begun = time.process_time()
    built = target.dialect.build(turn, target)
    assert time.process_time() - begun < 1
    told = [message["content"] for message in json.loads(built.body)["messages"] if message["role"] == "tool"]
    assert told == [output["output"] for output in outputs]
