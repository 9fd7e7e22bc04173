"""Files that providers keep: sent once, named in requests, made anew when they are lost, removed with their file."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import anthropic
import openai
import pytest

from antiphon.provider_settings import ProviderSettings
from antiphon.settings import RetrySettings
from tests.e2e.anthropics import anthropic_client
from tests.e2e.exchanges import message, native_whole
from tests.e2e.gateway import NATIVE_MODEL, Gateway, running, settings_for
from tests.e2e.upstream import Provider, Reply, Seen, refusing, whole

LARGE = 20 * 1_048_576 + 1
"""Bytes: more than Anthropic's and Google's APIs take in a request."""

WORDS = "Ein Grüß".encode()
ENCODED = base64.b64encode(WORDS).decode()
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
PIXELS = base64.b64encode(PICTURE).decode()


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, native_server: Provider, chat_server: Provider
) -> Iterator[Gateway]:
    """Vendors that keep files, all of them played by one server."""
    settings = settings_for(
        tmp_path_factory.mktemp("gateway"),
        native_server.url,
        chat_server.url,
        retries=RetrySettings(attempts_per_target=1),
    )
    for name in ("xai", "anthropic", "gemini"):
        settings.providers[name] = ProviderSettings(type=name, base_url=native_server.url, api_key=f"sk-{name}-1234567")
    for name in ("cohere", "ollama", "mistral", "groq"):
        settings.providers[name] = ProviderSettings(type=name, base_url=native_server.url, api_key=f"sk-{name}-1234567")
    settings.providers["bedrock"] = ProviderSettings(
        type="bedrock", base_url=native_server.url, api_key="sk-bedrock-1234567", region="eu-west-1"
    )
    with running(settings) as started:
        yield started


def kept(client: openai.OpenAI, data: bytes = b"%PDF-1.7 x", name: str = "paper.pdf") -> str:
    return client.files.create(file=(name, data), purpose="user_data").id


def vendor_file(identity: str) -> Reply:
    return whole({"id": identity, "object": "file", "name": identity, "state": "ACTIVE"})


def interpreter(*file_ids: str) -> Any:
    return [{"type": "code_interpreter", "container": {"type": "auto", "file_ids": [*file_ids]}}]


def asking(file_id: str) -> Any:
    return [{"role": "user", "content": [{"type": "input_file", "file_id": file_id}]}]


def paths(provider: Provider) -> list[tuple[str, str]]:
    return [(seen.method, seen.path) for seen in provider.seen]


def gone(provider: Provider, client: openai.OpenAI, file_id: str) -> Seen:
    """What the provider is told when the file is deleted, which happens after the answer."""
    provider.answer(whole({"deleted": True}))
    before = len(provider.seen)
    client.files.delete(file_id)
    while len(provider.seen) == before:
        client.files.list()
    return provider.seen[-1]


@pytest.mark.parametrize(
    ("model", "text", "picture"),
    [
        ("anthropic/claude-sonnet-4-5", "data", {"type": "base64", "media_type": "image/png", "data": PIXELS}),
        ("gemini/gemini-2.5-pro", ENCODED, {"mimeType": "image/png", "data": PIXELS}),
        ("cohere/command-a-vision-07-2025", "data", {"url": f"data:image/png;base64,{PIXELS}"}),
        ("ollama/gemma3", "text", PIXELS),
        ("bedrock/anthropic.claude-3-haiku", ENCODED, {"bytes": PIXELS}),
        ("mistral/mistral-large-latest", "text", {"url": f"data:image/png;base64,{PIXELS}"}),
        ("groq/llama-4", "text", {"url": f"data:image/png;base64,{PIXELS}"}),
    ],
    ids=["anthropic", "gemini", "cohere", "ollama", "bedrock", "mistral", "groq"],
)
def test_every_provider_is_given_what_it_takes(
    client: openai.OpenAI, native: Provider, model: str, text: str, picture: Any
) -> None:
    """Nobody here has files of the gateway's; a small one goes into the request, in words where these are taken."""
    parts: Any = [
        {"type": "input_file", "file_id": kept(client, WORDS, "notes.md")},
        {"type": "input_image", "file_id": kept(client, PICTURE, "a.png")},
    ]
    native.answer(refusing("enough", 418))
    with pytest.raises(openai.APIStatusError):
        client.responses.create(model=model, input=[{"role": "user", "content": parts}])
    (asked,) = native.seen
    told = json.dumps(asked.json, ensure_ascii=False)
    assert (ENCODED if text == ENCODED else WORDS.decode()) in told
    assert json.dumps(picture)[1:-1] in told
    assert "file_0" not in told


