"""Every recorded request of the Messages API, rebuilt from the Responses request that a client would have sent."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import unquote

import pytest

from antiphon.protocols import Turn
from antiphon.wire.requests import is_array, is_item
from tests.chat_streams import a_turn
from tests.message_streams import claude, host_of
from tests.replayed import answers, name_of, requests
from tests.unit.dialects.messages_to_responses import Back

Body = dict[str, Any]

EXCHANGES = [
    *requests("anthropic-messages"),
    *requests("anthropic-count-tokens"),
    *requests("bedrock-invoke-anthropic"),
    *(each for each in requests("bedrock-count-tokens") if "invokeModel" in each["request"]["body"]["input"]),
]
MODEL = re.compile(r"/models?/([^/]+?)(?::\w+|/[\w-]+)$")


def model_of(exchange: Body) -> str:
    """As the body has it or, where others serve it, the path."""
    found = MODEL.search(unquote(exchange["request"]["url_path"]))
    return exchange["request"]["body"]["model"] if found is None else found[1]


def message_in(body: Body) -> Body:
    """What is asked or counted, out of what Amazon wraps a count in."""
    return json.loads(base64.b64decode(body["input"]["invokeModel"]["body"])) if "input" in body else body


def turn_of(back: Back) -> Turn:
    turn = a_turn(**back.request)
    turn.input = [{"id": f"item_{place}", **item} for place, item in enumerate(back.items)]
    return turn


def blocks(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def present(value: Any) -> Any:
    """Without members that say nothing."""
    if is_item(value):
        return {name: present(part) for name, part in value.items() if part is not None}
    return [present(part) for part in value] if is_array(value) else value


def wanted(body: Body, back: Back) -> Body:
    """What was recorded, in one spelling, and without what could not be said."""
    body = {name: value for name, value in present(body).items() if name not in back.unsaid}
    body.pop("cache_control", None)
    if "system" in body:
        body["system"] = blocks(body["system"])
    body["messages"] = [each for message in body["messages"] if (each := told(message))["content"]]
    body["tools"] = [tool for tool in map(tooled, body.get("tools") or []) if tool is not None]
    if not body.get("stream"):
        body.pop("stream", None)
    return body


def told(message: Body) -> Body:
    said = [block for block in blocks(message["content"]) if block["type"] != "tool_addition"]
    return {"role": message["role"], "content": [spelled(block) for block in said]}


def spelled(block: Body) -> Body:
    if block["type"] == "tool_reference":
        return {"type": "text", "text": f"[{block['tool_name']}]"}
    if block["type"] != "tool_result":
        if "cache_control" in block:
            return block | {
                "cache_control": {name: part for name, part in block["cache_control"].items() if part != "5m"}
            }
        return block
    result = {"type": "tool_result", "tool_use_id": block["tool_use_id"]}
    if said := [spelled(each) for each in blocks(block.get("content", ""))]:
        result["content"] = said
    return result | ({"is_error": True} if block.get("is_error") else {})


def tooled(tool: Body) -> Body | None:
    kind = tool.get("type", "")
    if kind.startswith(("tool_search_tool", "advisor", "memory", "web_fetch", "mcp_toolset")):
        return None
    tool = {name: value for name, value in tool.items() if name not in ("defer_loading", "cache_control")}
    if kind.startswith("code_execution"):
        tool["type"] = "code_execution"
    if not tool.get("description"):
        tool.pop("description", None)
    return tool


def got(body: Body, recorded: Body, back: Back) -> Body:
    """What was built, likewise."""
    body = wanted(body, back)
    marked = "cache_control" in json.dumps([recorded.get("system"), recorded["messages"]])
    if not marked:
        for block in [*body.get("system", ()), *(each for message in body["messages"] for each in message["content"])]:
            block.pop("cache_control", None)
    return body


@pytest.mark.parametrize("exchange", EXCHANGES, ids=name_of)
def test_a_recorded_request(exchange: Body) -> None:
    recorded = message_in(exchange["request"]["body"])
    back = Back(recorded, model_of(exchange))
    target = claude(model_of(exchange), host_of(exchange))
    turn = turn_of(back)
    built = target.dialect.build(turn, target)
    counting = exchange["api"].endswith("count_tokens")
    counted = target.dialect.counting.body(built.body, target) if counting and target.dialect.counting else built.body
    body, said = got(message_in(json.loads(counted)), recorded, back), wanted(recorded, back)
    if not counting and recorded.get("stream") is False:
        assert built.streamed is (True if body.pop("stream", False) else None)
    settle(body, said, back)
    assert body == said


def settle(body: Body, said: Body, back: Back) -> None:
    """Puts away what is known to differ, having looked at it."""
    unsaid = back.unsaid
    if "a budget of so many tokens" in unsaid:
        assert body.pop("thinking")["type"] == said.pop("thinking")["type"]
    if "an effort without thoughts" in unsaid:
        assert body.pop("thinking") == {"type": "adaptive"}
    if "a budget for a task" in unsaid:
        del said["output_config"]["task_budget"]
    config: Body = said.get("output_config") or {}
    if config.get("effort") == "xhigh" and back.model == "claude-opus-4-6":
        said["output_config"]["effort"] = "max"  # what was recorded is that the model refuses it
    if not said["tools"]:  # none that could be offered: those that were called are named, and none may be called
        assert {each["name"] for each in body["tools"]} == called(said)
        said["tools"] = body["tools"]
        said.pop("tool_choice", None)
        assert body.pop("tool_choice", {"type": "none"}) == {"type": "none"}
    if "files for a container that is there already" in unsaid:
        for message in said["messages"]:
            message["content"] = [each for each in message["content"] if each["type"] != "container_upload"]
    if "metadata" in said:
        said["metadata"] = {"user_id": f"{said['metadata']['user_id']} of tenant"}


def called(body: Body) -> set[str]:
    said = [block for message in body["messages"] for block in message["content"]]
    return {block["name"] for block in said if block["type"] == "tool_use"}


def test_there_are_requests() -> None:
    assert len(EXCHANGES) > 90


@pytest.mark.parametrize("exchange", answers("anthropic-count-tokens"), ids=name_of)
def test_a_recorded_count_is_read(exchange: Body) -> None:
    counting, answer = claude().dialect.counting, exchange["response"]["body"]
    assert counting is not None
    assert counting.tokens(json.dumps(answer).encode()) == answer["input_tokens"]
