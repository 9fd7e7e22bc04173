"""Chat requests, read into ours: every recorded one must come out at a chat provider as it went in."""

import json
from typing import Any

import pytest

from antiphon.dialects.chat_request import build_chat
from antiphon.dialects.client_chat_request import asked_by_chat
from antiphon.errors import BadRequest
from antiphon.gateway.history import new_items
from antiphon.protocols import Caller, Turn
from antiphon.wire.requests import Request
from tests.fakes import SEALER, pseudonym
from tests.replayed import name_of, requests
from tests.unit.dialects.chat_turns import sealed_chat, target_of
from tests.unit.dialects.test_chat_request_golden import Body, quirks_of, said


def asked(**members: Any) -> Request:
    return asked_by_chat(json.dumps({"model": "m", "messages": [USER]} | members).encode()).request


def turn_for(request: Request) -> Turn:
    return Turn(
        id="resp_1",
        created_at=1_700_000_000,
        caller=Caller("tenant-a", "key-a"),
        request=request,
        input=new_items(request, lambda prefix: f"{prefix}_1", []),
        new_id=lambda prefix: f"{prefix}_1",
        clock=lambda: 0.0,
    )


USER = {"role": "user", "content": "Hi"}


@pytest.mark.parametrize("exchange", requests("openai-chat"), ids=name_of)
def test_a_recorded_request_comes_out_as_it_went_in(exchange: Body) -> None:
    body = exchange["request"]["body"]
    if any(tool.get("type", "function") not in ("function", "custom") for tool in body.get("tools") or ()):
        with pytest.raises(BadRequest, match="is no tool type"):
            build_chat(turn_for(asked_by_chat(json.dumps(body).encode()).request), target_of(), SEALER, pseudonym)
        return
    request = asked_by_chat(json.dumps(body).encode()).request
    target = target_of(quirks_of(exchange), model=body["model"])
    sent = json.loads(build_chat(turn_for(request), target, SEALER, pseudonym).body)
    wanted = dict(body)
    for name in ("user", "prompt_cache_key", "safety_identifier"):
        if body.get(name):
            wanted[name] = pseudonym("tenant-a", body[name])
    if body.get("reasoning"):
        wanted["reasoning"] = {"effort": body["reasoning"].get("effort")}
    wanted["messages"] = [without_foreign_seals(message) for message in body["messages"]]
    assert said(plain(sent)) == said(plain(wanted))


def without_foreign_seals(message: Body) -> Body:
    """What another gateway has sealed or signed is nothing that a provider is to be given by us; the words are."""
    kept = {name: value for name, value in message.items() if name != "reasoning_details"}
    told = [detail for detail in message.get("reasoning_details") or () if detail.get("text")]
    return kept | (
        {"reasoning_details": [{name: each[name] for name in ("type", "text")} for each in told]} if told else {}
    )


def plain(body: Body) -> Body:
    """With tools in place of `functions`, their older form, and of several answers one, as each is asked for."""
    body = {name: value for name, value in body.items() if name != "n"}
    if not body.get("functions"):
        return body
    kept = {name: value for name, value in body.items() if name not in ("functions", "function_call")}
    tools = [{"type": "function", "function": function} for function in body["functions"]]
    return kept | {"tools": tools, "parallel_tool_calls": False}


def test_a_chat_may_ask_for_fewer_tokens_than_a_response() -> None:
    assert asked(max_tokens=1).max_output_tokens == 1
    assert json.loads(asked(max_completion_tokens=5).body)["max_output_tokens"] == 5


def test_nothing_is_stored_and_reasoning_is_told() -> None:
    request = asked()
    assert request.store is False
    assert request.include == ["reasoning.encrypted_content"]
    assert request.reasoning is not None
    assert request.reasoning.summary == "auto"


def test_reasoning_that_comes_back_sealed_is_ours() -> None:
    seal = sealed_chat({"reasoning": "Hm."})
    details = [{"type": "reasoning.encrypted", "data": seal}, {"type": "reasoning.encrypted", "data": "gAAAA"}]
    spoken = {"role": "assistant", "content": "Hello.", "reasoning_content": "Hm.", "reasoning_details": details}
    items = asked(messages=[USER, spoken, USER]).input
    assert isinstance(items, list)
    assert items[1] == {"type": "reasoning", "summary": [], "encrypted_content": seal}
    assert [item["type"] for item in items] == ["message", "reasoning", "message", "message"]


def test_functions_of_the_older_form_are_called_and_answered() -> None:
    call = {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}}
    answer = {"role": "function", "name": "look", "content": "seen"}
    request = asked(messages=[USER, call, answer], functions=[{"name": "look", "parameters": {"type": "object"}}])
    assert isinstance(request.input, list)
    made, told = request.input[1:]
    assert (made["type"], told["type"]) == ("function_call", "function_call_output")
    assert made["call_id"] == told["call_id"]
    assert request.tools == [{"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": False}]


def test_functions_are_strict_only_where_a_chat_says_so() -> None:
    """The Responses API holds calls to their schema unasked, and with that makes all their arguments required."""
    said: list[Body] = [{}, {"strict": None}, {"strict": False}, {"strict": True}]
    request = asked(tools=[{"type": "function", "function": {"name": "look", **member}} for member in said])
    assert [tool["strict"] for tool in request.tools or ()] == [False, False, False, True]


def test_custom_tools_keep_their_grammar_and_their_calls() -> None:
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: X"}}
    tool = {"type": "custom", "custom": {"name": "patch", "format": grammar}}
    call = {"id": "call_1", "type": "custom", "custom": {"name": "patch", "input": "free"}}
    answer = {"role": "tool", "tool_call_id": "call_1", "content": "ok"}
    messages = [USER, {"role": "assistant", "tool_calls": [call]}, answer]
    request = asked(messages=messages, tools=[tool], tool_choice={"type": "custom", "custom": {"name": "patch"}})
    assert request.tools == [
        {"type": "custom", "name": "patch", "format": {"type": "grammar", "syntax": "lark", "definition": "start: X"}}
    ]
    assert request.tool_choice == {"type": "custom", "name": "patch"}
    assert isinstance(request.input, list)
    assert [item["type"] for item in request.input[1:]] == ["custom_tool_call", "custom_tool_call_output"]


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0]"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "hologram"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": "c"}]}]}, "messages[0].tool_calls"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"n": 129}, "n"),
        ({"modalities": ["smell"]}, "modalities[0]"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"temperature": 9}, "temperature"),
    ],
)
def test_what_is_wrong_is_named_in_the_clients_words(members: Body, param: str) -> None:
    with pytest.raises(BadRequest) as refused:
        asked(**members)
    assert refused.value.param == param
