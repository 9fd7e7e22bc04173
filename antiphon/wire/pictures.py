"""What pictures, files and sounds cost in tokens, by the formulas that vendors document.

OpenAI: 85 tokens and 170 per tile of 512 pixels, 85 in low detail. Anthropic: width times height by 750, at most 1,600.
Google: 258 tokens. Where the size cannot be seen, a picture counts as one of 1,024 by 1,024.
https://platform.openai.com/docs/guides/images-vision, https://docs.claude.com/en/docs/build-with-claude/vision,
https://ai.google.dev/gemini-api/docs/tokens (read 2026-11).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, Literal

from antiphon.wire.requests import Item, is_item

Pictures = Literal["tiles", "area", "fixed"]
"""OpenAI's, Anthropic's and Google's ways of counting a picture."""

_UNKNOWN: Final = (1024, 1024)
_HEAD_CHARACTERS: Final = 65536
"""Of base64, a multiple of four: where a size is told, it is told here."""

_LOW: Final = 85
_PER_TILE: Final = 170
_TILE: Final = 512
_LONGEST: Final = 2048
_SHORTEST: Final = 768
_PIXELS_PER_TOKEN: Final = 750
_MOST_BY_AREA: Final = 1600
_FIXED: Final = 258
_BYTES_PER_FILE_TOKEN: Final = 40
_UNKNOWN_FILE: Final = 1500
_BYTES_PER_SOUND_TOKEN: Final = 3200

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_SIZE: Final = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]..\x08(..)(..)", re.DOTALL)


def media_tokens(part: Item, pictures: Pictures) -> float:
    """What a part that is an image, a file or a sound costs."""
    kind = part.get("type")
    if kind == "input_file":
        data = part.get("file_data")
        return len(data) * 3 / 4 / _BYTES_PER_FILE_TOKEN if isinstance(data, str) else _UNKNOWN_FILE
    if kind == "input_audio":
        sound = part.get("input_audio")
        data = sound.get("data") if is_item(sound) else None
        return len(data) * 3 / 4 / _BYTES_PER_SOUND_TOKEN if isinstance(data, str) else _UNKNOWN_FILE
    address = part.get("image_url")
    if is_item(address):
        address = address.get("url")
    return picture_tokens(_size(address), pictures, low=part.get("detail") == "low")


def picture_tokens(size: tuple[int, int], pictures: Pictures, *, low: bool = False) -> float:
    """What a picture of so many pixels costs."""
    width, height = size
    if pictures == "fixed":
        return _FIXED
    if pictures == "area":
        return min(width * height / _PIXELS_PER_TOKEN, _MOST_BY_AREA)
    if low:
        return _LOW
    scale = min(1.0, _LONGEST / max(width, height, 1))
    scale = min(scale, _SHORTEST / max(min(width, height), 1))
    return _LOW + _PER_TILE * _tiles(width * scale) * _tiles(height * scale)


def _tiles(pixels: float) -> int:
    return max(1, -(-int(pixels) // _TILE))


def _size(address: object) -> tuple[int, int]:
    """Width and height of the picture in a data URL, where its head tells them."""
    if not isinstance(address, str) or not address.startswith("data:"):
        return _UNKNOWN
    _, _, encoded = address.partition(",")
    try:
        data = base64.b64decode(encoded[:_HEAD_CHARACTERS], validate=False)
    except (binascii.Error, ValueError):
        return _UNKNOWN
    if data.startswith(_PNG):
        return _pair(data[16:20], data[20:24], "big")
    if data[:3] == b"GIF":
        return _pair(data[6:8], data[8:10], "little")
    found = _JPEG_SIZE.search(data) if data[:2] == b"\xff\xd8" else None
    return _UNKNOWN if found is None else _pair(found[2], found[1], "big")


def _pair(width: bytes, height: bytes, order: Literal["big", "little"]) -> tuple[int, int]:
    pair = int.from_bytes(width, order), int.from_bytes(height, order)
    return pair if all(pair) else _UNKNOWN
