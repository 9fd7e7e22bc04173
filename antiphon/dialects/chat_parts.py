"""Content parts of the Responses API as chat completions knows them (spec sections 3.2 and 6.2).

What clients are known to send beyond the letter of the format is taken too: `image_url` as an object, parts of type
``text``, parts of an assistant in a user's message and the other way round.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import Struct

from antiphon.dialects.chat_losses import Losses, missing
from antiphon.protocols import Target

ChatPart = dict[str, Any]


class _Words(Struct, frozen=True, tag_field="type"):
    text: str


class InputText(_Words, frozen=True, tag="input_text"):
    """What a client says."""


class _OutputText(_Words, frozen=True, tag="output_text"):
    pass


class _PlainText(_Words, frozen=True, tag="text"):
    pass


class _SummaryText(_Words, frozen=True, tag="summary_text"):
    pass


class _ReasoningText(_Words, frozen=True, tag="reasoning_text"):
    pass


class Refusal(Struct, frozen=True, tag_field="type", tag="refusal"):
    """What a model said instead of an answer."""

    refusal: str


class _Url(Struct, frozen=True):
    url: str
    detail: str | None = None


class _Picture(Struct, frozen=True, tag_field="type"):
    image_url: str | _Url | None = None
    file_id: str | None = None
    detail: Literal["low", "high", "auto", "original"] | None = None


class InputImage(_Picture, frozen=True, tag="input_image"):
    """An image by address, or by its bytes as a data URL."""


class _Screenshot(_Picture, frozen=True, tag="computer_screenshot"):
    pass


class _InputFile(Struct, frozen=True, tag_field="type", tag="input_file"):
    file_data: str | None = None
    file_url: str | None = None
    file_id: str | None = None
    filename: str | None = None


class _Audio(Struct, frozen=True):
    data: str
    format: str


class _InputAudio(Struct, frozen=True, tag_field="type", tag="input_audio"):
    input_audio: _Audio


class _InputVideo(Struct, frozen=True, tag_field="type", tag="input_video"):
    video_url: str | _Url


Part = (
    InputText
    | _OutputText
    | _PlainText
    | _SummaryText
    | _ReasoningText
    | Refusal
    | InputImage
    | _Screenshot
    | _InputFile
    | _InputAudio
    | _InputVideo
)
Content = str | list[Part]

_READABLE: Final = ("text/", "application/json", "application/xml", "application/yaml", "application/x-yaml")
"""Media types of files that a model without eyes for files can still read as text."""


class PartWriter:
    """Writes content for one provider."""

    __slots__ = ("_losses", "_provider", "_quirks")

    def __init__(self, target: Target, losses: Losses) -> None:
        """What `target` cannot take goes to `losses`."""
        self._losses = losses
        self._provider = target.provider
        self._quirks = target.quirks

    def user(self, content: Content, place: str) -> str | list[ChatPart]:
        """Content of a user's message; a string wherever that says the same, since every provider takes strings."""
        if isinstance(content, str):
            return content
        if len(content) == 1 and isinstance(words := content[0], _Words):
            return words.text
        parts = self._parts(content, place)
        texts = [part["text"] for part in parts if part["type"] == "text"]
        if len(texts) < len(parts) or (len(texts) > 1 and self._quirks.image_input):
            return parts
        return "\n\n".join(texts)

    def system(self, content: Content, place: str) -> str:
        """Content of a system message, which is text alone."""
        return content if isinstance(content, str) else "\n\n".join(self._texts(content, place, "A system message"))

    def assistant(self, content: Content, place: str) -> tuple[str, str]:
        """Text and refusal of an assistant's message, each possibly empty."""
        if isinstance(content, str):
            return content, ""
        refusals = [part.refusal for part in content if isinstance(part, Refusal)]
        others = [part for part in content if not isinstance(part, Refusal)]
        return "".join(self._texts(others, place, "An assistant's message")), "\n".join(refusals)

    def tool(self, content: Content, place: str) -> tuple[str, list[ChatPart]]:
        """The text of a tool's output, and what else is in it: a tool message holds text alone."""
        if isinstance(content, str):
            return content, []
        parts = self._parts(content, place)
        texts = [part["text"] for part in parts if part["type"] == "text"]
        return "\n".join(texts), [part for part in parts if part["type"] != "text"]

    def _texts(self, content: Sequence[Part], place: str, where: str) -> list[str]:
        texts: list[str] = []
        for index, part in enumerate(content):
            if isinstance(part, _Words):
                texts.append(part.text)
            elif isinstance(part, Refusal):
                texts.append(part.refusal)
            else:
                message = f"{where} can only hold text at {self._provider}; the rest was left out."
                self._losses.lose(message, f"{place}.content[{index}]")
        return texts

    def _parts(self, content: list[Part], place: str) -> list[ChatPart]:
        written = (self._part(part, f"{place}.content[{index}]") for index, part in enumerate(content))
        return [part for part in written if part is not None]

    def _part(self, part: Part, place: str) -> ChatPart | None:
        match part:
            case _Words():
                return {"type": "text", "text": part.text}
            case Refusal():
                return {"type": "text", "text": part.refusal}
            case _Picture():
                return self._image(part, place)
            case _InputFile():
                return self._file(part, place)
            case _InputAudio():
                if not self._quirks.audio_input:
                    return self._lose("audio", place)
                audio = {"data": part.input_audio.data, "format": part.input_audio.format}
                return {"type": "input_audio", "input_audio": audio}
            case _:
                if not self._quirks.video_input:
                    return self._lose("video", place)
                url = part.video_url if isinstance(part.video_url, str) else part.video_url.url
                return {"type": "video_url", "video_url": {"url": url}}

    def _image(self, part: _Picture, place: str) -> ChatPart | None:
        if not self._quirks.image_input:
            return self._lose("images", place)
        address = part.image_url
        if address is None and part.file_id is not None:
            return self._lose("images by file id", place)
        if address is None:
            raise missing(f"{place}.image_url")
        detail = part.detail
        if not isinstance(address, str):
            detail = detail or address.detail
            address = address.url
        image = {"url": address}
        if detail:
            image["detail"] = "high" if detail == "original" else detail
        return {"type": "image_url", "image_url": image}

    def _file(self, part: _InputFile, place: str) -> ChatPart | None:
        data, style = part.file_data, self._quirks.file_style
        address = data or part.file_url
        if address is None and part.file_id is None:
            raise missing(f"{place}.file_data")
        if not self._quirks.file_input:
            return _readable(part) or self._lose("files", place)
        if address is None:
            if style != "file":
                return self._lose("files by id", place)
            return {"type": "file", "file": {"file_id": part.file_id}}
        if style == "document_url":
            return {"type": "document_url", "document_url": address}
        if data is None and style == "file":
            return self._lose("files by address", place)
        file = {"file_data": address}
        if part.filename:
            file["filename"] = part.filename
        return {"type": "file", "file": file}

    def _lose(self, what: str, place: str) -> None:
        self._losses.lose(f"{self._provider} does not take {what} as input; they were left out.", place)


def _readable(part: _InputFile) -> ChatPart | None:
    """A text file as text, for providers that take no files."""
    head, found, payload = (part.file_data or "").partition(";base64,")
    if not found or not head.startswith(tuple(f"data:{kind}" for kind in _READABLE)):
        return None
    try:
        text = base64.b64decode(payload, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return {"type": "text", "text": f"{part.filename}:\n{text}" if part.filename else text}
