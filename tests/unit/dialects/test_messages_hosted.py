"""What Anthropic's own tools did, and what its answers rest on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.grammar import check_stream
from tests.message_streams import (
    answered,
    asking,
    block,
    call_block,
    heard,
    message,
    result,
    say,
    sealed_in,
    start,
    stop,
    text_block,
    use,
)

Body = dict[str, Any]


@pytest.mark.parametrize(
    ("action", "made"),
    [
        ({"action": "left_click", "coordinate": [1, 2]}, {"type": "click", "button": "left", "x": 1, "y": 2}),
        ({"action": "double_click", "coordinate": [1, 2]}, {"type": "double_click", "x": 1, "y": 2}),
        ({"action": "mouse_move", "coordinate": [1, 2]}, {"type": "move", "x": 1, "y": 2}),
        (
            {"action": "left_click_drag", "start_coordinate": [1, 2], "coordinate": [3, 4]},
            {"type": "drag", "path": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]},
        ),
        (
            {"action": "scroll", "coordinate": [1, 2], "scroll_direction": "down", "scroll_amount": 3},
            {"type": "scroll", "x": 1, "y": 2, "scroll_x": 0, "scroll_y": 300},
        ),
        ({"action": "type", "text": "a"}, {"type": "type", "text": "a"}),
        ({"action": "key", "text": "ctrl+s"}, {"type": "keypress", "keys": ["ctrl", "s"]}),
        ({"action": "wait", "duration": 1}, {"type": "wait"}),
        ({"action": "screenshot"}, {"type": "screenshot"}),
    ],
)
def test_what_is_to_be_done_to_a_computer(action: Body, made: Body) -> None:
    turn = asking(tools=[{"type": "computer_use_preview", "display_width": 8, "display_height": 6}])
    answer = heard(start() + call_block(0, "computer", json.dumps(action)) + stop("tool_use"), turn=turn)
    check_stream(answer.events)
    assert (answer.output[0]["type"], answer.output[0]["action"]) == ("computer_call", made)


@pytest.mark.parametrize("action", [{"action": "zoom"}, {"action": "left_click"}, {"action": "scroll"}, {}])
def test_what_there_is_no_word_for_is_a_plain_call(action: Body) -> None:
    turn = asking(tools=[{"type": "computer"}])
    answer = heard(start() + call_block(0, "computer", json.dumps(action)) + stop("tool_use"), turn=turn)
    check_stream(answer.events)
    assert (answer.output[0]["type"], json.loads(answer.output[0]["arguments"])) == ("function_call", action)


def test_citations_span_what_rests_on_them() -> None:
    page = {"type": "web_search_result_location", "url": "https://a.example", "title": "A", "cited_text": "x"}
    file = {"type": "char_location", "document_index": 0, "document_title": "b.txt", "file_id": "file_1"}
    found = {"type": "search_result_location", "source": "https://c.example", "title": "C"}
    kept = {"type": "search_result_location", "source": "note-1", "title": "N"}
    cited = say("two.", citations=[page, file, found, kept])
    [item] = answered(message(say("One, "), cited))["output"]
    [part] = item["content"]
    assert part["text"] == "One, two."
    assert part["annotations"] == [
        {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 5, "end_index": 9},
        {"type": "file_citation", "file_id": "file_1", "filename": "b.txt", "index": 9},
        {"type": "url_citation", "url": "https://c.example", "title": "C", "start_index": 5, "end_index": 9},
        {"type": "file_citation", "file_id": "note-1", "filename": "N", "index": 9},
    ]


def test_a_search_is_told() -> None:
    found = result("web_search_tool_result", [{"type": "web_search_result", "url": "https://a.example", "title": "A"}])
    asked = block(0, use("web_search") | {"input": {}}, {"type": "input_json_delta", "partial_json": '{"query": "q"}'})
    answer = heard(start() + asked + block(1, found) + text_block(2, "Ah") + stop("end_turn"), turn=asking())
    check_stream(answer.events)
    seal, search, _ = answer.output
    assert search["action"] == {
        "type": "search",
        "query": "q",
        "queries": ["q"],
        "sources": [{"type": "url", "url": "https://a.example"}],
    }
    assert (search["id"], search["status"]) == ("srv_1", "completed")
    assert sealed_in(seal) == [use("web_search", query="q"), found]
    assert "web_search_call.completed" in answer.types


@pytest.mark.parametrize(
    ("asked", "came", "made"),
    [
        (
            use("web_search", query="q"),
            result("web_search_tool_result", {"type": "web_search_tool_result_error", "error_code": "unavailable"}),
            {"type": "web_search_call", "status": "failed"},
        ),
        (
            use("web_fetch", url="https://a.example"),
            result("web_fetch_tool_result", {"type": "web_fetch_result", "url": "https://a.example"}),
            {"type": "web_search_call", "action": {"type": "open_page", "url": "https://a.example"}},
        ),
        (
            use("code_execution", code="1+1"),
            result("code_execution_tool_result", {"type": "code_execution_result", "stdout": "2\n", "stderr": "!"}),
            {"type": "code_interpreter_call", "code": "1+1", "outputs": [{"type": "logs", "logs": "2\n!"}]},
        ),
        (
            use("bash_code_execution", command="ls"),
            result("bash_code_execution_tool_result", {"type": "bash_code_execution_tool_result_error"}),
            {"type": "code_interpreter_call", "code": "ls", "status": "failed", "outputs": []},
        ),
        (
            use("text_editor_code_execution", command="view", path="a"),
            result("text_editor_code_execution_tool_result", {"type": "x", "lines": ["-a", "+b"]}),
            {"code": '{"command":"view","path":"a"}', "outputs": [{"type": "logs", "logs": "-a\n+b"}]},
        ),
        (
            use("look", "mcp_tool_use", a=1) | {"server_name": "wiki"},
            result("mcp_tool_result", [say("seen")], is_error=False),
            {"type": "mcp_call", "server_label": "wiki", "name": "look", "arguments": '{"a":1}', "output": "seen"},
        ),
        (
            use("look", "mcp_tool_use") | {"server_name": "wiki"},
            result("mcp_tool_result", "broken", is_error=True),
            {"type": "mcp_call", "output": None, "status": "failed"},
        ),
        (
            use("tool_search_tool_bm25", query="q"),
            result("tool_search_tool_result", {"type": "tool_search_tool_search_result", "tool_references": []}),
            {"type": "tool_search_call", "execution": "server", "arguments": {"query": "q"}},
        ),
    ],
)
def test_what_the_providers_tools_did(asked: Body, came: Body, made: Body) -> None:
    answer = heard(start() + block(0, asked) + block(1, came) + text_block(2, "Ah") + stop("end_turn"), turn=asking())
    check_stream(answer.events)
    seal, item, _ = answer.output
    assert {name: item[name] for name in made} == made
    assert sealed_in(seal) == [asked, came]


def test_what_there_is_no_item_for_is_kept_for_the_provider() -> None:
    advice = [use("advisor"), result("advisor_tool_result", {"type": "advisor_result", "text": "4"})]
    seal, words = answered(message(*advice, say("Four")), asking())["output"]
    assert sealed_in(seal) == advice
    assert words["type"] == "message"


def test_the_container_is_kept() -> None:
    box = {"id": "container_1", "expires_at": "2099-01-01T00:00:00Z"}
    words, seal = answered(message(say("Hi"), container=box), asking())["output"]
    assert words["type"] == "message"
    assert sealed_in(seal) == [{"type": "container", **box}]
