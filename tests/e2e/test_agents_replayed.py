"""What Codex and Claude Code send, over four kinds of upstream, without the agents.

`agents/*.json` are first requests as the agents sent them, their texts left out. The rest of each conversation is told
as the agent would: what the model said goes back as it came, with the results of its calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e import sse
from tests.e2e.coding import DONE, THOUGHT, Coder, Step, coders, kinds, newest_kinds
from tests.e2e.gateway import Gateway
from tests.grammar import check_stream

Body = dict[str, Any]
World = tuple[Gateway, dict[str, Coder]]

RECORDED = Path(__file__).parent / "agents"
PATCH = "*** Begin Patch\n*** Add File: naïve.txt\n+“one”\n*** End Patch\n"
MOST_TURNS = 8


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with coders(tmp_path_factory.mktemp("gateway")) as opened:
        yield opened


@pytest.fixture
def wire(world: World) -> Iterator[httpx.Client]:
    with world[0].wire() as opened:
        yield opened


def recorded(name: str, coder: Coder) -> tuple[str, dict[str, str], Body]:
    """Path, headers and body of the request, for the model of `coder`."""
    told = json.loads((RECORDED / f"{name}.json").read_text())
    return told["path"], told["headers"], told["body"] | {"model": coder.model}


def codex_output(call: Body) -> Body:
    kind = "custom_tool_call_output" if call["type"] == "custom_tool_call" else "function_call_output"
    return {"type": kind, "call_id": call["call_id"], "output": "Process exited with code 0\nOutput:\ndone\n"}


def codex_item(item: Body) -> Body:
    """As Codex sends an item back: with neither id nor status, and content that it does not have as null."""
    kept = {name: value for name, value in item.items() if name not in ("id", "status")}
    return kept | {"content": None} if item["type"] == "reasoning" else kept


def codex_turns(wire: httpx.Client, coder: Coder, name: str = "codex") -> list[Body]:
    """Every item that the model said, in the whole conversation."""
    path, headers, body = recorded(name, coder)
    items: list[Body] = []
    for _ in range(MOST_TURNS):
        answer = wire.post(path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        events = sse.events(answer.content)
        check_stream(events, relayed=coder.model.startswith(("responses", "newest/")))
        assert events[-1]["type"] == "response.completed", "Codex would ask again for ever"
        assert None not in events[-1]["response"]["usage"].values(), "Codex would take it for an older gateway"
        said = [event["item"] for event in events if event["type"] == "response.output_item.done"]
        calls = [item for item in said if item["type"].endswith("_call")]
        items += said
        if not calls:
            return items
        for call in calls:
            if call["type"] == "custom_tool_call":
                deltas = [e["delta"] for e in events if e["type"] == "response.custom_tool_call_input.delta"]
                assert "".join(deltas) == call["input"], "a patch is shown as it is written"
        body = body | {"input": [*body["input"], *map(codex_item, said), *map(codex_output, calls)]}
    raise AssertionError("the conversation did not end")


@kinds
def test_codex_gets_its_tools_called_as_it_offered_them(world: World, wire: httpx.Client, kind: str) -> None:
    coder = world[1][kind]
    command = {"cmd": "ls", "yield_time_ms": 100}
    coder.will(
        Step("exec_command", command),
        Step("apply_patch", {"input": PATCH}),
        Step("close_agent", {"target": "one"}),
    )
    items = codex_turns(wire, coder)
    assert coder.refused == []
    run, patch, close = [item for item in items if item["type"].endswith("_call")]
    assert (run["type"], run["name"], json.loads(run["arguments"])) == ("function_call", "exec_command", command)
    assert (patch["type"], patch["name"], patch["input"]) == ("custom_tool_call", "apply_patch", PATCH)
    assert (close["name"], close["namespace"]) == ("close_agent", "multi_agent_v1")
    assert len({call["call_id"] for call in (run, patch, close)}) == 3
    assert [part["text"] for part in items[-1].get("content") or items[-2]["content"]] == [DONE]


@newest_kinds
def test_codex_has_the_tools_of_its_newest_models(world: World, wire: httpx.Client, kind: str) -> None:
    coder = world[1][kind]
    script = "text('naïve')"
    coder.will(Step("exec", {"input": script}), Step("sleep", {"seconds": 1}))
    items = codex_turns(wire, coder, "codex-newest")
    assert coder.refused == []
    run, sleep = [item for item in items if item["type"].endswith("_call")]
    assert (run["type"], run["namespace"], run["name"]) == ("custom_tool_call", "functions", "exec")
    assert run["input"] == script
    assert (sleep["type"], sleep["namespace"], sleep["name"]) == ("function_call", "clock", "sleep")


def claude_message(answer: httpx.Response) -> Body:
    """The message that Claude Code puts together of the events, and its stop reason."""
    assert answer.status_code == 200, answer.text
    message: Body = {"role": "assistant", "content": []}
    inputs: dict[int, str] = {}
    for frame in answer.text.strip().split("\n\n"):
        event = json.loads(frame.partition("data: ")[2])
        match event["type"]:
            case "content_block_start":
                message["content"].append(event["content_block"])
            case "content_block_delta":
                block, delta = message["content"][event["index"]], event["delta"]
                if delta["type"] == "input_json_delta":
                    inputs[event["index"]] = inputs.get(event["index"], "") + delta["partial_json"]
                else:
                    member = delta["type"].removesuffix("_delta")
                    block[member] = block.get(member, "") + delta[member]
            case "message_delta":
                message["stop"] = event["delta"]["stop_reason"]
                assert event["usage"]["output_tokens"] > 0
            case kind:
                assert kind in ("message_start", "ping", "content_block_stop", "message_stop"), event
    for index, said in inputs.items():
        message["content"][index]["input"] = json.loads(said or "{}")
    return message


def claude_turns(wire: httpx.Client, coder: Coder, name: str) -> list[Body]:
    """Every message of the model's, in the whole conversation."""
    path, headers, body = recorded(name, coder)
    history: list[Body] = body["messages"]
    messages: list[Body] = []
    for _ in range(MOST_TURNS):
        answer = wire.post(path, json=body | {"messages": history}, headers=headers | {"x-api-key": "not this one"})
        message = claude_message(answer)
        messages.append(message)
        calls = [block for block in message["content"] if block["type"] == "tool_use"]
        assert message.pop("stop") == ("tool_use" if calls else "end_turn")
        if not calls:
            return messages
        for block in (block for earlier in history for block in earlier["content"]):
            block.pop("cache_control", None)
        results: list[Body] = [{"type": "tool_result", "tool_use_id": call["id"], "content": "done"} for call in calls]
        results[-1]["cache_control"] = {"type": "ephemeral"}  # the one mark in the messages moves along
        history += [message, {"role": "user", "content": results}]
    raise AssertionError("the conversation did not end")


