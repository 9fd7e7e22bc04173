"""Items that hold the output of a client-run tool, each read into whose output it is and what it says."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from antiphon.dialects.losses import decoded
from antiphon.dialects.parts import Content, Part
from antiphon.dialects.stand_ins import arguments_of
from antiphon.wire.faults import missing
from antiphon.wire.requests import Item

CallId = Annotated[str, Meta(min_length=1)]

OUTPUTS: Final = {
    "function_call_output": "function call",
    "custom_tool_call_output": "custom tool call",
    "local_shell_call_output": "local shell call",
    "shell_call_output": "shell call",
    "apply_patch_call_output": "apply patch call",
    "computer_call_output": "computer call",
    "tool_search_output": "tool search call",
}
"""Types of such items, and what the API calls the calls that they answer."""


class _Output(Struct, frozen=True):
    output: Content
    call_id: str | None = None
    id: str | None = None
    name: str | None = None


class _Streams(Struct, frozen=True):
    stdout: str = ""
    stderr: str = ""
    outcome: dict[str, Any] | None = None


class _ShellOutput(Struct, frozen=True):
    call_id: CallId
    output: str | list[_Streams]


class _PatchOutput(Struct, frozen=True):
    call_id: CallId
    status: str
    output: str | None = None


class _ScreenOutput(Struct, frozen=True):
    call_id: CallId
    output: Part


class _FoundTools(Struct, frozen=True):
    tools: list[Item]
    call_id: str | None = None
    execution: Literal["server", "client"] | None = None


def read_output(kind: str, item: Item, place: str) -> tuple[str | None, Content] | None:
    """Whose output it is, and what it says; None for the output of a search that the server made."""
    match kind:
        case "shell_call_output":
            shell = decoded(item, _ShellOutput, place)
            output = shell.output
            return shell.call_id, output if isinstance(output, str) else "\n".join(map(_console, output))
        case "apply_patch_call_output":
            patch = decoded(item, _PatchOutput, place)
            return patch.call_id, f"{patch.status}: {patch.output}" if patch.output else patch.status
        case "computer_call_output":
            screen = decoded(item, _ScreenOutput, place)
            return screen.call_id, [screen.output]
        case "tool_search_output":
            tools = decoded(item, _FoundTools, place)
            if tools.call_id is None or tools.execution == "server":
                return None
            names = [tool.get("name") or tool.get("type") for tool in tools.tools]
            return tools.call_id, arguments_of({"found_tools": names})
        case "local_shell_call_output":
            local = decoded(item, _Output, place)
            return local.call_id or local.id, local.output
        case _:
            output = decoded(item, _Output, place)
            if output.call_id is None and output.name is None:
                raise missing(f"{place}.call_id")
            return output.call_id, output.output


def _console(streams: _Streams) -> str:
    lines = [streams.stdout.rstrip("\n"), streams.stderr.rstrip("\n")]
    outcome = streams.outcome or {}
    if outcome.get("type") == "timeout":
        lines.append("(timed out)")
    elif outcome.get("exit_code"):
        lines.append(f"(exit code {outcome['exit_code']})")
    return "\n".join(filter(None, lines))
