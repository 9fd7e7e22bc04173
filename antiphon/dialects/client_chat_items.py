"""Messages of a chat as input items, each call and each output an item of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal, TypeGuard

import msgspec
from msgspec import Struct

from antiphon.errors import BadRequest
from antiphon.wire.envelope import is_sealed
from antiphon.wire.faults import missing
from antiphon.wire.requests import Item, is_item

_WORDS: Final = ("text", "input_text", "output_text")

_HOUR: Final = "1h"
_LONG: Final = "12h"
"""Of the times that the Responses API can keep a prompt for, the nearest to an hour that is not less."""

_ONLY_TEXT: Final = "An assistant's message is told as text alone; the rest of '{}' was left out."
_NAMED: Final = "Names of who speaks cannot be told beside what they say; '{}' was left out."
_HEARD: Final = "Sound that a model made is known to the provider alone that made it; '{}' was left out."
_SEALED: Final = "Reasoning that was not sealed here cannot be opened here; '{}' was left out."


class _Function(Struct, frozen=True):
    name: str
    arguments: str = ""


class _Custom(Struct, frozen=True):
    name: str
    input: str = ""


class _Call(Struct, frozen=True):
    id: str
    type: str = "function"
    function: _Function | None = None
    custom: _Custom | None = None


class _Message(Struct, frozen=True):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[dict[str, Any]] | None = None
    refusal: str | None = None
    name: str | None = None
    tool_calls: list[_Call] | None = None
    function_call: _Function | None = None
    tool_call_id: str | None = None
    audio: dict[str, Any] | None = None
    images: list[dict[str, Any]] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[dict[str, Any]] | None = None


class Reading:
    """Reads messages; afterwards `items` are what they come to, and `notes` a sentence for each thing that was lost."""

    __slots__ = ("_custom", "_legacy", "items", "notes")

    def __init__(self) -> None:
        """Nothing has been read."""
        self.items: list[Item] = []
        self.notes: list[str] = []
        self._custom: set[str] = set()
        self._legacy = 0

    def read(self, raw: Item, place: str) -> None:
        """Adds what one message comes to. Raises BadRequest, whose `param` names the message."""
        try:
            message = msgspec.convert(raw, _Message)
        except msgspec.ValidationError as error:
            raise BadRequest(f"Invalid message at '{place}': {error}.", param=place, code="invalid_value") from None
        if message.name and message.role not in ("tool", "function"):
            self.notes.append(_NAMED.format(f"{place}.name"))
        match message.role:
            case "assistant":
                self._answer(message, place)
            case "tool":
                self._output(message, place)
            case "function":
                self.items.append(
                    {"type": "function_call_output", "call_id": f"call_legacy_{self._legacy}"} | _said(message, place)
                )
            case role:
                content = _parts(message.content, place)
                self.items.append({"type": "message", "role": role, "content": content})

    def _answer(self, message: _Message, place: str) -> None:
        self.items += _thoughts(message)
        if any(map(_is_foreign, message.reasoning_details or ())):
            self.notes.append(_SEALED.format(f"{place}.reasoning_details"))
        if message.audio is not None:
            self.notes.append(_HEARD.format(f"{place}.audio"))
        self.items += _pictures(message)
        parts: list[Item] = []
        for part in _parts(message.content, place) if message.content else ():
            if part["type"] == "refusal":
                parts.append(part)
            elif part["type"] == "input_text":
                parts.append({"type": "output_text", "text": part["text"], "annotations": []})
            else:
                self.notes.append(_ONLY_TEXT.format(f"{place}.content"))
        if message.refusal:
            parts.append({"type": "refusal", "refusal": message.refusal})
        if parts:
            self.items.append({"type": "message", "role": "assistant", "content": parts})
        for call in message.tool_calls or ():
            self._call(call, place)
        if message.function_call is not None:
            self._legacy += 1
            call = _Call(f"call_legacy_{self._legacy}", function=message.function_call)
            self._call(call, place)

    def _call(self, call: _Call, place: str) -> None:
        if call.custom is not None:
            self._custom.add(call.id)
            said: Item = {"type": "custom_tool_call", "name": call.custom.name, "input": call.custom.input}
        elif call.function is not None:
            arguments = call.function.arguments or "{}"
            said = {"type": "function_call", "name": call.function.name, "arguments": arguments}
        else:
            param = f"{place}.tool_calls"
            raise BadRequest("A call needs 'function' or 'custom'.", param=param, code="missing_required_parameter")
        self.items.append(said | {"call_id": call.id})

    def _output(self, message: _Message, place: str) -> None:
        if not message.tool_call_id:
            param = f"{place}.tool_call_id"
            raise missing(param)
        kind = "custom_tool_call_output" if message.tool_call_id in self._custom else "function_call_output"
        self.items.append({"type": kind, "call_id": message.tool_call_id} | _said(message, place))


def _said(message: _Message, place: str) -> Item:
    content = message.content
    return {"output": _parts(content, place) if _is_parts(content) else content or ""}


def _is_parts(content: object) -> TypeGuard[list[Item]]:
    return isinstance(content, list)


def _thoughts(message: _Message) -> Iterator[Item]:
    """Reasoning that a client gives back: our own seals, else words of thought."""
    seals = [detail.get("data") for detail in message.reasoning_details or () if is_sealed(detail.get("data"))]
    for seal in seals:
        yield {"type": "reasoning", "summary": [], "encrypted_content": seal}
    text = message.reasoning_content or message.reasoning or "\n\n".join(_thinking(message.content))
    text = text or "\n\n".join(_told(message.reasoning_details))
    if text and not seals:
        yield {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": text}]}


def _thinking(content: str | list[Item] | None) -> Iterator[str]:
    """Thoughts in Mistral's form, a part beside those of the text."""
    for part in content if _is_parts(content) else ():
        if part.get("type") == "thinking" and _is_parts(part.get("thinking")):
            yield "".join(str(piece.get("text", "")) for piece in part["thinking"] if is_item(piece))


