"""Items of work that a server did elsewhere, as far as a chat can tell of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from antiphon.dialects.losses import decoded
from antiphon.dialects.parts import InputImage, Part
from antiphon.dialects.stand_ins import arguments_of
from antiphon.dialects.tool_names import ToolName
from antiphon.wire.requests import Item


class Hosted(Struct, frozen=True):
    """A finished call (`tool`) with its output (`text`), or an image, or a note (`text` alone), or nothing to tell.

    `unseen` says that there are images beside the output, `failed` that the output tells of a failure.
    """

    id: str | None = None
    tool: ToolName | None = None
    arguments: str = "{}"
    text: str | None = None
    image: str | None = None
    unseen: bool = False
    failed: bool = False


NOTHING: Final = Hosted()

SILENT: Final = ("additional_tools",)
"""Items that are acted on elsewhere and say nothing themselves."""


class _McpCall(Struct, frozen=True):
    name: str
    arguments: str
    id: str | None = None
    server_label: str | None = None
    output: str | None = None
    error: Any = None


class _Code(Struct, frozen=True):
    id: str | None = None
    code: str | None = None
    outputs: list[dict[str, Any]] | None = None


class _FileSearch(Struct, frozen=True):
    id: str | None = None
    queries: list[str] | None = None
    results: list[dict[str, Any]] | None = None


class _GeneratedImage(Struct, frozen=True):
    result: str | None = None
    output_format: str | None = None


class _Words(Struct, frozen=True):
    text: str


class _Compaction(Struct, frozen=True):
    encrypted_content: str | None = None
    summary: str | list[_Words] | None = None


def picture(address: str) -> Part:
    """An image part for an address or a data URL."""
    return InputImage(address)


def _mcp_call(item: Item, place: str) -> Hosted:
    call = decoded(item, _McpCall, place)
    error = call.error if isinstance(call.error, str | None) else arguments_of(call.error)
    tool = ToolName("function", call.name, call.server_label)
    return Hosted(call.id, tool, call.arguments or "{}", call.output or error or "", failed=bool(error))


def _code_interpreter_call(item: Item, place: str) -> Hosted:
    """Code is told with what it printed; without that it says nothing that the answer after it does not."""
    run = decoded(item, _Code, place)
    logs = [logs for output in run.outputs or () if isinstance(logs := output.get("logs"), str)]
    if run.code is None or not logs:
        return NOTHING
    tool = ToolName("function", "code_interpreter")
    unseen = any(output.get("type") == "image" for output in run.outputs or ())
    return Hosted(run.id, tool, arguments_of({"code": run.code}), "\n".join(logs), unseen=unseen)


def _file_search_call(item: Item, place: str) -> Hosted:
    search = decoded(item, _FileSearch, place)
    if not search.results:
        return NOTHING
    passages = [f"{result.get('filename', '')}:\n{result.get('text', '')}" for result in search.results]
    tool = ToolName("function", "file_search")
    return Hosted(search.id, tool, arguments_of({"queries": search.queries or []}), "\n\n".join(passages))


def _image_generation_call(item: Item, place: str) -> Hosted:
    made = decoded(item, _GeneratedImage, place)
    if not made.result:
        return NOTHING
    return Hosted(image=f"data:image/{made.output_format or 'png'};base64,{made.result}")


def _compaction(item: Item, place: str) -> Hosted:
    """A summary of what was said before, where somebody other than its maker can read it."""
    compaction = decoded(item, _Compaction, place)
    summary = compaction.summary
    if isinstance(summary, list):
        summary = "\n\n".join(words.text for words in summary)
    return Hosted(text=f"Summary of the conversation so far:\n{summary}") if summary else NOTHING


HOSTED_READERS: Final[dict[str, Callable[[Item, str], Hosted]]] = {
    "mcp_call": _mcp_call,
    "code_interpreter_call": _code_interpreter_call,
    "file_search_call": _file_search_call,
    "image_generation_call": _image_generation_call,
    "compaction": _compaction,
}

UNTOLD: Final = frozenset(
    {"web_search_call", "mcp_list_tools", "mcp_approval_request", "mcp_approval_response", "configuration_update"}
    | {"program", "program_output", "compaction_trigger"}
)
"""Items that a chat has no words for."""
