import json
from typing import Any

import pytest

from antiphon.dialects.writer_items import Callee
from tests.unit.dialects.writing import a_writer, output, payloads, types


def test_a_whole_item_is_told_in_its_steps() -> None:
    writer = a_writer()
    writer.text("Look:")
    writer.item({"type": "image_generation_call", "status": "completed", "result": "aGk="})
    writer.finish()
    told = types(writer.take())
    assert told[-6:] == [
        "output_item.added",
        "image_generation_call.in_progress",
        "image_generation_call.generating",
        "image_generation_call.completed",
        "output_item.done",
        "completed",
    ]
    assert output(writer)[1] == {
        "type": "image_generation_call",
        "id": "ig_1",
        "status": "completed",
        "result": "aGk=",
    }


def as_shell(call_id: str, text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    action = {"commands": json.loads(text)["commands"], "timeout_ms": None, "max_output_length": None}
    return {"type": "shell_call", "call_id": call_id, "action": action}


def test_a_covered_call_becomes_the_item_it_stands_for() -> None:
    writer = a_writer(obfuscate=True)
    writer.call(0, "call_0", Callee("shell", whole=as_shell))
    writer.arguments(0, '{"commands":')
    assert [event.type for event in writer.take()] == []
    writer.text("then")
    writer.arguments(0, '["ls",""]}')
    writer.done(0)
    writer.finish()
    events = payloads(writer.take())
    commands = [event for event in events if "shell_call_command" in event["type"]]
    assert [event["type"].rpartition(".")[2] for event in commands] == ["added", "delta", "done", "added", "done"]
    assert [item["type"] for item in output(writer)] == ["shell_call", "message"]
    assert output(writer)[0]["action"]["commands"] == ["ls", ""]


def test_a_covered_call_that_stands_for_nothing_is_a_function_call() -> None:
    writer = a_writer()
    writer.call(0, "call_0", Callee("shell", whole=as_shell))
    writer.arguments(0, "ls")
    writer.finish("max_output_tokens")
    payloads(writer.take())
    (item,) = output(writer)
    assert (item["type"], item["name"], item["arguments"], item["status"]) == (
        "function_call",
        "shell",
        "ls",
        "incomplete",
    )


@pytest.mark.parametrize(
    ("item", "steps", "announced"),
    [
        (
            {
                "type": "apply_patch_call",
                "call_id": "c",
                "operation": {"type": "update_file", "path": "a", "diff": "+b"},
            },
            ["apply_patch_call_operation_diff.delta", "apply_patch_call_operation_diff.done"],
            {"operation": {"type": "update_file", "path": "a", "diff": ""}},
        ),
        (
            {"type": "apply_patch_call", "call_id": "c", "operation": {"type": "delete_file", "path": "a"}},
            [],
            {"operation": {"type": "delete_file", "path": "a"}},
        ),
        (
            {
                "type": "local_shell_call",
                "call_id": "c",
                "action": {"type": "exec", "command": ["ls"], "env": {}},
            },
            [],
            {"action": {"type": "exec", "command": [], "env": {}}},
        ),
        (
            {"type": "tool_search_call", "call_id": "c", "execution": "client", "arguments": {"query": "x"}},
            [],
            {"execution": "client", "arguments": {}},
        ),
    ],
)
def test_calls_of_other_kinds_are_told_in_their_steps(
    item: dict[str, Any], steps: list[str], announced: dict[str, Any]
) -> None:
    writer = a_writer(obfuscate=True)
    writer.item(item)
    writer.finish()
    events = payloads(writer.take())
    assert [event["type"].removeprefix("response.") for event in events[3:-2]] == steps
    assert events[2]["item"].items() >= (announced | {"call_id": "c", "status": "in_progress"}).items()
    assert output(writer)[0].items() >= (item | {"status": "completed"}).items()
