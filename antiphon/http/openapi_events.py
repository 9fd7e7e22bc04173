"""The events of a stream, by family: types that carry the same members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from antiphon.wire.events import LIFECYCLE, TERMINAL

Hint = Any
"""An annotation, made while the program runs: Python has no type for those."""


def _refers(name: str) -> Hint:
    return Annotated[dict[str, Any], Meta(extra_json_schema={"$ref": f"#/components/schemas/{name}"})]


_Number = Annotated[int, Meta(ge=0, description="0, 1, 2, … without a gap: where to resume.")]
_Padding = Annotated[str, Meta(description="Meaningless; it hides the delta's length from an eavesdropper.")]
_Index = Annotated[int, Meta(ge=0, description="The item's place in `output`.")]
_Code = Annotated[str | None, Meta(description="As in an error answer.")]

_MEMBERS: Final[Mapping[str, Hint]] = {
    "annotation": dict[str, Any],
    "annotation_index": int,
    "arguments": str,
    "code": str,
    "content_index": int,
    "delta": str,
    "input": str,
    "item": _refers("OutputItem"),
    "item_id": str,
    "logprobs?": list[dict[str, Any]],
    "obfuscation?": _Padding,
    "output_index": _Index,
    "part": _refers("ContentPart"),
    "partial_image_b64": str,
    "partial_image_index": int,
    "refusal": str,
    "response": _refers("Response"),
    "summary_index": int,
    "text": str,
}
"""What a member holds, by its name; one with a question mark may be left out."""

_ITEM: Final = ("item_id", "output_index")
_SPOT: Final = (*_ITEM, "content_index")
_SUMMARY: Final = (*_ITEM, "summary_index")


class Family(Struct, frozen=True):
    """Event types that carry the same members beside `type` and `sequence_number`."""

    name: str
    description: str
    types: tuple[str, ...]
    members: tuple[str, ...]


def _phases(item: str, *phases: str) -> tuple[str, ...]:
    return tuple(f"response.{item}.{phase}" for phase in phases)


FAMILIES: Final = (
    Family(
        "LifecycleEvent",
        "The answer begins, goes on or ends. The last event of a stream is one of completed, incomplete and failed, and"
        " holds the whole response.",
        (*sorted(LIFECYCLE), *sorted(TERMINAL)),
        ("response",),
    ),
    Family(
        "OutputItemEvent", "An item begins or ends.", _phases("output_item", "added", "done"), ("output_index", "item")
    ),
    Family(
        "ContentPartEvent",
        "A part of an item begins or ends.",
        _phases("content_part", "added", "done"),
        (*_SPOT, "part"),
    ),
    Family(
        "TextDeltaEvent", "More text.", _phases("output_text", "delta"), (*_SPOT, "delta", "logprobs?", "obfuscation?")
    ),
    Family("TextDoneEvent", "A text is complete.", _phases("output_text", "done"), (*_SPOT, "text", "logprobs?")),
    Family(
        "AnnotationEvent",
        "A citation in the text.",
        _phases("output_text.annotation", "added"),
        (*_SPOT, "annotation_index", "annotation"),
    ),
    Family("RefusalDeltaEvent", "More of a refusal.", _phases("refusal", "delta"), (*_SPOT, "delta", "obfuscation?")),
    Family("RefusalDoneEvent", "A refusal is complete.", _phases("refusal", "done"), (*_SPOT, "refusal")),
    Family(
        "ReasoningDeltaEvent", "More reasoning.", _phases("reasoning_text", "delta"), (*_SPOT, "delta", "obfuscation?")
    ),
    Family("ReasoningDoneEvent", "A reasoning text is complete.", _phases("reasoning_text", "done"), (*_SPOT, "text")),
    Family(
        "SummaryPartEvent",
        "A part of a reasoning summary begins or ends.",
        _phases("reasoning_summary_part", "added", "done"),
        (*_SUMMARY, "part"),
    ),
    Family(
        "SummaryDeltaEvent",
        "More of a reasoning summary.",
        _phases("reasoning_summary_text", "delta"),
        (*_SUMMARY, "delta", "obfuscation?"),
    ),
    Family(
        "SummaryDoneEvent",
        "A reasoning summary is complete.",
        _phases("reasoning_summary_text", "done"),
        (*_SUMMARY, "text"),
    ),
    Family(
        "CallDeltaEvent",
        "More of what a tool is called with.",
        (
            "response.function_call_arguments.delta",
            "response.custom_tool_call_input.delta",
            "response.mcp_call_arguments.delta",
            "response.code_interpreter_call_code.delta",
        ),
        (*_ITEM, "delta", "obfuscation?"),
    ),
    Family(
        "ArgumentsDoneEvent",
        "A call's arguments are complete.",
        ("response.function_call_arguments.done", "response.mcp_call_arguments.done"),
        (*_ITEM, "arguments"),
    ),
    Family(
        "InputDoneEvent",
        "A custom tool's input is complete.",
        _phases("custom_tool_call_input", "done"),
        (*_ITEM, "input"),
    ),
    Family("CodeDoneEvent", "A program is complete.", _phases("code_interpreter_call_code", "done"), (*_ITEM, "code")),
    Family(
        "ToolPhaseEvent",
        "How far a tool is that the provider runs itself.",
        (
            *_phases("web_search_call", "in_progress", "searching", "completed"),
            *_phases("file_search_call", "in_progress", "searching", "completed"),
            *_phases("code_interpreter_call", "in_progress", "interpreting", "completed"),
            *_phases("image_generation_call", "in_progress", "generating", "completed"),
            *_phases("mcp_list_tools", "in_progress", "completed", "failed"),
            *_phases("mcp_call", "in_progress", "completed", "failed"),
        ),
        _ITEM,
    ),
    Family(
        "PartialImageEvent",
        "A picture, not yet finished.",
        _phases("image_generation_call", "partial_image"),
        (*_ITEM, "partial_image_index", "partial_image_b64"),
    ),
)


class StreamError(Struct, tag_field="type", tag="error"):
    """The answer failed after it had begun. `response.failed` follows."""

    sequence_number: _Number
    code: _Code
    message: str
    param: str | None
    error: dict[str, str | None]


def event_schemas(ref_template: str) -> dict[str, dict[str, Any]]:
    """One schema per family, and `StreamEvent`, which is any of them."""
    kinds = [_struct(family) for family in FAMILIES]
    _, components = msgspec.json.schema_components([*kinds, StreamError], ref_template=ref_template)
    types = {kind: family.name for family in FAMILIES for kind in family.types} | {"error": "StreamError"}
    mapping = {kind: ref_template.format(name=name) for kind, name in types.items()}
    other = {
        "title": "OtherEvent",
        "description": "An event that only this provider sends.",
        "type": "object",
        "properties": {
            "type": {"type": "string", "not": {"enum": sorted(types)}},
            "sequence_number": {"type": "integer"},
        },
        "required": ["type", "sequence_number"],
    }
    components["StreamEvent"] = {
        "description": "One event of a stream: the JSON after `data:`. The `event:` line before it repeats `type`. Pass"
        " over types that you do not know.",
        "oneOf": [*({"$ref": ref_template.format(name=name)} for name in dict.fromkeys(types.values())), other],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }
    return components


def _struct(family: Family) -> type[Struct]:
    fields: list[tuple[str, Hint] | tuple[str, Hint, UnsetType]] = [
        ("type", Literal[family.types]),
        ("sequence_number", _Number),
    ]
    for member in family.members:
        name, optional = member.removesuffix("?"), member.endswith("?")
        kind = _MEMBERS[member]
        fields.append((name, kind | UnsetType, UNSET) if optional else (name, kind))
    return msgspec.defstruct(family.name, fields, namespace={"__doc__": family.description}, kw_only=True)
