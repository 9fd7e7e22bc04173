"""Client-run tools that chat completions lacks, as functions in their stead, and the calls of such functions back.

Custom tools are unwrapped where they are streamed; here are the tools whose calls are whole or nothing: `apply_patch`,
`local_shell`, `shell` and `tool_search`.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from antiphon.dialects.tool_names import Kind
from antiphon.wire.requests import Item

Schema = dict[str, Any]

EMPTY_SCHEMA: Final[Schema] = {"type": "object", "properties": {}}

_encode: Final = msgspec.json.Encoder().encode


def _object(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _array_of_strings(description: str) -> Schema:
    return {"type": "array", "items": {"type": "string"}, "description": description}


def _of(type_: str, description: str) -> Schema:
    return {"type": type_, "description": description}


_PATCH: Final = (
    "Creates, updates or deletes one file. For update_file, `diff` holds hunks: a line that starts with @@ and may name"
    " the enclosing definition, then context lines prefixed with a space, removed lines with - and added lines with +."
    " For create_file every line of `diff` starts with +."
)
_OPERATION: Final = _object(
    {
        "type": {"type": "string", "enum": ["create_file", "update_file", "delete_file"]},
        "path": _of("string", "The file, relative to the working directory."),
        "diff": _of("string", "What changes; not for delete_file."),
    },
    ["type", "path"],
)
_TIMEOUT: Final = _of("integer", "How long to wait, in milliseconds.")

STAND_INS: Final[dict[Kind, tuple[str, Schema]]] = {
    "apply_patch": (_PATCH, _object({"operation": _OPERATION}, ["operation"])),
    "local_shell": (
        "Runs one program on the user's machine and gives its output.",
        _object(
            {
                "command": _array_of_strings("The program and its arguments."),
                "working_directory": _of("string", "Where to run it."),
                "timeout_ms": _TIMEOUT,
                "env": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            ["command"],
        ),
    ),
    "shell": (
        "Runs shell commands on the user's machine and gives the output of each.",
        _object(
            {
                "commands": _array_of_strings("The commands, each run by a shell."),
                "timeout_ms": _TIMEOUT,
                "max_output_length": _of("integer", "The most characters of output to give back."),
            },
            ["commands"],
        ),
    ),
    "tool_search": (
        "Looks for further tools that fit a task.",
        _object({"query": _of("string", "What the tools shall be able to do.")}, ["query"]),
    ),
}
"""Description and parameters of each function that stands in for a tool of another kind."""


class _Operation(Struct, frozen=True):
    type: Literal["create_file", "update_file", "delete_file"]
    path: str
    diff: str | None = None


class _ApplyPatch(Struct, frozen=True):
    operation: _Operation


class _LocalShell(Struct, frozen=True):
    command: list[str]
    env: dict[str, str] | None = None
    working_directory: str | None = None
    timeout_ms: int | None = None
    user: str | None = None


class _Shell(Struct, frozen=True):
    commands: list[str]
    timeout_ms: int | None = None
    max_output_length: int | None = None


def emulated_call(kind: Kind, call_id: str, arguments: str) -> Item | None:
    """The call item, but for `id` and `status`, that a finished call of a stand-in means.

    None when the arguments are not what the tool takes: nothing must be run on a guess, so the client then gets an
    ordinary function_call with the model's own words.
    """
    try:
        match kind:
            case "apply_patch":
                patch = msgspec.json.decode(arguments, type=_ApplyPatch).operation
                if patch.diff is None and patch.type != "delete_file":
                    return None
                return {"type": "apply_patch_call", "call_id": call_id, "operation": _present(patch)}
            case "local_shell":
                local = msgspec.json.decode(arguments, type=_LocalShell)
                program: Item = {"type": "exec", "env": {}}
                return {"type": "local_shell_call", "call_id": call_id, "action": program | _present(local)}
            case "shell":
                shell = msgspec.json.decode(arguments, type=_Shell)
                action = {"timeout_ms": None, "max_output_length": None} | _present(shell)
                return {"type": "shell_call", "call_id": call_id, "action": action}
            case "tool_search":
                query = msgspec.json.decode(arguments, type=dict[str, Any])
                return {"type": "tool_search_call", "call_id": call_id, "execution": "client", "arguments": query}
            case _:
                return None
    except (msgspec.DecodeError, RecursionError):
        return None


def _present(value: Struct) -> Item:
    return {name: member for name, member in msgspec.structs.asdict(value).items() if member is not None}


def arguments_of(value: Any) -> str:
    """Arguments for a stand-in, as the JSON text that chat completions wants."""
    return _encode(value).decode()