def _is_foreign(detail: Item) -> bool:
    """Whether it holds what somebody else has sealed or signed."""
    return bool(detail.get("signature")) or bool(detail.get("data") and not is_sealed(detail["data"]))


def _told(details: list[Item] | None) -> Iterator[str]:
    """Thoughts in OpenRouter's form."""
    for detail in details or ():
        text: Any = detail.get("text") or detail.get("summary")
        if isinstance(text, str) and text:
            yield text


def _pictures(message: _Message) -> Iterator[Item]:
    """Pictures that a model made, as `client_chat_shapes.image` told them."""
    for image in message.images or ():
        address: Any = image.get("image_url")
        url = str(address.get("url") if is_item(address) else address)
        head, found, payload = url.partition(";base64,")
        if found and head.startswith("data:image/"):
            form = head.removeprefix("data:image/")
            yield {"type": "image_generation_call", "status": "completed", "result": payload, "output_format": form}


def _parts(content: str | list[Item] | None, place: str) -> list[Item]:
    if content is None:
        param = f"{place}.content"
        raise missing(param)
    if isinstance(content, str):
        return [{"type": "input_text", "text": content}]
    spoken = [(index, part) for index, part in enumerate(content) if part.get("type") != "thinking"]
    return [_marked(_part(part, f"{place}.content[{index}]"), part) for index, part in spoken]


def _marked(part: Item, said: Item) -> Item:
    """The part with the client's wish that all up to it be cached, in OpenAI's word or in Anthropic's."""
    mark: Any = said.get("prompt_cache_breakpoint")
    if is_item(mark):
        return part | {"prompt_cache_breakpoint": mark}
    mark = said.get("cache_control")
    if not is_item(mark):
        return part
    lasting = {"ttl": _LONG} if mark.get("ttl") == _HOUR else {}
    return part | {"prompt_cache_breakpoint": {"mode": "explicit", **lasting}}


def _part(part: Item, place: str) -> Item:
    kind: Any = part.get("type", "text")
    inner: Any = part.get(kind) if isinstance(kind, str) else None
    if kind in _WORDS:
        return {"type": "input_text", "text": part.get("text", "")}
    if kind == "refusal":
        return {"type": "refusal", "refusal": part.get("refusal", "")}
    if kind == "image_url":
        image: Item = inner if is_item(inner) else {"url": inner}
        detail = {"detail": image["detail"]} if image.get("detail") else {}
        return {"type": "input_image", "image_url": image.get("url")} | detail
    if kind == "input_audio":
        return {"type": "input_audio", "input_audio": inner}
    if kind == "file" and is_item(inner):
        return {"type": "input_file", **inner}
    if kind in ("video_url", "document_url"):
        address: Any = inner.get("url") if is_item(inner) else inner
        return {"type": "input_video", "video_url": address} if kind == "video_url" else _document(address)
    raise BadRequest(f"Invalid value: '{str(kind)[:64]}'.", param=f"{place}.type", code="invalid_value")


def _document(address: Any) -> Item:
    held = isinstance(address, str) and address.startswith("data:")
    return {"type": "input_file", "file_data" if held else "file_url": address}
