"""Anything that is JSON, where items, tools and choices should be, becomes a request to Google, or is refused."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.dialects.gemini_models import as_google_chooses, hosts_of
from antiphon.dialects.gemini_tools import ours
from antiphon.dialects.tools import tool_names
from antiphon.errors import BadRequest, CallerError
from tests.gemini_streams import GEMINI, gemini_target
from tests.unit.dialects.chat_turns import turn_of
from tests.unit.dialects.test_chat_request_garbage import ITEMS, SCRAP, SPACES
from tests.unit.dialects.test_gemini_contents import valid

Body = dict[str, Any]

MODELS = ["gemini-3-flash-preview", "gemini-2.5-flash", "gemini-2.0-flash", "gemini-3-pro-image", "gemma-3-27b-it"]
THEIRS: list[Body] = [
    {"type": "web_search", "filters": {}, "external_web_access": True},
    {"type": "file_search", "vector_store_ids": ["fileSearchStores/a"]},
    {"type": "code_interpreter", "container": "c"},
    {"type": "image_generation", "size": "auto"},
]
ORDERS = ["call a", "call b", "output a", "output b", "user", "assistant", "developer"]


@settings(max_examples=settings().max_examples // 3)
@given(
    body=st.fixed_dictionaries(
        {
            "input": st.lists(ITEMS, max_size=3),
            "tools": st.none() | st.lists(SPACES | st.sampled_from(THEIRS), max_size=3),
            "tool_choice": st.none() | st.sampled_from(["auto", "none", "required", ""]) | SPACES,
            "strict": st.booleans(),
        }
    ),
    history=st.lists(ITEMS, max_size=1),
    model=st.sampled_from(MODELS),
    place=st.sampled_from(["studio", "vertex"]),
    schemas=st.booleans(),
)
def test_anything_is_built_or_refused(body: Body, history: Any, model: str, place: str, *, schemas: bool) -> None:
    turn, target = turn_of(body, history=history), gemini_target(model, google_api=place, json_schema=schemas)
    try:
        sent = json.loads(GEMINI.build(turn, target).body)
    except CallerError:
        return
    valid(sent["contents"])
    assert all(content["parts"] for content in sent["contents"])
    assert all(len(part) for content in sent["contents"] for part in content["parts"])
    names = tool_names(turn, as_google_chooses(target), hosts_of(target))
    functions = [each for tool in sent.get("tools", ()) for each in tool.get("functionDeclarations", ())]
    assert all(ours(each["name"], names) in names.known for each in functions)


@given(st.lists(SCRAP, max_size=3))
def test_results_of_any_kind_are_objects(outputs: list[Any]) -> None:
    items: list[Body] = []
    for at, output in enumerate(outputs):
        items.append({"type": "function_call", "call_id": f"c{at}", "name": "f", "arguments": "[1]"})
        items.append({"type": "function_call_output", "call_id": f"c{at}", "output": output})
    try:
        sent = json.loads(GEMINI.build(turn_of({"input": items, "instructions": "I."}), gemini_target()).body)
    except CallerError:
        return
    valid(sent["contents"])


@given(st.lists(st.sampled_from(ORDERS), max_size=10))
def test_calls_and_outputs_in_any_order_are_paired_or_refused(order: list[str]) -> None:
    items: list[Body] = []
    for step in order:
        kind, _, identity = step.partition(" ")
        if kind == "call":
            items.append({"type": "function_call", "name": "look", "arguments": "{}", "call_id": identity})
        elif kind == "output":
            items.append({"type": "function_call_output", "output": "seen", "call_id": identity})
        else:
            items.append({"role": kind, "content": "Hm."})
    try:
        sent = json.loads(
            GEMINI.build(turn_of({"input": [*items, {"role": "user", "content": "So?"}]}), gemini_target()).body
        )
    except BadRequest:
        return
    valid(sent["contents"])
