"""Recorded exchanges with endpoints beside answers: asked in OpenAI's words, the vendor is to be asked the same."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from antiphon.service_protocols import Answer, Asked, At, Plan, Service
from tests.replayed import RECORDINGS
from tests.unit.dialects.asked_services import DIALECTS, asked

Body = dict[str, Any]
Exchange = dict[str, Any]

SAME = ("encoding_format", "dimensions", "truncate", "truncation", "input_type", "top_n", "top_k")

APIS: dict[str, tuple[Service, Callable[[Exchange], str]]] = {
    "openai.embeddings": ("embeddings", lambda _: "openai"),
    "mistral.embeddings": ("embeddings", lambda _: "mistral"),
    "voyage.embeddings": ("embeddings", lambda _: "voyage"),
    "cohere.embed": ("embeddings", lambda _: "cohere"),
    "gemini.embed": ("embeddings", lambda _: "gemini"),
    "vertex.embed": ("embeddings", lambda _: "vertex"),
    "bedrock.embed": ("embeddings", lambda each: BEDROCK[each["dialect"]]),
    "cohere.rerank": ("rerank", lambda _: "cohere"),
    "voyage.rerank": ("rerank", lambda _: "voyage"),
    "together.rerank": ("rerank", lambda _: "together"),
    "openai.moderations": ("moderations", lambda _: "openai"),
}
BEDROCK = {
    "bedrock-invoke-cohere-embed": "bedrock-cohere",
    "bedrock-invoke-titan-embed": "titan",
    "bedrock-invoke-nova": "nova",
}


def exchanges() -> Iterator[Exchange]:
    for api in APIS:
        for path in sorted((RECORDINGS / api).glob("*.json")):
            yield json.loads(path.read_bytes())


EXCHANGES = list(exchanges())


def said(body: Body) -> Body:
    """The vendor's request in the words that a client of ours has for it."""
    request = {name: body[name] for name in SAME if body.get(name) is not None}
    if "output_dimension" in body:
        request["dimensions"] = body["output_dimension"]
    match body:
        case {"texts": texts}:
            return request | {"input": texts}
        case {"requests": requests}:
            first = requests[0]
            texts = [part["text"] for each in requests for part in each["content"]["parts"]]
            wanted = {"task_type": first.get("taskType"), "dimensions": first.get("outputDimensionality")}
            return {"input": texts, **wanted}
        case {"content": {"parts": [{"text": text}]}}:
            return {"input": text}
        case {"inputText": text}:
            return {"input": text, "dimensions": body.get("dimensions"), "normalize": body.get("normalize")}
        case {"singleEmbeddingParams": params}:
            return {
                "input": params["text"]["value"],
                "input_type": {"GENERIC_RETRIEVAL": "query"}[params["embeddingPurpose"]],
                "dimensions": params["embeddingDimension"],
                "truncate": params["text"]["truncationMode"],
            }
        case {"query": query, "documents": documents}:
            return request | {"query": query, "documents": documents}
        case _:
            return request | {"input": body["input"]}


def without_nulls(body: Body) -> Body:
    return {name: value for name, value in body.items() if value is not None}


def request_of(exchange: Exchange) -> Asked:
    service, _ = APIS[exchange["api"]]
    if exchange["request"].get("body") is None:  # nobody kept it
        return asked(service, query="?", documents=["x"] * 6)
    return asked(service, **said(exchange["request"]["body"]))


def plan_of(exchange: Exchange) -> Plan:
    service, dialect = APIS[exchange["api"]]
    body: Body = exchange["request"].get("body") or {}
    path: str = exchange["request"]["url_path"]
    model: str = body.get("model") or path.partition("/models/")[2].partition(":")[0]
    return DIALECTS[service, dialect(exchange)].plan(request_of(exchange), At("vendor", model))


def answer_of(exchange: Exchange) -> Answer:
    counted = exchange["response"]["headers"].get("x-amzn-bedrock-input-token-count")
    return Answer(json.dumps(exchange["response"]["body"]).encode(), None if counted is None else int(counted))


