"""Every recorded exchange with Ollama's own chat: its request asked again, its answer read by dialect and by this file.

The recordings of its older sister for single prompts, ``/api/generate``, are answers of the same form but for where the
text stands: they are read as a chat would have given them.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.grammar import check_stream
from tests.replayed import answers, name_of, recorded, requests
from tests.unit.dialects.ollama_turns import a_target, answered, heard, ollama

Body = dict[str, Any]

CHATS = answers("ollama")
EXCHANGES = CHATS + [each for each in recorded() if each["api"] == "ollama.generate"]


def responses_request(body: Body) -> Body:
    """The create request that asks what `body` asks; a prompt that is too long was cut, as Ollama does by default."""
    items: list[Body] = []
    for message in body["messages"]:
        if message["role"] == "tool":
            items.append({"type": "function_call_output", "call_id": "call_0", "output": message["content"]})
        elif message["role"] == "assistant":
            for call in message.get("tool_calls", ()):
                function = call["function"]
                arguments = json.dumps(function["arguments"])
                called = {"type": "function_call", "call_id": "call_0", "name": function["name"]}
                items.append(called | {"arguments": arguments})
        else:
            items.append(message)
    return {"model": body["model"], "input": items, "stream": body["stream"], "truncation": "auto"}


def said(body: Body) -> Body:
    """What a body asks for, but for members that say nothing and ids of calls, which are newer than these."""
    asked = {name: value for name, value in body.items() if value not in (None, "", [], {})}
    asked["messages"] = [
        {name: value for name, value in message.items() if name not in ("tool_name", "tool_call_id")}
        for message in body["messages"]
    ]
    for message in asked["messages"]:
        for call in message.get("tool_calls", ()):
            call.pop("id", None)
    return asked


def lines_of(exchange: Any) -> list[Body]:
    """The answer's lines as a chat has them."""
    response = exchange["response"]
    lines = (
        [json.loads(line) for line in response["ndjson"].splitlines()]
        if "ndjson" in response
        else [copy.deepcopy(response["body"])]
    )
    for line in lines:
        if "response" in line:
            line["message"] = {"role": "assistant", "content": line.pop("response")}
    return lines


def agrees(body: Any, lines: list[Body]) -> None:
    (message,) = body["output"]
    (part,) = message["content"]
    assert part["text"] == "".join(line["message"]["content"] for line in lines)
    end = lines[-1]
    assert body["usage"]["input_tokens"] == end.get("prompt_eval_count", 0)
    assert body["usage"]["output_tokens"] == end["eval_count"]
    assert body["usage"]["raw_usage"] == {k: v for k, v in end.items() if k.endswith(("_count", "_duration"))}
    assert end["done_reason"] == "stop"
    assert body["status"] == "completed"


def test_there_are_recordings() -> None:
    assert len(EXCHANGES) - 2 == len(CHATS) >= 2


@pytest.mark.parametrize("exchange", requests("ollama"), ids=name_of)
def test_a_recorded_request_is_asked_again(exchange: Any) -> None:
    recorded = exchange["request"]["body"]
    asked = ollama(responses_request(recorded), a_target(model=recorded["model"]))
    assert said(asked) == said(recorded)


@pytest.mark.parametrize("exchange", EXCHANGES, ids=name_of)
def test_a_recorded_answer(exchange: Any) -> None:
    lines = lines_of(exchange)
    streamed = heard(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    check_stream(streamed.events)
    agrees(streamed.body, lines)
    text = "".join(line["message"]["content"] for line in lines)
    whole = lines[-1] | {"message": {"role": "assistant", "content": text}}
    assert answered(json.dumps(whole).encode()) == streamed.body