def test_what_a_tool_shall_work_on_lies_at_the_provider(client: openai.OpenAI, native: Provider) -> None:
    file_id = kept(client, b"a,b\n1,2\n", "table.csv")
    native.answer(vendor_file("file-V1"), native_whole(message("One.")), native_whole(message("Two.")))
    for _ in range(2):
        client.responses.create(model=NATIVE_MODEL, input="Add up.", tools=interpreter(file_id, "file-Own"))
    assert paths(native) == [("POST", "/v1/files"), *[("POST", "/v1/responses")] * 2]
    form = native.seen[0]
    assert form.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="table.csv"\r\nContent-Type: text/csv\r\n\r\na,b\n1,2\n\r\n--' in form.body
    assert b'name="purpose"\r\n\r\nuser_data\r\n' in form.body
    for seen in native.seen[1:]:
        assert seen.json["tools"][0]["container"]["file_ids"] == ["file-V1", "file-Own"]
    last = gone(native, client, file_id)
    assert (last.method, last.path) == ("DELETE", "/v1/files/file-V1")


def test_a_copy_that_was_lost_is_made_anew(client: openai.OpenAI, native: Provider) -> None:
    file_id = kept(client, b"x", "table.csv")
    native.answer(vendor_file("file-V1"), refusing("No such File object: file-V1", 404))
    native.answer(vendor_file("file-V2"), native_whole(message("Done.")))
    answer = client.responses.create(model=NATIVE_MODEL, input="Add up.", tools=interpreter(file_id))
    assert answer.output_text == "Done."
    assert native.seen[-1].json["tools"][0]["container"]["file_ids"] == ["file-V2"]
    assert gone(native, client, file_id).path == "/v1/files/file-V2"


def test_who_knows_documents_by_name_alone_is_given_them(client: openai.OpenAI, native: Provider) -> None:
    file_id = kept(client)
    native.answer(vendor_file("file_x1"), native_whole(message("Read.")))
    client.responses.create(model="xai/grok-4", input=asking(file_id))
    assert b'name="expires_after"\r\n\r\n604800\r\n' in native.seen[0].body.partition(b'name="file"')[0]
    content = native.seen[1].json["input"][0]["content"]
    assert content == [{"type": "input_file", "file_id": "file_x1"}]
    assert gone(native, client, file_id).path == "/v1/files/file_x1"


def test_what_is_too_large_for_a_request_goes_to_the_vendors_files(client: openai.OpenAI, native: Provider) -> None:
    file_id = kept(client, b"%PDF-" + b"x" * (LARGE - 5))
    for model, vendor_id, path in (
        ("anthropic/claude-sonnet-4-5", "file_011C", "/v1/files"),
        ("gemini/gemini-2.5-pro", "files/abc", "/upload/v1beta/files?uploadType=multipart"),
    ):
        native.seen.clear()
        native.answer(vendor_file(vendor_id), refusing("enough", 418))
        with suppress(openai.APIStatusError):
            client.responses.create(model=model, input=asking(file_id))
        sent, asked = native.seen
        assert (sent.path, len(sent.body) > LARGE) == (path, True)
        assert len(asked.body) < 10_000
        told = json.dumps(asked.json)
        assert vendor_id in told
        assert file_id not in told
        if model.startswith("gemini"):
            assert "application/pdf" in told
        else:
            assert "files-api-2025-04-14" in asked.headers["anthropic-beta"]
            assert "files-api-2025-04-14" in sent.headers["anthropic-beta"]
    native.answer(whole({}))
    assert gone(native, client, file_id).method == "DELETE"
    while len(native.seen) < 4:
        client.files.list()
    assert {seen.path for seen in native.seen[-2:]} == {"/v1/files/file_011C", "/v1beta/files/abc"}


def test_a_provider_that_does_not_take_a_file_is_told_of(client: openai.OpenAI, native: Provider) -> None:
    file_id = kept(client)
    native.answer(refusing("Secret words of the vendor", 403))
    with pytest.raises(openai.APIStatusError) as caught:
        client.responses.create(model="xai/grok-4", input=asking(file_id))
    assert caught.value.status_code == 502
    assert "Secret" not in str(caught.value)


def test_messages_bring_files_into_a_container(gateway: Gateway, client: openai.OpenAI, native: Provider) -> None:
    file_id = kept(client, b"a,b\n", "table.csv")
    native.answer(vendor_file("file_011C"), refusing("enough", 418))
    blocks: Any = [{"type": "container_upload", "file_id": file_id}, {"type": "text", "text": "Add up."}]
    tools: Any = [{"type": "code_execution_20250825", "name": "code_execution"}]
    with anthropic_client(gateway) as claude, pytest.raises(anthropic.APIStatusError):
        claude.messages.create(
            model="anthropic/claude-sonnet-4-5",
            max_tokens=99,
            messages=[{"role": "user", "content": blocks}],
            tools=tools,
        )
    sent = native.seen[-1].json["messages"][0]["content"]
    assert {"type": "container_upload", "file_id": "file_011C"} in sent
    assert gone(native, client, file_id).path == "/v1/files/file_011C"


def test_tools_without_a_place_for_files_are_refused(client: openai.OpenAI) -> None:
    file_id = kept(client)
    with pytest.raises(openai.BadRequestError, match="no place for files"):
        client.responses.create(model="chat/llama", input="Add up.", tools=interpreter(file_id))
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model=NATIVE_MODEL, input="Add up.", tools=interpreter(file_id[:-4] + "0000"))
