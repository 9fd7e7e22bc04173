"""Items that are written in one go, told as if they had been made step by step (spec section 4.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

Item = dict[str, Any]
Step = tuple[str, Item]
"""An event's type, and its members but for the item's place."""

ID_PREFIXES: Final[dict[str, str]] = {
    "apply_patch_call": "apc",
    "code_interpreter_call": "ci",
    "file_search_call": "fs",
    "image_generation_call": "ig",
    "local_shell_call": "lsh",
    "shell_call": "sh",
    "tool_search_call": "tsc",
    "web_search_call": "ws",
}


def announced(item: Item) -> Item:
    """The item as it looks when nothing of it has been done yet."""
    bare = {"type": item["type"], "id": item["id"], "status": "in_progress"}
    match item["type"]:
        case "apply_patch_call":
            operation: Item = item["operation"]
            blank = operation | ({"diff": ""} if "diff" in operation else {})
            return bare | {"call_id": item["call_id"], "operation": blank}
        case "code_interpreter_call":
            return bare | {"code": "", "container_id": item["container_id"], "outputs": None}
        case "file_search_call":
            return bare | {"queries": item["queries"], "results": None}
        case "local_shell_call":
            return bare | {"call_id": item["call_id"], "action": item["action"] | {"command": []}}
        case "shell_call":
            return bare | {"call_id": item["call_id"], "action": item["action"] | {"commands": []}}
        case "web_search_call" if "action" in item:
            return bare | {"action": {name: item["action"][name] for name in item["action"] if name != "sources"}}
        case "tool_search_call":
            return bare | {"call_id": item["call_id"], "execution": item["execution"], "arguments": {}}
        case _:
            return bare


def steps(item: Item) -> Iterator[Step]:
    """What happens between the announcement and the end. A step with a `delta` is one that may be padded."""
    match item["type"]:
        case "image_generation_call":
            yield from _stages(item, "in_progress", "generating", "completed")
        case "file_search_call" | "web_search_call":
            yield from _stages(item, "in_progress", "searching", "completed")
        case "code_interpreter_call":
            yield from _code(item)
        case "apply_patch_call" if "diff" in item["operation"]:
            diff = item["operation"]["diff"]
            if diff:
                yield "response.apply_patch_call_operation_diff.delta", {"item_id": item["id"], "delta": diff}
            yield "response.apply_patch_call_operation_diff.done", {"item_id": item["id"], "diff": diff}
        case "shell_call":
            for index, command in enumerate(item["action"]["commands"]):
                place = {"command_index": index}
                yield "response.shell_call_command.added", place | {"command": ""}
                if command:
                    yield "response.shell_call_command.delta", place | {"delta": command}
                yield "response.shell_call_command.done", place | {"command": command}
        case _:
            return


def _stages(item: Item, *stages: str) -> Iterator[Step]:
    for stage in stages:
        yield f"response.{item['type']}.{stage}", {"item_id": item["id"]}


def _code(item: Item) -> Iterator[Step]:
    """Code is written before it is run."""
    place = {"item_id": item["id"]}
    yield from _stages(item, "in_progress")
    if item["code"]:
        yield "response.code_interpreter_call_code.delta", place | {"delta": item["code"]}
    yield "response.code_interpreter_call_code.done", place | {"code": item["code"]}
    yield from _stages(item, "interpreting", "completed")
