"""Requests of the Messages API, read into ours: every recorded one must come out at Anthropic as it went in."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from antiphon.dialects.client_messages_request import AskedByMessages, asked_by_messages
from antiphon.errors import BadRequest
from antiphon.gateway.history import new_items
from antiphon.protocols import Caller, Turn
from antiphon.wire.envelope import Envelope, packed
from antiphon.wire.requests import Item
from tests.fakes import SEALER
from tests.message_streams import claude
from tests.unit.dialects.test_messages_request_recordings import EXCHANGES, Body, model_of, name_of, spelled

SPOKEN = {"text", "tool_use"}
RECORDED = [each for each in EXCHANGES if each["api"] in ("anthropic.messages", "anthropic.count_tokens")]

LEFT_OUT = {
    "context_management": "Anthropic's own; a note says so",
    "cache_control": "caches whatever comes last, which the gateway decides on itself",
    "stream": "said where it is true",
}


def asked(**members: Any) -> AskedByMessages:
    body = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]} | members
    return asked_by_messages(json.dumps(body).encode())


def body_of(**members: Any) -> Body:
    return json.loads(asked(**members).request.body)


def items_of(*messages: Body) -> list[Item]:
    return body_of(messages=list(messages))["input"]


def user(*content: Body) -> Body:
    return {"role": "user", "content": list(content)}


def assistant(*content: Body) -> Body:
    return {"role": "assistant", "content": list(content)}


def refused(**members: Any) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        asked(**members)
    return caught.value


def turn_for(said: AskedByMessages) -> Turn:
    count = iter(range(10_000))

    def new_id(prefix: str) -> str:
        return f"{prefix}_{next(count)}"

    return Turn(
        id="resp_1",
        created_at=1_700_000_000,
        caller=Caller("tenant", "key"),
        request=said.request,
        input=new_items(said.request, new_id, []),
        new_id=new_id,
        clock=lambda: 0.0,
    )


def carried(body: Body, model: str) -> Body:
    """The request of a client that had its answers from the gateway: what only Anthropic can read is in our seal."""
    body = copy.deepcopy(body)
    for message in body["messages"]:
        if message["role"] == "assistant" and isinstance(message["content"], list):
            message["content"] = enclosed(message["content"], model)
    return body


def enclosed(blocks: list[Body], model: str) -> list[Body]:
    said: list[Body] = []
    run: list[Body] = []
    for block in [*blocks, {"type": "text"}]:
        if block["type"] not in SPOKEN:
            run.append(block)
            continue
        if run:
            blob = SEALER.seal("tenant", packed(Envelope(p="anthropic", m=model, d="", k="anthropic", items=run, t=0)))
            said.append({"type": "redacted_thinking", "data": blob})
            run = []
        said.append(block)
    return said[:-1]


def blocks(content: Any) -> list[Body]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def plain(body: Body) -> Body:
    """A request in one spelling, and without what is known to differ."""
    told = {name: value for name, value in body.items() if value not in (None, [], {}) and name not in LEFT_OUT}
    if "system" in told:
        told["system"] = [bare(block) for block in blocks(told["system"])]
    messages = [
        {"role": each["role"], "content": [bare(spelled(block)) for block in blocks(each["content"]) if heard(block)]}
        for each in told["messages"]
    ]
    told["messages"] = [each for each in messages if each["content"]]
    told["tools"] = [tool for each in told.get("tools") or () if (tool := offered(each)) is not None]
    thinking = told.get("thinking")
    if thinking is not None and thinking["type"] == "enabled":
        told["thinking"] = {"type": "enabled"}  # of the budget only its size is told
    if "metadata" in told:
        told["metadata"] = {"user_id": told["metadata"]["user_id"].removesuffix(" of tenant")}
    if "output_config" in told:
        told["output_config"] = {n: v for n, v in told["output_config"].items() if n != "task_budget"}
    return told


def heard(block: Body) -> bool:
    return block["type"] not in ("tool_addition", "container_upload")


def bare(block: Body) -> Body:
    """Without marks for the cache, which the gateway sets itself where the client sets none."""
    return {name: value for name, value in block.items() if name != "cache_control"}


def offered(tool: Body) -> Body | None:
    kind = tool.get("type", "")
    if kind.startswith(("tool_search_tool", "advisor", "memory", "web_fetch", "mcp_toolset")):
        return None
    tool = {name: value for name, value in tool.items() if value is not None}
    tool = {name: value for name, value in tool.items() if name not in ("defer_loading", "cache_control")}
    if kind.startswith("code_execution"):
        tool["type"] = "code_execution"
    if not tool.get("description"):
        tool.pop("description", None)
    return tool


@pytest.mark.parametrize("exchange", RECORDED, ids=name_of)
def test_a_recorded_request_comes_out_as_it_went_in(exchange: Body) -> None:
    recorded = exchange["request"]["body"]
    target = claude(model_of(exchange))
    body = carried(recorded, target.model)
    counting = exchange["api"].endswith("count_tokens")
    said = asked_by_messages(json.dumps(body).encode(), counting=counting)
    built = target.dialect.build(turn_for(said), target)
    sent, wanted = plain(json.loads(built.body)), plain(recorded)
    if counting:
        del sent["max_tokens"]
    settle(sent, wanted)
    assert sent == wanted
    marked = json.dumps([recorded.get("system"), recorded["messages"]]).count('"cache_control"')
    assert not marked or json.dumps(json.loads(built.body)).count('"cache_control"') == min(marked, 4)


def settle(sent: Body, wanted: Body) -> None:
    """Puts away what is known to differ, having looked at it."""
    config: Body = wanted.get("output_config") or {}
    if config.get("effort") == "xhigh" and sent["output_config"]["effort"] == "max":
        config["effort"] = "max"  # what was recorded is that the model refuses it
    if config.get("effort") and "thinking" not in wanted:
        assert sent.pop("thinking") == {"type": "adaptive"}  # as the Responses API has it, effort is that of thoughts
    sent |= {"tools": without_memory(sent["tools"])}
    if not wanted["tools"]:
        assert {each["name"] for each in sent["tools"]} <= called(wanted)
        sent |= {"tools": wanted["tools"]}
        sent.pop("tool_choice", None)
        wanted.pop("tool_choice", None)
    thinking: Body = wanted.get("thinking") or {}
    if thinking.get("type") == "adaptive" and "output_config" not in wanted:
        assert sent.pop("output_config") == {"effort": "medium"}
    if "mcp_servers" in wanted:
        assert "mcp_servers" in sent


def without_memory(tools: list[Body]) -> list[Body]:
    """Its tool is a function here, since others than Anthropic are to know it."""
    return [each for each in tools if each.get("name") != "memory"]


def called(body: Body) -> set[str]:
    said = [block for message in body["messages"] for block in message["content"]]
    return {block["name"] for block in said if block["type"] == "tool_use"}


def test_every_recorded_request_is_there() -> None:
    assert len(RECORDED) > 70


@pytest.mark.parametrize(
    ("thinking", "effort", "reasoning"),
    [
        (None, None, None),
        (None, "max", {"effort": "max"}),
        ({"type": "disabled"}, "high", {"effort": "none"}),
        ({"type": "enabled", "budget_tokens": 1024}, None, {"effort": "low", "summary": "auto"}),
        ({"type": "enabled", "budget_tokens": 8192}, None, {"effort": "medium", "summary": "auto"}),
        ({"type": "enabled", "budget_tokens": 31999}, None, {"effort": "high", "summary": "auto"}),
        ({"type": "adaptive"}, None, {"effort": "medium", "summary": "auto"}),
        ({"type": "adaptive", "display": "omitted"}, "xhigh", {"effort": "xhigh"}),
    ],
)
def test_thoughts(thinking: Body | None, effort: str | None, reasoning: Body | None) -> None:
    said = body_of(thinking=thinking, output_config=effort and {"effort": effort})
    assert said.get("reasoning") == reasoning


def test_settings() -> None:
    said = body_of(
        temperature=0.5, top_p=0.9, top_k=3, stop_sequences=["END"], metadata={"user_id": "u" * 200}, stream=True
    )
    assert said["stop"] == ["END"]
    assert (said["temperature"], said["top_p"], said["top_k"], said["stream"]) == (0.5, 0.9, 3, True)
    assert said["user"] == "u" * 200
    assert said["store"] is False
    assert body_of(max_tokens=1)["max_output_tokens"] == 1
    assert body_of(service_tier="standard_only")["service_tier"] == "default"
    assert body_of(service_tier="auto")["service_tier"] == "auto"
    assert body_of(speed="fast")["service_tier"] == "fast"
    form = {"type": "json_schema", "schema": {"type": "object"}}
    told = {"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}}}
    assert body_of(output_config={"format": form})["text"] == told
    assert body_of(output_format=form)["text"] == told


def test_what_is_anthropics_own_is_noted() -> None:
    said = asked(context_management={"edits": []}, output_config={"task_budget": {"total": 1}}, inference_geo=None)
    assert [note.partition(" ")[0] for note in said.notes] == ["'context_management'", "'output_config.task_budget'"]
    assert "context_management" not in json.loads(said.request.body)


LOOK = {"name": "look", "input_schema": {"type": "object"}}


def tool_of(tool: Body, **members: Any) -> Body:
    (only,) = body_of(tools=[tool], **members)["tools"]
    return only


def test_tools() -> None:
    assert tool_of(LOOK | {"cache_control": {"type": "ephemeral"}, "strict": True}) == {
        "type": "function",
        "name": "look",
        "parameters": {"type": "object"},
        "strict": True,
    }
    search = {"type": "web_search_20250305", "name": "web_search", "allowed_domains": ["a.org"], "max_uses": 2}
    said = body_of(tools=[search])
    assert said["tools"] == [{"type": "web_search", "filters": {"allowed_domains": ["a.org"]}}]
    assert said["max_tool_calls"] == 2
    code = {"type": "code_execution_20250825", "name": "code_execution"}
    assert tool_of(code, container="c_1") == {"type": "code_interpreter", "container": "c_1"}
    assert "max_tool_calls" not in body_of(tools=[search, code]), "it would count what the code does, too"
    uploaded = [user({"type": "container_upload", "file_id": "file_1"}, {"type": "text", "text": "?"})]
    container = {"type": "auto", "file_ids": ["file_1"]}
    assert tool_of(code, messages=uploaded) == {"type": "code_interpreter", "container": container}
    assert asked(tools=[{"type": "tool_search_tool_bm25_20251119", "name": "find"}]).notes == ()
    (note,) = asked(tools=[{"type": "advisor_20260301", "name": "advisor"}]).notes
    assert "advisor_20260301" in note


@pytest.mark.parametrize("kind", ["bash_20250124", "text_editor_20250728", "memory_20250818", "computer_20251124"])
def test_tools_that_the_client_runs_are_functions(kind: str) -> None:
    tool = tool_of({"type": kind, "name": "its_name"})
    assert (tool["type"], tool["name"]) == ("function", "its_name")
    required = tool["parameters"]["required"]
    assert set(required) <= tool["parameters"]["properties"].keys()


def test_servers_of_mcp() -> None:
    server = {"type": "url", "url": "https://a.org", "name": "docs", "authorization_token": "t"}
    mcp = {"type": "mcp", "server_label": "docs", "server_url": "https://a.org", "require_approval": "never"}
    mcp["authorization"] = "t"
    assert body_of(mcp_servers=[server])["tools"] == [mcp]
    older = server | {"tool_configuration": {"enabled": True, "allowed_tools": ["find"]}}
    assert body_of(mcp_servers=[older])["tools"] == [mcp | {"allowed_tools": ["find"]}]
    toolset: Body = {"type": "mcp_toolset", "mcp_server_name": "docs", "default_config": {"enabled": False}}
    toolset["configs"] = {"find": {"enabled": True}, "drop": {"enabled": False}}
    assert tool_of(toolset, mcp_servers=[server]) == mcp | {"allowed_tools": ["find"]}


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"type": "auto"}, "auto"),
        ({"type": "any"}, "required"),
        ({"type": "none"}, "none"),
        ({"type": "tool", "name": "look"}, {"type": "function", "name": "look"}),
        ({"type": "tool", "name": "web_search"}, {"type": "web_search"}),
    ],
)
def test_choices(choice: Body, told: Any) -> None:
    tools = [LOOK, {"type": "web_search_20250305", "name": "web_search"}]
    assert body_of(tools=tools, tool_choice=choice)["tool_choice"] == told
    alone = body_of(tools=tools, tool_choice=choice | {"disable_parallel_tool_use": True})
    assert alone["parallel_tool_calls"] is False


def test_thoughts_that_come_back() -> None:
    items = items_of(
        assistant(
            {"type": "thinking", "thinking": "Hm.", "signature": "ant1.x"},
            {"type": "redacted_thinking", "data": "ant1.y"},
            {"type": "thinking", "thinking": "Hm.", "signature": ""},
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "text", "text": "So"},
            {"type": "text", "text": " it is."},
        )
    )
    assert [item["type"] for item in items] == ["reasoning", "reasoning", "reasoning", "message"]
    assert [item.get("encrypted_content") for item in items[:2]] == ["ant1.x", "ant1.y"]
    assert items[2]["content"] == [{"type": "reasoning_text", "text": "Hm."}]
    assert [part["text"] for part in items[3]["content"]] == ["So", " it is."]


def test_work_of_servers_comes_back_as_items() -> None:
    use = {"type": "server_tool_use", "id": "ws_1", "name": "web_search", "input": {"query": "q"}}
    found = [{"type": "web_search_result", "url": "https://a.org", "title": "A", "encrypted_content": ""}]
    result = {"type": "web_search_tool_result", "tool_use_id": "ws_1", "content": found}
    (item,) = items_of(assistant(use, result))
    assert (item["type"], item["id"], item["action"]["query"]) == ("web_search_call", "ws_1", "q")
    (unheard,) = items_of(assistant(use, {"type": "text", "text": "Hm."}))
    assert unheard["type"] == "message"


def test_results() -> None:
    use: Body = {"type": "tool_use", "id": "c_1", "name": "look", "input": {}}
    marked = {"type": "tool_result", "tool_use_id": "c_1", "content": "Seen.", "cache_control": {"type": "ephemeral"}}
    reference = {"type": "tool_result", "tool_use_id": "c_1", "content": [{"type": "tool_reference", "tool_name": "f"}]}
    found = {"type": "search_result", "title": "A", "source": "a.org", "content": [{"type": "text", "text": "B"}]}
    items = items_of(assistant(use), user(marked, {"type": "tool_result", "tool_use_id": "c_1"}, reference, found))
    outputs = [item["output"] for item in items if item["type"] == "function_call_output"]
    mark = {"mode": "explicit"}
    assert outputs == [
        [{"type": "input_text", "text": "Seen.", "prompt_cache_breakpoint": mark}],
        "",
        [{"type": "input_text", "text": "[f]"}],
    ]
    assert items[-1]["content"] == [{"type": "input_text", "text": "A (a.org):\nB"}]


def test_documents() -> None:
    said = {"type": "content", "content": [{"type": "text", "text": "B"}]}
    hour = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    (item,) = items_of(
        user(
            {"type": "document", "source": said, "title": "A"},
            {"type": "document", "source": {"type": "url", "url": "https://a.org/b.pdf"}} | hour,
            {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
            {"type": "image", "source": {"type": "url", "url": "https://a.org/b.png"}},
        )
    )
    lasting = {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}
    assert item["content"] == [
        {"type": "input_text", "text": "A:\nB"},
        {"type": "input_file", "file_url": "https://a.org/b.pdf"} | lasting,
        {"type": "input_file", "file_id": "file_1"},
        {"type": "input_image", "image_url": "https://a.org/b.png"},
    ]


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"messages": []}, "messages"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": [{"role": "robot", "content": "Hi"}]}, "messages[0]"),
        ({"messages": [user({"type": "smell"})]}, "messages[0].content[0].type"),
        ({"messages": [user({"type": "image"})]}, "messages[0].content[0].source"),
        ({"messages": [user({"type": "image", "source": {"type": "smell"}})]}, "messages[0].content[0].source.type"),
        ({"messages": [user({"type": "text"})]}, "messages[0].content[0].text"),
        ({"messages": [user({"type": "text", "text": 1})]}, "messages[0].content[0].text"),
        ({"messages": [assistant({"type": "smell"})]}, "messages[0].content[0].type"),
        ({"messages": [assistant({"type": "tool_use"})]}, "messages[0].content[0].id"),
        ({"system": [{"type": "smell"}]}, "system[0].type"),
        ({"tools": [{"name": "f"}]}, "tools[0].input_schema"),
        ({"tools": [LOOK], "tool_choice": {"type": "smell"}}, "tool_choice.type"),
        ({"thinking": {"type": "smell"}}, "thinking.type"),
    ],
)
def test_what_cannot_be_read_is_named(members: Body, param: str) -> None:
    assert refused(**members).param == param
