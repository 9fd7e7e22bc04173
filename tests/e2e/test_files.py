"""Files of tenants: OpenAI's and Anthropic's own clients, their uploads, and models of every kind that read them."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.e2e.anthropics import anthropic_client
from tests.e2e.exchanges import chat_whole, message, native_stream, native_whole, said
from tests.e2e.gateway import CHAT_MODEL, KEY_B, NATIVE_MODEL, Gateway
from tests.e2e.upstream import Provider, whole

TEXT = "Grüße aus der Datei\n".encode()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
PDF = b"%PDF-1.7\n" + b"\x00\x01" * 50


@pytest.fixture
def claude(gateway: Gateway) -> Iterator[anthropic.Anthropic]:
    with anthropic_client(gateway) as opened:
        yield opened


@pytest.fixture
def stranger(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with gateway.client(KEY_B) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _empty(client: openai.OpenAI) -> Iterator[None]:
    yield
    for file in client.files.list():
        client.files.delete(file.id)


def test_a_file_comes_is_listed_read_and_deleted(client: openai.OpenAI) -> None:
    kept = client.files.create(file=("nöte.txt", TEXT), purpose="user_data")
    assert (kept.object, kept.bytes, kept.filename, kept.purpose) == ("file", len(TEXT), "nöte.txt", "user_data")
    assert (kept.status, kept.expires_at) == ("processed", None)
    assert client.files.retrieve(kept.id) == kept
    assert client.files.content(kept.id).read() == TEXT
    assert [file.id for file in client.files.list()] == [kept.id]
    gone = client.files.delete(kept.id)
    assert (gone.id, gone.deleted, gone.object) == (kept.id, True, "file")
    for ask in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError) as caught:
            ask(kept.id)
        assert caught.value.code == "file_not_found"


def test_pages_orders_and_purposes(client: openai.OpenAI) -> None:
    purposes: Any = ["user_data", "batch", "user_data"]
    made = [client.files.create(file=(f"{n}.txt", b"x"), purpose=purpose).id for n, purpose in enumerate(purposes)]
    assert [file.id for file in client.files.list(limit=1)] == made[::-1]
    assert [file.id for file in client.files.list(limit=2, order="asc")] == made
    assert [file.id for file in client.files.list(purpose="batch")] == made[1:2]
    assert [file.id for file in client.files.list(after=made[1])] == made[:1]
    page = client.files.list(limit=2)
    assert page.has_more


def test_when_a_file_ends(client: openai.OpenAI) -> None:
    expires: Any = {"anchor": "created_at", "seconds": 3600}
    kept = client.files.create(file=("a", b"x"), purpose="user_data", expires_after=expires)
    assert kept.expires_at == kept.created_at + 3600
    batch = client.files.create(file=("a.jsonl", b"{}"), purpose="batch")
    assert batch.expires_at == batch.created_at + 30 * 86_400


@pytest.mark.parametrize(
    ("fields", "files", "param"),
    [
        ({}, {"file": ("a", b"x")}, "purpose"),
        ({"purpose": "fun"}, {"file": ("a", b"x")}, "purpose"),
        ({"purpose": "vision"}, {"other": ("a", b"x")}, "file"),
        ({"purpose": "vision", "expires_after[anchor]": "created_at"}, {"file": ("a", b"x")}, "expires_after[seconds]"),
        ({"purpose": "vision", "expires_after[seconds]": "9999"}, {"file": ("a", b"x")}, "expires_after[anchor]"),
        ({"purpose": "vision", "expires_after": '{"anchor":"created_at"}'}, {"file": ("a", b"x")}, "expires_after"),
        ({"purpose": "vision"}, [("file", ("a", b"x")), ("file", ("b", b"y"))], "file"),
    ],
    ids=["no-purpose", "purpose", "no-file", "no-seconds", "no-anchor", "json", "two"],
)
def test_a_form_that_is_wrong_says_where(wire: httpx.Client, fields: Any, files: Any, param: str) -> None:
    answer = wire.post("/v1/files", data=fields, files=files)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert wire.get("/v1/files").json()["data"] == []


def test_what_is_read_of_a_file_may_be_a_part_of_it(wire: httpx.Client) -> None:
    data = bytes(range(256)) * 2048
    kept = wire.post("/v1/files", data={"purpose": "vision"}, files={"file": ("b.bin", data)}).json()
    path = f"/v1/files/{kept['id']}/content"
    all_of_it = wire.get(path)
    assert (all_of_it.status_code, all_of_it.content, all_of_it.headers["accept-ranges"]) == (200, data, "bytes")
    assert all_of_it.headers["content-disposition"] == "attachment; filename*=UTF-8''b.bin"
    assert all_of_it.headers["x-content-type-options"] == "nosniff"
    size = len(data)
    for asked, start, stop in [
        ("bytes=0-0", 0, 1),
        ("bytes=262143-262144", 262_143, 262_145),
        ("bytes=262144-", 262_144, size),
        ("bytes=-5", size - 5, size),
        ("bytes=5-99999999", 5, size),
    ]:
        part = wire.get(path, headers={"range": asked})
        assert (part.status_code, part.content) == (206, data[start:stop]), asked
        assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
    for asked in ("bytes=5-1", "lines=1-2", "bytes=0-1,4-5", "bytes=-"):
        assert wire.get(path, headers={"range": asked}).status_code == 200
    for asked in (f"bytes={size}-", "bytes=-0"):
        refused = wire.get(path, headers={"range": asked})
        assert (refused.status_code, refused.json()["error"]["code"]) == (416, "range_not_satisfiable")
    stale = wire.get(path, headers={"range": "bytes=0-0", "if-range": '"other"'})
    assert stale.status_code == 200


def test_a_strangers_file_is_an_unknown_one(client: openai.OpenAI, stranger: openai.OpenAI, native: Provider) -> None:
    kept = client.files.create(file=("a.txt", TEXT), purpose="user_data")
    told: list[str] = []
    for file_id in (kept.id, kept.id[:-4] + "0000"):
        for ask in (stranger.files.retrieve, stranger.files.content, stranger.files.delete):
            with pytest.raises(openai.NotFoundError) as caught:
                ask(file_id)
            told.append(str(caught.value).replace(file_id, "…"))
        with pytest.raises(openai.NotFoundError) as caught:
            stranger.responses.create(model=NATIVE_MODEL, input=asking({"type": "input_file", "file_id": file_id}))
        assert caught.value.param == "input[0].content[0].file_id"
    assert len(set(told)) == 1
    assert list(stranger.files.list()) == []
    assert native.seen == []
    assert client.files.content(kept.id).read() == TEXT


def asking(*parts: Any) -> Any:
    return [{"role": "user", "content": [*parts, {"type": "input_text", "text": "What is it?"}]}]


def data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def test_a_model_reads_files_as_what_they_are(client: openai.OpenAI, native: Provider) -> None:
    text = client.files.create(file=("log.jsonl", b'{"a":1}\n'), purpose="user_data").id
    pdf = client.files.create(file=("paper.pdf", PDF), purpose="user_data").id
    png = client.files.create(file=("picture", PNG), purpose="vision").id
    native.answer(native_whole(message("Files.")))
    parts = (
        {"type": "input_file", "file_id": text},
        {"type": "input_file", "file_id": pdf, "filename": "other.pdf"},
        {"type": "input_file", "file_id": png},
        {"type": "input_image", "file_id": png, "detail": "low"},
        {"type": "input_file", "file_id": "file-VendorsOwn123"},
    )
    answer = client.responses.create(model=NATIVE_MODEL, input=asking(*parts))
    sent = native.seen[-1].json["input"][0]["content"]
    assert sent[:5] == [
        {"type": "input_file", "file_data": data_url("text/plain", b'{"a":1}\n'), "filename": "log.jsonl"},
        {"type": "input_file", "file_data": data_url("application/pdf", PDF), "filename": "other.pdf"},
        {"type": "input_image", "image_url": data_url("image/png", PNG)},
        {"type": "input_image", "image_url": data_url("image/png", PNG), "detail": "low"},
        {"type": "input_file", "file_id": "file-VendorsOwn123"},
    ]
    kept: Any = client.responses.input_items.list(answer.id).data[0]
    assert [part.file_id for part in kept.content[:5]] == [text, pdf, png, png, "file-VendorsOwn123"]


def test_a_later_turn_reads_the_file_again_and_does_without_one_that_is_gone(
    client: openai.OpenAI, native: Provider, chat: Provider
) -> None:
    kept = client.files.create(file=("a.txt", TEXT), purpose="user_data").id
    native.answer(native_whole(message("One.")))
    first = client.responses.create(model=NATIVE_MODEL, input=asking({"type": "input_file", "file_id": kept}))
    chat.answer(chat_whole("Two."), chat_whole("Three."))
    client.responses.create(model=CHAT_MODEL, previous_response_id=first.id, input="And now?")
    assert TEXT.decode().strip() in str(chat.seen[-1].json["messages"][0])
    client.files.delete(kept)
    answer = client.responses.with_raw_response.create(
        model=CHAT_MODEL, previous_response_id=first.id, input="And now?"
    )
    assert "no longer kept" in str(chat.seen[-1].json["messages"][0])
    assert "no longer kept" in answer.headers["antiphon-warnings"]


def test_a_picture_that_is_none_is_refused(client: openai.OpenAI) -> None:
    kept = client.files.create(file=("a.txt", TEXT), purpose="vision").id
    with pytest.raises(openai.BadRequestError, match="no image"):
        client.responses.create(model=NATIVE_MODEL, input=asking({"type": "input_image", "file_id": kept}))


@pytest.mark.parametrize("model", [CHAT_MODEL, NATIVE_MODEL], ids=["chat", "native"])
def test_clients_of_chat_name_files(client: openai.OpenAI, providers: dict[str, Provider], model: str) -> None:
    """A request that could have been relayed is translated: the provider knows nothing of the name."""
    kind = model.partition("/")[0]
    kept = client.files.create(file=("a.md", TEXT), purpose="user_data").id
    providers[kind].answer(said(kind, "Read.", streamed=False))
    content: Any = [{"type": "file", "file": {"file_id": kept}}, {"type": "text", "text": "What?"}]
    answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
    assert answer.choices[0].message.content == "Read."
    sent = str(providers[kind].seen[-1].json)
    assert kept not in sent
    assert base64.b64encode(TEXT).decode() in sent or TEXT.decode().strip() in sent


@pytest.mark.parametrize("model", [CHAT_MODEL, NATIVE_MODEL], ids=["chat", "native"])
def test_anthropics_client_brings_files_and_names_them(
    claude: anthropic.Anthropic, providers: dict[str, Provider], model: str
) -> None:
    kind = model.partition("/")[0]
    kept = claude.beta.files.upload(file=("a.md", TEXT, "text/markdown"))
    assert (kept.type, kept.filename, kept.mime_type, kept.size_bytes) == ("file", "a.md", "text/markdown", len(TEXT))
    assert kept.downloadable is True
    providers[kind].answer(said(kind, "Read.", streamed=False))
    document: Any = {"type": "document", "source": {"type": "file", "file_id": kept.id}}
    answer = claude.messages.create(model=model, max_tokens=50, messages=[{"role": "user", "content": [document]}])
    assert answer.content[0].type == "text"
    sent = str(providers[kind].seen[-1].json)
    assert base64.b64encode(TEXT).decode() in sent or TEXT.decode().strip() in sent


def test_anthropics_client_lists_reads_and_deletes(
    claude: anthropic.Anthropic, client: openai.OpenAI, gateway: Gateway
) -> None:
    made = [claude.beta.files.upload(file=(f"{n}.txt", TEXT)).id for n in range(3)]
    assert [file.id for file in claude.beta.files.list(limit=2)] == made[::-1]
    assert {file.purpose for file in client.files.list()} == {"user_data"}
    with anthropic_client(gateway, prefix="/anthropic") as below, gateway.wire() as wire:
        assert below.beta.files.retrieve_metadata(made[0]).filename == "0.txt"
        headers = {"anthropic-version": "2023-06-01"}
        back = wire.get("/v1/files", params={"before_id": made[0], "limit": "1"}, headers=headers).json()
        assert [file["id"] for file in back["data"]] == made[1:2]
        assert back["has_more"] is True
        on = wire.get("/v1/files", params={"after_id": made[2]}, headers=headers).json()
        assert [file["id"] for file in on["data"]] == [made[1], made[0]]
        few = wire.get("/v1/files", params={"ids": [made[0], "file_0x"]}, headers=headers).json()
        assert [file["id"] for file in few["data"]] == made[:1]
        ends = wire.post("/anthropic/v1/files", data={"expires_in_seconds": "7200"}, files={"file": ("a", b"x")}).json()
        assert ends["expires_at"] > ends["created_at"]
    assert claude.beta.files.download(made[1]).read() == TEXT
    assert claude.beta.files.delete(made[1]).type == "file_deleted"
    with pytest.raises(anthropic.NotFoundError):
        claude.beta.files.retrieve_metadata(made[1])


def test_a_large_file_comes_in_parts(client: openai.OpenAI) -> None:
    data = bytes(range(251)) * 3000
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    upload = client.uploads.upload_file_chunked(
        file=data, filename="big.txt", bytes=len(data), mime_type="text/plain", purpose="user_data",
        part_size=300_000, md5=md5,
    )  # fmt: skip
    assert (upload.status, upload.bytes) == ("completed", len(data))
    assert upload.file is not None
    assert (upload.file.filename, upload.file.bytes) == ("big.txt", len(data))
    assert client.files.content(upload.file.id).read() == data
    again = client.uploads.complete(upload.id, part_ids=["part_x"])
    assert again.file == upload.file
    assert [file.id for file in client.files.list()] == [upload.file.id]


def test_parts_that_do_not_fit_are_told(client: openai.OpenAI, stranger: openai.OpenAI) -> None:
    upload = client.uploads.create(bytes=4, filename="a", mime_type="text/plain", purpose="user_data")
    first = client.uploads.parts.create(upload.id, data=b"ab").id
    second = client.uploads.parts.create(upload.id, data=b"cd").id
    client.uploads.parts.create(upload.id, data=b"cd")
    attempts: list[Callable[[], object]] = [
        lambda: client.uploads.parts.create(upload.id, data=b"e" * 9),
        lambda: client.uploads.complete(upload.id, part_ids=[first]),
        lambda: client.uploads.complete(upload.id, part_ids=[first, first]),
        lambda: client.uploads.complete(upload.id, part_ids=[first, "part_1"]),
        lambda: client.uploads.complete(upload.id, part_ids=[first, second], md5="0" * 32),
    ]
    for attempt in attempts:
        with pytest.raises(openai.BadRequestError):
            attempt()
    for attempt in (
        lambda: stranger.uploads.parts.create(upload.id, data=b"e"),
        lambda: stranger.uploads.cancel(upload.id),
        lambda: stranger.files.retrieve(first),
        lambda: client.files.retrieve(first),
    ):
        with pytest.raises(openai.NotFoundError):
            attempt()
    done = client.uploads.complete(upload.id, part_ids=[second, first])
    assert done.file is not None
    assert client.files.content(done.file.id).read() == b"cdab"


def begun(client: openai.OpenAI, data: bytes) -> tuple[str, list[str]]:
    """An upload in two parts, which are there."""
    upload = client.uploads.create(bytes=len(data), filename="a", mime_type="text/plain", purpose="user_data").id
    half = len(data) // 2
    return upload, [client.uploads.parts.create(upload, data=each).id for each in (data[:half], data[half:])]


def test_a_large_upload_whose_md5_was_wrong_is_completed_with_the_right_one(client: openai.OpenAI) -> None:
    data = bytes(700_000)
    upload, parts = begun(client, data)
    with pytest.raises(openai.BadRequestError):
        client.uploads.complete(upload, part_ids=parts, md5="0" * 32)
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert client.uploads.complete(upload, part_ids=parts, md5=md5).status == "completed"


def test_an_upload_is_one_file_however_often_it_is_completed_at_once(client: openai.OpenAI) -> None:
    upload, parts = begun(client, bytes(2_000_000))
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.uploads.complete, upload, part_ids=parts) for _ in range(4)]
    assert [each.result().file for each in asked] == client.files.list().data * 4


@pytest.mark.parametrize("verb", ["complete", "cancel"])
def test_an_upload_whose_process_died_is_not_stuck(client: openai.OpenAI, gateway: Gateway, verb: str) -> None:
    upload, parts = begun(client, b"abcd")
    with closing(sqlite3.connect(gateway.database)) as connection, connection:
        dead = "UPDATE file_uploads SET status = 'completing', file_id = 'file_dead' WHERE id = ?"
        assert connection.execute(dead, (upload,)).rowcount == 1
    if verb == "cancel":
        assert client.uploads.cancel(upload).status == "cancelled"
        return
    done = client.uploads.complete(upload, part_ids=parts).file
    assert done is not None
    assert client.files.content(done.id).read() == b"abcd"


def test_an_upload_that_is_cancelled_takes_nothing_any_more(client: openai.OpenAI) -> None:
    upload = client.uploads.create(bytes=4, filename="a", mime_type="text/plain", purpose="user_data")
    assert upload.status == "pending"
    part = client.uploads.parts.create(upload.id, data=b"abcd").id
    assert client.uploads.cancel(upload.id).status == "cancelled"
    for attempt in (
        lambda: client.uploads.parts.create(upload.id, data=b"e"),
        lambda: client.uploads.complete(upload.id, part_ids=[part]),
    ):
        with pytest.raises(openai.BadRequestError) as caught:
            attempt()
        assert caught.value.code == "upload_ended"


def test_tokens_are_counted_with_what_the_model_reads(
    client: openai.OpenAI, claude: anthropic.Anthropic, native: Provider
) -> None:
    kept = client.files.create(file=("a.txt", TEXT), purpose="user_data").id
    native.answer(whole({"object": "response.input_tokens", "input_tokens": 17}), whole({"input_tokens": 18}))
    counted = client.responses.input_tokens.count(
        model=NATIVE_MODEL, input=asking({"type": "input_file", "file_id": kept})
    )
    document: Any = {"type": "document", "source": {"type": "file", "file_id": kept}}
    messages: Any = [{"role": "user", "content": [document]}]
    assert counted.input_tokens == 17
    assert claude.messages.count_tokens(model=NATIVE_MODEL, messages=messages).input_tokens == 18
    for seen in native.seen:
        assert data_url("text/plain", TEXT) in str(seen.json)


def test_a_past_with_files_is_made_short(wire: httpx.Client, client: openai.OpenAI, chat: Provider) -> None:
    kept = client.files.create(file=("a.txt", TEXT), purpose="user_data").id
    chat.answer(chat_whole("In short."))
    asked = {"model": CHAT_MODEL, "input": asking({"type": "input_file", "file_id": kept})}
    made = wire.post("/v1/responses/compact", json=asked).json()["output"]
    assert TEXT.decode().strip() in str(chat.seen[-1].json)
    assert [item["type"] for item in made] == ["message", "compaction"]
    assert made[0]["content"][0] == {"type": "input_file", "file_id": kept}


def test_an_answer_in_the_background_reads_files(client: openai.OpenAI, native: Provider) -> None:
    kept = client.files.create(file=("a.txt", TEXT), purpose="user_data").id
    native.answer(native_stream(message("Read.")))
    answer = client.responses.create(
        model=NATIVE_MODEL, input=asking({"type": "input_file", "file_id": kept}), background=True
    )
    with client.responses.retrieve(answer.id, stream=True) as events:
        assert [event.type for event in events][-1] == "response.completed"
    assert data_url("text/plain", TEXT) in str(native.seen[-1].json)
