"""Tools that a chat completions provider ran by itself, and what its filters recognised."""

import json
from typing import Any

import pytest

from antiphon.dialects.refusals import refusal
from antiphon.wire.synthesis import synthesised
from tests.chat_streams import a_turn, answered, chunk, completion, heard, stream
from tests.grammar import check_stream

EVERYTHING = ["web_search_call.action.sources", "code_interpreter_call.outputs"]
RESULTS = {"results": [{"title": "A", "url": "https://a.example", "content": "x", "score": 0.9}, {"title": "none"}]}


def tool(kind: str, arguments: Any = None, output: str | None = "done", index: int = 0, **more: Any) -> dict[str, Any]:
    said = {"index": index, "type": kind, "arguments": json.dumps(arguments or {})}
    return said | ({} if output is None else {"output": output}) | more


def shown(*tools: dict[str, Any], include: list[str] | None = None) -> list[Any]:
    """The items for tools of an answer that came whole, which its stream has too."""
    streamed = heard(
        stream(*(chunk(executed_tools=[each]) for each in tools), chunk(content="Hi"), chunk("stop")),
        a_turn(include=include or []),
    )
    check_stream(streamed.events)
    whole = answered(completion({"executed_tools": list(tools), "content": "Hi"}), a_turn(include=include or []))
    assert streamed.body["output"] == whole["output"]
    check_stream(synthesised(json.dumps(whole).encode()))
    return whole["output"][:-1]


def test_a_search_and_its_sources() -> None:
    search = tool("search", {"query": "weather"}, search_results=RESULTS)
    (item,) = shown(search)
    assert (item["type"], item["status"]) == ("web_search_call", "completed")
    assert item["action"] == {"type": "search", "query": "weather", "queries": ["weather"]}
    (item,) = shown(search, include=EVERYTHING)
    assert item["action"]["sources"] == [{"type": "url", "url": "https://a.example"}]


def test_a_page_that_was_read() -> None:
    (item,) = shown(tool("visit", {"url": "https://a.example"}))
    assert item["action"] == {"type": "open_page", "url": "https://a.example"}


@pytest.mark.parametrize(("include", "outputs"), [([], None), (EVERYTHING, [{"type": "logs", "logs": "2"}])])
def test_code_that_was_run(include: list[str], outputs: Any) -> None:
    (item,) = shown(tool("python", {"code": "1 + 1"}, "2"), include=include)
    assert (item["type"], item["code"], item["outputs"]) == ("code_interpreter_call", "1 + 1", outputs)


def test_any_other_tool_is_a_call_at_the_providers_server() -> None:
    (item,) = shown(tool("wolfram", {"query": "pi"}, "3.14"))
    assert item["type"] == "mcp_call"
    assert (item["server_label"], item["name"], item["output"]) == ("provider", "wolfram", "3.14")
    assert item["arguments"] == '{"query": "pi"}'


def test_a_tool_is_told_once() -> None:
    begun, done = tool("search", {"query": "a"}, None), tool("search", {"query": "a"}, "x")
    assert len(shown(begun, done, done)) == 1
    assert len(shown(begun, done, tool("search", {"query": "b"}, "x"), tool("search", {"query": "a"}, "x", 1))) == 3


def test_a_tool_of_whose_end_nobody_told_is_told_at_the_end() -> None:
    answer = heard(stream(chunk(executed_tools=[tool("search", {"query": "a"}, None)]), chunk("stop")))
    check_stream(answer.events)
    assert [item["type"] for item in answer.body["output"]] == ["web_search_call"]


def test_odd_tools_break_nothing() -> None:
    odd: list[Any] = [
        {"type": 3},
        {"output": "x"},
        {"type": "search", "arguments": "{", "output": "x", "search_results": []},
    ]
    answer = heard(stream(chunk(executed_tools=odd), chunk(executed_tools="none"), chunk("stop")))
    check_stream(answer.events)
    assert len(answer.body["output"]) == 2


def test_where_recognised_code_comes_from() -> None:
    verdict = {"filtered": False, "detected": True, "citation": {"URL": "https://a.example/x", "license": "MIT"}}
    filtered: Any = {"protected_material_code": verdict, "hate": {"filtered": False}, "odd": {"citation": {}}}
    choice: Any = {"index": 0, "delta": {}, "finish_reason": "stop", "content_filter_results": filtered}
    answer = heard(stream(chunk(content="x = 1"), {"choices": [choice]}))
    check_stream(answer.events)
    assert answer.body["output"][0]["content"][0]["annotations"] == [
        {"type": "url_citation", "url": "https://a.example/x", "title": "MIT", "start_index": 0, "end_index": 5}
    ]


def test_a_call_that_came_out_wrong_is_shown_with_its_error() -> None:
    error = {"message": "Failed to call a function.", "code": "tool_use_failed", "failed_generation": "<f>{</f>"}
    told = refusal(400, json.dumps({"error": error}).encode(), None)
    assert told.message == "Failed to call a function. The model wrote: <f>{</f>"
    streamed = heard(stream({"error": error | {"status_code": 400}})).error
    assert streamed is not None
    assert streamed.message == told.message
