"""Requests that are wrong in any place: always the error that names the place, never one of ours."""

from typing import Any

import pytest

from antiphon.dialects.chat_request import build_chat
from antiphon.errors import BadRequest
from antiphon.quirks import Quirks
from antiphon.wire.requests import Request
from tests.fakes import SEALER, pseudonym
from tests.unit.dialects.chat_turns import built, call, target_of, turn_of

Body = dict[str, Any]


def fault(body: Body, quirks: Quirks | None = None) -> tuple[str | None, str | None]:
    with pytest.raises(BadRequest) as error:
        built(body, quirks)
    assert error.value.message
    return error.value.code, error.value.param


WRONG_ITEMS: list[tuple[Body, str, str]] = [
    ({"content": "Hi"}, "missing_required_parameter", "input[1].type"),
    ({"type": 5}, "invalid_type", "input[1].type"),
    ({"type": ["message"]}, "invalid_type", "input[1].type"),
    ({"type": "mood"}, "invalid_value", "input[1].type"),
    ({"role": "user"}, "missing_required_parameter", "input[1].content"),
    ({"type": "message", "content": "Hi"}, "missing_required_parameter", "input[1].role"),
    ({"role": "tool", "content": "Hi"}, "invalid_value", "input[1].role"),
    ({"role": 5, "content": "Hi"}, "invalid_type", "input[1].role"),
    ({"role": "user", "content": 5}, "invalid_type", "input[1].content"),
    ({"role": "user", "content": ["Hi"]}, "invalid_type", "input[1].content[0]"),
    ({"role": "user", "content": [{"text": "Hi"}]}, "missing_required_parameter", "input[1].content[0].type"),
    ({"role": "user", "content": [{"type": "mood"}]}, "invalid_value", "input[1].content[0].type"),
    (
        {"role": "user", "content": [{"type": "input_text"}]},
        "missing_required_parameter",
        "input[1].content[0].text",
    ),
    ({"role": "user", "content": [{"type": "input_text", "text": 5}]}, "invalid_type", "input[1].content[0].text"),
    (
        {"role": "user", "content": [{"type": "input_image"}]},
        "missing_required_parameter",
        "input[1].content[0].image_url",
    ),
    (
        {"role": "user", "content": [{"type": "input_image", "image_url": {}}]},
        "missing_required_parameter",
        "input[1].content[0].image_url.url",
    ),
    (
        {"role": "user", "content": [{"type": "input_image", "image_url": "u", "detail": "wow"}]},
        "invalid_value",
        "input[1].content[0].detail",
    ),
    (
        {"role": "user", "content": [{"type": "input_file", "filename": "a"}]},
        "missing_required_parameter",
        "input[1].content[0].file_data",
    ),
    ({"type": "function_call", "name": "a", "arguments": "{}"}, "missing_required_parameter", "input[1].call_id"),
    (call("") | {"call_id": ""}, "string_below_min_length", "input[1].call_id"),
    (call("c1") | {"arguments": {}}, "invalid_type", "input[1].arguments"),
    ({"type": "function_call_output", "call_id": "c"}, "missing_required_parameter", "input[1].output"),
    ({"type": "function_call_output", "output": "a"}, "missing_required_parameter", "input[1].call_id"),
    ({"type": "function_call_output", "call_id": "c", "output": {}}, "invalid_type", "input[1].output"),
    ({"type": "shell_call_output", "call_id": "c", "output": [5]}, "invalid_type", "input[1].output[0]"),
    ({"type": "reasoning", "summary": "a"}, "invalid_type", "input[1].summary"),
    ({"type": "mcp_call", "name": 5, "arguments": "{}"}, "invalid_type", "input[1].name"),
    ({"type": "item_reference", "id": 5}, "invalid_type", "input"),
]


@pytest.mark.parametrize(("item", "code", "param"), WRONG_ITEMS)
def test_a_wrong_item_is_named_with_its_place(item: Body, code: str, param: str) -> None:
    assert fault({"input": [{"role": "user", "content": "Hi"}, item]}) == (code, param)


WRONG_TOOLS: list[tuple[Body, str, str]] = [
    ({}, "missing_required_parameter", "tools[0].type"),
    ({"type": []}, "invalid_type", "tools[0].type"),
    ({"type": "function"}, "missing_required_parameter", "tools[0].name"),
    ({"type": "function", "name": ""}, "string_below_min_length", "tools[0].name"),
    ({"type": "function", "name": "a", "parameters": []}, "invalid_type", "tools[0].parameters"),
    ({"type": "function", "name": "a", "strict": "yes"}, "invalid_type", "tools[0].strict"),
    ({"type": "custom", "name": "a", "format": {"type": "xml"}}, "invalid_value", "tools[0].format.type"),
    (
        {"type": "custom", "name": "a", "format": {"type": "grammar", "syntax": "lark"}},
        "missing_required_parameter",
        "tools[0].format.definition",
    ),
    ({"type": "namespace", "name": "a"}, "missing_required_parameter", "tools[0].tools"),
    (
        {"type": "namespace", "name": "a", "tools": [{"type": "function"}]},
        "missing_required_parameter",
        "tools[0].tools[0].name",
    ),
    ({"type": "shell", "environment": 5}, "invalid_type", "tools[0].environment"),
]


@pytest.mark.parametrize(("tool", "code", "param"), WRONG_TOOLS)
def test_a_wrong_tool_is_named_with_its_place(tool: Body, code: str, param: str) -> None:
    assert fault({"input": "Hi", "tools": [tool]}) == (code, param)


def test_a_wrong_tool_in_an_item_is_named_with_its_place() -> None:
    item = {"type": "additional_tools", "role": "developer", "tools": [{"type": "function"}]}
    assert fault({"input": [item]}) == ("missing_required_parameter", "input[0].tools[0].name")
    assert fault({"input": [item | {"tools": {}}]}) == ("invalid_type", "input[0].tools")


WRONG_CHOICES: list[tuple[Body, str, str]] = [
    ({}, "missing_required_parameter", "tool_choice.type"),
    ({"type": 5}, "invalid_type", "tool_choice.type"),
    ({"type": "function"}, "missing_required_parameter", "tool_choice.name"),
    ({"type": "function", "function": {}}, "missing_required_parameter", "tool_choice.function.name"),
    ({"type": "function", "name": []}, "invalid_type", "tool_choice.name"),
    ({"type": "allowed_tools", "tools": []}, "missing_required_parameter", "tool_choice.mode"),
    ({"type": "allowed_tools", "mode": "wild", "tools": []}, "invalid_value", "tool_choice.mode"),
    (
        {"type": "allowed_tools", "mode": "auto", "tools": [{}]},
        "missing_required_parameter",
        "tool_choice.tools[0].type",
    ),
    ({"type": "allowed_tools", "mode": "required", "tools": []}, "invalid_value", "tool_choice"),
]


@pytest.mark.parametrize(("choice", "code", "param"), WRONG_CHOICES)
def test_a_wrong_choice_is_named_with_its_place(choice: Body, code: str, param: str) -> None:
    assert fault({"input": "Hi", "tools": [{"type": "function", "name": "a"}], "tool_choice": choice}) == (code, param)


def test_nesting_that_cannot_be_written_is_refused() -> None:
    deep: Body = {}
    for _ in range(5_000):
        deep = {"a": deep}
    turn = turn_of({"input": "Hi"})
    turn.request = Request(tools=[{"type": "function", "name": "a", "parameters": deep}])
    with pytest.raises(BadRequest) as error:
        build_chat(turn, target_of(), SEALER, pseudonym)
    assert error.value.message == "The request is nested too deeply."
