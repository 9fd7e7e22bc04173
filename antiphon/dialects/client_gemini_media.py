"""Google's blobs and files as parts of an input message.

https://ai.google.dev/gemini-api/docs/file-input-methods (read 2026-11).
"""

from __future__ import annotations

from typing import Final

from antiphon.dialects.client_gemini_members import camel, text
from antiphon.errors import BadRequest
from antiphon.wire.requests import Item, is_item

_SOUNDS: Final = {"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/x-wav": "wav", "audio/wave": "wav"}
_EXTENSIONS: Final = {
    "plain": "txt",
    "markdown": "md",
    "x-python": "py",
    "javascript": "js",
    "x-javascript": "js",
    "rtf": "rtf",
    "octet-stream": "bin",
}
"""Ends of names for types whose second half is none."""

_YOUTUBE: Final = ("youtube.com/", "youtu.be/")


def part_of(part: Item, place: str, detail: str | None = None) -> Item:
    """A part of what a user says; `detail` is how closely pictures are looked at. Raises BadRequest."""
    if isinstance(part.get("text"), str):
        return {"type": "input_text", "text": part["text"]}
    held, named = part.get("inlineData"), part.get("fileData")
    if is_item(held):
        return _inline(camel(held), f"{place}.inlineData", detail)
    if is_item(named):
        return _named(camel(named), f"{place}.fileData", detail)
    raise BadRequest(f"The part at '{place}' is of no known kind.", param=place, code="invalid_value")


def standard(data: str) -> str:
    """Base64 in its usual letters; Google's own clients write it with those of URLs."""
    return data.replace("-", "+").replace("_", "/") if "-" in data or "_" in data else data


def _inline(blob: Item, place: str, detail: str | None) -> Item:
    kind, data = text(blob, "mimeType", place).lower(), standard(text(blob, "data", place))
    if kind.startswith("audio/"):
        form = _SOUNDS.get(kind, kind.removeprefix("audio/"))
        return {"type": "input_audio", "input_audio": {"data": data, "format": form}}
    address = f"data:{kind};base64,{data}"
    if kind.startswith("image/"):
        return _picture(address, detail)
    if kind.startswith("video/"):
        return {"type": "input_video", "video_url": address}
    name = blob.get("displayName")
    half = kind.partition(";")[0].rpartition("/")[2]
    named = name if isinstance(name, str) and name else f"file.{_EXTENSIONS.get(half, half[:16] or 'bin')}"
    return {"type": "input_file", "file_data": address, "filename": named}


def _named(file: Item, place: str, detail: str | None) -> Item:
    address = text(file, "fileUri", place)
    kind = str(file.get("mimeType") or "").lower()
    if kind.startswith("image/"):
        return _picture(address, detail)
    if kind.startswith("video/") or any(host in address for host in _YOUTUBE):
        return {"type": "input_video", "video_url": address}
    return {"type": "input_file", "file_url": address}


def _picture(address: str, detail: str | None) -> Item:
    picture: Item = {"type": "input_image", "image_url": address}
    return picture if detail is None else picture | {"detail": detail}
