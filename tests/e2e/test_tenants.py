"""One tenant's ids are, to another, ids that do not exist: same status, same words, on every route."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import openai
import pytest

from tests.e2e.exchanges import chat_frames, message, native_whole, said, words
from tests.e2e.gateway import CHAT_MODEL, KEY_A, KEY_B, MASTER_KEY, NATIVE_MODEL, Gateway
from tests.e2e.sse import streamed, terminal
from tests.e2e.upstream import Gate, Provider, stream

UNKNOWN = "resp_" + "0123456789ab" * 4

Look = Callable[[httpx.Client, str], httpx.Response]


def create_on(wire: httpx.Client, parent: str, **more: object) -> httpx.Response:
    body = {"model": NATIVE_MODEL, "input": "Hi", "previous_response_id": parent, **more}
    return wire.post("/v1/responses", json=body)


LOOKS: dict[str, Look] = {
    "retrieve": lambda wire, id_: wire.get(f"/v1/responses/{id_}"),
    "retrieve with include": lambda wire, id_: wire.get(f"/v1/responses/{id_}?include=file_search_call.results"),
    "retrieve by provider": lambda wire, id_: wire.get(f"/v1/responses/{id_}?provider=native"),
    "replay": lambda wire, id_: wire.get(f"/v1/responses/{id_}?stream=true"),
    "resume": lambda wire, id_: wire.get(f"/v1/responses/{id_}?stream=true&starting_after=2"),
    "input items": lambda wire, id_: wire.get(f"/v1/responses/{id_}/input_items"),
    "input items after": lambda wire, id_: wire.get(f"/v1/responses/{id_}/input_items?after=msg_1&limit=1"),
    "delete": lambda wire, id_: wire.delete(f"/v1/responses/{id_}"),
    "chain": create_on,
    "streamed chain": lambda wire, id_: create_on(wire, id_, stream=True),
    "unstored chain": lambda wire, id_: create_on(wire, id_, store=False),
    "other prefix": lambda wire, id_: wire.get(f"/api/llm/api/inference/openai/responses/{id_}"),
}


def told(answer: httpx.Response, id_: str) -> tuple[int, str, list[str]]:
    """Everything a client can see, but for the id it asked for itself."""
    headers = [name for name in answer.headers if name not in ("content-length", "date")]
    return answer.status_code, answer.text.replace(id_, "ID"), headers


@pytest.fixture(scope="module")
def owned(gateway: Gateway, native_server: Provider) -> list[str]:
    """Ids of tenant a: an answer that was streamed, and one that was not."""
    native_server.answer(said("native", "x", streamed=True), said("native", "x", streamed=False))
    with gateway.wire(KEY_A) as wire:
        first = terminal(streamed(wire, model=NATIVE_MODEL, input="Hi"))["id"]
        second = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi"}).json()["id"]
    native_server.reset()
    return [first, second]


@pytest.mark.parametrize("key", [KEY_B, MASTER_KEY], ids=["another tenant", "the owner's key"])
@pytest.mark.parametrize("look", LOOKS)
def test_a_foreign_id_is_an_unknown_id(
    gateway: Gateway, native: Provider, owned: list[str], look: str, key: str
) -> None:
    with gateway.wire(key) as wire:
        unknown = told(LOOKS[look](wire, UNKNOWN), UNKNOWN)
        assert unknown[0] in (400, 404)
        for id_ in owned:
            assert told(LOOKS[look](wire, id_), id_) == unknown
    assert not native.seen
    with gateway.wire(KEY_A) as wire:
        for id_ in owned:
            assert wire.get(f"/v1/responses/{id_}").status_code == 200


def test_an_item_of_another_tenant_cannot_be_referred_to(
    gateway: Gateway, client: openai.OpenAI, native: Provider, chat: Provider
) -> None:
    native.answer(native_whole(message("secret", "msg_secret_of_a")))
    client.responses.create(model=NATIVE_MODEL, input="Hi")
    native.seen.clear()
    for model in (NATIVE_MODEL, CHAT_MODEL):
        with gateway.wire(KEY_B) as wire:
            told_of: list[str] = []
            for item_id in ("msg_secret_of_a", "msg_nobodys"):
                item = {"type": "item_reference", "id": item_id}
                answer = wire.post("/v1/responses", json={"model": model, "input": [item]})
                assert answer.status_code == 404
                told_of.append(answer.text.replace(item_id, "ID"))
            assert told_of[0] == told_of[1]
    assert not native.seen
    assert not chat.seen


def test_an_answer_in_the_making_is_hidden_from_others(gateway: Gateway, chat: Provider) -> None:
    gate = Gate()
    made = chat_frames(words("one two three"))
    chat.answer(stream(*made[:4], gate, *made[4:]))
    body = {"model": CHAT_MODEL, "input": "Hi", "stream": True}
    with (
        gateway.wire(KEY_A) as owner,
        gateway.wire(KEY_B) as other,
        owner.stream("POST", "/v1/responses", json=body) as answer,
    ):
        arriving = answer.iter_raw()
        raw = next(arriving)
        id_ = raw.partition(b'"id":"')[2].partition(b'"')[0].decode()
        for look in LOOKS.values():
            assert told(look(other, id_), id_) == told(look(other, UNKNOWN), UNKNOWN)
        gate.open()
        raw += b"".join(arriving)
    assert raw.endswith(b"data: [DONE]\n\n")


def test_what_a_provider_may_compare_differs_by_tenant(gateway: Gateway, native: Provider) -> None:
    seen: list[set[str]] = []
    for key in (KEY_A, KEY_A, KEY_B):
        native.answer(native_whole(message("x")))
        with gateway.client(key) as client:
            response = client.responses.create(
                model=NATIVE_MODEL, input="Hi", prompt_cache_key="cache", safety_identifier="jane", user="jane"
            )
        assert response.prompt_cache_key == "cache"
        assert response.safety_identifier == "jane"
        sent = native.seen[-1].json
        seen.append({sent["prompt_cache_key"], sent["safety_identifier"], sent["user"]})
        assert not seen[-1] & {"cache", "jane"}
    assert seen[0] == seen[1]
    assert not seen[0] & seen[2]


def test_secrets_of_mcp_servers_are_never_shown_again(wire: httpx.Client, native: Provider) -> None:
    native.answer(native_whole(message("x")), said("native", "y", streamed=True))
    server = {
        "type": "mcp",
        "server_label": "docs",
        "server_url": "https://mcp.example.com",
        "authorization": "mcp-token-4711",
        "headers": {"x-token": "mcp-header-4711"},
    }
    body = {"model": NATIVE_MODEL, "input": "Hi", "tools": [server]}
    whole = wire.post("/v1/responses", json=body)
    raw = streamed(wire, **body)
    assert native.seen[0].json["tools"][0]["authorization"] == "mcp-token-4711"
    shown = [whole.text, raw.decode()]
    for id_ in (whole.json()["id"], terminal(raw)["id"]):
        shown += [wire.get(f"/v1/responses/{id_}{path}").text for path in ("", "?stream=true", "/input_items")]
    assert not [text for text in shown if "4711" in text]
