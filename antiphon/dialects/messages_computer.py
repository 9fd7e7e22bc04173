"""What is done to a computer, in Anthropic's words and in the Responses API's.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/computer-use-tool#available-actions (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from antiphon.dialects.chat_shapes import objects
from antiphon.dialects.tool_names import ToolName, hosted_name
from antiphon.wire.requests import Item

_PIXELS_PER_CLICK: Final = 100
"""Of a wheel, which Anthropic counts by clicks."""

_BUTTONS: Final = {"left_click": "left", "right_click": "right", "middle_click": "wheel"}
_CLICKS: Final = {button: action for action, button in _BUTTONS.items()}
_WAYS: Final = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}

_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


def computer_call(call_id: str, arguments: str) -> Item | None:
    """The call item, but for `id` and `status`; None for what the Responses API has no word for."""
    try:
        action = _action(_object(arguments))
    except (msgspec.DecodeError, RecursionError, TypeError, ValueError, LookupError):
        return None
    if action is None:
        return None
    return {
        "type": "computer_call",
        "call_id": call_id,
        "action": action,
        "actions": [action],
        "pending_safety_checks": [],
    }


OWN_CALLS: Final[Mapping[ToolName, Callable[[str, str], Item | None]]] = MappingProxyType(
    {hosted_name("computer"): computer_call}
)
"""Calls of tools of Anthropic's that the client carries out."""


def computer_input(arguments: Item) -> Item:
    """What the model must have said for the actions of a past call; Anthropic knows one to a call."""
    actions = objects(arguments.get("actions"))
    return _input(actions[0]) if actions else {}


def _action(said: Item) -> Item | None:
    match said.get("action"):
        case str(name) if name in _BUTTONS:
            return {"type": "click", "button": _BUTTONS[name], **_point(said["coordinate"])}
        case "double_click":
            return {"type": "double_click", **_point(said["coordinate"])}
        case "mouse_move":
            return {"type": "move", **_point(said["coordinate"])}
        case "left_click_drag":
            return {"type": "drag", "path": [_point(said["start_coordinate"]), _point(said["coordinate"])]}
        case "scroll":
            right, down = _WAYS[said["scroll_direction"]]
            pixels = int(said["scroll_amount"]) * _PIXELS_PER_CLICK
            scrolled = {"scroll_x": right * pixels, "scroll_y": down * pixels}
            return {"type": "scroll", **_point(said["coordinate"]), **scrolled}
        case "type":
            return {"type": "type", "text": str(said["text"])}
        case "key":
            return {"type": "keypress", "keys": str(said["text"]).split("+")}
        case "wait":
            return {"type": "wait"}
        case "screenshot":
            return {"type": "screenshot"}
        case _:
            return None


def _input(action: Item) -> Item:
    place = [action.get("x", 0), action.get("y", 0)]
    match action.get("type"):
        case "click":
            return {"action": _CLICKS.get(str(action.get("button")), "left_click"), "coordinate": place}
        case "double_click":
            return {"action": "double_click", "coordinate": place}
        case "move":
            return {"action": "mouse_move", "coordinate": place}
        case "drag":
            path = [[point.get("x", 0), point.get("y", 0)] for point in objects(action.get("path")) or [{}]]
            return {"action": "left_click_drag", "start_coordinate": path[0], "coordinate": path[-1]}
        case "scroll":
            return _scrolled(place, int(action.get("scroll_x") or 0), int(action.get("scroll_y") or 0))
        case "type":
            return {"action": "type", "text": action.get("text", "")}
        case "keypress":
            return {"action": "key", "text": "+".join(action.get("keys") or [])}
        case "wait":
            return {"action": "wait", "duration": 1}
        case _:
            return {"action": "screenshot"}


def _scrolled(place: list[Any], right: int, down: int) -> Item:
    if abs(right) > abs(down):
        way, pixels = ("right" if right > 0 else "left"), abs(right)
    else:
        way, pixels = ("up" if down < 0 else "down"), abs(down)
    amount = max(1, round(pixels / _PIXELS_PER_CLICK))
    return {"action": "scroll", "coordinate": place, "scroll_direction": way, "scroll_amount": amount}


def _point(coordinate: Any) -> Item:
    x, y = coordinate
    return {"x": int(x), "y": int(y)}
