"""Chat completions at providers that speak them: the provider's own bytes, both ways."""

import json
from typing import Any

import httpx
import openai
import pytest

from antiphon.model_settings import ModelSettings, PriceSettings
from antiphon.records import RequestRecord
from tests.e2e.conftest import OtherGateway
from tests.e2e.upstream import Cut, Provider, refusing, stream, whole

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "vendor": {"kept": 1.50},
}


def test_a_whole_answer_is_the_providers_own_bytes(wire: httpx.Client, native: Provider) -> None:
    native.answer(whole(ANSWER))
    request = {"model": "native/m", "messages": [{"role": "user", "content": "Hi"}], "vendor_field": [1, 2.50]}
    answer = wire.post("/v1/chat/completions", json=request)
    assert answer.status_code == 200
    assert answer.json() == ANSWER
    assert answer.headers["antiphon-target"] == "native/m"
    sent = native.seen[-1]
    assert sent.path.endswith("/chat/completions")
    assert sent.json == request | {"model": "m"}


def test_the_official_client_reads_a_stream_word_by_word(client: openai.OpenAI, chat: Provider) -> None:
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    words = ["Hel", "lo"]
    told = [
        json.dumps(chunk | {"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]})
        for word in words
    ]
    chat.answer(stream(*[f"data: {data}\n\n".encode() for data in told], b"data: [DONE]\n\n"))
    messages: Any = [{"role": "user", "content": "Hi"}]
    read = client.chat.completions.create(model="chat/m", messages=messages, stream=True)
    assert [chunk.choices[0].delta.content for chunk in read] == words


@pytest.mark.parametrize("streamed", [False, True])
def test_the_log_tells_who_answered_and_what_it_took(
    other_gateway: OtherGateway, native: Provider, records: list[RequestRecord], *, streamed: bool
) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
    told = f"data: {json.dumps(ANSWER | {'usage': usage})}\n\ndata: [DONE]\n\n".encode()
    native.answer(refusing("Later.", 500))
    native.answer(stream(told[:90], told[90:]) if streamed else whole(ANSWER | {"usage": usage}))
    priced = ModelSettings(price=PriceSettings(input=1.0, cached_input=0.5, output=2.0))
    request = {"model": "native/m", "messages": [{"role": "user", "content": "Hi"}], "stream": streamed}
    with other_gateway(models={"native/m": priced}).wire() as wire:
        wire.post("/v1/chat/completions", json=request)
    [record] = [each for each in records if each.path == "/v1/chat/completions"]
    assert (record.model, record.target, record.stream, record.attempts) == ("native/m", "native/m", streamed, 2)
    assert (record.input_tokens, record.output_tokens, record.cost_nanos) == (7, 2, 9000)


def test_a_refusal_keeps_its_meaning_and_loses_its_secrets(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(refusing("Bad temperature for sk-abcdefghijklmnopqrstuvwxyz123456.", 400, code="invalid_value"))
    messages: Any = [{"role": "user", "content": "Hi"}]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="chat/m", messages=messages)
    assert "temperature" in str(caught.value)
    assert "sk-abcdef" not in str(caught.value)


def test_a_stream_that_is_cut_says_so_in_its_last_event(client: openai.OpenAI, chat: Provider) -> None:
    chunk: dict[str, Any] = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}
    chat.answer(stream(f"data: {json.dumps(chunk)}\n\n".encode(), Cut()))
    messages: Any = [{"role": "user", "content": "Hi"}]
    read = client.chat.completions.create(model="chat/m", messages=messages, stream=True)
    with pytest.raises(openai.APIError, match="cut"):
        list(read)


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 400), (b'{"model":5}', 400), (b"{}", 400)])
def test_a_body_that_cannot_be_relayed_gets_the_envelope(wire: httpx.Client, body: bytes, status: int) -> None:
    answer = wire.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    "path", ["chat/completions", "messages", "embeddings", "rerank", "moderations", "images/generations"]
)
def test_what_is_no_text_is_passed_on_to_nobody(wire: httpx.Client, native: Provider, path: str) -> None:
    body = b'{"model":"native/m","messages":[],"max_tokens":5,"nobody reads":"\xff"}'
    answer = wire.post(f"/v1/{path}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert "UTF-8" in answer.text or "utf-8" in answer.text
    assert not native.seen
