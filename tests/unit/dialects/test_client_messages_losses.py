"""What a request of the Messages API says that nobody but Anthropic can be told: said otherwise, noted, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.dialects.test_client_messages_request import asked, assistant, body_of, items_of, refused, user

Body = dict[str, Any]

DOCUMENT: Body = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}
RESULT: Body = {"type": "search_result", "source": "https://a.org", "title": "A", "content": []}
CUSTOM: Body = {"name": "look", "input_schema": {"type": "object"}}
SEARCH: Body = {"type": "web_search_20250305", "name": "web_search", "max_uses": 2}
CODE: Body = {"type": "code_execution_20250825", "name": "code_execution"}
SERVER: Body = {"type": "url", "name": "docs", "url": "https://a.org/mcp"}


LOST_OF_MESSAGES: list[tuple[Body, str]] = [
    (user(DOCUMENT | {"citations": {"enabled": True}}), "messages[0].content[0].citations"),
    (user(RESULT | {"citations": {"enabled": True}}), "messages[0].content[0].citations"),
    (assistant({"type": "advisor_tool_result", "tool_use_id": "a", "content": {}}), "tools of Anthropic's own"),
    (assistant({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}), "still at work"),
    ({"role": "system", "content": [{"type": "tool_removal", "tool": {}}]}, "taken away"),
    ({"role": "system", "content": "x", "clear_at": "next_user_message"}, "messages[0].clear_at"),
]
LOST_OF_TOOLS: list[tuple[Body, str]] = [
    ({"tools": [CUSTOM | {"input_examples": [{}]}]}, "tools[0].input_examples"),
    ({"tools": [CUSTOM | {"allowed_callers": ["code_execution_20250825"]}]}, "tools[0].allowed_callers"),
    ({"tools": [SEARCH, CODE]}, "max_uses"),
    ({"tools": [CODE], "container": {"skills": [{"type": "anthropic", "skill_id": "pdf"}]}}, "container.skills"),
    ({"tools": [{"type": "computer_toolset_20260801"}]}, "computer_toolset_20260801"),
    ({"tools": [{"type": "computer_20251124", "name": "computer", "enable_zoom": True}]}, "enable_zoom"),
]


def toolset(**members: Any) -> Body:
    return {"tools": [{"type": "mcp_toolset", "mcp_server_name": "docs"} | members], "mcp_servers": [SERVER]}


def test_what_is_said_of_a_document_stands_before_it() -> None:
    (message,) = items_of(user(DOCUMENT | {"context": "A draft."}))
    assert [part["type"] for part in message["content"]] == ["input_text", "input_file"]
    assert "A draft." in message["content"][0]["text"]
    call = assistant({"type": "tool_use", "id": "t", "name": "look", "input": {}})
    answer = user({"type": "tool_result", "tool_use_id": "t", "content": [DOCUMENT | {"context": "A draft."}]})
    result = items_of(user({"type": "text", "text": "Look."}), call, answer)[-1]
    assert [part["type"] for part in result["output"]] == ["input_text", "input_file"]


@pytest.mark.parametrize(("content", "noted"), LOST_OF_MESSAGES)
def test_what_is_lost_of_messages_is_noted(content: Body, noted: str) -> None:
    (note,) = asked(messages=[content]).notes
    assert noted in note


@pytest.mark.parametrize(
    "content",
    [
        user(DOCUMENT | {"citations": {"enabled": False}}),
        assistant({"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}}),
        assistant({"type": "mcp_tool_listing", "mcp_server_name": "docs", "tools": []}),
    ],
)
def test_marks_that_say_nothing_to_a_model_are_no_loss(content: Body) -> None:
    assert asked(messages=[user({"type": "text", "text": "x"}), content]).notes == ()


@pytest.mark.parametrize(("members", "noted"), LOST_OF_TOOLS)
def test_what_is_lost_of_tools_is_noted(members: Body, noted: str) -> None:
    said = asked(**members)
    (note,) = said.notes
    assert noted in note
    assert all(tool.get("name") != "None" for tool in said.request.tools or ())


def test_what_nobody_has_to_be_told_is_no_loss() -> None:
    assert asked(tools=[CUSTOM | {"allowed_callers": ["direct"], "eager_input_streaming": True}]).notes == ()
    assert asked(tools=[SEARCH]).notes == ()


def test_who_uses_a_computer_knows_how_large_its_screen_is() -> None:
    screen = {"display_width_px": 1024, "display_height_px": 768}
    (tool,) = body_of(tools=[{"type": "computer_20250124", "name": "computer"} | screen])["tools"]
    assert "1024 pixels wide and 768 pixels high" in tool["description"]


def test_tools_of_a_server_that_may_not_be_called_are_not_offered() -> None:
    off = {"configs": {"erase": {"enabled": False}}}
    assert refused(**toolset(**off)).param == "tools[0].configs"
    (tool,) = body_of(**toolset(**off, tools=[{"name": "erase"}, {"name": "find"}]))["tools"]
    assert tool["allowed_tools"] == ["find"]
    (tool,) = body_of(**toolset(configs={"find": {"defer_loading": True}}))["tools"]
    assert "allowed_tools" not in tool
    assert "tools" not in body_of(mcp_servers=[SERVER | {"tool_configuration": {"enabled": False}}])