def vectors(body: Any) -> list[list[float]]:
    """The vectors in a vendor's answer, wherever they are."""
    match body:
        case {"data": [*data]}:
            found = [each["embedding"] for each in sorted(data, key=lambda each: each["index"])]
        case {"embeddings": {"float": found}} | {"embeddingsByType": {"float": [[*_], *_] as found}}:
            pass
        case {"embeddings": [{"values": _}, *_] as each}:
            found = [one["values"] for one in each]
        case {"embeddings": [{"embedding": _}, *_] as each}:
            found = [one["embedding"] for one in each]
        case {"embeddings": found}:
            pass
        case {"embedding": {"values": values}} | {"embedding": values}:
            found = [values]
        case _:
            raise AssertionError("no vectors here")
    return [unpacked(one) if isinstance(one, str) else one for one in found]


def unpacked(text: str) -> list[float]:
    return [number for (number,) in struct.iter_unpack("<f", base64.b64decode(text))]


def tokens(exchange: Exchange) -> int | None:
    """The count in a vendor's answer, whatever it is called."""
    body, headers = exchange["response"]["body"], exchange["response"]["headers"]
    match body:
        case {"usage": {"total_tokens": count}} | {"usageMetadata": {"promptTokenCount": count}}:
            return count
        case {"meta": {"billed_units": {"input_tokens": count}}} | {"inputTextTokenCount": count}:
            return count
        case _:
            counted = headers.get("x-amzn-bedrock-input-token-count")
            return None if counted is None else int(counted)


def kept(service: Service, *, refused: bool = False) -> list[Exchange]:
    return [
        each for each in EXCHANGES if APIS[each["api"]][0] == service and (each["response"]["status"] >= 400) == refused
    ]


def named(exchange: Exchange) -> str:
    return exchange["id"]


def test_every_folder_has_exchanges() -> None:
    assert {each["api"] for each in EXCHANGES} == APIS.keys()


@pytest.mark.parametrize("exchange", [each for each in EXCHANGES if each["request"].get("body")], ids=named)
def test_a_recorded_request_is_asked_again_in_the_same_words(exchange: Exchange) -> None:
    [sent] = plan_of(exchange).bodies
    assert without_nulls(json.loads(sent)) == without_nulls(exchange["request"]["body"])
    assert plan_of(exchange).warnings == ()


@pytest.mark.parametrize("exchange", kept("embeddings"), ids=named)
def test_recorded_vectors_are_told_in_openais_words(exchange: Exchange) -> None:
    told = plan_of(exchange).tell([answer_of(exchange)])
    body = json.loads(told.body)
    assert body["object"] == "list"
    assert [each["index"] for each in body["data"]] == list(range(len(body["data"])))
    assert vectors(body) == vectors(exchange["response"]["body"])
    assert told.input_tokens == tokens(exchange)
    assert body["usage"]["prompt_tokens"] == body["usage"]["total_tokens"] == (tokens(exchange) or 0)


@pytest.mark.parametrize("exchange", kept("rerank"), ids=named)
def test_recorded_rankings_keep_their_order_and_scores(exchange: Exchange) -> None:
    recorded = exchange["response"]["body"]
    theirs = recorded.get("results") or recorded["data"]
    told = plan_of(exchange).tell([answer_of(exchange)])
    body = json.loads(told.body)
    ours = body.get("results") or body["data"]
    pairs = [(each["index"], each["relevance_score"]) for each in ours]
    assert pairs == [(each["index"], each["relevance_score"]) for each in theirs]
    assert told.input_tokens == tokens(exchange)


@pytest.mark.parametrize("exchange", kept("moderations"), ids=named)
def test_a_recorded_moderation_is_relayed_as_it_is(exchange: Exchange) -> None:
    assert json.loads(plan_of(exchange).tell([answer_of(exchange)]).body) == exchange["response"]["body"]


@pytest.mark.parametrize("exchange", kept("embeddings", refused=True), ids=named)
def test_recorded_refusals_are_about_the_model(exchange: Exchange) -> None:
    service, dialect = APIS[exchange["api"]]
    body = json.dumps(exchange["response"]["body"]).encode()
    refused = DIALECTS[service, dialect(exchange)].refusal(exchange["response"]["status"], body, None)
    assert (refused.status, refused.code, refused.param) == (400, "model_not_found", "model")
