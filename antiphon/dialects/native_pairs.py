"""Outputs of tools that answer no call: a native provider is not asked about them where the chain is the gateway's."""

from __future__ import annotations

from typing import Any, Final

from antiphon.errors import BadRequest
from antiphon.protocols import Turn
from antiphon.wire.requests import Item

_OUTPUTS: Final = ("function_call_output", "custom_tool_call_output")


def check_pairs(turn: Turn) -> None:
    """Raises BadRequest for an output in the input of a turn that goes on from others and never made that call.

    Not every provider minds, and such a turn must fail on all of them alike. What a compaction
    hides may be the call.
    """
    outputs = [item for item in turn.input if item.get("type") in _OUTPUTS and isinstance(item.get("call_id"), str)]
    if not outputs:
        return
    context = turn.context
    if any(item.get("type") == "compaction" for item in context):
        return
    calls = {item["call_id"] for item in context if _is_call(item)}
    for output in outputs:
        if output["call_id"] not in calls:
            name = output["type"].removesuffix("_output").replace("_", " ")
            message = f"No tool call found for {name} output with call_id {output['call_id']}."
            raise BadRequest(message, param="input")


def _is_call(item: Item) -> bool:
    kind: Any = item.get("type")
    return isinstance(kind, str) and kind.endswith("_call") and isinstance(item.get("call_id"), str)
