"""How tools are offered to Anthropic's models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from antiphon.dialects.messages_hosts import HostName
from tests.chat_streams import function_tool
from tests.unit.dialects.messages_turns import (
    BUDGETED,
    NEWEST,
    OLD,
    SCHEMA,
    Body,
    blocks,
    built,
    lossy,
    refused,
    sent,
    url_of,
    user,
)


def test_functions() -> None:
    body = sent({"tools": [function_tool("f") | {"description": "Does.", "strict": False}]})
    schema: Body = {"type": "object", "properties": {}}
    assert body["tools"][0] == {
        "name": "f",
        "description": "Does.",
        "input_schema": schema,
        "cache_control": {"type": "ephemeral"},
    }


def test_a_strict_function_is_held_to_its_schema_where_that_can_be() -> None:
    strict = {"tools": [{"type": "function", "name": "f", "parameters": SCHEMA, "strict": True}]}
    assert sent(strict)["tools"][0]["strict"] is True
    assert "'f'" in lossy(strict, OLD)[1]
    wide = SCHEMA | {"properties": {"a": {"type": "integer", "maximum": 3}}}
    assert "maximum" in lossy({"tools": [{"type": "function", "name": "f", "parameters": wide, "strict": True}]})[1]


def test_a_choice_of_schemas_is_told_in_words() -> None:
    either = {"anyOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "string"}}}]}
    schema = sent({"tools": [{"type": "function", "name": "f", "parameters": either}]})["tools"][0]["input_schema"]
    assert schema["type"] == "object"
    assert set(schema["properties"]) == {"a", "b"}
    assert "anyOf" in schema["description"]


@pytest.mark.parametrize(
    ("choice", "made"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ({"type": "function", "name": "f"}, {"type": "tool", "name": "f"}),
    ],
)
def test_choices(choice: Any, made: Body) -> None:
    asked = {"tools": [function_tool("f")], "tool_choice": choice}
    assert sent(asked)["tool_choice"] == made
    alone = made if made["type"] == "none" else made | {"disable_parallel_tool_use": True}
    assert sent(asked | {"parallel_tool_calls": False})["tool_choice"] == alone


def test_one_call_at_a_time_needs_no_choice() -> None:
    asked = {"tools": [function_tool("f")], "parallel_tool_calls": False}
    assert sent(asked)["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert "tool_choice" not in sent({"parallel_tool_calls": False})


@pytest.mark.parametrize(("model", "effort"), [(NEWEST, None), (BUDGETED, "low")])
def test_who_cannot_be_made_to_call_gets_the_one_tool_alone(model: str, effort: str | None) -> None:
    asked: Body = {"tools": [function_tool("f"), function_tool("g")], "tool_choice": {"type": "function", "name": "g"}}
    body, loss = lossy(asked | ({"reasoning": {"effort": effort}} if effort else {}), model)
    assert body["tool_choice"] == {"type": "auto"}
    assert [each["name"] for each in body["tools"]] == ["g"]
    assert "cannot be made" in loss


def test_allowed_tools_alone_are_offered() -> None:
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}]}
    body = sent({"tools": [function_tool("f"), function_tool("g")], "tool_choice": allowed})
    assert body["tool_choice"] == {"type": "tool", "name": "g"}


def test_a_search() -> None:
    place = {"type": "approximate", "city": "Bonn", "country": None}
    asked = {"type": "web_search", "filters": {"allowed_domains": ["a.example"]}, "user_location": place}
    result = built({"tools": [asked], "max_tool_calls": 3, "max_output_tokens": 50})
    assert result.warnings == ()
    assert result.streamed is True
    assert json.loads(result.body)["tools"][0] == {
        "type": "web_search_20250305",
        "name": "web_search",
        "allowed_domains": ["a.example"],
        "user_location": {"type": "approximate", "city": "Bonn"},
        "max_uses": 3,
        "cache_control": {"type": "ephemeral"},
    }
    assert "how much" in lossy({"tools": [{"type": "web_search", "search_context_size": "high"}]})[1]
    assert "as it is now" in lossy({"tools": [{"type": "web_search", "external_web_access": False}]})[1]
    chosen = {"tools": [asked], "tool_choice": {"type": "web_search"}}
    assert sent(chosen)["tool_choice"] == {"type": "tool", "name": "web_search"}


@pytest.mark.parametrize(("model", "host"), [("gpt-oss:20b", "anthropic"), (BUDGETED, "bedrock")])
def test_who_cannot_search_is_not_asked_to(model: str, host: HostName) -> None:
    body, loss = lossy({"tools": [{"type": "web_search"}]}, model, host)
    assert "tools" not in body
    assert "web_search" in loss


def test_code() -> None:
    result = built({"tools": [{"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file_1"]}}]})
    body = json.loads(result.body)
    assert body["tools"][0]["type"] == "code_execution_20260120"
    assert blocks(body)[-1] == {"type": "container_upload", "file_id": "file_1"}
    assert result.headers == b"anthropic-beta: code-execution-2025-08-25,files-api-2025-04-14\r\n"
    named = {"tools": [{"type": "code_interpreter", "container": "container_1"}]}
    assert sent(named)["container"] == "container_1"
    chosen = named | {"tool_choice": {"type": "code_interpreter"}}
    assert sent(chosen)["tool_choice"] == {"type": "tool", "name": "code_execution"}
    large = {"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g"}}
    assert "memory" in lossy({"tools": [large]})[1]
    assert "'code_interpreter'" in lossy(named | {"max_tool_calls": 3})[1]


def test_mcp() -> None:
    server = {"type": "mcp", "server_label": "wiki", "server_url": "https://a.example/mcp", "require_approval": "never"}
    result = built({"tools": [server | {"authorization": "secret", "allowed_tools": ["look"]}]})
    body = json.loads(result.body)
    assert result.headers == b"anthropic-beta: mcp-client-2025-11-20\r\n"
    assert body["mcp_servers"] == [
        {"type": "url", "url": "https://a.example/mcp", "name": "wiki", "authorization_token": "secret"}
    ]
    assert body["tools"][0]["default_config"] == {"enabled": False}
    assert body["tools"][0]["configs"] == {"look": {"enabled": True}}
    bearer = sent({"tools": [server | {"headers": {"Authorization": "Bearer b"}}]})
    assert bearer["mcp_servers"][0]["authorization_token"] == "b"
    assert "X-Own" in lossy({"tools": [server | {"headers": {"X-Own": "1"}}]})[1]
    named = sent({"tools": [server | {"allowed_tools": {"tool_names": ["look"]}}]})
    assert named["tools"][0]["configs"] == {"look": {"enabled": True}}
    assert sent({"tools": [server], "tool_choice": {"type": "mcp", "server_label": "wiki"}})["tool_choice"] == {
        "type": "any"
    }


@pytest.mark.parametrize(
    "approval", [None, "always", {"always": {"tool_names": ["a"]}}, {"never": {"tool_names": ["a"]}}]
)
def test_no_tool_is_called_unasked_that_the_client_wants_to_be_asked_about(approval: Any) -> None:
    server = {
        "type": "mcp",
        "server_label": "wiki",
        "server_url": "https://a.example/mcp",
        "require_approval": approval,
    }
    error = refused({"tools": [server]})
    assert error.param == "tools[0].require_approval"
    assert "never" in error.message


def test_connectors_are_not_anthropics() -> None:
    assert (
        "connectors" in lossy({"tools": [{"type": "mcp", "server_label": "m", "connector_id": "connector_gmail"}]})[1]
    )
    assert refused({"tools": [{"type": "mcp", "server_label": "m"}]}).code == "missing_required_parameter"


@pytest.mark.parametrize("label", [5, ["wiki"], {"name": "wiki"}])
def test_a_label_that_is_no_text_is_refused_with_its_place(label: object) -> None:
    error = refused({"tools": [{"type": "mcp", "server_label": label, "server_url": "https://a.example/mcp"}]})
    assert (error.param, error.code) == ("tools[0].server_label", "invalid_type")


def test_a_computer() -> None:
    screen = {"type": "computer_use_preview", "display_width": 800, "display_height": 600, "environment": "linux"}
    shot = {"type": "computer_screenshot", "image_url": url_of("image/png", b"png")}
    click = {"type": "click", "button": "right", "x": 1, "y": 2}
    done: Body = {"type": "computer_call", "call_id": "c", "action": click, "pending_safety_checks": []}
    items: list[Body] = [user("Hi"), done, {"type": "computer_call_output", "call_id": "c", "output": shot}]
    body = sent({"input": items, "tools": [screen]})
    assert body["tools"][0]["type"] == "computer_20250124"
    assert (body["tools"][0]["display_width_px"], body["tools"][0]["display_height_px"]) == (800, 600)
    assert blocks(body, 1)[0]["input"] == {"action": "right_click", "coordinate": [1, 2]}
    assert blocks(body, 2)[0]["content"][0]["type"] == "image"
    assert "computer" in lossy({"tools": [screen]}, NEWEST)[1]


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({"type": "double_click", "x": 1, "y": 2}, {"action": "double_click", "coordinate": [1, 2]}),
        ({"type": "move", "x": 1, "y": 2}, {"action": "mouse_move", "coordinate": [1, 2]}),
        ({"type": "type", "text": "a"}, {"action": "type", "text": "a"}),
        ({"type": "keypress", "keys": ["ctrl", "s"]}, {"action": "key", "text": "ctrl+s"}),
        ({"type": "wait"}, {"action": "wait", "duration": 1}),
        ({"type": "screenshot"}, {"action": "screenshot"}),
        (
            {"type": "drag", "path": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]},
            {"action": "left_click_drag", "start_coordinate": [1, 2], "coordinate": [3, 4]},
        ),
        (
            {"type": "scroll", "x": 1, "y": 2, "scroll_x": 0, "scroll_y": -200},
            {"action": "scroll", "coordinate": [1, 2], "scroll_direction": "up", "scroll_amount": 2},
        ),
        (
            {"type": "scroll", "x": 1, "y": 2, "scroll_x": 90, "scroll_y": 0},
            {"action": "scroll", "coordinate": [1, 2], "scroll_direction": "right", "scroll_amount": 1},
        ),
    ],
)
def test_what_was_done_to_a_computer(action: Body, said: Body) -> None:
    done: Body = {"type": "computer_call", "call_id": "c", "actions": [action], "pending_safety_checks": []}
    shot = {"type": "computer_screenshot", "image_url": url_of("image/png", b"png")}
    items: list[Body] = [user("Hi"), done, {"type": "computer_call_output", "call_id": "c", "output": shot}]
    assert blocks(sent({"input": items, "tools": [{"type": "computer"}]}), 1)[0]["input"] == said
