"""What clients leave out of a message, or call by another name, is put right before anybody is told of it."""

from typing import Any

import pytest

from antiphon.wire.requests import Item
from antiphon.wire.whole_messages import whole_item, whole_message

SAID: Item = {"type": "output_text", "text": "A", "annotations": [], "logprobs": []}
ASKED: Item = {"type": "input_text", "text": "Q"}
PICTURE: Item = {"type": "input_image", "image_url": "https://example.com/a.png"}


@pytest.mark.parametrize(
    ("role", "content", "whole"),
    [
        ("user", "Q", [ASKED]),
        ("assistant", "A", [SAID]),
        ("user", [ASKED, PICTURE], [ASKED, PICTURE]),
        ("user", [{"type": "text", "text": "Q"}], [ASKED]),
        ("developer", [{"type": "output_text", "text": "Q"}], [ASKED]),
        ("assistant", [SAID, {"type": "refusal", "refusal": "No"}], [SAID, {"type": "refusal", "refusal": "No"}]),
        ("assistant", [{"type": "input_text", "text": "A"}], [SAID]),
        ("assistant", [{"type": "text", "text": "A"}], [SAID]),
        ("assistant", [{"type": "output_text", "text": "A", "annotations": None, "logprobs": None}], [SAID]),
        ("user", [PICTURE | {"image_url": {"url": PICTURE["image_url"]}}], [PICTURE]),
        (
            "user",
            [PICTURE | {"image_url": {"url": PICTURE["image_url"], "detail": "low", "media_type": "image/png"}}],
            [PICTURE | {"detail": "low"}],
        ),
        (
            "user",
            [PICTURE | {"image_url": {"url": PICTURE["image_url"], "detail": "low"}, "detail": "high"}],
            [PICTURE | {"detail": "high"}],
        ),
    ],
)
def test_a_message_is_whole_and_in_the_words_of_its_role(role: str, content: Any, whole: list[Item]) -> None:
    found = whole_message({"role": role, "content": content})
    assert found == {"type": "message", "status": "completed", "role": role, "content": whole}
    assert whole_message(found) == found


@pytest.mark.parametrize("content", [None, 5, {}, ["x"], [None], [{}], [{"type": ["text"]}], [{"type": "x"}]])
def test_what_is_no_content_is_left_to_who_reads_it(content: Any) -> None:
    found = whole_message({"role": "user", "content": content})
    assert found.get("content") == content


def test_what_else_a_part_says_stays() -> None:
    point = {"prompt_cache_breakpoint": {"mode": "explicit"}}
    found = whole_message({"role": "user", "content": [{"type": "text", "text": "Q"} | point]})
    assert found["content"] == [ASKED | point]


def test_a_model_that_said_nothing_has_content_all_the_same() -> None:
    assert whole_message({"role": "assistant", "content": None})["content"] == []


@pytest.mark.parametrize("kind", ["function_call_output", "custom_tool_call_output"])
def test_an_output_is_in_the_words_of_an_input(kind: str) -> None:
    said = [{"type": "text", "text": "Q"}, PICTURE | {"image_url": {"url": PICTURE["image_url"]}}, 5]
    found = whole_item({"type": kind, "call_id": "c", "output": said}, kind)
    assert found == {"type": kind, "call_id": "c", "output": [ASKED, PICTURE, 5]}
    assert whole_item({"type": kind, "output": "Q"}, kind)["output"] == "Q"


def test_null_says_nothing_but_where_it_has_to_be() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    assert whole_item(call | {"async_": None, "namespace": None, "id": None}, "function_call") == call
    run = {"type": "code_interpreter_call", "id": "ci_1", "container_id": "c", "code": None, "outputs": None}
    assert whole_item(run, "code_interpreter_call") == run
    odd: Item = {"type": ["text"], "output": []}
    assert whole_item(odd, odd["type"]) == odd
