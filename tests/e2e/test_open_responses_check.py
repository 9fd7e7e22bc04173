"""That the check of `open_responses` refuses what the compliance suite refuses, and nothing that it lets pass."""

from __future__ import annotations

import copy
from typing import Any

from tests.e2e.open_responses import EXAMPLE, event_faults, faults

ABSENT = object()
SAID = "output.0."
CALL: dict[str, Any] = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "c",
    "name": "f",
    "arguments": "",
    "status": "completed",
}
THOUGHT: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": []}

WRONG: list[tuple[str, Any]] = [
    *((name, ABSENT) for name in EXAMPLE if name not in ("object", "metadata")),
    *((name, None) for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty", "top_logprobs")),
    *((name, None) for name in ("service_tier", "store", "background", "parallel_tool_calls", "truncation")),
    *((name, None) for name in ("tools", "tool_choice", "text")),
    ("created_at", 1764967971.5),
    ("instructions", []),
    ("reasoning", {}),
    ("reasoning.effort", "max"),
    ("text.verbosity", None),
    ("text.format", {"type": "json_schema", "name": "x", "schema": {}, "strict": True, "description": None}),
    ("tools", [{"type": "web_search"}]),
    ("tool_choice", {"type": "custom", "name": "x"}),
    ("usage.input_tokens_details", ABSENT),
    ("usage.output_tokens_details", ABSENT),
    ("error", {"code": "server_error"}),
    (f"{SAID}phase", None),
    (f"{SAID}content.0.annotations", ABSENT),
    (f"{SAID}content.0.annotations", [{"type": "file_citation", "index": 0, "file_id": "f", "filename": "x"}]),
    (f"{SAID}content.0.logprobs", None),
    ("output.0", {name: CALL[name] for name in CALL if name != "id"}),
    ("output.0", {name: CALL[name] for name in CALL if name != "status"}),
    ("output.0", THOUGHT | {"encrypted_content": None}),
    ("output.0", THOUGHT | {"content": None}),
    ("output.0", {"type": "web_search_call", "id": "ws_1", "status": "completed"}),
    ("output.0", {"type": "custom_tool_call", "id": "c_1", "call_id": "c", "name": "f", "input": ""}),
]
RIGHT: list[tuple[str, Any]] = [
    *((name, None) for name in ("usage", "reasoning", "metadata", "completed_at")),
    *((name, "x") for name in ("provider", "conversation", "user", "output_text", "usage.raw_usage")),
    ("output.0", CALL),
    ("output.0", THOUGHT),
]
"""What the suite's own schemas were seen to refuse and to let pass."""


def changed(path: str, value: Any) -> dict[str, Any]:
    """The example, one of its members another."""
    made: Any = copy.deepcopy(EXAMPLE)
    inside = made
    *way, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    for step in way:
        inside = inside[step]
    if value is ABSENT:
        del inside[last]
    else:
        inside[last] = value
    return made


def test_the_check_is_as_strict_as_the_suite() -> None:
    assert [wrong for wrong in WRONG if not faults(changed(*wrong), "ResponseResource")] == []
    assert [right for right in RIGHT if faults(changed(*right), "ResponseResource")] == []


def test_the_check_knows_the_events_of_the_suite() -> None:
    place = {"sequence_number": 3, "item_id": "msg_1", "output_index": 0, "content_index": 0}
    part: dict[str, Any] = {"type": "output_text", "text": "", "annotations": []}
    added: dict[str, Any] = {"type": "response.content_part.added", **place}
    failed: dict[str, Any] = {"type": "error", "error": {"type": "x", "code": None, "message": "x", "param": None}}
    for event in (added | {"part": part}, failed | {"sequence_number": 3}):
        assert event_faults(event) == []
    wrong: list[dict[str, Any]] = [
        {"type": "response.reasoning_text.delta", **place, "delta": "x"},
        {"type": "response.web_search_call.searching", **place},
        {"type": "keepalive", **place},
        added | {"part": {"type": "output_text", "text": ""}},
        failed,
        {"type": "error", "sequence_number": 3, "code": None, "message": "x", "param": None},
    ]
    assert [event for event in wrong if not event_faults(event)] == []
