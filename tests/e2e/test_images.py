"""`/v1/images/*`, asked by OpenAI's official client."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from antiphon.records import RequestRecord
from tests.e2e.gateway import Gateway
from tests.e2e.media import (
    DRAWN,
    GOOGLES,
    MOST_FORM_BYTES,
    PNG,
    PNG64,
    USAGE,
    bytes_reply,
    media_gateway,
)
from tests.e2e.upstream import Cut, Provider, Reply, Seen, refusing, stream, whole

EVENTS = (
    b'data: {"type":"image_generation.partial_image","partial_image_index":0,"b64_json":"AAAA"}\n\n',
    b'event: image_generation.completed\ndata: {"type":"image_generation.completed","b64_json":"BBBB","usage":'
    + json.dumps(USAGE).encode()
    + b"}\n\n",
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, chat_server: Provider) -> Iterator[Gateway]:
    with media_gateway(tmp_path_factory.mktemp("images"), chat_server) as started:
        yield started


def test_a_picture_is_relayed_byte_for_byte(wire: httpx.Client, chat: Provider) -> None:
    answered = json.dumps(DRAWN, indent=3).encode()
    chat.answer(Reply(answered))
    asked = {"model": "openai/gpt-image-1", "prompt": "A cat", "quality": "low", "vendor": {"x": [1]}}
    answer = wire.post("/v1/images/generations", json=asked)
    assert answer.content == answered
    assert chat.seen[0].path == "/v1/images/generations"
    assert chat.seen[0].json == asked | {"model": "gpt-image-1"}


NO_PICTURES: list[Any] = [{}, {"error": {"message": "No.", "type": "x"}}, {"data": None}, {"data": "x"}]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("answer", NO_PICTURES, ids=str)
def test_what_is_no_picture_is_not_relayed(wire: httpx.Client, chat: Provider, answer: Any, *, streamed: bool) -> None:
    chat.answer(*[whole(answer)] * 3)
    asked = {"model": "openai/gpt-image-1", "prompt": "A cat", "stream": streamed}
    refused = wire.post("/v1/images/generations", json=asked)
    assert refused.status_code == 502
    assert refused.json()["error"]["code"] == "upstream_error"


def test_partial_pictures_come_as_they_are_made(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(stream(*EVENTS))
    events = list(client.images.generate(model="openai/gpt-image-1", prompt="A cat", stream=True, partial_images=1))
    assert [event.type for event in events] == ["image_generation.partial_image", "image_generation.completed"]
    assert [event.b64_json for event in events] == ["AAAA", "BBBB"]
    assert chat.seen[0].json["partial_images"] == 1


VENDORS: dict[str, tuple[str, Any, str, Any]] = {
    "gemini": (
        "gemini/gemini-3-pro-image",
        GOOGLES,
        "/v1beta/models/gemini-3-pro-image:generateContent",
        {
            "contents": [{"role": "user", "parts": [{"text": "A cat"}]}],
            "generationConfig": {
                "responseModalities": ["IMAGE"],
                "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
            },
        },
    ),
    "imagen": (
        "gemini/imagen-4.0-generate-001",
        {"predictions": [{"bytesBase64Encoded": PNG64, "mimeType": "image/png"}]},
        "/v1beta/models/imagen-4.0-generate-001:predict",
        {
            "instances": [{"prompt": "A cat"}],
            "parameters": {"aspectRatio": "16:9", "imageSize": "2K", "sampleCount": 1},
        },
    ),
    "xai": (
        "xai/grok-imagine-image",
        {"data": [{"b64_json": PNG64}]},
        "/v1/images/generations",
        {
            "model": "grok-imagine-image",
            "prompt": "A cat",
            "n": 1,
            "aspect_ratio": "16:9",
            "resolution": "2k",
            "response_format": "b64_json",
        },
    ),
    "together": (
        "together/flux",
        {"data": [{"b64_json": PNG64}]},
        "/v1/images/generations",
        {
            "model": "flux",
            "prompt": "A cat",
            "n": 1,
            "width": 2048,
            "height": 1152,
            "response_format": "base64",
        },
    ),
    "fireworks": (
        "fireworks/flux-1-schnell-fp8",
        {"base64": [PNG64]},
        "/inference/v1/workflows/accounts/fireworks/models/flux-1-schnell-fp8/text_to_image",
        {"prompt": "A cat", "aspect_ratio": "16:9"},
    ),
    "openrouter": (
        "openrouter/google/gemini-image",
        {"data": [{"b64_json": PNG64}]},
        "/api/v1/images",
        {"model": "google/gemini-image", "prompt": "A cat", "n": 1, "aspect_ratio": "16:9", "resolution": "2K"},
    ),
    "nova": (
        "aws/amazon.nova-canvas-v1:0",
        {"images": [PNG64]},
        "/model/amazon.nova-canvas-v1%3A0/invoke",
        {
            "taskType": "TEXT_IMAGE",
            "textToImageParams": {"text": "A cat"},
            "imageGenerationConfig": {"numberOfImages": 1, "width": 2048, "height": 1152},
        },
    ),
    "stability": (
        "aws/stability.sd3-5-large-v1:0",
        {"images": [PNG64], "finish_reasons": [None]},
        "/model/stability.sd3-5-large-v1%3A0/invoke",
        {"prompt": "A cat", "mode": "text-to-image", "aspect_ratio": "16:9"},
    ),
}


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_draws_for_openais_client(client: openai.OpenAI, chat: Provider, vendor: str) -> None:
    model, answered, path, body = VENDORS[vendor]
    chat.answer(whole(answered))
    answer = client.images.generate(model=model, prompt="A cat", n=1, size="2048x1152", response_format="b64_json")
    assert answer.data is not None
    assert base64.b64decode(answer.data[0].b64_json or "") == PNG
    [seen] = chat.seen
    assert (seen.path, seen.json) == (path, body)


def test_bytes_are_fetched_where_there_are_addresses_alone(
    client: openai.OpenAI, chat: Provider, chat_server: Provider
) -> None:
    address = f"{chat_server.url}/picture.png"
    chat.answer(whole({"data": [{"url": address}]}), bytes_reply(PNG, "image/png"))
    answer = client.images.generate(model="zai/cogview-4", prompt="A cat", response_format="b64_json")
    assert answer.data is not None
    assert answer.data[0].b64_json == PNG64
    chat.answer(whole({"data": [{"url": address}]}))
    answer = client.images.generate(model="zai/cogview-4", prompt="A cat", response_format="url")
    assert answer.data is not None
    assert (answer.data[0].url, answer.data[0].b64_json) == (address, None)


def test_an_address_that_cannot_be_fetched_is_given_with_a_warning(wire: httpx.Client, chat: Provider) -> None:
    address = f"{chat.url}/gone.png"
    chat.answer(whole({"data": [{"url": address}]}), refusing("gone", 404))
    asked = {"model": "zai/cogview-4", "prompt": "A cat", "response_format": "b64_json"}
    answer = wire.post("/v1/images/generations", json=asked)
    assert answer.json()["data"] == [{"url": address}]
    assert "status 404" in answer.headers["antiphon-warnings"]


def test_several_pictures_of_who_makes_one_at_a_time(
    wire: httpx.Client, chat: Provider, records: list[RequestRecord]
) -> None:
    chat.answer(*[whole(GOOGLES)] * 3)
    asked = {"model": "gemini/gemini-3-pro-image", "prompt": "A cat", "n": 3, "user": "u", "response_format": "url"}
    answer = wire.post("/v1/images/generations", json=asked)
    assert [datum["url"][:22] for datum in answer.json()["data"]] == ["data:image/png;base64,"] * 3
    warnings = answer.headers["antiphon-warnings"]
    assert "'user' was left out" in warnings
    assert "data URL" in warnings
    assert (records[-1].input_tokens, records[-1].output_tokens) == (21, 3870)


def test_a_stream_of_who_has_none_has_the_finished_picture(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(whole(GOOGLES))
    [event] = client.images.generate(model="gemini/gemini-3-pro-image", prompt="A cat", stream=True, partial_images=2)
    assert (event.type, event.b64_json) == ("image_generation.completed", PNG64)
    assert event.type == "image_generation.completed"
    assert event.usage.output_tokens == 1290


def test_pictures_that_were_made_are_not_paid_for_again(wire: httpx.Client, chat: Provider) -> None:
    chat.answer(whole(GOOGLES), refusing("down", 503), whole(GOOGLES), whole(GOOGLES), whole(GOOGLES))
    asked = {"model": "gemini/gemini-3-pro-image", "prompt": "A cat", "n": 4}
    answer = wire.post("/v1/images/generations", json=asked)
    assert len(answer.json()["data"]) == 4
    assert (len(chat.seen), answer.headers["antiphon-attempts"]) == (5, "2")


def test_another_vendor_draws_when_the_first_cannot(
    wire: httpx.Client, chat: Provider, records: list[RequestRecord]
) -> None:
    chat.answer(*[refusing("down", 503)] * 3, whole(GOOGLES), whole(DRAWN))
    answer = wire.post("/v1/images/generations", json={"model": "painter", "prompt": "A cat"})
    assert answer.json()["data"] == [{"b64_json": PNG64}]
    assert answer.headers["antiphon-target"] == "gemini/gemini-3-pro-image"
    assert answer.headers["antiphon-attempts"] == "4"
    wire.post("/v1/images/generations", json={"model": "painter", "prompt": "A cat"})
    assert (records[-1].model, records[-1].target) == ("painter", "openai/gpt-image-1")
    assert (records[-1].input_tokens, records[-1].output_tokens, records[-1].cost_nanos) == (10, 100, 3_750_000)


def test_a_stream_that_breaks_is_told_to_the_client(
    client: openai.OpenAI, chat: Provider, records: list[RequestRecord]
) -> None:
    chat.answer(stream(EVENTS[0], Cut()))
    events = client.images.generate(model="painter", prompt="A cat", stream=True, partial_images=1)
    assert next(iter(events)).type == "image_generation.partial_image"
    with pytest.raises(openai.APIError):
        list(events)
    assert len(chat.seen) == 1
    assert records[-1].stream
    assert records[-1].error is not None


def test_what_the_filters_stop_is_an_error_of_the_request(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(whole({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}))
    with pytest.raises(openai.BadRequestError, match="PROHIBITED_CONTENT") as caught:
        client.images.generate(model="gemini/gemini-3-pro-image", prompt="?")
    assert caught.value.code == "content_policy_violation"


def test_a_refusal_is_told_with_its_meaning(client: openai.OpenAI, chat: Provider) -> None:
    said = "Unknown parameter: 'response_format'. sk-abcdefghijklmnopqrstuvwxyz123"
    chat.answer(refusing(said, 400, param="response_format", code="unknown_parameter"))
    with pytest.raises(openai.BadRequestError, match="Unknown parameter") as caught:
        client.images.generate(model="openai/gpt-image-1", prompt="?", extra_body={"response_format": "url"})
    assert "sk-abc" not in str(caught.value)
    assert (caught.value.param, caught.value.code) == ("response_format", "unknown_parameter")


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"model":5}', b'{"prompt":"x"}', b'{"model":"xai/x"}', b'{"model":"xai/x","prompt":"x","n":0}'],
)
def test_what_is_no_request_gets_the_envelope(wire: httpx.Client, body: bytes) -> None:
    answer = wire.post("/v1/images/generations", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


def test_who_makes_no_pictures_says_so(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="groq has none"):
        client.images.generate(model="groq/llama", prompt="?")


def test_a_form_that_is_too_large_is_refused(wire: httpx.Client) -> None:
    files = {"image": ("a.png", b"x" * MOST_FORM_BYTES)}
    answer = wire.post("/v1/images/edits", data={"model": "openai/gpt-image-1", "prompt": "x"}, files=files)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


@pytest.mark.parametrize("prefix", ["", "/openai/v1", "/api/llm", "/api/llm/api/inference/openai"])
def test_the_paths_of_other_gateways(wire: httpx.Client, chat: Provider, prefix: str) -> None:
    chat.answer(whole(DRAWN))
    asked = {"model": "openai-compatible/m", "prompt": "A cat"}
    assert wire.post(f"{prefix}/images/generations", json=asked).json() == DRAWN


def test_a_key_is_wanted(gateway: Gateway) -> None:
    with gateway.wire(None) as wire:
        assert wire.post("/v1/images/generations", json={"model": "m", "prompt": "x"}).status_code == 401


def test_what_is_asked_of_a_vendor_carries_its_key(wire: httpx.Client, chat: Provider) -> None:
    def answer(seen: Seen) -> Reply:
        assert seen.headers["x-goog-api-key"] == "sk-1"
        assert "authorization" not in seen.headers
        return whole(GOOGLES)

    chat.answer(answer)
    asked = {"model": "gemini/gemini-3-pro-image", "prompt": "A cat"}
    assert wire.post("/v1/images/generations", json=asked).status_code == 200
