"""Legacy completions, by the official client: asked of any model, relayed to those that have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import openai
import pytest

from antiphon.provider_settings import ProviderSettings
from tests.e2e.exchanges import chat_chunk, chat_whole, said
from tests.e2e.gateway import CHAT_KEY, CHAT_MODEL, NATIVE_MODEL, Gateway, running, settings_for
from tests.e2e.upstream import Cut, Provider, Reply, refusing, stream

MODELS = {"native": NATIVE_MODEL, "chat": CHAT_MODEL}
RELAYED = "engine/old"
ANSWER = b'{"id":"cmpl-1", "object":"text_completion","created":1,"model":"old","choices":[{"text":" sea","index":0}]}'

kinds = pytest.mark.parametrize("kind", MODELS)


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, native_server: Provider, chat_server: Provider
) -> Iterator[Gateway]:
    settings = settings_for(tmp_path_factory.mktemp("gateway"), native_server.url, chat_server.url)
    engine = ProviderSettings(type="vllm", base_url=f"{chat_server.url}/v1", api_key=CHAT_KEY)
    with running(msgspec.structs.replace(settings, providers=settings.providers | {"engine": engine})) as started:
        yield started


@kinds
def test_a_whole_answer(client: openai.OpenAI, providers: dict[str, Provider], kind: str) -> None:
    providers[kind].answer(*[said(kind, "the sea", streamed=False)] * 4)
    made = client.completions.create(
        model=MODELS[kind], prompt=["By ", "At "], n=2, echo=True, max_tokens=20, suffix=".", best_of=2
    )
    assert [(each.index, each.text, each.finish_reason) for each in made.choices] == [
        (0, "By the sea", "stop"),
        (1, "By the sea", "stop"),
        (2, "At the sea", "stop"),
        (3, "At the sea", "stop"),
    ]
    assert (made.object, made.model) == ("text_completion", MODELS[kind])
    assert made.usage is not None
    assert made.usage.completion_tokens == 4 * {"native": 8, "chat": 7}[kind]
    bodies = [seen.body.decode() for seen in providers[kind].seen]
    assert ["By " in body for body in bodies].count(True) == 2
    assert all("stands between the two" in body for body in bodies)


@kinds
def test_a_stream(client: openai.OpenAI, providers: dict[str, Provider], kind: str) -> None:
    providers[kind].answer(said(kind, "one two three", streamed=True))
    options: Any = {"include_usage": True}
    read = client.completions.create(
        model=MODELS[kind], prompt="Count.", echo=True, stream=True, stream_options=options
    )
    chunks = list(read)
    assert [choice.text for chunk in chunks for choice in chunk.choices] == ["Count.", "one ", "two ", "three", ""]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None


def test_it_is_passed_on_where_the_provider_has_it(client: openai.OpenAI, wire: httpx.Client, chat: Provider) -> None:
    asked = {"model": RELAYED, "prompt": [[1, 2, 3]], "max_tokens": 0, "echo": True, "logprobs": 3, "vendor": 1.50}
    chat.answer(Reply(ANSWER), stream(b"data: ", ANSWER, b"\n\ndata: [DONE]\n\n"))
    answer = wire.post("/v1/completions", json=asked)
    assert answer.content == ANSWER
    assert answer.headers["antiphon-target"] == "engine/old"
    assert (chat.seen[-1].path, chat.seen[-1].json) == ("/v1/completions", asked | {"model": "old"})
    assert [chunk.choices[0].text for chunk in client.completions.create(model=RELAYED, prompt="x", stream=True)] == [
        " sea"
    ]


def test_failures_are_errors_of_the_right_class(client: openai.OpenAI, chat: Provider) -> None:
    with pytest.raises(openai.BadRequestError, match="asked in words"):
        client.completions.create(model=CHAT_MODEL, prompt=[1, 2])
    chat.answer(refusing("Bad luck.", 400), stream(chat_chunk({"content": "x"}), Cut()))
    with pytest.raises(openai.BadRequestError, match="Bad luck"):
        client.completions.create(model=CHAT_MODEL, prompt="x")
    with pytest.raises(openai.BadRequestError, match="best_of"):
        client.completions.create(model=CHAT_MODEL, prompt="x", best_of=3, extra_body={"strict": True})
    with pytest.raises(openai.BadRequestError, match="does not exist"):
        client.completions.create(model="nobody-has-this", prompt="x")
    with pytest.raises(openai.APIError):
        list(client.completions.create(model=CHAT_MODEL, prompt="x", stream=True))


def test_losses_are_told(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(chat_whole("x"))
    raw = client.completions.with_raw_response.create(model=CHAT_MODEL, prompt="x", best_of=3)
    assert "best_of" in raw.headers["antiphon-warnings"]
