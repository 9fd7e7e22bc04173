"""Anything that is JSON, where items, tools and choices should be, is built or refused; calls are paired or refused."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.dialects.chat_request import build_chat
from antiphon.dialects.tools import tool_names
from antiphon.errors import BadRequest, CallerError
from antiphon.quirks import Quirks
from tests.fakes import SEALER, pseudonym
from tests.unit.dialects.chat_turns import built, target_of, turn_of

Body = dict[str, Any]
Strategy = st.SearchStrategy[Any]

WORDS = [
    "",
    "a",
    "c1",
    "{}",
    "[",
    "user",
    "assistant",
    "developer",
    "auto",
    "required",
    "client",
    "server",
    "completed",
]
ODDITIES = ["lark", "data:text/plain;base64,YQ==", "\x00", "é" * 70]
NUMBERS: list[Any] = [None, True, 0, -1.5, 2**70]
LISTS: list[Any] = [[], [None], ["a"], [5], [[]]]
OBJECTS: list[Any] = [{}, {"": None}, {"type": 5}, {"type": "local"}, {"name": "a"}, {"url": "u"}, {"type": "text"}]
NEARLY: list[Any] = [{"data": "a", "format": "wav"}, {"type": "grammar", "syntax": "lark", "definition": ""}]
SCRAP = st.sampled_from([*WORDS, *ODDITIES, *NUMBERS, *LISTS, *OBJECTS, *NEARLY])

ITEM_TYPES = [
    "message",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "reasoning",
    "shell_call",
    "shell_call_output",
    "local_shell_call",
    "local_shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "computer_call",
    "computer_call_output",
    "tool_search_call",
    "tool_search_output",
    "mcp_call",
    "code_interpreter_call",
    "file_search_call",
    "compaction",
    "image_generation_call",
    "web_search_call",
    "additional_tools",
    "item_reference",
    "x:y",
    "mood",
]
ITEM_FIELDS = [
    "role",
    "content",
    "call_id",
    "name",
    "arguments",
    "input",
    "output",
    "id",
    "summary",
    "action",
    "operation",
    "tools",
    "execution",
    "results",
    "outputs",
    "result",
    "queries",
    "code",
    "status",
    "encrypted_content",
    "namespace",
    "environment",
    "async",
]
PART_TYPES = [
    "input_text",
    "output_text",
    "text",
    "refusal",
    "input_image",
    "input_file",
    "input_audio",
    "input_video",
    "computer_screenshot",
    "reasoning_text",
    "summary_text",
    "mood",
]
PART_FIELDS = [
    "text",
    "refusal",
    "image_url",
    "file_id",
    "file_data",
    "file_url",
    "filename",
    "detail",
    "input_audio",
    "video_url",
]
TOOL_TYPES = [
    "function",
    "custom",
    "namespace",
    "shell",
    "local_shell",
    "apply_patch",
    "tool_search",
    "web_search",
    "mcp",
    "mood",
    "allowed_tools",
]
TOOL_FIELDS = [
    "name",
    "description",
    "parameters",
    "strict",
    "format",
    "environment",
    "execution",
    "tools",
    "mode",
    "function",
    "namespace",
    "server_label",
]


def objects(types: list[str], fields: list[str], values: Strategy) -> Strategy:
    """Objects of one of `types`, or of none that there is, with anything under the names of `fields`."""
    members = st.dictionaries(st.sampled_from(fields), values, max_size=6)
    kinds = st.sampled_from([*types, *types, None, 5, []])
    return st.tuples(members, kinds).map(lambda pair: pair[0] | ({} if pair[1] is None else {"type": pair[1]}))


PARTS = objects(PART_TYPES, PART_FIELDS, SCRAP)
TOOLS = objects(TOOL_TYPES, TOOL_FIELDS, SCRAP)
SPACES = objects(TOOL_TYPES, TOOL_FIELDS, SCRAP | st.lists(TOOLS, max_size=2))
ITEMS = objects(ITEM_TYPES, ITEM_FIELDS, SCRAP | st.lists(PARTS, max_size=2) | st.lists(TOOLS, max_size=2) | PARTS)
QUIRKS = st.sampled_from(
    [
        Quirks(),
        Quirks(custom_tools=True, allowed_tools=True, reasoning_replay="reasoning_details", user_after_tool=False),
        Quirks(image_input=False, file_input=False, tool_choice_named=False, reasoning_replay="thinking"),
    ]
)


def assert_paired(messages: list[Body]) -> None:
    """Right behind every message with calls stand their outputs, in the same order, and nowhere else."""
    unanswered: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            assert unanswered.pop(0) == message["tool_call_id"]
        else:
            assert not unanswered
            unanswered = [called["id"] for called in message.get("tool_calls", ())]
    assert not unanswered


@settings(max_examples=settings().max_examples // 3)
@given(
    body=st.fixed_dictionaries(
        {
            "input": st.lists(ITEMS, max_size=3),
            "tools": st.none() | st.lists(SPACES, max_size=2),
            "tool_choice": st.none() | st.sampled_from(["auto", "none", "required", ""]) | SPACES,
            "strict": st.booleans(),
        }
    ),
    history=st.lists(ITEMS, max_size=1),
    quirks=QUIRKS,
)
def test_anything_is_built_or_refused(body: Body, history: Any, quirks: Quirks) -> None:
    turn, target = turn_of(body, history=history), target_of(quirks)
    try:
        sent = json.loads(build_chat(turn, target, SEALER, pseudonym).body)
    except CallerError:
        return
    names = tool_names(turn, target)
    assert all(tool[tool["type"]]["name"] in names.known for tool in sent.get("tools", ()))
    assert_paired(sent["messages"])


KINDS: dict[str, Body] = {
    "call": {"type": "function_call", "name": "look", "arguments": "{}"},
    "output": {"type": "function_call_output", "output": "seen"},
    "user": {"role": "user", "content": "Hi"},
    "assistant": {"role": "assistant", "content": "Hm."},
}


def item_for(step: str) -> Body:
    kind, _, call_id = step.partition(" ")
    return KINDS[kind] | ({"call_id": call_id} if call_id else {})


def is_complete(order: list[str]) -> bool:
    """Whether every call is answered later, and every output answers an earlier call."""
    for name in ("a", "b"):
        waiting, seen = 0, False
        for step in order:
            if step == f"call {name}":
                waiting, seen = waiting + 1, True
            elif step == f"output {name}":
                if not seen:
                    return False
                waiting = max(0, waiting - 1)
        if waiting:
            return False
    return bool(order)


@given(st.lists(st.sampled_from(["call a", "call b", "output a", "output b", "user", "assistant"]), max_size=10))
def test_calls_and_outputs_in_any_order_are_paired_or_refused(order: list[str]) -> None:
    try:
        sent = json.loads(built({"input": [item_for(step) for step in order]}).body)["messages"]
    except BadRequest:
        sent = None
    assert (sent is not None) == is_complete(order)
    if sent is not None:
        assert_paired(sent)
        assert sum(message["role"] == "user" for message in sent) == order.count("user")
        calls = sum(len(message.get("tool_calls", ())) for message in sent)
        assert calls == sum(step.startswith("call") for step in order)
