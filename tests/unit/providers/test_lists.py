import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import UpstreamBroke
from antiphon.providers.lists import entries, next_page


def told(listed: Any) -> list[str]:
    return list(entries(json.dumps(listed).encode()))


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ({"object": "list", "data": [{"id": "gpt-6-sol"}]}, ["gpt-6-sol"]),
        ([{"id": "a/b"}, {"id": "c/d"}], ["a/b", "c/d"]),
        ([{"id": "a\x1b[2Jb"}, {"id": "c\nd"}, {"id": "my model é.gguf"}], ["my model é.gguf"]),
        ({"data": [{"type": "model", "id": "claude-opus-5-5", "display_name": "Claude"}]}, ["claude-opus-5-5"]),
        ({"models": [{"name": "models/gemini-2.5-pro", "version": "2.5"}]}, ["gemini-2.5-pro"]),
        ({"publisherModels": [{"name": "publishers/google/models/gemini-2.5-pro"}]}, ["gemini-2.5-pro"]),
        ({"models": [{"name": "command-a-03-2025", "endpoints": ["chat"]}]}, ["command-a-03-2025"]),
        ({"models": [{"name": "qwen3:8b", "model": "qwen3:8b", "size": 1}]}, ["qwen3:8b"]),
        (
            {"modelSummaries": [{"modelId": "amazon.nova-pro-v1:0", "modelName": "Nova Pro"}]},
            ["amazon.nova-pro-v1:0"],
        ),
        (
            {
                "inferenceProfileSummaries": [
                    {"inferenceProfileId": "us.amazon.nova-pro-v1:0", "type": "SYSTEM_DEFINED"}
                ]
            },
            ["us.amazon.nova-pro-v1:0"],
        ),
        ({"models": [{"name": "accounts/fireworks/models/kimi-k3"}]}, ["accounts/fireworks/models/kimi-k3"]),
        ({"data": [{"id": "a", "active": False}, {"id": "b", "active": True}, {"id": 7}, {}, {"id": ""}]}, ["b"]),
        ({"data": []}, []),
    ],
)
def test_each_vendors_list_is_one(listed: Any, names: list[str]) -> None:
    assert told(listed) == names


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"data":{}}', b'{"data":[1]}', b"[1]", b"\xff", b"<html>"])
def test_what_is_no_list_of_models_breaks(body: bytes) -> None:
    with pytest.raises(UpstreamBroke):
        entries(body)


@pytest.mark.parametrize(
    ("listed", "query"),
    [
        ({"data": [], "has_more": True, "last_id": "claude-opus-5-5"}, "after_id=claude-opus-5-5"),
        ({"data": [], "has_more": False, "last_id": "claude-opus-5-5"}, None),
        ({"data": [], "has_more": True, "last_id": None}, None),
        ({"data": [], "has_more": True}, None),
        ({"models": [], "nextPageToken": "a/b=="}, "pageToken=a%2Fb%3D%3D"),
        ({"models": [], "nextPageToken": ""}, None),
        ({"models": [], "next_page_token": "abc"}, "page_token=abc"),
        ({"models": [], "next_page_token": None}, None),
        ({"inferenceProfileSummaries": [], "nextToken": "t"}, "nextToken=t"),
        ({"models": [], "nextPageToken": 7}, None),
        ({"data": []}, None),
        ([], None),
    ],
)
def test_the_next_page_is_asked_for_as_its_vendor_wants(listed: Any, query: str | None) -> None:
    assert next_page(json.dumps(listed).encode()) == query


@given(st.binary(max_size=60))
def test_garbage_has_no_next_page(body: bytes) -> None:
    assert next_page(body) is None
