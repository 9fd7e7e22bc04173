"""A call whose arguments are streamed, put together: each piece says where in the arguments it belongs.

https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc-arguments (read 2026-11);
paths are JSON paths (RFC 9535) of names and indexes alone.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from msgspec import Raw

from antiphon.dialects.gemini_shapes import NULL, FunctionCall, PartialArg
from antiphon.wire.requests import is_array, is_item

_STEP: Final = re.compile(
    r"\.(?P<name>[^.\[\]]+)|\[(?P<index>\d{1,4})\]|\['(?P<single>[^']*)'\]|\[\"(?P<double>[^\"]*)\"\]"
)

_encode: Final = msgspec.json.Encoder().encode


class GrowingCall:
    """One call while its arguments arrive."""

    __slots__ = ("_arguments", "_first", "signature")

    def __init__(self, first: FunctionCall, signature: str | None) -> None:
        """`first` names the call."""
        self._first = first
        self._arguments: Any = {}
        self.signature = signature
        self.add(first)

    def add(self, piece: FunctionCall) -> None:
        """Takes a piece in."""
        if piece.args != NULL:
            whole: object = msgspec.json.decode(piece.args)
            self._arguments = whole if is_item(whole) else self._arguments
        for part in piece.partial_args or ():
            self._arguments = _put(self._arguments, _steps(part.json_path), part)

    def whole(self) -> FunctionCall:
        """The call as it would have come in one piece."""
        return msgspec.structs.replace(self._first, args=Raw(_encode(self._arguments)))


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    for found in _STEP.finditer(path.removeprefix("$")):
        index = found["index"]
        steps.append(int(index) if index is not None else found["name"] or found["single"] or found["double"] or "")
    return steps


def _put(value: Any, steps: list[str | int], part: PartialArg) -> Any:
    """The value with the piece at its place; strings grow, everything else is replaced."""
    if not steps:
        return _grown(value, part)
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        listed: list[Any] = value if is_array(value) else []
        listed += [None] * (step + 1 - len(listed))
        listed[step] = _put(listed[step], rest, part)
        return listed
    members: dict[str, Any] = value if is_item(value) else {}
    members[step] = _put(members.get(step), rest, part)
    return members


def _grown(value: Any, part: PartialArg) -> Any:
    if part.string_value is not None:
        return value + part.string_value if isinstance(value, str) else part.string_value
    if part.bool_value is not None:
        return part.bool_value
    number = part.number_value
    return int(number) if number is not None and number.is_integer() else number
