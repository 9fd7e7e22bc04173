"""Whatever a chain holds, the vendor gets every call with its output right behind it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.dialects import cohere_turns, ollama_turns
from tests.unit.dialects.chat_turns import assistant, call, output, user

Item = dict[str, Any]


def rounds(draw: st.DrawFn, number: int) -> list[Item]:
    """Calls, and their outputs in any order, with thoughts and words of the model between the calls."""
    ids = [f"call_{number}_{index}" for index in range(draw(st.integers(1, 3)))]
    between: list[Item] = [
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]},
        assistant("Looking."),
    ]
    items: list[Item] = []
    for call_id in ids:
        items += draw(st.lists(st.sampled_from(between), max_size=1))
        items.append(call(call_id))
    return items + [output(call_id) for call_id in draw(st.permutations(ids))]


@st.composite
def chains(draw: st.DrawFn) -> list[Item]:
    items: list[Item] = [user("Hi")]
    for number in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["user", "assistant", "developer", "round"]))
        if kind == "round":
            items += rounds(draw, number)
        else:
            items.append({"type": "message", "role": kind, "content": f"words {number}"})
    return items


def paired(messages: list[Item]) -> None:
    """Raises AssertionError where a call or an output stands alone."""
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            assert message["tool_call_id"] == waiting.pop(0)
            continue
        assert waiting == []
        waiting = [each["id"] for each in message.get("tool_calls", ())]
    assert waiting == []


@given(chains())
def test_calls_and_outputs_are_paired_for_every_vendor(items: list[Item]) -> None:
    calls = [item["call_id"] for item in items if item["type"] == "function_call"]
    for built in (cohere_turns.built, ollama_turns.built):
        messages = json.loads(built({"input": items}).body)["messages"]
        paired(messages)
        assert [message["tool_call_id"] for message in messages if message["role"] == "tool"] == calls
