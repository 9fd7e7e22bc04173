"""A finished response told as the stream it could have been.

For answers that were not streamed and are now replayed (`GET ?stream=true`), and for providers that answer a stream
request with a whole body. Order per item as in section 4.3 of the specification; one delta per text.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from antiphon.wire.events import Event
from antiphon.wire.requests import Item

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode

_TERMINAL: Final = {"completed": "response.completed", "incomplete": "response.incomplete"}

_CALLS: Final = {
    "function_call": ("arguments", "response.function_call_arguments"),
    "mcp_call": ("arguments", "response.mcp_call_arguments"),
    "custom_tool_call": ("input", "response.custom_tool_call_input"),
}
_PHASES: Final = {
    "web_search_call": ("in_progress", "searching", "completed"),
    "file_search_call": ("in_progress", "searching", "completed"),
    "code_interpreter_call": ("in_progress", "interpreting", "completed"),
    "image_generation_call": ("in_progress", "generating", "completed"),
    "mcp_list_tools": ("in_progress", "completed"),
}
_PARTS: Final[dict[str, tuple[str, str, Item]]] = {
    "output_text": ("text", "response.output_text", {"annotations": [], "logprobs": []}),
    "refusal": ("refusal", "response.refusal", {}),
    "reasoning_text": ("text", "response.reasoning_text", {}),
}
_OTHER: Final[tuple[str, str, Item]] = ("", "", {})
_EMPTY: Final[dict[str, object]] = {"content": (), "summary": (), "arguments": "", "input": "", "code": ""}


def synthesised(body: bytes) -> list[Event]:
    """The events of the response object in `body`, numbered from 0, its terminal event last."""
    response: Item = _decode(body)
    story = _Story()
    opening: Item = response | {
        "status": "in_progress",
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "output": [],
        "usage": None,
    }
    story.tell("response.created", response=opening)
    story.tell("response.in_progress", response=opening)
    for index, item in enumerate(response["output"]):
        story.item(index, item)
    if response.get("error") is not None:
        story.failure(response["error"])
    story.tell(_TERMINAL.get(response["status"], "response.failed"), response=msgspec.Raw(body))
    return story.events


def error_event(number: int, error: Item) -> Event:
    """The `error` event in the one shape that every known client reads."""
    flat = {"code": error.get("code"), "message": error.get("message"), "param": error.get("param")}
    nested = {"type": error.get("type") or "server_error", **flat}
    data = _encode({"type": "error", "sequence_number": number, **flat, "error": nested})
    return Event("error", number, data)


class _Story:
    """Numbers what it tells."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(self, kind: str, **members: Any) -> None:
        number = len(self.events)
        self.events.append(Event(kind, number, _encode({"type": kind, "sequence_number": number, **members})))

    def failure(self, error: Item) -> None:
        self.events.append(error_event(len(self.events), error))

    def item(self, index: int, item: Item) -> None:
        kind = item.get("type", "")
        self.tell("response.output_item.added", output_index=index, item=_blank(item))
        place = {"item_id": item.get("id"), "output_index": index}
        if kind in ("message", "reasoning"):
            self._summaries(place, item.get("summary") or [])
            self._parts(place, item.get("content") or [])
        elif kind in _CALLS:
            self._call(place, item, *_CALLS[kind])
        elif kind in _PHASES:
            for phase in _PHASES[kind]:
                self.tell(f"response.{kind}.{phase}", **place)
                if kind == "code_interpreter_call" and phase == "in_progress":
                    self._text(place, item, "code", "response.code_interpreter_call_code")
        self.tell("response.output_item.done", output_index=index, item=item)

    def _call(self, place: dict[str, Any], item: Item, member: str, prefix: str) -> None:
        if item["type"] == "mcp_call":
            self.tell("response.mcp_call.in_progress", **place)
        self._text(place, item, member, prefix)
        if item["type"] == "mcp_call":
            self.tell(f"response.mcp_call.{'failed' if item.get('error') else 'completed'}", **place)

    def _text(self, place: dict[str, Any], item: Item, member: str, prefix: str) -> None:
        text = item.get(member) or ""
        if text:
            self.tell(f"{prefix}.delta", **place, delta=text)
        self.tell(f"{prefix}.done", **place, **{member: text})

    def _summaries(self, place: dict[str, Any], parts: list[Item]) -> None:
        for index, part in enumerate(parts):
            spot = {**place, "summary_index": index}
            self.tell("response.reasoning_summary_part.added", **spot, part=part | {"text": ""})
            text = part.get("text") or ""
            if text:
                self.tell("response.reasoning_summary_text.delta", **spot, delta=text)
            self.tell("response.reasoning_summary_text.done", **spot, text=text)
            self.tell("response.reasoning_summary_part.done", **spot, part=part)

    def _parts(self, place: dict[str, Any], parts: list[Item]) -> None:
        for index, part in enumerate(parts):
            member, prefix, blank = _PARTS.get(part.get("type", ""), _OTHER)
            spot = {**place, "content_index": index}
            if not member:
                self.tell("response.content_part.added", **spot, part=part)
                self.tell("response.content_part.done", **spot, part=part)
                continue
            self.tell("response.content_part.added", **spot, part=part | blank | {member: ""})
            extra: Item = {"logprobs": part.get("logprobs") or []} if member == "text" and blank else {}
            text = part.get(member) or ""
            if text:
                self.tell(f"{prefix}.delta", **spot, delta=text, **extra)
            for number, annotation in enumerate(part.get("annotations") or []):
                self.tell(
                    "response.output_text.annotation.added", **spot, annotation_index=number, annotation=annotation
                )
            self.tell(f"{prefix}.done", **spot, **{member: text}, **extra)
            self.tell("response.content_part.done", **spot, part=part)


def _blank(item: Item) -> Item:
    """The item as it is announced: nothing said yet."""
    blank = dict(item)
    if "status" in blank:
        blank["status"] = "in_progress"
    if blank.get("type") == "reasoning":
        blank.pop("encrypted_content", None)
    for member, empty in _EMPTY.items():
        if blank.get(member):
            blank[member] = empty
    return blank
