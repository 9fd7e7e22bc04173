"""Prompt templates with the official client: kept by tenants, or given by the owner."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest

from antiphon.lifecycle_settings import PromptSettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import message, native_whole, said
from tests.e2e.gateway import CHAT_MODEL, KEY_B, NATIVE_MODEL, Gateway
from tests.e2e.upstream import Provider

TEMPLATE: dict[str, Any] = {
    "instructions": "You speak to {{name}}.",
    "input": [{"role": "user", "content": "Look at {{picture}}, {{name}}."}],
    "temperature": 0.5,
}
PNG = "data:image/png;base64,iVBORw0KGgo="
PICTURE: dict[str, Any] = {"type": "input_image", "image_url": PNG, "detail": "auto"}


def kept(wire: httpx.Client, template: dict[str, Any], **members: Any) -> Any:
    answer = wire.post("/v1/prompts", json={"template": template, **members})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(("kind", "model"), [("native", NATIVE_MODEL), ("chat", CHAT_MODEL)])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_template_becomes_the_request(
    client: openai.OpenAI,
    wire: httpx.Client,
    providers: dict[str, Provider],
    kind: str,
    model: str,
    *,
    streamed: bool,
) -> None:
    prompt = kept(wire, TEMPLATE | {"model": model})
    assert prompt["variables"] == ["name", "picture"]
    providers[kind].answer(said(kind, "Nice", streamed=streamed))
    reference: Any = {"id": prompt["id"], "variables": {"name": "{{picture}}", "picture": PICTURE}}
    if streamed:
        last = list(client.responses.create(prompt=reference, input="Well?", stream=True))[-1]
        assert last.type == "response.completed"
        response = last.response
    else:
        response = client.responses.create(prompt=reference, input="Well?")
    assert response.output_text == "Nice"
    if kind == "chat":  # a native provider echoes what it got, and this one is played by a test
        assert response.instructions == "You speak to {{picture}}."
        assert response.temperature == 0.5
    assert response.prompt is not None
    assert response.prompt.model_dump()["version"] == "1"
    assert response.prompt.id == prompt["id"]
    sent = providers[kind].seen[-1].json
    assert "prompt" not in sent
    assert sent["temperature"] == 0.5
    if kind == "native":
        assert sent["instructions"] == "You speak to {{picture}}."
        looked, asked = (item["content"] for item in sent["input"])
        assert [part["type"] for part in looked] == ["input_text", "input_image", "input_text"]
        assert looked[2]["text"] == ", {{picture}}."
        assert "Well?" in str(asked)
    assert wire.get(f"/v1/responses/{response.id}").json()["prompt"]["id"] == prompt["id"]


def test_versions_never_change_and_the_newest_is_the_default(
    client: openai.OpenAI, wire: httpx.Client, native: Provider
) -> None:
    kept(wire, {"model": NATIVE_MODEL, "instructions": "One"}, id="versions")
    second = wire.post("/v1/prompts/versions/versions", json={"template": {"model": NATIVE_MODEL, "input": "Two"}})
    assert second.json()["version"] == "2"
    native.answer(*[native_whole(message("x")) for _ in range(3)])
    for version, text in ((None, "Two"), ("1", "One"), ("2", "Two")):
        reference: Any = {"id": "versions"} | ({"version": version} if version else {})
        client.responses.create(prompt=reference, input="?")
        assert text in str(native.seen[-1].json)
    assert wire.get("/v1/prompts/versions?version=1").json()["template"]["instructions"] == "One"
    assert wire.get("/v1/prompts/versions").json()["version"] == "2"
    with pytest.raises(openai.BadRequestError) as unknown:
        client.responses.create(prompt={"id": "versions", "version": "3"}, input="?")
    assert (unknown.value.code, unknown.value.param) == ("prompt_version_not_found", "prompt.version")
    with pytest.raises(openai.ConflictError) as taken:
        client.post("/prompts", cast_to=object, body={"id": "versions", "template": {}})
    assert taken.value.code == "prompt_exists"
    assert wire.delete("/v1/prompts/versions").json() == {
        "id": "versions",
        "object": "prompt.deleted",
        "deleted": True,
    }
    for gone in (
        wire.get("/v1/prompts/versions"),
        wire.delete("/v1/prompts/versions"),
        wire.post("/v1/prompts/versions/versions", json={"template": {}}),
        wire.post("/v1/responses", json={"prompt": {"id": "versions"}}),
    ):
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "prompt_not_found")


def test_a_missing_variable_is_named_and_nobody_is_asked(client: openai.OpenAI, wire: httpx.Client) -> None:
    prompt = kept(wire, TEMPLATE | {"model": NATIVE_MODEL})
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(prompt={"id": prompt["id"], "variables": {"name": "Jo"}}, input="?")
    assert refused.value.param == "prompt.variables.picture"
    assert refused.value.code == "missing_required_parameter"


def test_a_foreign_prompt_is_an_unknown_one(gateway: Gateway, wire: httpx.Client) -> None:
    kept(wire, {"model": NATIVE_MODEL}, id="mine")
    with gateway.wire(KEY_B) as other:
        for path in ("/v1/prompts/mine", "/v1/prompts/nobodys"):
            assert other.get(path).status_code == 404
        for name in ("mine", "nobodys"):
            refused = other.post("/v1/responses", json={"prompt": {"id": name}, "model": NATIVE_MODEL, "input": "?"})
            assert refused.status_code == 404
            assert refused.json()["error"]["message"] == f"Prompt with id '{name}' not found."
        assert "mine" not in other.get("/v1/prompts").text
        kept(other, {"instructions": "theirs"}, id="mine")
    assert wire.get("/v1/prompts/mine").json()["template"] == {"model": NATIVE_MODEL}


def test_prompts_are_listed_page_by_page(gateway: Gateway) -> None:
    with gateway.wire(KEY_B) as wire:
        for name in ("p1", "p2", "p3"):
            kept(wire, {"instructions": name}, id=name)
        first = wire.get("/v1/prompts?limit=2&after=p").json()
        assert [each["id"] for each in first["data"]] == ["p1", "p2"]
        assert first["has_more"]
        last = wire.get(f"/v1/prompts?limit=2&after={first['last_id']}").json()
        assert [each["id"] for each in last["data"]] == ["p3"]
        assert not last["has_more"]


def test_the_owner_gives_prompts_to_everybody(other_gateway: OtherGateway, native: Provider) -> None:
    template = {"model": NATIVE_MODEL, "instructions": "Speak {{language}}."}
    gateway = other_gateway(prompts={"house": PromptSettings(version=7, template=template)})
    native.answer(native_whole(message("Ja")))
    with gateway.client(KEY_B) as client, gateway.wire(KEY_B) as wire:
        client.responses.create(prompt={"id": "house", "variables": {"language": "German"}}, input="?")
        assert native.seen[-1].json["instructions"] == "Speak German."
        assert wire.get("/v1/prompts").json()["data"][0]["version"] == "7"
        for refused in (
            wire.delete("/v1/prompts/house"),
            wire.post("/v1/prompts/house/versions", json={"template": {}}),
        ):
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, "prompt_is_configured")
        assert wire.post("/v1/prompts", json={"id": "house", "template": {}}).status_code == 409
