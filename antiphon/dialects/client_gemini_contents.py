"""Google's contents as input items: the way in for clients that speak generateContent.

https://ai.google.dev/api/caching#Content (read 2026-11). Members may be written in camel case or with underscores, as
in every API of Google's.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final, TypeGuard

import msgspec

from antiphon.errors import BadRequest
from antiphon.wire.envelope import is_sealed
from antiphon.wire.requests import Item, is_item

_UNDERSCORED: Final = re.compile(r"_([a-z])")
_SOUNDS: Final = {"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/x-wav": "wav", "audio/wave": "wav"}
_CODE: Final = ("executableCode", "codeExecutionResult")
_encode: Final = msgspec.json.Encoder().encode


def camel(value: Item) -> Item:
    """The members by their names in camel case; what is inside them stays."""
    return {_UNDERSCORED.sub(lambda found: found[1].upper(), name): member for name, member in value.items()}


def objects(value: object, place: str) -> list[Item]:
    """A list of objects. Raises BadRequest for anything else."""
    listed = [value] if is_item(value) else value
    if is_list(listed):
        found = [each for each in listed if is_item(each)]
        if len(found) == len(listed):
            return [camel(each) for each in found]
    raise BadRequest(f"Invalid type for '{place}': expected an array of objects.", param=place, code="invalid_type")


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether a decoded JSON value is an array."""
    return isinstance(value, list)


def seal_of(signature: object) -> str | None:
    """The seal of ours that a signature holds."""
    if not isinstance(signature, str):
        return None
    try:
        text = base64.b64decode(signature + "=" * (-len(signature) % 4), altchars=b"-_").decode("ascii")
    except (binascii.Error, ValueError):
        return None
    return text if is_sealed(text) else None


def signature_of(seal: str) -> str:
    """A seal of ours as Google's clients take signatures: base64."""
    return base64.b64encode(seal.encode()).decode()


def items_of(contents: list[Item]) -> list[Item]:
    """The items, in order. Raises BadRequest whose `param` names the content."""
    reading = _Reading()
    for index, content in enumerate(contents):
        place = f"contents[{index}]"
        parts = objects(content.get("parts") or [], f"{place}.parts")
        role: Any = content.get("role") or "user"
        if role == "model":
            reading.said(parts, place)
        elif role in ("user", "function"):
            reading.asked(parts, place)
        else:
            message = f"Please use a valid role: user, model; not '{str(role)[:64]}'."
            raise BadRequest(message, param=f"{place}.role", code="invalid_value")
    return reading.items


def text_parts(parts: list[Item], place: str) -> list[Item]:
    """What a user says, part by part."""
    return [_part(part, f"{place}.parts[{index}]") for index, part in enumerate(parts)]


class _Reading:
    """Reads contents one by one. Calls without an id get one of ours, by which their responses are found."""

    __slots__ = ("_open", "_seals", "_told", "items")

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._open: list[tuple[str, str]] = []
        self._seals: set[str] = set()
        self._told = 0

    def said(self, parts: list[Item], place: str) -> None:
        """What the model said, thought and called."""
        texts: list[Item] = []
        for index, part in enumerate(parts):
            seal = seal_of(part.get("thoughtSignature"))
            if seal is not None and seal not in self._seals:
                self._seals.add(seal)
                self._say(texts)
                self.items.append({"type": "reasoning", "summary": [], "encrypted_content": seal})
            if is_item(part.get("functionCall")):
                self._say(texts)
                self._call(camel(part["functionCall"]), f"{place}.parts[{index}]")
            elif part.get("text") and not part.get("thought"):
                texts.append({"type": "output_text", "text": part["text"], "annotations": []})
        self._say(texts)

    def asked(self, parts: list[Item], place: str) -> None:
        """What the user said, and what came of calls."""
        content: list[Item] = []
        for index, part in enumerate(parts):
            where = f"{place}.parts[{index}]"
            if is_item(part.get("functionResponse")):
                self._response(camel(part["functionResponse"]), where)
            elif not any(name in part for name in _CODE):
                content.append(_part(part, where))
        if content:
            self.items.append({"type": "message", "role": "user", "content": content})

    def _say(self, texts: list[Item]) -> None:
        if texts:
            self.items.append({"type": "message", "role": "assistant", "content": list(texts)})
            texts.clear()

    def _call(self, call: Item, place: str) -> None:
        name: Any = call.get("name")
        if not isinstance(name, str) or not name:
            param = f"{place}.functionCall.name"
            raise BadRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
        self._told += 1
        call_id = str(call.get("id") or f"call_{self._told}")
        self._open.append((call_id, name))
        arguments = _encode(call.get("args") or {}).decode()
        self.items.append({"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments})

    def _response(self, response: Item, place: str) -> None:
        """Belongs to the call of its id, else to the first one of its name that has none yet."""
        name, identity = response.get("name"), response.get("id")
        found = next((call for call in self._open if identity in (None, "", call[0]) and name in (None, call[1])), None)
        if found is None:
            message = f"There is no function call '{str(name)[:64]}' that this response could belong to."
            raise BadRequest(message, param=f"{place}.functionResponse", code="invalid_value")
        self._open.remove(found)
        output: Any = _output(response.get("response"))
        media = objects(response.get("parts") or [], f"{place}.functionResponse.parts")
        if media:
            output = [{"type": "input_text", "text": output}, *text_parts(media, f"{place}.functionResponse")]
        self.items.append({"type": "function_call_output", "call_id": found[0], "output": output})


def _output(response: object) -> str:
    """What a response says: the members `output` and `result` are the ones that Google's documentation uses."""
    if is_item(response) and len(response) == 1:
        said = response.get("output", response.get("result"))
        if isinstance(said, str):
            return said
    return _encode(response if response is not None else {}).decode()


def _part(part: Item, place: str) -> Item:
    if isinstance(part.get("text"), str):
        return {"type": "input_text", "text": part["text"]}
    held, named = part.get("inlineData"), part.get("fileData")
    if is_item(held):
        blob = camel(held)
        return _medium(str(blob.get("mimeType")), str(blob.get("data")), None, place)
    if is_item(named):
        file = camel(named)
        return _medium(str(file.get("mimeType") or ""), "", str(file.get("fileUri")), place)
    raise BadRequest(f"The part at '{place}' is of no known kind.", param=place, code="invalid_value")


def _medium(kind: str, data: str, address: str | None, place: str) -> Item:
    """A picture, a sound, a film or a file, by its bytes or by its address."""
    there = address or f"data:{kind};base64,{data}"
    if kind.startswith("image/"):
        return {"type": "input_image", "image_url": there}
    if kind.startswith("video/") or "youtube.com/" in there or "youtu.be/" in there:
        return {"type": "input_video", "video_url": there}
    if kind.startswith("audio/"):
        if address is not None:
            raise BadRequest("Send sounds as inlineData.", param=place, code="unsupported_value")
        form = _SOUNDS.get(kind, kind.removeprefix("audio/"))
        return {"type": "input_audio", "input_audio": {"data": data, "format": form}}
    if address is not None:
        return {"type": "input_file", "file_url": address}
    return {"type": "input_file", "file_data": there, "filename": f"file.{kind.rpartition('/')[2][:16] or 'bin'}"}
