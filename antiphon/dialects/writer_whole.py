"""Items that are written in one go, told as if they had been made step by step."""

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
    "computer_call": "cu",
    "image_generation_call": "ig",
    "local_shell_call": "lsh",
    "mcp_call": "mcp",
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
        case "file_search_call":
            return bare | {"queries": item["queries"], "results": None}
        case "local_shell_call" | "shell_call":
            blank: Item = {"command" if item["type"] == "local_shell_call" else "commands": []}
            return bare | {"call_id": item["call_id"], "action": item["action"] | blank}
        case "web_search_call" if "action" in item:
            return bare | {"action": {name: item["action"][name] for name in item["action"] if name != "sources"}}
        case "tool_search_call":
            return bare | {"call_id": item["call_id"], "execution": item["execution"], "arguments": {}}
        case "code_interpreter_call":
            return bare | {"container_id": item["container_id"], "code": "", "outputs": []}
        case "computer_call":
            return bare | {"call_id": item["call_id"], "pending_safety_checks": []}
        case "mcp_call":
            named = {name: item.get(name) for name in ("server_label", "name", "approval_request_id")}
            return bare | named | {"arguments": "", "output": None, "error": None}
        case _:
            return bare


def steps(item: Item) -> Iterator[Step]:
    """What happens between the announcement and the end. A step with a `delta` is one that may be padded."""
    match item["type"]:
        case "image_generation_call":
            yield from _stages(item, "in_progress", "generating", "completed")
        case "file_search_call" | "web_search_call":
            yield from _stages(item, "in_progress", "searching", *_success(item))
        case "code_interpreter_call":
            yield from _stages(item, "in_progress")
            yield from _written(item, "code_interpreter_call_code", "code")
            yield from _stages(item, "interpreting", *_success(item))
        case "mcp_call":
            yield from _stages(item, "in_progress")
            yield from _written(item, "mcp_call_arguments", "arguments")
            yield from _stages(item, "completed" if item["status"] == "completed" else "failed")
        case "apply_patch_call" if "diff" in item["operation"]:
            diff = item["operation"]["diff"]
            yield from _written(item | {"diff": diff}, "apply_patch_call_operation_diff", "diff")
        case "shell_call":
            for index, command in enumerate(item["action"]["commands"]):
                place = {"command_index": index}
                yield "response.shell_call_command.added", place | {"command": ""}
                if command:
                    yield "response.shell_call_command.delta", place | {"delta": command}
                yield "response.shell_call_command.done", place | {"command": command}
        case _:
            return


def _success(item: Item) -> tuple[str, ...]:
    """The stage of having been done, which nothing that failed comes to."""
    return ("completed",) if item["status"] == "completed" else ()


def _stages(item: Item, *stages: str) -> Iterator[Step]:
    for stage in stages:
        yield f"response.{item['type']}.{stage}", {"item_id": item["id"]}


def _written(item: Item, name: str, member: str) -> Iterator[Step]:
    """What was written into a member of the item, in one piece."""
    if item[member]:
        yield f"response.{name}.delta", {"item_id": item["id"], "delta": item[member]}
    yield f"response.{name}.done", {"item_id": item["id"], member: item[member]}
