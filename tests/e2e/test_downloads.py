"""What a request names by address, for a provider that takes bytes alone."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from antiphon.provider_settings import ProviderSettings
from antiphon.settings import DownloadSettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import chat_whole, message, native_whole
from tests.e2e.gateway import CHAT_KEY, CHAT_MODEL, NATIVE_MODEL, Gateway
from tests.e2e.upstream import Provider
from tests.e2e.web import Page, Web, serving_pages

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
PDF = b"%PDF-1.7 a contract"
LIMIT = 4096
PAGES: dict[str, Page] = {
    "/red.png": (200, {"content-type": "image/png; charset=x"}, PNG),
    "/untold": (200, {"content-type": "application/octet-stream"}, PNG),
    "/contract.pdf": (200, {"content-type": "application/pdf"}, PDF),
    "/moved": (302, {"location": "/red.png"}, b""),
    "/round": (302, {"location": "/round"}, b""),
    "/away": (302, {"location": "http://169.254.169.254/latest/meta-data"}, b""),
    "/astray": (302, {"location": "http://["}, b""),
    "/page": (200, {"content-type": "text/html"}, b"<html>"),
    "/gone": (404, {}, b""),
    "/big": (200, {"content-type": "image/png"}, PNG + bytes(LIMIT)),
    "/endless": (200, {"content-type": "image/png", "content-length": ""}, PNG + bytes(LIMIT)),
}


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with serving_pages(PAGES) as served:
        yield served


@pytest.fixture
def blind(other_gateway: OtherGateway, chat: Provider, native: Provider) -> Gateway:
    """A gateway whose chat provider takes no addresses."""
    quirks = {"image_urls": False}
    both = {
        "chat": ProviderSettings(
            type="openai-compatible", base_url=chat.url, api_key=CHAT_KEY, dialect="chat", quirks=quirks
        ),
        "native": ProviderSettings(type="openai", base_url=native.url, api_key=CHAT_KEY),
        "demo": ProviderSettings(enabled=False),
    }
    return other_gateway(providers=both, downloads=DownloadSettings(allow_private=True, max_bytes=LIMIT))


def image(url: str) -> dict[str, Any]:
    return {"type": "input_image", "image_url": url}


def file(url: str) -> dict[str, Any]:
    return {"type": "input_file", "file_url": url}


def asking(*parts: dict[str, Any], model: str = CHAT_MODEL) -> dict[str, Any]:
    return {"model": model, "input": [{"role": "user", "content": list(parts)}]}


def data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def content_sent(provider: Provider) -> list[dict[str, Any]]:
    return provider.seen[-1].json["messages"][-1]["content"]


@pytest.mark.parametrize("path", ["/red.png", "/untold", "/moved"])
def test_an_image_comes_as_bytes(blind: Gateway, chat: Provider, web: Web, path: str) -> None:
    chat.answer(chat_whole("Red."))
    with blind.wire() as wire:
        answer = wire.post("/v1/responses", json=asking(image(web.root + path)))
    assert answer.status_code == 200, answer.text
    assert "antiphon-warnings" not in answer.headers
    assert content_sent(chat) == [{"type": "image_url", "image_url": {"url": data_url("image/png", PNG)}}]


def test_a_file_comes_as_bytes_under_its_name(blind: Gateway, chat: Provider, web: Web) -> None:
    chat.answer(chat_whole("Sign it."))
    with blind.wire() as wire:
        answer = wire.post("/v1/responses", json=asking(file(f"{web.root}/contract.pdf")))
    assert answer.status_code == 200, answer.text
    sent = {"filename": "contract.pdf", "file_data": data_url("application/pdf", PDF)}
    assert content_sent(chat) == [{"type": "file", "file": sent}]


def test_what_is_kept_is_what_the_client_said_and_the_chain_is_fetched_again(
    blind: Gateway, chat: Provider, web: Web
) -> None:
    chat.answer(chat_whole("Red."), chat_whole("Still red."))
    before = len(web.asked)
    with blind.wire() as wire:
        first = wire.post("/v1/responses", json=asking(image(f"{web.root}/red.png"), image(f"{web.root}/red.png")))
        listed = wire.get(f"/v1/responses/{first.json()['id']}/input_items?include=message.input_image.image_url")
        again = {"model": CHAT_MODEL, "input": "And now?", "previous_response_id": first.json()["id"]}
        second = wire.post("/v1/responses", json=again)
    assert second.status_code == 200, second.text
    assert [part["image_url"] for part in listed.json()["data"][0]["content"]] == [f"{web.root}/red.png"] * 2
    assert web.asked[before:] == ["/red.png", "/red.png"], "once per turn, however often it is named"
    pictures = chat.seen[-1].json["messages"][0]["content"]
    assert {part["image_url"]["url"] for part in pictures} == {data_url("image/png", PNG)}


def test_an_image_in_the_output_of_a_tool_comes_as_bytes(blind: Gateway, chat: Provider, web: Web) -> None:
    chat.answer(chat_whole("Red."))
    call = {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "call_1", "output": [image(f"{web.root}/red.png")]}
    with blind.wire() as wire:
        answer = wire.post("/v1/responses", json={"model": CHAT_MODEL, "input": [call, output]})
    assert answer.status_code == 200, answer.text
    assert {"url": data_url("image/png", PNG)} in [part.get("image_url") for part in content_sent(chat)]


def test_who_follows_addresses_gets_them(blind: Gateway, native: Provider, web: Web) -> None:
    native.answer(native_whole(message("Red.")))
    before = len(web.asked)
    with blind.wire() as wire:
        wire.post("/v1/responses", json=asking(image(f"{web.root}/red.png"), model=NATIVE_MODEL))
    assert web.asked[before:] == []
    assert native.seen[-1].json["input"][0]["content"] == [image(f"{web.root}/red.png")]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/gone", "status 404"),
        ("/big", "larger than 4096 bytes"),
        ("/endless", "4096 bytes"),
        ("/round", "redirects"),
        ("/astray", "starts with http"),
        ("/page", "no image"),
        ("/away", "private or reserved"),
    ],
)
def test_what_cannot_be_had_is_the_clients_to_mend(blind: Gateway, web: Web, path: str, reason: str) -> None:
    with blind.wire() as wire:
        answer = wire.post("/v1/responses", json=asking(image(web.root + path)))
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert (error["code"], error["param"]) == ("invalid_url", "input[0].content[0].image_url")
    assert reason in error["message"]
    assert "127.0.0.1" not in error["message"]


def test_too_many_addresses_are_refused(blind: Gateway, web: Web) -> None:
    many = [image(f"{web.root}/red.png?{number}") for number in range(65)]
    with blind.wire() as wire:
        answer = wire.post("/v1/responses", json=asking(*many))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_value")


def test_nobody_is_sent_into_the_gateways_own_network(wire: httpx.Client, web: Web) -> None:
    before = len(web.asked)
    answer = wire.post("/v1/responses", json=asking(file(f"{web.root}/contract.pdf")))
    assert answer.status_code == 400
    assert "may not be asked" in answer.json()["error"]["message"]
    assert web.asked[before:] == []


def test_where_nothing_is_fetched_the_client_is_told(other_gateway: OtherGateway, chat: Provider, web: Web) -> None:
    chat.answer(chat_whole("Which one?"))
    gateway = other_gateway(downloads=DownloadSettings(enabled=False))
    with gateway.wire() as wire:
        words = {"type": "input_text", "text": "Sign?"}
        answer = wire.post("/v1/responses", json=asking(words, file(f"{web.root}/contract.pdf")))
    assert answer.status_code == 200
    assert "files by address" in answer.headers["antiphon-warnings"]
    assert "contract" not in str(content_sent(chat))
