"""Embeddings, rankings and moderations, asked by the official clients."""

import base64
import json
import struct
from typing import Any

import cohere
import httpx
import openai
import pytest

from antiphon.lifecycle_settings import ModerationSettings
from antiphon.model_settings import ModelSettings, PriceSettings
from antiphon.provider_settings import ProviderSettings
from antiphon.records import RequestRecord
from tests.e2e.conftest import OtherGateway
from tests.e2e.upstream import Provider, refusing, whole

VECTOR = {"object": "embedding", "index": 0, "embedding": [0.5, -1.5]}
ANSWER = {
    "object": "list",
    "data": [VECTOR],
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 2, "total_tokens": 2},
}
COHERES = {"id": "c1", "embeddings": {"float": [[0.5, -1.5]]}, "meta": {"billed_units": {"input_tokens": 3}}}


def provider(kind: str, server: Provider, **more: Any) -> ProviderSettings:
    return ProviderSettings(type=kind, base_url=server.url, api_key="sk-1", **more)


@pytest.mark.parametrize("format", ["float", "base64", None])
def test_vectors_come_in_the_format_that_is_wanted(client: openai.OpenAI, native: Provider, format: Any) -> None:
    packed = base64.b64encode(struct.pack("<2f", 0.5, -1.5)).decode()
    answered = VECTOR if format == "float" else VECTOR | {"embedding": packed}
    native.answer(whole(ANSWER | {"data": [answered]}))
    wanted = openai.omit if format is None else format
    model = "native/text-embedding-3-small"
    answer = client.embeddings.create(model=model, input="Hi", dimensions=2, encoding_format=wanted)
    assert answer.data[0].embedding == (packed if format == "base64" else [0.5, -1.5])
    assert answer.usage.prompt_tokens == 2
    [seen] = native.seen
    assert seen.path.endswith("/embeddings")
    assert seen.json == {
        "model": "text-embedding-3-small",
        "input": "Hi",
        "dimensions": 2,
        "encoding_format": format or "base64",
    }