@kinds
def test_claude_code_gets_its_tools_called_as_it_offered_them(world: World, wire: httpx.Client, kind: str) -> None:
    coder = world[1][kind]
    edit = {"file_path": "/w/naïve.txt", "old_string": "“a”", "new_string": "b\n\tc", "replace_all": False}
    coder.will(
        Step("Edit", edit), Step("Bash", {"command": "true"}), Step("Agent", {"prompt": "p", "description": "d"})
    )
    messages = claude_turns(wire, coder, "claude-own" if kind == "anthropic" else "claude")
    assert coder.refused == []
    calls = [block for message in messages for block in message["content"] if block["type"] == "tool_use"]
    assert [call["name"] for call in calls] == ["Edit", "Bash", "Agent"]
    assert calls[0]["input"] == edit
    assert len({call["id"] for call in calls}) == 3
    assert messages[-1]["content"][-1]["text"] == DONE


@pytest.mark.parametrize("kind", ["responses", "anthropic", "gemini"])
def test_what_the_model_thought_goes_back_to_it(world: World, wire: httpx.Client, kind: str) -> None:
    coder = world[1][kind]
    coder.will(Step("exec_command", {"cmd": "ls"}))
    codex_turns(wire, coder)
    assert coder.refused == []
    signed = coder.vendor.signed
    assert THOUGHT in signed.values() or kind == "gemini"
    assert any(json.dumps(seal) in json.dumps(coder.bodies[-1]) for seal in signed)
