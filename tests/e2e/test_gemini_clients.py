"""Google's clients on every model: the real SDK over Google's own API, Anthropic's, Responses and chat completions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pydantic
import pytest
from google.genai import types

from tests.e2e.exchanges import message, native_frames, native_whole, reasoning
from tests.e2e.gateway import NATIVE_MODEL, Gateway, running, settings_for
from tests.e2e.googles import SERVED, Kind, chat_kind, conversation, google_client, native_kind, vendor_kind
from tests.e2e.upstream import Cut, Provider, Reply, serving, stream, whole
from tests.e2e.vendors.bridge import Upstream
from tests.e2e.vendors.doors import KEY
from tests.gemini_streams import generated
from tests.gemini_streams import stream as chunks
from tests.vendors.vendor import Plan

KINDS = ("gemini", "anthropic", "chat", "native")
GEMINI = "gemini/gemini-3-pro-preview"
HI: dict[str, Any] = {"contents": [{"parts": [{"text": "Hi"}]}]}


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


def test_vectors_of_googles_own(wire: httpx.Client, upstreams: dict[str, Upstream]) -> None:
    upstreams["gemini"].provider.answer(whole({"embeddings": [{"values": [0.25]}, {"values": [0.5]}]}))
    asked = [{"content": {"parts": [{"text": text}]}, "taskType": "CLUSTERING", "title": "T"} for text in "ab"]
    path = "/v1beta/models/gemini/gemini-embedding-001:batchEmbedContents"
    answer = wire.post(path, json={"requests": asked})
    assert answer.json() == {"embeddings": [{"values": [0.25]}, {"values": [0.5]}]}
    wrong = wire.post(path, json={"requests": [asked[0] | {"outputDimensionality": "many"}]}).json()["error"]
    assert "outputDimensionality" in wrong["message"]
    sent = upstreams["gemini"].last["requests"]
    model = {"model": "models/gemini-embedding-001"}
    assert sent == [each | model for each in asked]


def test_a_whole_answer_of_googles_is_its_own_bytes(wire: httpx.Client, upstreams: dict[str, Upstream]) -> None:
    body = json.dumps(generated({"text": "Hi", "vendor": 1.50}, finish="STOP"), indent=3).encode()
    upstreams["gemini"].provider.answer(Reply(body))
    given = HI | {"safetySettings": [{"category": "x"}], "cachedContent": "cachedContents/1", "vendor": [2.50]}
    answer = wire.post(f"/gemini/v1beta/models/{GEMINI}:generateContent", json=given | {"model": "models/x"})
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


def test_vertex_is_told_whose_a_content_is(vertex_relay: tuple[httpx.Client, Provider]) -> None:
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