def test_a_server_without_base64_serves_the_client_that_asks_for_it(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(whole(ANSWER))
    assert client.embeddings.create(model="chat/m", input=["Hi"]).data[0].embedding == [0.5, -1.5]


def test_cohere_in_portions_for_openais_client(other_gateway: OtherGateway, chat: Provider) -> None:
    chat.answer(*[whole(COHERES | {"embeddings": {"float": [[0.5]] * 96}})] * 2)
    gateway = other_gateway(providers={"cohere": provider("cohere", chat)}, models={})
    with gateway.client() as client:
        answer = client.embeddings.create(model="embed-v4.0", input=["Hi"] * 192)
    assert [datum.index for datum in answer.data] == list(range(192))
    assert (answer.usage.prompt_tokens, answer.model) == (6, "embed-v4.0")
    assert {seen.path for seen in chat.seen} == {"/v2/embed"}
    assert [len(seen.json["texts"]) for seen in chat.seen] == [96, 96]


def test_a_gemini_model(other_gateway: OtherGateway, chat: Provider) -> None:
    chat.answer(whole({"embeddings": [{"values": [1.0]}], "usageMetadata": {"promptTokenCount": 4}}))
    gateway = other_gateway(providers={"gemini": provider("gemini", chat)}, models={})
    with gateway.client() as client:
        answer = client.embeddings.create(model="gemini-embedding-001", input="Hi", dimensions=768)
    assert answer.data[0].embedding == [1.0]
    [seen] = chat.seen
    assert seen.path.endswith("/models/gemini-embedding-001:batchEmbedContents")
    assert seen.json["requests"][0]["outputDimensionality"] == 768
    assert "sk-1" in seen.headers["x-goog-api-key"]


def test_another_provider_answers_when_the_first_cannot(
    other_gateway: OtherGateway, native: Provider, chat: Provider
) -> None:
    native.answer(*[refusing("down", 503)] * 3)
    chat.answer(whole(ANSWER))
    with other_gateway().wire() as wire:
        answer = wire.post("/v1/embeddings", json={"model": "either", "input": "Hi"})
    assert (answer.status_code, answer.headers["antiphon-target"]) == (200, "chat/llama-4")
    assert answer.headers["antiphon-attempts"] == "4"


def test_a_refusal_is_told_with_its_meaning(client: openai.OpenAI, native: Provider) -> None:
    native.answer(refusing("This model does not support specifying dimensions. sk-abcdefghijklmnopqrstuvwxyz123", 400))
    with pytest.raises(openai.BadRequestError, match="dimensions") as caught:
        client.embeddings.create(model="native/text-embedding-ada-002", input="Hi", dimensions=4)
    assert "sk-abcdef" not in str(caught.value)


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/rerank", "/v2/rerank", "/v1/moderations"])
@pytest.mark.parametrize("body", [b"{", b"[]", b'{"model":5}', b"{}", b'{"model":"nobody/x"}'])
def test_what_is_no_request_gets_the_envelope(wire: httpx.Client, path: str, body: bytes) -> None:
    answer = wire.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


def test_a_model_without_the_endpoint_says_so(other_gateway: OtherGateway, chat: Provider) -> None:
    gateway = other_gateway(providers={"groq": provider("groq", chat), "voyage": provider("voyage", chat)}, models={})
    with gateway.client() as client:
        with pytest.raises(openai.BadRequestError, match="groq has none"):
            client.embeddings.create(model="groq/x", input="Hi")
        with pytest.raises(openai.BadRequestError, match="/v1/embeddings and /v1/rerank"):
            client.responses.create(model="voyage/voyage-3.5", input="Hi")
    assert chat.seen == []


RANKED = {"results": [{"index": 1, "relevance_score": 0.9}], "usage": {"total_tokens": 5}}


@pytest.mark.parametrize(
    ("kind", "sent", "limit"),
    [("cohere", "/v2/rerank", "top_n"), ("jina", "/v1/rerank", "top_n"), ("voyage", "/v1/rerank", "top_k")],
)
def test_rankings(other_gateway: OtherGateway, chat: Provider, kind: str, sent: str, limit: str) -> None:
    chat.answer(whole(RANKED))
    gateway = other_gateway(providers={"ranker": provider(kind, chat)}, models={})
    request = {"model": "ranker/r", "query": "capital?", "documents": ["London", "Paris"], "top_n": 1}
    with gateway.wire() as wire:
        answer = wire.post("/v1/rerank", json=request | {"return_documents": True})
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"] == [{"index": 1, "relevance_score": 0.9, "document": {"text": "Paris"}}]
    assert answer.json()["usage"]["total_tokens"] == 5
    [seen] = chat.seen
    assert seen.path == sent
    assert seen.json == {"model": "r", "query": "capital?", "documents": ["London", "Paris"], limit: 1}


@pytest.mark.parametrize(
    "path", ["/rerank", "/v2/rerank", "/api/llm/rerank", "/api/llm/api/inference/openai/rerank", "/openai/v1/rerank/"]
)
def test_the_paths_of_other_gateways(wire: httpx.Client, chat: Provider, path: str) -> None:
    chat.answer(whole(RANKED))
    answer = wire.post(path, json={"model": "chat/r", "query": "capital?", "documents": ["London", "Paris"]})
    assert answer.json()["results"] == RANKED["results"]


@pytest.mark.parametrize("prefix", ["/api/llm", "/api/llm/api/inference/openai"])
def test_vectors_and_verdicts_below_the_prefixes(wire: httpx.Client, chat: Provider, prefix: str) -> None:
    chat.answer(whole(ANSWER))
    assert wire.post(f"{prefix}/embeddings", json={"model": "chat/m", "input": "Hi"}).json() == ANSWER
    asked = {"model": "local/moderation-rules", "input": "Hi"}
    assert wire.post(f"{prefix}/moderations", json=asked).status_code == 200


def test_coheres_client_ranks_on_any_provider(other_gateway: OtherGateway, chat: Provider) -> None:
    chat.answer(whole({"data": RANKED["results"], "usage": RANKED["usage"]}), refusing("Model x does not exist", 404))
    gateway = other_gateway(providers={"voyage": provider("voyage", chat)}, models={})
    with cohere.ClientV2("sk-antiphon-tenant-a", base_url=gateway.root) as client:
        answer = client.rerank(model="rerank-2.5", query="capital?", documents=["London", "Paris"], top_n=1)
        with pytest.raises(cohere.BadRequestError):
            client.rerank(model="rerank-2.5", query="capital?", documents=["London"])
    assert [(each.index, each.relevance_score) for each in answer.results] == [(1, 0.9)]
    assert answer.meta is not None
    assert answer.meta.tokens is not None
    assert answer.meta.tokens.input_tokens == 5


def test_a_moderation_is_relayed_and_the_default_is_openais(other_gateway: OtherGateway, native: Provider) -> None:
    answered = {"id": "modr-1", "model": "omni-moderation-latest", "results": [{"flagged": False, "x": 1}]}
    native.answer(whole(answered))
    gateway = other_gateway(providers={"openai": provider("openai", native)}, models={})
    with gateway.wire() as wire:
        assert wire.post("/v1/moderations", json={"input": "Hi"}).json() == answered
    assert native.seen[0].json == {"input": "Hi", "model": "omni-moderation-latest"}


def test_mistral_judges_for_openais_client(other_gateway: OtherGateway, chat: Provider) -> None:
    result = {"categories": {"selfharm": True, "pii": False}, "category_scores": {"selfharm": 0.9, "pii": 0.1}}
    chat.answer(whole({"id": "m1", "model": "x", "results": [result]}))
    gateway = other_gateway(providers={"mistral": provider("mistral", chat)}, models={})
    with gateway.client() as client:
        answer = client.moderations.create(model="mistral/mistral-moderation-2603", input="Hi")
    assert answer.results[0].flagged
    assert answer.results[0].categories.self_harm
    assert answer.results[0].category_scores.self_harm == 0.9
    assert not answer.results[0].categories.violence_graphic


def test_the_patterns_judge_only_where_they_are_named(
    other_gateway: OtherGateway, client: openai.OpenAI, native: Provider
) -> None:
    answer = client.moderations.create(model="local/moderation-rules", input=["I will kill you", "Hello"])
    assert [result.flagged for result in answer.results] == [True, False]
    assert answer.model == "local/moderation-rules"
    with pytest.raises(openai.BadRequestError, match="gives no answers"):
        client.responses.create(model="local/moderation-rules", input="Hi")
    fallback = ModelSettings(targets=["native/omni-moderation-latest", "local/moderation-rules"])
    native.answer(*[refusing("down", 503)] * 3)
    gateway = other_gateway(moderations=ModerationSettings(model="judge"), models={"judge": fallback})
    with gateway.wire() as wire:
        answered = wire.post("/v1/moderations", json={"input": "Hi"})
    assert answered.json()["model"] == "local/moderation-rules"
    assert answered.headers["antiphon-attempts"] == "4"


def test_the_log_tells_model_tokens_and_cost(
    other_gateway: OtherGateway, native: Provider, records: list[RequestRecord]
) -> None:
    native.answer(whole(ANSWER))
    priced = ModelSettings(price=PriceSettings(input=0.02))
    with other_gateway(models={"native/text-embedding-3-small": priced}).wire() as wire:
        wire.post("/v1/embeddings", json={"model": "native/text-embedding-3-small", "input": "Hi"})
    [record] = [each for each in records if each.path == "/v1/embeddings"]
    assert (record.model, record.target) == ("native/text-embedding-3-small",) * 2
    assert (record.input_tokens, record.output_tokens, record.cost_nanos, record.attempts) == (2, 0, 40, 1)
    assert json.dumps(record.warnings) == "[]"
