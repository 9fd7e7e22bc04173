"""`/v1/images/edits` and `/v1/images/variations`, asked by OpenAI's official client."""

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from tests.e2e.gateway import KEY_B, Gateway
from tests.e2e.media import DRAWN, GOOGLES, PNG, PNG64, bytes_reply, form_of, media_gateway
from tests.e2e.upstream import Provider, whole


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, chat_server: Provider) -> Iterator[Gateway]:
    with media_gateway(tmp_path_factory.mktemp("edits"), chat_server) as started:
        yield started


@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
def test_an_edit_goes_to_openai_as_the_form_it_is(client: openai.OpenAI, chat: Provider, several: Any) -> None:
    chat.answer(whole(DRAWN))
    image: Any = [("a.png", PNG), ("b.png", PNG)] if several else ("a.png", PNG)
    answer = client.images.edit(
        model="openai/gpt-image-1", image=image, mask=("m.png", PNG), prompt="A hat", n=2, input_fidelity="high"
    )
    assert answer.usage is not None
    assert answer.usage.output_tokens == 100
    form = form_of(chat.seen[0])
    assert (form["model"], form["prompt"], form["n"]) == (["gpt-image-1"], ["A hat"], ["2"])
    assert (
        form["image[]" if several else "image"]
        == [("a.png", "image/png", PNG), ("b.png", "image/png", PNG)][: 2 if several else 1]
    )
    assert form["mask"] == [("m.png", "image/png", PNG)]


def test_an_edit_in_json_is_fetched_for_who_takes_bytes(wire: httpx.Client, chat: Provider) -> None:
    chat.answer(bytes_reply(PNG, "image/png"), whole(GOOGLES))
    images = [{"image_url": f"{chat.url}/cat.png"}, {"image_url": f"data:image/png;base64,{PNG64}"}]
    asked = {"model": "gemini/gemini-3-pro-image", "prompt": "A hat", "images": images}
    answer = wire.post("/v1/images/edits", json=asked)
    assert answer.status_code == 200, answer.text
    parts = chat.seen[1].json["contents"][0]["parts"]
    assert parts == [{"inlineData": {"mimeType": "image/png", "data": PNG64}}] * 2 + [{"text": "A hat"}]


@pytest.mark.parametrize("image", [f"data:image/png;base64,{PNG64}", {"url": f"data:image/png;base64,{PNG64}"}])
@pytest.mark.parametrize("listed", [False, True], ids=["one", "listed"])
def test_a_picture_in_json_may_be_said_as_others_say_it(
    wire: httpx.Client, chat: Provider, image: Any, listed: Any
) -> None:
    chat.answer(whole(GOOGLES))
    asked = {"model": "gemini/gemini-3-pro-image", "prompt": "A hat", "image": [image] if listed else image}
    assert wire.post("/v1/images/edits", json=asked).status_code == 200
    assert chat.seen[0].json["contents"][0]["parts"][0] == {"inlineData": {"mimeType": "image/png", "data": PNG64}}
    chat.answer(whole(DRAWN))
    assert wire.post("/v1/images/edits", json=asked | {"model": "openai/gpt-image-1"}).json() == DRAWN
    assert chat.seen[1].json["images"] == [{"image_url": f"data:image/png;base64,{PNG64}"}]
    assert "image" not in chat.seen[1].json
    chat.answer(whole(DRAWN))
    assert wire.post("/v1/images/edits", json=asked | {"model": "openai-compatible/m"}).json() == DRAWN
    assert form_of(chat.seen[2])["image"] == [("0.png", "image/png", PNG)]


@pytest.mark.parametrize(
    ("model", "member", "value"),
    [
        ("xai/grok-imagine-image", "image", {"url": f"data:image/png;base64,{PNG64}", "type": "image_url"}),
        ("together/flux-kontext", "image_url", f"data:image/png;base64,{PNG64}"),
        (
            "openrouter/google/gemini-image",
            "input_references",
            [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG64}"}}],
        ),
    ],
)
def test_a_form_becomes_the_json_that_others_want(
    client: openai.OpenAI, chat: Provider, model: str, member: str, value: Any
) -> None:
    chat.answer(whole({"data": [{"b64_json": PNG64}]}))
    client.images.edit(model=model, image=("a.png", PNG), prompt="A hat", response_format="b64_json")
    assert chat.seen[0].json[member] == value
    chat.answer()
    with pytest.raises(openai.BadRequestError, match="takes no mask"):
        client.images.edit(model=model, image=("a.png", PNG), mask=("m.png", PNG), prompt="A hat")


def test_what_the_first_target_cannot_be_told_is_asked_of_the_next(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(whole(DRAWN))
    client.images.edit(model="editor", image=("a.png", PNG), mask=("m.png", PNG), prompt="A hat")
    assert form_of(chat.seen[0])["model"] == ["gpt-image-1"]


def test_a_file_that_the_gateway_keeps_is_a_picture_anywhere(
    gateway: Gateway, client: openai.OpenAI, wire: httpx.Client, chat: Provider
) -> None:
    kept = client.files.create(file=("cat.png", PNG, "image/png"), purpose="vision")
    chat.answer(*[whole(DRAWN)] * 2, whole(GOOGLES))
    named = {"file_id": kept.id}
    asked = {"prompt": "A hat", "images": [named, {"file_id": "file-theirs"}], "mask": named}
    data = {"image_url": f"data:image/png;base64,{PNG64}"}
    assert wire.post("/v1/images/edits", json=asked | {"model": "openai/gpt-image-1"}).status_code == 200
    assert (chat.seen[0].json["images"], chat.seen[0].json["mask"]) == ([data, {"file_id": "file-theirs"}], data)
    asked = {"prompt": "A hat", "images": [named]}
    for model in ("openai-compatible/m", "gemini/gemini-3-pro-image"):
        assert wire.post("/v1/images/edits", json=asked | {"model": model}).status_code == 200
    assert form_of(chat.seen[1])["image"] == [("0.png", "image/png", PNG)]
    assert chat.seen[2].json["contents"][0]["parts"][0]["inlineData"]["data"] == PNG64
    with gateway.wire(KEY_B) as foreign:
        answer = foreign.post("/v1/images/edits", json=asked | {"model": "gemini/gemini-3-pro-image"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "file_not_found")


def test_variations(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(whole(DRAWN), whole(GOOGLES))
    images: Any = client.images
    with pytest.deprecated_call():
        images.create_variation(model="openai/dall-e-2", image=("a.png", PNG), n=2, size="256x256")
    assert chat.seen[0].path == "/v1/images/variations"
    assert form_of(chat.seen[0])["image"] == [("a.png", "image/png", PNG)]
    with pytest.deprecated_call():
        answer = images.create_variation(model="gemini/gemini-3-pro-image", image=("a.png", PNG))
    assert answer.data
    assert len(chat.seen[1].json["contents"][0]["parts"]) == 2
