"""Google's clients on every model: the real SDK over Google's own API, Anthropic's, Responses and chat completions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pydantic
import pytest
from google.genai import errors, types

from tests.e2e.exchanges import chat_whole, message, native_frames, native_whole, reasoning, said
from tests.e2e.gateway import CHAT_MODEL, KEY_A, NATIVE_MODEL, Gateway, running, settings_for
from tests.e2e.googles import SERVED, Kind, chat_kind, conversation, google_client, native_kind, vendor_kind
from tests.e2e.upstream import Cut, Provider, Reply, refusing, serving, stream, whole
from tests.e2e.vendors.bridge import Upstream
from tests.e2e.vendors.doors import KEY
from tests.gemini_streams import generated
from tests.gemini_streams import stream as chunks
from tests.vendors.vendor import Plan

KINDS = ("gemini", "anthropic", "chat", "native")
GEMINI = "gemini/gemini-3-pro-preview"
GENERATE = f"/v1beta/models/{CHAT_MODEL}:generateContent"
STREAM = f"/v1beta/models/{CHAT_MODEL}:streamGenerateContent"
HI: dict[str, Any] = {"contents": [{"parts": [{"text": "Hi"}]}]}
VECTORS: dict[str, Any] = {
    "object": "list",
    "data": [{"object": "embedding", "index": place, "embedding": [0.5, place]} for place in range(2)],
    "model": "m",
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}


class Place(pydantic.BaseModel):
    """What is asked for in a form."""

    city: str


def look(at: str) -> str:
    """Looks."""
    return f"{at}: a wall."


@pytest.fixture(scope="module")
def vendor_servers() -> Iterator[dict[str, Provider]]:
    with serving() as google, serving() as claude:
        yield {"gemini": google, "anthropic": claude}


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory,
    native_server: Provider,
    chat_server: Provider,
    vendor_servers: dict[str, Provider],
) -> Iterator[Gateway]:
    native_server.listed = [{"id": name, "object": "model"} for name in ("gpt-5-mini", "text-embedding-3-small")]
    settings = settings_for(tmp_path_factory.mktemp("gateway"), native_server.url, chat_server.url)
    vendors = {kind: SERVED[kind].settings(server.url) for kind, server in vendor_servers.items()}
    with running(msgspec.structs.replace(settings, providers=settings.providers | vendors)) as started:
        yield started


@pytest.fixture(scope="module")
def google(gateway: Gateway) -> Iterator[Any]:
    """The client, with the key of tenant a."""
    with google_client(gateway) as opened:
        yield opened


@pytest.fixture
def upstreams(vendor_servers: dict[str, Provider]) -> Iterator[dict[str, Upstream]]:
    """What one of the vendors would have refused fails the test."""
    made = {kind: Upstream(SERVED[kind], server) for kind, server in vendor_servers.items()}
    yield made
    faults = [fault for each in made.values() for fault in each.faults]
    for each in made.values():
        each.provider.reset()
    assert faults == []


@pytest.fixture
def kinds(upstreams: dict[str, Upstream], native: Provider, chat: Provider) -> dict[str, Kind]:
    vendors = {name: vendor_kind(each) for name, each in upstreams.items()}
    return vendors | {"native": native_kind(native), "chat": chat_kind(chat)}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, kinds: dict[str, Kind]) -> Kind:
    return kinds[request.param]


@pytest.fixture
def anyone(gateway: Gateway) -> Iterator[httpx.Client]:
    """Bare HTTP without a key."""
    with gateway.wire(None) as opened:
        yield opened


# --- the SDK over every kind ------------------------------------------------------------------------------------------


def test_a_whole_answer(google: Any, kind: Kind, gateway: Gateway) -> None:
    kind.says("Hello.", streamed=False)
    config = types.GenerateContentConfig(system_instruction="Be brief.", max_output_tokens=100)
    answer = google.models.generate_content(model=kind.model, contents="Hi", config=config)
    assert answer.text == "Hello."
    assert answer.candidates
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    assert answer.usage_metadata
    assert answer.usage_metadata.total_token_count
    assert "Be brief." in json.dumps(kind.last)
    assert gateway.rows() == 0, "it is stored nowhere"


def test_a_stream(google: Any, kind: Kind) -> None:
    kind.says("one two three", streamed=True)
    told = list(google.models.generate_content_stream(model=kind.model, contents="Hi"))
    assert "".join(chunk.text or "" for chunk in told) == "one two three"
    assert len(told) > 2
    assert told[-1].candidates
    assert told[-1].candidates[0].finish_reason == types.FinishReason.STOP
    assert told[-1].usage_metadata


def thinking_chat(google: Any, kind: Kind) -> Any:
    """A conversation with one tool; the client calls it by itself."""
    thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)
    return conversation(google, kind.model, types.GenerateContentConfig(tools=[look], thinking_config=thinking))


def test_a_loop_of_calls(google: Any, kind: Kind) -> None:
    kind.thinks_and_calls(streamed=False)
    kind.says("Seen.", streamed=False)
    assert thinking_chat(google, kind).send_message("Look").text == "Seen."
    assert len(kind.provider.seen) == 2
    assert "you: a wall." in json.dumps(kind.last)


def test_a_streamed_loop_of_calls_brings_thoughts_back_to_their_maker(
    google: Any, kind: Kind, upstreams: dict[str, Upstream]
) -> None:
    kind.thinks_and_calls(streamed=True)
    kind.says("Seen.", streamed=True)
    told = list(thinking_chat(google, kind).send_message_stream("Look"))
    parts = [part for chunk in told for part in chunk.candidates[0].content.parts or ()]
    assert [part.function_call.args for part in parts if part.function_call] == [{"at": "you"}]
    assert "".join(part.text for part in parts if part.thought) == "Look first."
    assert "".join(part.text for part in parts if part.text and not part.thought) == "Seen."
    assert "you: a wall." in json.dumps(kind.last)
    if kind.model == NATIVE_MODEL:
        assert [item.get("encrypted_content") for item in kind.last["input"]] == [None, "gAAAAseal", None, None]
    for upstream in upstreams.values():
        if kind.model == upstream.model:
            assert next(iter(upstream.vendor.signed)) in json.dumps(kind.last)


def test_a_form(google: Any, kind: Kind) -> None:
    kind.says('{"city": "Oslo"}', streamed=False)
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Place)
    answer = google.models.generate_content(model=kind.model, contents="Where?", config=config)
    assert answer.parsed == Place(city="Oslo")
    assert "city" in json.dumps(kind.last)


@pytest.mark.parametrize("name", KINDS)
def test_tokens_are_counted(google: Any, kinds: dict[str, Kind], name: str, upstreams: Any) -> None:
    if name in upstreams:
        upstreams[name].counts()
    if name == "native":
        kinds[name].provider.answer(whole({"object": "response.input_tokens", "input_tokens": 123}))
    counted = google.models.count_tokens(model=kinds[name].model, contents="Hi there").total_tokens
    assert counted
    assert counted == 123 or name == "chat"


# --- errors -----------------------------------------------------------------------------------------------------------


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
        ("POST", f"/v1beta/models/{GEMINI}:generateContent", b"[]", 400),
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
        ("POST", "/v1/projects/p/locations/l/publishers/google/models/m:dance", b"{}", 404),
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


@pytest.mark.parametrize("alt", ["sse", ""])
def test_a_stream_that_breaks_says_so(wire: httpx.Client, native: Provider, upstreams: Any, alt: str) -> None:
    native.answer(stream(*native_frames(message("one two three"))[:6], Cut()))
    google = upstreams["gemini"].provider
    google.answer(stream(chunks(generated({"text": "one"})), Cut()))
    for model in (NATIVE_MODEL, GEMINI):
        answer = wire.post(f"/v1beta/models/{model}:streamGenerateContent", params={"alt": alt}, json=HI)
        told = events_in(answer.text) if alt else answer.json()
        assert "one" in json.dumps(told[0])
        assert told[-1]["error"]["status"] in ("UNAVAILABLE", "INTERNAL")


def events_in(text: str) -> list[Any]:
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line]


# --- paths and keys ---------------------------------------------------------------------------------------------------


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
        answer = vertex.models.embed_content(model="chat/gemini-embedding-001", contents="Hi")
        assert answer.embeddings
        assert answer.embeddings[0].values == [0.5, 0]


# --- the rest ---------------------------------------------------------------------------------------------------------


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


def test_vectors_of_googles_own(wire: httpx.Client, upstreams: dict[str, Upstream]) -> None:
    upstreams["gemini"].provider.answer(whole({"embeddings": [{"values": [0.25]}, {"values": [0.5]}]}))
    asked = [{"content": {"parts": [{"text": text}]}, "taskType": "CLUSTERING", "title": "T"} for text in "ab"]
    path = "/v1beta/models/gemini/gemini-embedding-001:batchEmbedContents"
    answer = wire.post(path, json={"requests": asked})
    assert answer.json() == {"embeddings": [{"values": [0.25]}, {"values": [0.5]}]}
    sent = upstreams["gemini"].last["requests"]
    model = {"model": "models/gemini-embedding-001"}
    assert sent == [each | model for each in asked]


def test_losses_are_told_and_refused_where_strict(wire: httpx.Client, chat: Provider) -> None:
    request = HI | {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT"}], "generationConfig": {"topK": 3}}
    chat.answer(chat_whole("Hi"))
    told = wire.post(GENERATE, json=request).headers["antiphon-warnings"]
    assert "safetySettings" in told
    assert "top_k" in told
    assert wire.post(GENERATE, json=request | {"strict": True}).status_code == 400


# --- relays -----------------------------------------------------------------------------------------------------------


def test_a_whole_answer_of_googles_is_its_own_bytes(anyone: httpx.Client, upstreams: dict[str, Upstream]) -> None:
    body = json.dumps(generated({"text": "Hi", "vendor": 1.50}, finish="STOP"), indent=3).encode()
    upstreams["gemini"].provider.answer(Reply(body))
    given = HI | {"safetySettings": [{"category": "x"}], "cachedContent": "cachedContents/1", "vendor": [2.50]}
    answer = anyone.post(
        f"/gemini/v1beta/models/{GEMINI}:generateContent", params={"key": KEY_A}, json=given | {"model": "models/x"}
    )
    assert answer.content == body
    assert answer.headers["antiphon-target"] == GEMINI
    sent = upstreams["gemini"].provider.seen[-1]
    assert sent.path == "/v1beta/models/gemini-3-pro-preview:generateContent"
    assert sent.json == given
    assert sent.headers["x-goog-api-key"] == KEY


def test_a_stream_of_googles_is_its_own_bytes_or_an_array_of_them(
    wire: httpx.Client, upstreams: dict[str, Upstream]
) -> None:
    said_so = chunks(generated({"text": "a"}), generated({"text": "b"}, finish="STOP"))
    google, path = upstreams["gemini"].provider, f"/v1beta/models/{GEMINI}:streamGenerateContent"
    google.answer(stream(said_so[:10], said_so[10:]), stream(said_so[:10], said_so[10:]))
    events = wire.post(path, params={"alt": "sse"}, json=HI)
    array = wire.post(path, json=HI)
    assert events.content == said_so
    assert events.headers["content-type"].startswith("text/event-stream")
    assert array.headers["content-type"] == "application/json"
    assert array.json() == events_in(said_so.decode())
    assert google.seen[-1].path.endswith(":streamGenerateContent?alt=sse")


def test_an_array_is_made_for_every_model(wire: httpx.Client, chat: Provider) -> None:
    chat.answer(said("chat", "one two", streamed=True))
    answer = wire.post(STREAM, json=HI)
    assert answer.headers["content-type"] == "application/json"
    texts = [part["text"] for chunk in answer.json() for part in chunk["candidates"][0]["content"]["parts"]]
    assert texts == ["one ", "two", ""]


def test_vertex_is_told_whose_a_content_is(wire: httpx.Client, vertex_relay: tuple[httpx.Client, Provider]) -> None:
    client, vertex = vertex_relay
    vertex.answer(whole(generated({"text": "Hi"}, finish="STOP")))
    tier = {"x-vertex-ai-llm-request-type": "shared"}
    answer = client.post("/v1beta/models/cloud/gemini-3-flash:generateContent", json=HI, headers=tier)
    assert answer.json()["candidates"][0]["content"]["parts"] == [{"text": "Hi"}]
    sent = vertex.seen[-1]
    assert sent.path.endswith("/publishers/google/models/gemini-3-flash:generateContent")
    assert sent.json == {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
    assert sent.headers["x-vertex-ai-llm-request-type"] == "shared"


@pytest.fixture
def vertex_relay(
    other_gateway: Callable[..., Gateway], upstreams: dict[str, Upstream]
) -> Iterator[tuple[httpx.Client, Provider]]:
    """A gateway before Vertex AI."""
    server = upstreams["gemini"].provider
    base = SERVED["gemini"].settings(server.url)
    cloud = msgspec.structs.replace(base, type="vertex", project="p", location="europe-west1")
    with other_gateway(providers={"cloud": cloud}, models={}).wire() as client:
        yield client, server


def test_a_conversation_that_changes_models_gives_each_its_own_thoughts(
    google: Any, native: Provider, upstreams: dict[str, Upstream]
) -> None:
    """A conversation that began at a model of another API and goes on at Google's, and the other way round."""
    thoughts = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    native.answer(native_whole(reasoning("Hm.", "gAAAAseal"), message("One.")))
    chat = conversation(google, NATIVE_MODEL, thoughts)
    chat.send_message("Hi")
    upstreams["gemini"].does(Plan(text="Two."))
    other = conversation(google, GEMINI, thoughts, chat.get_history())
    assert other.send_message("More").text == "Two."
    assert "YW50MS" not in json.dumps(upstreams["gemini"].last), "Google is not shown what OpenAI sealed"
    upstreams["gemini"].does(Plan(text="Three."))
    assert other.send_message("More").text == "Three."
    signed = [part for content in upstreams["gemini"].last["contents"] for part in content["parts"] if len(part) > 1]
    assert len(signed) == 1, "its own signature comes back"
    native.answer(native_whole(message("Four.")))
    back = conversation(google, NATIVE_MODEL, thoughts, other.get_history())
    assert back.send_message("More").text == "Four."
    sealed = [item.get("encrypted_content") for item in native.seen[-1].json["input"] if item["type"] == "reasoning"]
    assert sealed == ["gAAAAseal"]
