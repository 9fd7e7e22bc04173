"""Content parts of the Responses API, read leniently.

What clients are known to send beyond the letter of the format is taken too: `image_url` as an object, parts of type
``text``, parts of an assistant in a user's message and the other way round.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final, Literal

from msgspec import Struct


class Breakpoint(Struct, frozen=True):
    """Where a client wants what stands up to here to be cached. `ttl` is ``30m`` or ``12h``."""

    ttl: str | None = None


class Words(Struct, frozen=True, tag_field="type"):
    """A part that is nothing but text. `prompt_cache_breakpoint` on a part says that all up to it may be cached."""

    text: str
    prompt_cache_breakpoint: Breakpoint | None = None


class InputText(Words, frozen=True, tag="input_text"):
    """What a client says."""


class OutputText(Words, frozen=True, tag="output_text"):
    """What a model said."""


class PlainText(Words, frozen=True, tag="text"):
    """The form in which conversations show text."""


class SummaryText(Words, frozen=True, tag="summary_text"):
    """A summary of reasoning."""


class ReasoningText(Words, frozen=True, tag="reasoning_text"):
    """Reasoning as it was."""


class Refusal(Struct, frozen=True, tag_field="type", tag="refusal"):
    """What a model said instead of an answer."""

    refusal: str


class Url(Struct, frozen=True):
    """An address as an object, as chat completions has it."""

    url: str
    detail: str | None = None


class Picture(Struct, frozen=True, tag_field="type"):
    """A picture by address or data URL, or by the id of a file."""

    image_url: str | Url | None = None
    file_id: str | None = None
    detail: Literal["low", "high", "auto", "original"] | None = None
    prompt_cache_breakpoint: Breakpoint | None = None


class InputImage(Picture, frozen=True, tag="input_image"):
    """An image by address, or by its bytes as a data URL."""


class Screenshot(Picture, frozen=True, tag="computer_screenshot"):
    """A picture of what a computer shows."""


class InputFile(Struct, frozen=True, tag_field="type", tag="input_file"):
    """A file by its bytes (a data URL, or bare base64), by address, or by id."""

    file_data: str | None = None
    file_url: str | None = None
    file_id: str | None = None
    filename: str | None = None
    detail: Literal["low", "high", "auto"] | None = None
    prompt_cache_breakpoint: Breakpoint | None = None


class Audio(Struct, frozen=True):
    """Bytes in base64; `format` is `mp3`, `wav` or what else a provider takes."""

    data: str
    format: str


class InputAudio(Struct, frozen=True, tag_field="type", tag="input_audio"):
    """Sound."""

    input_audio: Audio


class InputVideo(Struct, frozen=True, tag_field="type", tag="input_video"):
    """A film by address or data URL."""

    video_url: str | Url


Part = (
    InputText
    | OutputText
    | PlainText
    | SummaryText
    | ReasoningText
    | Refusal
    | InputImage
    | Screenshot
    | InputFile
    | InputAudio
    | InputVideo
)
Content = str | list[Part]

READABLE: Final = ("text/", "application/json", "application/xml", "application/yaml", "application/x-yaml")
"""Media types of files that a model without eyes for files can still read as text."""


def contents(part: InputFile) -> tuple[str | None, str] | None:
    """Name and text of a text file, None for any other."""
    head, found, payload = (part.file_data or "").partition(";base64,")
    if not found or not head.startswith(tuple(f"data:{kind}" for kind in READABLE)):
        return None
    try:
        return part.filename, base64.b64decode(payload, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def readable(part: InputFile) -> str | None:
    """A text file as text, for providers that take no files."""
    found = contents(part)
    if found is None:
        return None
    name, text = found
    return f"{name}:\n{text}" if name else text
