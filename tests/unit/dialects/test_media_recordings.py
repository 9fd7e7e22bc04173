"""Recorded exchanges of pictures and transcriptions, read as clients are to read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from antiphon.errors import UpstreamBroke, UpstreamRefused
from antiphon.media_protocols import Reply
from antiphon.service_protocols import MediaService
from tests.replayed import RECORDINGS
from tests.unit.dialects.asked_media import DIALECTS, body_of, planned, told, usual

OPENAIS = sorted([*(RECORDINGS / "openai.images").glob("*.json"), *(RECORDINGS / "openai.audio").glob("*.json")])
PICTURES = sorted(
    path for api in ("gemini.generate", "vertex.generate") for path in (RECORDINGS / api).glob("*mage_gen*.json")
)


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


@pytest.mark.parametrize("path", OPENAIS, ids=lambda path: path.stem)
def test_openais_answers_pass_as_they_are(path: Path) -> None:
    exchange = read(path)
    service: MediaService = exchange["request"]["url_path"].removeprefix("/v1/")
    recorded: dict[str, Any] = exchange["request"]["body"] or {}
    response = exchange["response"]
    body = json.dumps(response["body"], indent=1).encode()
    if response["status"] >= 400:
        refused = DIALECTS[service, "openai"].refusal(response["status"], body, None)
        wanted = response["body"]["error"]
        assert (refused.status, refused.param, refused.code) == (400, wanted["param"], wanted["code"])
        return
    asked = {name: value for name, value in recorded.items() if name not in ("model", "prompt")}
    plan = planned("openai", usual(service, **asked))
    assert told(plan, Reply(body, "application/json")).body == body
    if asked:
        assert body_of(plan).items() >= asked.items()


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_googles_pictures(path: Path) -> None:
    response = read(path)["response"]["body"]
    found = [
        part["inlineData"]["data"]
        for candidate in response["candidates"]
        for part in candidate["content"]["parts"]
        if "inlineData" in part
    ]
    made = told(planned("gemini", usual("images/generations")), response)
    body = json.loads(made.body)
    assert [datum["b64_json"] for datum in body["data"]] == found
    counted = response["usageMetadata"]
    assert body["usage"]["input_tokens"] == counted["promptTokenCount"]
    assert body["usage"]["total_tokens"] == counted["totalTokenCount"]
    assert made.counts is not None
    assert made.counts.image_output > 0


def test_a_picture_that_google_does_not_make() -> None:
    with pytest.raises(UpstreamRefused, match=r"made no picture\. It says: I cannot") as caught:
        told(
            planned("gemini", usual("images/generations")),
            {"candidates": [{"content": {"parts": [{"text": "I cannot."}]}}]},
        )
    assert caught.value.code == "content_policy_violation"
    with pytest.raises(UpstreamBroke):
        told(planned("gemini", usual("images/generations")), {})
