"""What bounds files: their size, a tenant's room, what a request may hold; and that they outlive the process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from antiphon.file_settings import FileSettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.gateway import KEY_A, KEY_B, NATIVE_MODEL, running, settings_for, spawned
from tests.unit.http.forms import BOUNDARY, FORM, form, part

SMALL = FileSettings(max_bytes=2000, tenant_bytes=3000, max_inline_bytes=1024, max_request_bytes=1500, retention_days=1)


def test_limits_hold_for_each_tenant(other_gateway: OtherGateway) -> None:
    gateway = other_gateway(files=SMALL)
    with gateway.client() as client, gateway.client(KEY_B) as stranger:
        with pytest.raises(openai.APIStatusError) as large:
            client.files.create(file=("a", b"x" * 2001), purpose="user_data")
        assert (large.value.status_code, large.value.code) == (413, "request_too_large")
        with pytest.raises(openai.APIStatusError) as told:
            client.uploads.create(bytes=2001, filename="a", mime_type="text/plain", purpose="user_data")
        assert told.value.status_code == 413
        first = client.files.create(file=("a", b"x" * 2000), purpose="user_data")
        assert first.expires_at == first.created_at + 86_400
        parts: Any = [{"type": "input_file", "file_id": first.id}]
        with pytest.raises(openai.BadRequestError) as inline:
            client.responses.create(model=NATIVE_MODEL, input=[{"role": "user", "content": parts}])
        assert inline.value.code == "file_too_large"
        few = [client.files.create(file=(name, b"x" * 500), purpose="user_data").id for name in "bc"]
        for attempt in (
            lambda: client.files.create(file=("d", b"x"), purpose="user_data"),
            lambda: client.uploads.create(bytes=1, filename="a", mime_type="text/plain", purpose="user_data"),
        ):
            with pytest.raises(openai.BadRequestError) as full:
                attempt()
            assert full.value.code == "file_quota_exceeded"
        stranger.files.create(file=("d", b"x"), purpose="user_data")
        client.files.delete(first.id)
        client.uploads.create(bytes=1999, filename="a", mime_type="text/plain", purpose="user_data")
        with pytest.raises(openai.BadRequestError):
            client.uploads.create(bytes=2, filename="a", mime_type="text/plain", purpose="user_data")
        client.files.create(file=("e", b"x" * 600), purpose="user_data")
        newest = client.files.list().data[0].id
        parts = [{"type": "input_file", "file_id": file_id} for file_id in (*few, newest)]
        with pytest.raises(openai.BadRequestError, match="together"):
            client.responses.create(model=NATIVE_MODEL, input=[{"role": "user", "content": parts}])


def test_a_form_that_breaks_off_leaves_nothing(wire: httpx.Client) -> None:
    whole = form(part("purpose", b"user_data"), part("file", b"x" * 900_000, "a.bin"))
    for body, status in ((whole[:-50], 400), (whole.replace(BOUNDARY.encode(), b"other"), 400), (whole, 200)):
        answer = wire.post("/v1/files", content=body, headers={"content-type": FORM})
        assert answer.status_code == status
    (kept,) = wire.get("/v1/files").json()["data"]
    assert kept["bytes"] == 900_000
    wire.delete(f"/v1/files/{kept['id']}")


def test_files_under_every_prefix(wire: httpx.Client) -> None:
    for prefix in ("", "/openai", "/api/llm", "/api/llm/api/inference/openai/v1", "/anthropic"):
        answer = wire.post(f"{prefix}/files/", files={"file": ("a", b"x")}, data={"purpose": "user_data"})
        assert answer.status_code == 200
        path = f"{prefix}/files/{answer.json()['id']}"
        assert wire.get(f"{path}/content").content == b"x"
        assert wire.delete(path).status_code == 200


def test_what_was_told_to_be_kept_outlives_the_process(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "http://127.0.0.1:9", "http://127.0.0.1:9")
    data = bytes(range(256)) * 4096
    with spawned(settings) as served, served.gateway.client(KEY_A) as client:
        kept = client.files.create(file=("a.bin", data), purpose="user_data")
        upload = client.uploads.create(bytes=3, filename="b", mime_type="text/plain", purpose="user_data")
        piece = client.uploads.parts.create(upload.id, data=b"abc").id
        served.process.kill()
    with running(settings) as gateway, gateway.client(KEY_A) as client:
        assert client.files.retrieve(kept.id) == kept
        assert client.files.content(kept.id).read() == data
        done = client.uploads.complete(upload.id, part_ids=[piece])
        assert done.file is not None
        assert client.files.content(done.file.id).read() == b"abc"


def test_odd_names_are_kept_harmless(wire: httpx.Client) -> None:
    for name, seen in (
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.txt", "y.txt"),
        ('a"b\r\nc: d', 'a"bc: d'),
        ("ü", "ü"),
    ):
        answer = wire.post("/v1/files", files={"file": (name, b"x")}, data={"purpose": "user_data"})
        kept = answer.json()
        assert kept["filename"] == seen
        content = wire.get(f"/v1/files/{kept['id']}/content")
        assert content.status_code == 200
        assert "\n" not in content.headers["content-disposition"]
        wire.delete(f"/v1/files/{kept['id']}")
