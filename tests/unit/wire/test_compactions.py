"""Compaction items, sealed and opened, and where a compacted context begins."""

from __future__ import annotations

from typing import Any

import pytest

from antiphon.errors import BadRequest
from antiphon.wire.compactions import opened_item, since_newest, summary_payload, user_messages, wrapped_payload
from antiphon.wire.requests import Item

USER: Item = {"type": "message", "role": "user", "content": "x"}
ANSWER: Item = {"type": "message", "role": "assistant", "content": "y"}
PAST: Item = {"type": "compaction", "id": "cmp_1", "encrypted_content": "blob"}


def test_a_summary_becomes_a_developers_words() -> None:
    origins: dict[str, str] = {}
    item = opened_item(PAST, lambda _: summary_payload("groq", "llama", "All is well."), origins)
    assert item["role"] == "developer"
    assert item["content"][0]["text"] == "Summary of the earlier conversation: All is well."
    assert origins == {}


def test_a_providers_own_blob_is_unwrapped_and_its_maker_known() -> None:
    origins: dict[str, str] = {}
    item = opened_item(PAST, lambda _: wrapped_payload("openai", "gpt-5", "gAAAA", "cmp_theirs"), origins)
    assert item == {"type": "compaction", "id": "cmp_theirs", "encrypted_content": "gAAAA"}
    assert origins == {"cmp_theirs": "openai"}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b'{"v":2,"k":"compaction","text":"x"}',
        b'{"v":1,"k":"openai","text":"x"}',
        b'{"v":1,"k":"compaction"}',
    ],
)
def test_a_payload_of_another_kind_is_refused(payload: bytes) -> None:
    with pytest.raises(BadRequest) as refused:
        opened_item(PAST, lambda _: payload, {})
    assert refused.value.code == "invalid_encrypted_content"


def test_an_open_summary_is_left_to_be_read() -> None:
    item: Item = {"type": "compaction", "id": "cmp_1", "summary": "All is well."}
    assert opened_item(item, lambda _: b"", {}) is item


@pytest.mark.parametrize(
    ("items", "start"),
    [
        ([USER, ANSWER, USER], 0),
        ([USER, USER, PAST, USER], 0),
        ([USER, ANSWER, USER, PAST, ANSWER, USER], 2),
        ([USER, PAST, ANSWER, PAST, USER], 3),
        ([USER, ANSWER, {"type": "compaction_trigger"}, PAST], 2),
        ([], 0),
    ],
)
def test_a_context_begins_at_its_newest_compaction(items: list[Any], start: int) -> None:
    assert since_newest(items) == start


def test_only_what_the_user_said_is_told_again() -> None:
    assert user_messages([USER, ANSWER, PAST]) == [USER | {"status": "completed"}]
