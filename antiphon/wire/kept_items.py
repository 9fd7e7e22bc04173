"""What may stand in a conversation: whatever is let in is said to a model in every later turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from antiphon.errors import BadRequest
from antiphon.wire.faults import missing
from antiphon.wire.ids import is_well_formed
from antiphon.wire.legal import supported
from antiphon.wire.requests import Item, is_item

_CALLED: Final = ("call_id", "name")
_CORE: Final[Mapping[str, tuple[str, ...]]] = {
    "message": (),
    "reasoning": (),
    "function_call": (*_CALLED, "arguments"),
    "function_call_output": ("output",),
    "custom_tool_call": (*_CALLED, "input"),
    "custom_tool_call_output": ("output",),
    "computer_call": ("call_id",),
    "computer_call_output": ("output",),
    "local_shell_call": ("call_id",),
    "local_shell_call_output": ("output",),
    "shell_call": ("call_id",),
    "shell_call_output": ("output",),
    "apply_patch_call": ("call_id",),
    "apply_patch_call_output": (),
    "file_search_call": (),
    "web_search_call": (),
    "code_interpreter_call": (),
    "image_generation_call": (),
    "mcp_list_tools": (),
    "mcp_call": (),
    "mcp_approval_request": (),
    "mcp_approval_response": (),
    "tool_search_call": (),
    "tool_search_output": (),
    "additional_tools": (),
    "configuration_update": (),
    "program": (),
    "program_output": (),
    "compaction": (),
    "compaction_trigger": (),
}
"""Every type of item, and the members without which no model can be told of it."""

ITEM_TYPES: Final = tuple(sorted(_CORE))

_TEXTS: Final = frozenset({*_CALLED, "arguments", "input"})

_ROLES: Final = ("user", "assistant", "system", "developer")
_PARTS: Final = sorted(
    {"input_text", "input_image", "input_file", "input_audio", "input_video", "output_text", "refusal", "text"}
    | {"reasoning_text", "summary_text", "computer_screenshot"}
)


def check_items(items: list[Item]) -> None:
    """Raises BadRequest for what cannot stand in a conversation. The rest of an item is for the model's dialect."""
    for place, item in enumerate(items):
        param = f"items[{place}]"
        kind = item.get("type")
        if kind is None and "role" in item:
            kind = "message"
        if kind is None:
            raise missing(f"{param}.type")
        if not isinstance(kind, str):
            raise _wrong(f"{param}.type", "a string")
        if kind == "item_reference":
            message = "A conversation keeps items, not references to them: send the item itself."
            raise BadRequest(message, param=f"{param}.type", code="unsupported_value")
        if kind not in _CORE and ":" not in kind:
            raise _unknown(kind, f"{param}.type", ITEM_TYPES)
        if kind == "message":
            _check_message(item, param)
        _check_core(item, _CORE.get(kind, ()), param)
        _check_id(item.get("id"), f"{param}.id")


def _check_core(item: Item, core: tuple[str, ...], param: str) -> None:
    for name in core:
        if item.get(name) is None:
            raise missing(f"{param}.{name}")
        if name in _TEXTS and not isinstance(item[name], str):
            raise _wrong(f"{param}.{name}", "a string")


def _check_message(item: Item, param: str) -> None:
    for name, wanted, kinds in (("role", "a string", str), ("content", "a string or an array", (str, list))):
        if name not in item:
            raise missing(f"{param}.{name}")
        if not isinstance(item[name], kinds):
            raise _wrong(f"{param}.{name}", wanted)
    if item["role"] not in _ROLES:
        raise _unknown(item["role"], f"{param}.role", _ROLES)
    content: list[object] | str = item["content"]
    if not isinstance(content, str):
        for place, part in enumerate(content):
            _check_part(part, f"{param}.content[{place}]")


def _check_part(part: object, param: str) -> None:
    if not is_item(part):
        raise _wrong(param, "an object")
    kind = part.get("type")
    if kind is None:
        raise missing(f"{param}.type")
    if not isinstance(kind, str) or (kind not in _PARTS and ":" not in kind):
        raise _unknown(str(kind), f"{param}.type", _PARTS)


def _check_id(identifier: object, param: str) -> None:
    if identifier is None:
        return
    if not isinstance(identifier, str):
        raise _wrong(param, "a string")
    if not is_well_formed(identifier):
        message = f"Invalid value for '{param}': expected up to 256 letters, digits, underscores and dashes."
        raise BadRequest(message, param=param, code="invalid_value")


def _wrong(param: str, wanted: str) -> BadRequest:
    return BadRequest(f"Invalid type for '{param}': expected {wanted}.", param=param, code="invalid_type")


def _unknown(value: str, param: str, words: Sequence[str]) -> BadRequest:
    message = f"Invalid value: '{value[:64]}'.{supported(words)}"
    return BadRequest(message, param=param, code="invalid_value")
