"""Chat completions that are kept (`store: true`), and several at once: whoever answers, and however."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import openai
import pytest

from antiphon.provider_settings import ProviderSettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import (
    chat_chunk,
    chat_whole,
    function_call,
    message,
    native_frames,
    said,
)
from tests.e2e.gateway import CHAT_MODEL, KEY_B, NATIVE_KEY, Gateway, running, settings_for
from tests.e2e.upstream import Cut, Provider, Reply, refusing, stream

USER: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Hi"}]}]
TRANSLATED = "only/sonar"
KINDS = {"chat": CHAT_MODEL, "native": TRANSLATED}
"""Chat completions that are relayed, and some that are translated for a provider that has none."""

modes = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, native_server: Provider, chat_server: Provider
) -> Iterator[Gateway]:
    settings = settings_for(tmp_path_factory.mktemp("gateway"), native_server.url, chat_server.url)
    only = ProviderSettings(type="perplexity-agent", base_url=native_server.url, api_key=NATIVE_KEY)
    with running(msgspec.structs.replace(settings, providers=settings.providers | {"only": only})) as started:
        yield started


def ask(client: openai.OpenAI, kind: str, *, streamed: bool, **more: Any) -> str:
    """The id of a completion."""
    create: Any = client.chat.completions.create
    made = create(model=KINDS[kind], messages=USER, stream=streamed, store=True, **more)
    chunks = list(made) if streamed else [made]
    return chunks[0].id


@kinds
@modes
def test_every_verb(
    client: openai.OpenAI, gateway: Gateway, providers: dict[str, Provider], kind: str, *, streamed: bool
) -> None:
    providers[kind].answer(said(kind, "one two", streamed=streamed))
    identity = ask(client, kind, streamed=streamed, metadata={"topic": kind, "how": str(streamed)}, temperature=0.5)
    sent = providers[kind].seen[-1].json
    assert "metadata" not in sent
    assert sent.get("store") in (None, False), "no provider keeps what the gateway keeps"
    kept = client.chat.completions
    found = kept.retrieve(identity)
    assert found.choices[0].message.content == "one two"
    assert found.choices[0].finish_reason == "stop"
    assert found.to_dict()["temperature"] == 0.5
    assert found.to_dict()["metadata"] == {"topic": kind, "how": str(streamed)}
    assert [each.id for each in kept.list(metadata={"topic": kind, "how": str(streamed)})] == [identity]
    assert kept.list(metadata={"topic": "other"}).data == []
    assert [each.id for each in kept.list(model=KINDS[kind], order="desc", limit=1).data] == [identity]
    first, second = list(kept.messages.list(identity, limit=1))
    assert (first.role, first.content, second.role, second.content) == ("system", "Be brief.", "user", "Hi")
    assert second.content_parts is not None
    assert [each.content for each in kept.messages.list(identity, order="desc").data] == ["Hi", "Be brief."]
    with gateway.client(KEY_B) as stranger:
        for attempt in (stranger.chat.completions.retrieve, stranger.chat.completions.delete):
            with pytest.raises(openai.NotFoundError):
                attempt(identity)
    changed = kept.update(identity, metadata={"team": "1"})
    assert changed.to_dict()["metadata"] == {"team": "1"}
    assert kept.delete(identity).deleted
    with pytest.raises(openai.NotFoundError) as gone:
        kept.retrieve(identity)
    assert gone.value.code == "chat_completion_not_found"


@kinds
def test_what_nobody_wants_kept_is_not(client: openai.OpenAI, providers: dict[str, Provider], kind: str) -> None:
    for wish in ({}, {"store": False}):
        providers[kind].answer(said(kind, "one", streamed=False))
        create: Any = client.chat.completions.create
        made = create(model=KINDS[kind], messages=USER, **wish)
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.messages.list(made.id)


def test_a_relayed_answer_leaves_byte_for_byte_and_kept(wire: httpx.Client, chat: Provider) -> None:
    body = b'{ "id" : "chatcmpl-odd", "vendor": {"kept": 1.50}, "choices": [ ], "model":"m"}'
    chunk = b'data: {"id":"chatcmpl-odder", "choices":[{"delta":{"content":"\\u0041"}}],"x":1.0}\n\n'
    frames = chunk + b": ping\n\ndata: [DONE]\n\n"
    chat.answer(Reply(body), stream(frames[:50], frames[50:110], frames[110:]))
    asked = {"model": CHAT_MODEL, "messages": USER, "store": True}
    answer = wire.post("/v1/chat/completions", json=asked)
    assert answer.content == body
    assert wire.get("/v1/chat/completions/chatcmpl-odd").json()["vendor"] == {"kept": 1.5}
    assert wire.post("/v1/chat/completions", json=asked | {"stream": True}).content == frames
    kept = wire.get("/v1/chat/completions/chatcmpl-odder").json()
    assert kept["choices"][0]["message"]["content"] == "A"


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_breaks_is_not_kept(client: openai.OpenAI, providers: dict[str, Provider], kind: str) -> None:
    begun = {"chat": [chat_chunk({"content": "x"})], "native": native_frames(message("one two three"))[:6]}[kind]
    providers[kind].answer(stream(*begun, Cut()))
    before = [each.id for each in client.chat.completions.list()]
    with pytest.raises(openai.APIError):
        ask(client, kind, streamed=True)
    assert [each.id for each in client.chat.completions.list()] == before


@pytest.mark.parametrize("messages", ["none", [["x"]], {"role": "user"}, 5])
def test_a_request_without_messages_has_none(wire: httpx.Client, chat: Provider, messages: object) -> None:
    chat.answer(Reply(b'{"id":"chatcmpl-lenient","choices":[]}'))
    asked = {"model": CHAT_MODEL, "messages": messages, "store": True}
    assert wire.post("/v1/chat/completions", json=asked).status_code == 200
    assert wire.get("/v1/chat/completions/chatcmpl-lenient/messages").json()["data"] == []
    assert wire.delete("/v1/chat/completions/chatcmpl-lenient").status_code == 200


def test_what_is_no_completion_cannot_be_kept(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(Reply(b"hello"))
    with pytest.raises(openai.InternalServerError):
        ask(client, "chat", streamed=False)


@modes
def test_several_answers_are_choices_of_one(client: openai.OpenAI, native: Provider, *, streamed: bool) -> None:
    native.answer(*[said("native", "one two", streamed=streamed)] * 2)
    create: Any = client.chat.completions.create
    more: Any = {"stream": True, "stream_options": {"include_usage": True}} if streamed else {}
    made = create(model=TRANSLATED, messages=USER, n=2, **more)
    if not streamed:
        assert [(each.index, each.message.content) for each in made.choices] == [(0, "one two"), (1, "one two")]
        assert made.usage.completion_tokens == 16
        return
    chunks = list(made)
    texts = ["", ""]
    for choice in (choice for chunk in chunks for choice in chunk.choices):
        texts[choice.index] += choice.delta.content or ""
    assert texts == ["one two", "one two"]
    assert chunks[-1].usage.completion_tokens == 16
    assert len({chunk.id for chunk in chunks}) == 1


@modes
def test_when_one_of_several_fails_all_have(client: openai.OpenAI, native: Provider, *, streamed: bool) -> None:
    native.answer(said("native", "one", streamed=streamed), refusing("Bad luck.", 400))
    create: Any = client.chat.completions.create
    with pytest.raises(openai.APIError, match="Bad luck"):
        list(create(model=TRANSLATED, messages=USER, n=2, stream=streamed))


def test_providers_that_give_several_are_asked_once(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(chat_whole("one"))
    client.chat.completions.create(model=CHAT_MODEL, messages=USER, n=2)
    assert chat.seen[-1].json["n"] == 2


def test_the_demo_gives_several_too(other_gateway: OtherGateway) -> None:
    asked = {"model": "demo/echo", "messages": [{"role": "user", "content": "Hi"}], "n": 2}
    with other_gateway(providers={}, models={}).wire() as wire:
        made = wire.post("/v1/chat/completions", json=asked).json()
    assert [choice["index"] for choice in made["choices"]] == [0, 1]


def test_calls_in_a_kept_stream(client: openai.OpenAI, native: Provider) -> None:
    native.answer(stream(*native_frames(message("Look."), function_call("look", '{"at":"you"}', "call_1"))))
    tool: Any = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    found = client.chat.completions.retrieve(ask(client, "native", streamed=True, tools=[tool]))
    (call,) = found.choices[0].message.tool_calls or [None]
    assert call is not None
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"at": "you"}
    assert found.to_dict()["tools"] == [tool]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/chat/completions?limit=0", None, 400),
        ("GET", "/v1/chat/completions?order=up", None, 400),
        ("GET", "/v1/chat/completions?after=chatcmpl-no", None, 400),
        ("GET", "/v1/chat/completions?" + "&".join(f"metadata[{n}]=x" for n in range(17)), None, 400),
        ("GET", "/v1/chat/completions/chatcmpl-no", None, 404),
        ("GET", "/v1/chat/completions/chatcmpl-no/messages", None, 404),
        ("POST", "/v1/chat/completions/chatcmpl-no", {"metadata": {}}, 404),
        ("POST", "/v1/chat/completions/chatcmpl-no", {"metadata": {"a": 1}}, 400),
        ("POST", "/v1/chat/completions/chatcmpl-no", {}, 400),
        ("DELETE", "/openai/v1/chat/completions/chatcmpl-no", None, 404),
        ("POST", "/v1/chat/completions", {"model": CHAT_MODEL, "messages": USER, "store": "yes"}, 400),
        ("POST", "/v1/chat/completions", {"model": CHAT_MODEL, "messages": USER, "n": "2"}, 400),
    ],
)
def test_what_cannot_be_done_is_an_error(wire: httpx.Client, method: str, path: str, body: Any, status: int) -> None:
    answer = wire.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]
