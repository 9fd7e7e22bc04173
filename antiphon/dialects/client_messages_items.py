"""Messages of the Messages API as input items, each call, each result and each thought an item of its own.

https://platform.claude.com/docs/en/api/messages (read 2026-11). Signatures that the gateway gave are its own seals; one
that Anthropic gave itself goes on as it is, for the dialects to leave out where it means nothing.
"""

from __future__ import annotations

import base64
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from antiphon.dialects.chat_shapes import objects
from antiphon.dialects.messages_hosted import CALLS, is_result, told
from antiphon.errors import BadRequest
from antiphon.wire.faults import missing
from antiphon.wire.requests import Item, is_array, is_item

_encode: Final = msgspec.json.Encoder().encode

_HOUR: Final = "1h"
_LONG: Final = "12h"
"""Of the times that the Responses API can keep a prompt for, the nearest to an hour that is not less."""

_PLAIN: Final = "text/plain"

_OF_A_MESSAGE: Final = ("clear_at", "output_config")
_UNCITED: Final = "Nobody but Anthropic's own models cites what it is given; '{}' was left out."
_OWN: Final = "'{}' is for Anthropic's own models; it was left out."


class _Message(Struct, frozen=True):
    role: Literal["user", "assistant", "system"]
    content: str | list[dict[str, Any]]


