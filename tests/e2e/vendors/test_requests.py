"""What reaches a vendor: addresses, betas, credentials, and much at once. The doors check the rest of every request."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import openai
import pytest

from tests.e2e.gateway import Gateway
from tests.e2e.upstream import serving
from tests.e2e.vendors.bridge import Upstream
from tests.e2e.vendors.doors import AWS, DOORS, OTHER_HOSTS, Door
from tests.vendors.vendor import Plan

PROFILE = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
COMPUTER = {"type": "computer_use_preview", "display_width": 800, "display_height": 600, "environment": "browser"}
SERVER = {"type": "mcp", "server_label": "deep", "server_url": "https://example.org/mcp", "require_approval": "never"}


def names_of(body: Any) -> list[str]:
    """The tools that a vendor was offered, however it wants to be told of them."""
    listed = body.get("tools") or body["toolConfig"]["tools"]
    if "functionDeclarations" in listed[0]:
        listed = listed[0]["functionDeclarations"]
    inner = [tool.get("function") or tool.get("toolSpec") or tool for tool in listed]
    return [tool["name"] for tool in inner if "name" in tool]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("kind", ["converse", "invoke"])
def test_a_model_whose_name_is_an_address_is_one_segment_of_a_path(
    client: openai.OpenAI, upstreams: dict[str, Upstream], kind: str, *, stream: bool
) -> None:
    upstream = upstreams[kind]
    upstream.vendor.model = PROFILE
    upstream.says("Well.")
    model = f"{kind}/{PROFILE}"
    if stream:
        assert list(client.responses.create(stream=True, model=model, input="Hi"))[-1].type == "response.completed"
    else:
        assert client.responses.create(model=model, input="Hi").output_text == "Well."
    path = upstream.provider.seen[0].path
    assert path.count("/") == 3
    assert "arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Ainference-profile%2Feu.anthropic." in path


def test_betas_are_a_header_at_anthropic_and_in_the_body_at_amazon(
    wire: httpx.Client, upstreams: dict[str, Upstream]
) -> None:
    asked: Any = {"anthropic": SERVER, "invoke": COMPUTER}
    for kind, tool in asked.items():
        upstreams[kind].says("Well.")
        answer = wire.post(
            "/v1/responses", json={"model": upstreams[kind].model, "input": "Hi", "tools": [tool], "stream": True}
        )
        assert answer.status_code == 200, answer.text
    own, amazons = (upstreams[kind].provider.seen[0] for kind in asked)
    assert "mcp-client-" in own.headers["anthropic-beta"]
    assert "anthropic_beta" not in own.json
    assert own.json["mcp_servers"][0]["url"] == "https://example.org/mcp"
    assert [beta for beta in amazons.json["anthropic_beta"] if beta.startswith("computer-use-")]
    assert "anthropic-beta" not in amazons.headers


@pytest.fixture
def apart(vendor_gateway: Callable[..., Gateway]) -> Iterator[Callable[..., tuple[Upstream, Gateway]]]:
    """A vendor, and a gateway before it alone."""
    with serving() as provider:

        def start(door: Door, **changes: Any) -> tuple[Upstream, Gateway]:
            upstream = Upstream(door, provider)
            settings = msgspec.structs.replace(door.settings(provider.url), **changes)
            return upstream, vendor_gateway(providers={door.kind: settings}, models={})

        yield start


@pytest.mark.parametrize("kind", list(OTHER_HOSTS))
def test_who_else_serves_these_models(apart: Callable[..., tuple[Upstream, Gateway]], kind: str) -> None:
    """At addresses of their own, with credentials of their own."""
    upstream, gateway = apart(OTHER_HOSTS[kind])
    upstream.does(Plan("Hm.", "Well."), Plan("Hm.", "Well."))
    with gateway.client() as client:
        reasoning: Any = {"effort": "high", "summary": "auto"}
        made = client.responses.create(model=upstream.model, input="Hi", reasoning=reasoning)
        assert made.output_text == "Well."
        with client.responses.stream(model=upstream.model, input="Hi", reasoning=reasoning) as told:
            assert told.get_final_response().output_text == "Well."
        if upstream.door.count_path is not None:
            upstream.counts()
        assert client.responses.input_tokens.count(model=upstream.model, input="Hi").input_tokens > 0
    assert upstream.faults == []
    upstream.provider.reset()


def test_nothing_goes_with_a_signature_of_other_keys(apart: Callable[..., tuple[Upstream, Gateway]]) -> None:
    """The door opens for the right keys alone."""
    wrong = msgspec.structs.replace(AWS, secret_access_key="hunter3hunter3")
    upstream, gateway = apart(DOORS["converse"], aws=wrong)
    upstream.says("Well.")
    with gateway.wire() as wire:
        answer = wire.post("/v1/responses", json={"model": upstream.model, "input": "Hi"})
    assert answer.status_code == 400
    assert upstream.faults == ["the signature does not match"]


def test_a_picture_of_five_megabytes(wire: httpx.Client, upstream: Upstream) -> None:
    upstream.says("Red.")
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20_000).decode()
    parts = [{"type": "input_image", "image_url": f"data:image/png;base64,{data}"}, {"type": "input_text", "text": "?"}]
    body = {"model": upstream.model, "store": False, "input": [{"role": "user", "content": parts}]}
    answer = wire.post("/v1/responses", json=body)
    assert answer.status_code == 200, answer.text
    sent = upstream.provider.seen[0].body
    assert data.encode() in sent
    assert len(sent) < len(data) + 2_000


def test_two_hundred_tools(client: openai.OpenAI, upstream: Upstream) -> None:
    upstream.does(Plan(calls=(199,), arguments='{"p": "x"}'))
    schema = {"type": "object", "properties": {"p": {"type": "string"}}, "required": ["p"]}
    tools: Any = [
        {"type": "function", "name": f"tool_{n}", "description": "Does.", "parameters": schema, "strict": True}
        for n in range(200)
    ]
    answer = client.responses.with_raw_response.create(model=upstream.model, input="Hi", tools=tools)
    [call] = [item for item in answer.parse().output if item.type == "function_call"]
    assert (call.name, json.loads(call.arguments)) == ("tool_199", {"p": "x"})
    assert names_of(upstream.last) == [tool["name"] for tool in tools]
    assert len(str(dict(answer.headers))) < 8_000


def test_four_hundred_items_of_history(client: openai.OpenAI, upstream: Upstream) -> None:
    upstream.says("Well.")
    items: list[Any] = []
    for turn in range(100):
        call = {"call_id": f"call_{turn}", "name": "look", "arguments": f'{{"turn": {turn}}}'}
        items += [
            {"role": "user", "content": f"Question {turn}?"},
            {"type": "function_call", **call},
            {"type": "function_call_output", "call_id": f"call_{turn}", "output": f"Result {turn}."},
            {"role": "assistant", "content": f"Answer {turn}."},
        ]
    answer = client.responses.create(model=upstream.model, input=[*items, {"role": "user", "content": "And now?"}])
    assert answer.output_text == "Well."
    sent = upstream.provider.seen[0].body.decode()
    places = [sent.index(f"{word} {turn}") for turn in range(100) for word in ("Question", "Result", "Answer")]
    assert places == sorted(places)
