"""Where Google's clients look, with which keys, and what they are told when something fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google.genai import errors, types

from tests.e2e.exchanges import chat_whole, said
from tests.e2e.gateway import CHAT_MODEL, KEY_A, NATIVE_MODEL, Gateway
from tests.e2e.googles import google_client
from tests.e2e.upstream import Provider, refusing, whole

GENERATE = f"/v1beta/models/{CHAT_MODEL}:generateContent"
STREAM = f"/v1beta/models/{CHAT_MODEL}:streamGenerateContent"
HI: dict[str, Any] = {"contents": [{"parts": [{"text": "Hi"}]}]}
VECTORS: dict[str, Any] = {
    "object": "list",
    "data": [{"object": "embedding", "index": place, "embedding": [0.5, place]} for place in range(2)],
    "model": "m",
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}


@pytest.fixture(scope="module", autouse=True)
def listing(native_server: Provider) -> None:
    """What there is, before anybody asks."""
    native_server.listed = [{"id": name, "object": "model"} for name in ("gpt-5-mini", "text-embedding-3-small")]


@pytest.fixture(scope="module")
def google(gateway: Gateway) -> Iterator[Any]:
    """The client, with the key of tenant a."""
    with google_client(gateway) as opened:
        yield opened


@pytest.fixture
def anyone(gateway: Gateway) -> Iterator[httpx.Client]:
    """Bare HTTP without a key."""
    with gateway.wire(None) as opened:
        yield opened


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (400, errors.ClientError, "INVALID_ARGUMENT"),
        (429, errors.ClientError, "RESOURCE_EXHAUSTED"),
        (502, errors.ServerError, "UNAVAILABLE"),
        (503, errors.ServerError, "UNAVAILABLE"),
    ],
)
def test_refusals_are_errors_of_the_right_class(
    google: Any, chat: Provider, status: int, kind: type[errors.APIError], word: str
) -> None:
    chat.answer(*[refusing("Bad luck.", status)] * (1 if status == 400 else 3))
    with pytest.raises(kind) as caught:
        google.models.generate_content(model=CHAT_MODEL, contents="Hi")
    assert (caught.value.code, caught.value.status) == (status, word)


def test_our_own_errors_are_told_in_googles_words(gateway: Gateway, google: Any) -> None:
    with google_client(gateway, "sk-wrong") as stranger, pytest.raises(errors.ClientError) as caught:
        stranger.models.generate_content(model=CHAT_MODEL, contents="Hi")
    assert (caught.value.code, caught.value.status) == (401, "UNAUTHENTICATED")
    with pytest.raises(errors.ClientError) as caught:
        google.models.generate_content(model="nobody-has-this", contents="Hi")
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", GENERATE, b"{", 400),
        ("POST", GENERATE, b'{"contents":[{"parts":[{"smell":1}]}]}', 400),
        ("POST", STREAM, b'{"contents":[]}', 400),
        ("POST", f"/v1beta/models/{NATIVE_MODEL}:generateContent", b"[]", 400),
        ("POST", f"/v1beta/models/{CHAT_MODEL}:countTokens", b"7", 400),
        ("POST", "/v1beta/models/chat/m:embedContent", b'{"content":{"parts":[{"smell":1}]}}', 400),
        ("POST", "/v1beta/models/chat/m:batchEmbedContents", b"{}", 400),
        ("POST", "/v1beta/models/chat/m:predict", b'{"instances":[{"prompt":"A cat."}]}', 400),
        ("POST", "/v1beta/models/nobody-has-this:embedContent", b'{"content":{"parts":[{"text":"x"}]}}', 404),
        ("POST", "/v1beta/models/m:dance", b"{}", 405),
        ("GET", GENERATE, b"", 404),
        ("DELETE", GENERATE, b"", 405),
        ("GET", "/v1beta/models/nobody-has-this", b"", 404),
        ("POST", "/gemini/v1beta/files", b"{}", 404),
        ("POST", "/v1/projects/p/locations/l/publishers/google/models/m:dance", b"{}", 405),
    ],
)
def test_every_failure_has_googles_envelope(
    wire: httpx.Client, method: str, path: str, body: bytes, status: int
) -> None:
    answer = wire.request(method, path, content=body, headers={"content-type": "application/json"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, status)
    assert error["status"] == {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 405: "UNIMPLEMENTED"}[status]
    assert error["message"]
    assert answer.headers["x-request-id"]


def test_what_is_to_blame_and_when_to_come_again_is_in_the_details(wire: httpx.Client, chat: Provider) -> None:
    wrong = wire.post(GENERATE, json=HI | {"generationConfig": {"topP": 7}}).json()["error"]
    fields = [each["fieldViolations"] for each in wrong["details"] if each["@type"].endswith("google.rpc.BadRequest")]
    assert fields[0][0]["field"] == "generationConfig.topP"
    chat.answer(*[refusing("Later.", 429, headers={"retry-after": "0"})] * 3)
    late = wire.post(GENERATE, json=HI).json()["error"]
    assert [each["retryDelay"] for each in late["details"] if "retryDelay" in each] == ["0s"]


def test_a_prompt_that_is_refused_is_an_answer(google: Any, chat: Provider) -> None:
    refused = refusing("Flagged.", 400, code="content_policy_violation")
    chat.answer(refused, refused)
    answer = google.models.generate_content(model=CHAT_MODEL, contents="Hi")
    (chunk,) = google.models.generate_content_stream(model=CHAT_MODEL, contents="Hi")
    for told in (answer, chunk):
        assert told.prompt_feedback
        assert told.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT
        assert not told.candidates


@pytest.mark.parametrize(
    "path",
    [
        GENERATE,
        "/v1beta/models/chat%2Fllama-4:generateContent",
        f"/v1/models/{CHAT_MODEL}:generateContent",
        f"/v1alpha/models/{CHAT_MODEL}:generateContent/",
        f"/gemini/v1beta/models/{CHAT_MODEL}:generateContent",
        f"/gemini/v1/models/{CHAT_MODEL}:generateContent",
        f"/gemini/models/{CHAT_MODEL}:generateContent",
        f"/v1beta/{CHAT_MODEL}:generateContent",
        f"/api/llm/v1beta/models/{CHAT_MODEL}:generateContent",
        "/v1/projects/p/locations/l/publishers/chat/models/llama-4:generateContent",
        f"/v1beta1/projects/p/locations/l/publishers/google/models/{CHAT_MODEL}:generateContent",
        "/v1beta1/publishers/chat/models/llama-4:generateContent",
    ],
)
def test_paths(wire: httpx.Client, chat: Provider, path: str) -> None:
    chat.answer(chat_whole("Hello."))
    answer = wire.post(path, json=HI)
    assert answer.json()["candidates"][0]["content"] == {"parts": [{"text": "Hello."}], "role": "model"}
    assert answer.headers["antiphon-target"] == CHAT_MODEL
    assert answer.json()["modelVersion"] == CHAT_MODEL


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({"x-goog-api-key": KEY_A}, {}, 200),
        ({"authorization": f"Bearer {KEY_A}"}, {}, 200),
        ({}, {"key": KEY_A}, 200),
        ({"x-goog-api-key": "wrong"}, {"key": KEY_A}, 401),
        ({}, {"key": ""}, 401),
        ({}, {}, 401),
    ],
)
def test_keys(anyone: httpx.Client, headers: dict[str, str], query: dict[str, str], status: int) -> None:
    assert anyone.get("/v1beta/models", headers=headers, params=query).status_code == status


def test_a_key_in_the_query_opens_no_other_path(anyone: httpx.Client) -> None:
    assert anyone.get("/v1/responses/resp_x", params={"key": KEY_A}).status_code == 401


def test_models_are_listed_in_googles_shape(google: Any, anyone: httpx.Client) -> None:
    everything = list(google.models.list())
    assert [model.name for model in google.models.list(config={"page_size": 1})] == [one.name for one in everything]
    one = google.models.get(model=NATIVE_MODEL)
    assert one.name == f"models/{NATIVE_MODEL}"
    assert one.input_token_limit
    assert "generateContent" in (one.supported_actions or ())
    assert "embedContent" in (google.models.get(model="native/text-embedding-3-small").supported_actions or ())
    for header, member in (("x-goog-api-key", "models"), ("x-api-key", "data")):
        assert member in anyone.get("/v1/models", headers={header: KEY_A}).json()


def test_clients_of_vertex(gateway: Gateway, chat: Provider) -> None:
    with google_client(gateway, vertex=True) as vertex:
        chat.answer(chat_whole("Hello."))
        assert vertex.models.generate_content(model=CHAT_MODEL, contents="Hi").text == "Hello."
        chat.answer(whole(VECTORS | {"data": VECTORS["data"][:1]}))
        names = [model.name for model in vertex.models.list()]
        assert f"publishers/google/models/{NATIVE_MODEL}" in names
        for model in (NATIVE_MODEL, names[0]):
            assert vertex.models.get(model=model).name in names
        answer = vertex.models.embed_content(model="chat/gemini-embedding-001", contents="Hi")
        assert answer.embeddings
        assert answer.embeddings[0].values == [0.5, 0]


def test_vectors(google: Any, gateway: Gateway, chat: Provider) -> None:
    chat.answer(whole(VECTORS))
    config = types.EmbedContentConfig(output_dimensionality=2, task_type="RETRIEVAL_QUERY")
    answer = google.models.embed_content(model="chat/m", contents=["a", "b"], config=config)
    assert [each.values for each in answer.embeddings or ()] == [[0.5, 0], [0.5, 1]]
    assert chat.seen[-1].json == {"model": "m", "input": ["a", "b"], "encoding_format": "float", "dimensions": 2}
    chat.answer(whole(VECTORS | {"data": VECTORS["data"][:1]}))
    with gateway.wire() as wire:
        parts = [{"text": "a"}, {"text": "b"}]
        single = wire.post("/v1beta/models/chat/m:embedContent", json={"content": {"parts": parts}, "taskType": "X"})
    assert single.json() == {"embedding": {"values": [0.5, 0]}, "usageMetadata": {"promptTokenCount": 3}}
    assert "task_type" in single.headers["antiphon-warnings"]
    assert chat.seen[-1].json["input"] == ["a\nb"]


def test_what_one_of_several_vectors_loses_is_told(wire: httpx.Client, chat: Provider) -> None:
    alone = whole(VECTORS | {"data": VECTORS["data"][:1]})
    chat.answer(alone, alone)
    told, untold = ({"content": {"parts": [{"text": text}]}} for text in "ab")
    requests = [told | {"taskType": "CLUSTERING"}, untold]
    answer = wire.post("/v1beta/models/chat/m:batchEmbedContents", json={"requests": requests})
    assert len(answer.json()["embeddings"]) == 2
    assert answer.headers["antiphon-attempts"] == "2"
    assert "task_type" in answer.headers["antiphon-warnings"]


def test_losses_are_told_and_refused_where_strict(wire: httpx.Client, chat: Provider) -> None:
    request = HI | {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT"}], "generationConfig": {"topK": 3}}
    chat.answer(chat_whole("Hi"))
    told = wire.post(GENERATE, json=request).headers["antiphon-warnings"]
    assert "safetySettings" in told
    assert "top_k" in told
    assert wire.post(GENERATE, json=request | {"strict": True}).status_code == 400


def test_an_array_is_made_for_every_model(wire: httpx.Client, chat: Provider) -> None:
    chat.answer(said("chat", "one two", streamed=True))
    answer = wire.post(STREAM, json=HI)
    assert answer.headers["content-type"] == "application/json"
    texts = [part["text"] for chunk in answer.json() for part in chunk["candidates"][0]["content"]["parts"]]
    assert texts == ["one ", "two", ""]