class Reading:
    """Reads messages; afterwards `items`, `uploads` (ids of files for a container) and `notes` are what they hold.

    A note is a sentence about what could not be said.
    """

    __slots__ = ("_asked", "items", "notes", "uploads")

    def __init__(self) -> None:
        """Nothing has been read."""
        self.items: list[Item] = []
        self.uploads: list[str] = []
        self.notes: list[str] = []
        self._asked: dict[str, Item] = {}

    def system(self, blocks: list[Item]) -> None:
        """Adds the blocks that stand before all messages."""
        parts = [part for index, block in enumerate(blocks) for part in self._parts(block, f"system[{index}]")]
        if parts:
            self.items.append(_message("system", parts))

    def read(self, raw: Item, place: str) -> None:
        """Adds what one message comes to. Raises BadRequest, whose `param` names the message."""
        try:
            message = msgspec.convert(raw, _Message)
        except msgspec.ValidationError as error:
            raise BadRequest(f"Invalid message at '{place}': {error}.", param=place, code="invalid_value") from None
        self.notes += [_OWN.format(f"{place}.{name}") for name in _OF_A_MESSAGE if raw.get(name)]
        content = message.content
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if message.role == "assistant":
            for index, block in enumerate(blocks):
                self._said(block, f"{place}.content[{index}]")
        else:
            self._told(message.role, blocks, place)

    def finish(self) -> None:
        """No more messages: notes what Anthropic's servers were asked and have not answered."""
        if self._asked:
            self.notes.append("What tools of Anthropic's own were still at work on was left out.")

    def _told(self, role: str, blocks: list[Item], place: str) -> None:
        """What a user, or the system, says: results are items between messages."""
        parts: list[Item] = []
        for index, block in enumerate(blocks):
            spot = f"{place}.content[{index}]"
            match block.get("type"):
                case "tool_result":
                    self._add(role, parts)
                    parts = []
                    self._result(block, spot)
                case "container_upload":
                    self.uploads.append(_text(block, "file_id", spot))
                case "tool_addition":
                    self.notes.append("Tools that are added between messages are offered from the start, or not.")
                case "tool_removal":
                    self.notes.append("Tools that are taken away between messages are offered all the same.")
                case _:
                    parts += self._parts(block, spot)
        self._add(role, parts)

    def _add(self, role: str, parts: list[Item]) -> None:
        if parts:
            self.items.append(_message(role, parts))

    def _result(self, block: Item, place: str) -> None:
        call_id = _text(block, "tool_use_id", place)
        content: Any = block.get("content")
        output: Any = content or ""
        if is_array(content):
            blocks = enumerate(objects(content))
            output = [part for index, each in blocks for part in self._parts(each, f"{place}.content[{index}]")]
        if block.get("cache_control"):
            output = [{"type": "input_text", "text": output}] if isinstance(output, str) else output
            if output:
                output[-1] = _marked(output[-1], block)
        item: Item = {"type": "function_call_output", "call_id": call_id, "output": output}
        self.items.append(item | ({"status": "incomplete"} if block.get("is_error") is True else {}))

    def _said(self, block: Item, place: str) -> None:
        """A block of the model's."""
        kind = str(block.get("type"))
        match kind:
            case "text":
                part: Item = {"type": "output_text", "text": _text(block, "text", place), "annotations": []}
                self._speak(part)
            case "thinking":
                self._thought(_text(block, "thinking", place), block.get("signature"))
            case "redacted_thinking":
                self._thought("", _text(block, "data", place))
            case "tool_use":
                given: Any = block.get("input")
                arguments = _encode(given if is_item(given) else {}).decode()
                call = {"call_id": _text(block, "id", place), "name": _text(block, "name", place)}
                self.items.append({"type": "function_call", **call, "arguments": arguments})
            case "compaction":
                self.items.append({"type": "compaction", "summary": block.get("content") or ""})
            case _ if kind in CALLS:
                self._asked[str(block.get("id"))] = block
            case _ if is_result(kind):
                item = told(self._asked.pop(str(block.get("tool_use_id")), None), block)
                if item is not None:
                    self.items.append(item)
                else:
                    self.notes.append("What tools of Anthropic's own did is of use to its own models alone.")
            case "fallback" | "mcp_tool_listing":
                pass  # which model went on, and what a server had on offer: nothing that a model is told
            case _:
                raise _unknown(kind, place)

    def _speak(self, part: Item) -> None:
        """Text joins the message that it goes on with."""
        last = self.items[-1] if self.items else {}
        if last.get("role") == "assistant":
            last["content"].append(part)
        elif part["text"]:
            self.items.append(_message("assistant", [part]))

    def _thought(self, text: str, signature: object) -> None:
        item: Item = {"type": "reasoning", "summary": []}
        if isinstance(signature, str) and signature:
            item["encrypted_content"] = signature
        elif text:
            item["content"] = [{"type": "reasoning_text", "text": text}]
        else:
            return
        self.items.append(item)

    def _parts(self, block: Item, place: str) -> list[Item]:
        """A part, and before it what is said of it."""
        cited: Any = block.get("citations")
        if is_item(cited) and cited.get("enabled"):
            self.notes.append(_UNCITED.format(f"{place}.citations"))
        part = _marked(self._plain_part(block, place), block)
        context = block.get("context")
        return [_words(f"About the document that follows: {context}"), part] if context else [part]

    def _plain_part(self, block: Item, place: str) -> Item:
        kind: Any = block.get("type")
        match kind:
            case "text":
                return _words(_text(block, "text", place))
            case "image":
                return self._sourced("input_image", "image_url", block, place)
            case "document":
                return self._document(block, place)
            case "search_result":
                said = "\n".join(str(each.get("text", "")) for each in objects(block.get("content")))
                return _words(f"{block.get('title', '')} ({block.get('source', '')}):\n{said}")
            case "tool_reference":
                return _words(f"[{block.get('tool_name', '')}]")
            case _:
                raise _unknown(str(kind), place)

    def _document(self, block: Item, place: str) -> Item:
        source: Any = block.get("source")
        title = block.get("title")
        if is_item(source) and source.get("type") == "content":
            inner: Any = source.get("content")
            said = inner if isinstance(inner, str) else "\n".join(str(each.get("text", "")) for each in objects(inner))
            return _words(f"{title}:\n{said}" if title else said)
        part = self._sourced("input_file", "file_url", block, place)
        return part | {"filename": title} if title else part

    def _sourced(self, kind: str, address: str, block: Item, place: str) -> Item:
        """A picture or a file, by whatever its source says."""
        source: Any = block.get("source")
        if not is_item(source):
            param = f"{place}.source"
            raise missing(param)
        place = f"{place}.source"
        data = "image_url" if kind == "input_image" else "file_data"
        match source.get("type"):
            case "base64":
                media = _text(source, "media_type", place)
                return {"type": kind, data: f"data:{media};base64,{_text(source, 'data', place)}"}
            case "text":
                encoded = base64.b64encode(_text(source, "data", place).encode()).decode()
                return {"type": kind, data: f"data:{_PLAIN};base64,{encoded}"}
            case "url":
                return {"type": kind, address: _text(source, "url", place)}
            case "file":
                return {"type": kind, "file_id": _text(source, "file_id", place)}
            case other:
                raise _unknown(str(other), place)


def _message(role: str, parts: list[Item]) -> Item:
    return {"type": "message", "role": role, "content": parts}


def _words(text: str) -> Item:
    return {"type": "input_text", "text": text}


def _marked(part: Item, block: Item) -> Item:
    """The part with the block's wish that all up to it be cached."""
    mark: Any = block.get("cache_control")
    if not is_item(mark):
        return part
    lasting = {"ttl": _LONG} if mark.get("ttl") == _HOUR else {}
    return part | {"prompt_cache_breakpoint": {"mode": "explicit", **lasting}}


def _text(block: Item, member: str, place: str) -> str:
    value: Any = block.get(member)
    if isinstance(value, str):
        return value
    param = f"{place}.{member}"
    if value is None:
        raise missing(param)
    raise BadRequest(f"Invalid type for '{param}': expected a string.", param=param, code="invalid_type")


def _unknown(kind: str, place: str) -> BadRequest:
    return BadRequest(f"Invalid value: '{kind[:64]}'.", param=f"{place}.type", code="invalid_value")
