"""Content parts as chat completions knows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from antiphon.dialects.leftovers import report_breakpoint, report_detail, report_media
from antiphon.dialects.losses import Losses
from antiphon.dialects.parts import Content, InputAudio, InputFile, Part, Picture, Refusal, Words, readable
from antiphon.protocols import Target
from antiphon.wire.faults import missing

ChatPart = dict[str, Any]


class PartWriter:
    """Writes content for one provider."""

    __slots__ = ("_losses", "_quirks")

    def __init__(self, target: Target, losses: Losses) -> None:
        """What `target` cannot take goes to `losses`."""
        self._losses = losses
        self._quirks = target.quirks

    def user(self, content: Content, place: str) -> str | list[ChatPart]:
        """Content of a user's message; a string wherever that says the same, since every provider takes strings."""
        if isinstance(content, str):
            return content
        if len(content) == 1 and isinstance(words := content[0], Words):
            report_breakpoint(words, f"{place}.content[0]", self._losses)
            return words.text
        parts = self._parts(content, place)
        texts = [part["text"] for part in parts if part["type"] == "text"]
        if len(texts) < len(parts) or (len(texts) > 1 and self._quirks.image_input):
            return parts
        return "\n\n".join(texts)

    def system(self, content: Content, place: str) -> str:
        """Content of a system message, which is text alone."""
        return content if isinstance(content, str) else "\n\n".join(self._texts(content, place, "system"))

    def assistant(self, content: Content, place: str) -> tuple[str, str]:
        """Text and refusal of an assistant's message, each possibly empty."""
        if isinstance(content, str):
            return content, ""
        refusals = [part.refusal for part in content if isinstance(part, Refusal)]
        others = [part for part in content if not isinstance(part, Refusal)]
        return "".join(self._texts(others, place, "assistant")), "\n".join(refusals)

    def tool(self, content: Content, place: str) -> tuple[str, list[ChatPart]]:
        """The text of a tool's output, and what else is in it: a tool message holds text alone."""
        if isinstance(content, str):
            return content, []
        parts = self._parts(content, place)
        texts = [part["text"] for part in parts if part["type"] == "text"]
        return "\n".join(texts), [part for part in parts if part["type"] != "text"]

    def _texts(self, content: Sequence[Part], place: str, role: str) -> list[str]:
        texts: list[str] = []
        for index, part in enumerate(content):
            report_breakpoint(part, f"{place}.content[{index}]", self._losses)
            if isinstance(part, Words):
                texts.append(part.text)
            elif isinstance(part, Refusal):
                texts.append(part.refusal)
            else:
                report_media(role, f"{place}.content[{index}]", self._losses)
        return texts

    def _parts(self, content: list[Part], place: str) -> list[ChatPart]:
        written = (self._part(part, f"{place}.content[{index}]") for index, part in enumerate(content))
        return [part for part in written if part is not None]

    def _part(self, part: Part, place: str) -> ChatPart | None:
        report_breakpoint(part, place, self._losses)
        match part:
            case Words():
                return {"type": "text", "text": part.text}
            case Refusal():
                return {"type": "text", "text": part.refusal}
            case Picture():
                return self._image(part, place)
            case InputFile():
                return self._file(part, place)
            case InputAudio():
                if not self._quirks.audio_input:
                    return self._lose("input_audio", place)
                if self._quirks.audio_style == "data":
                    return {"type": "input_audio", "input_audio": part.input_audio.data}
                audio = {"data": part.input_audio.data, "format": part.input_audio.format}
                return {"type": "input_audio", "input_audio": audio}
            case _:
                if not self._quirks.video_input:
                    return self._lose("input_video", place)
                url = part.video_url if isinstance(part.video_url, str) else part.video_url.url
                return {"type": "video_url", "video_url": {"url": url}}

    def _image(self, part: Picture, place: str) -> ChatPart | None:
        if not self._quirks.image_input:
            return self._lose("input_image", place)
        address = part.image_url
        if address is None and part.file_id is not None:
            return self._lose("input_image.file_id", place)
        if address is None:
            raise missing(f"{place}.image_url")
        detail = part.detail
        if not isinstance(address, str):
            detail = detail or address.detail
            address = address.url
        image = {"url": address}
        if detail == "original":
            self._losses.report("part.input_image.detail", f"{place}.detail")
            detail = "high"
        if detail:
            image["detail"] = detail
        return {"type": "image_url", "image_url": image}

    def _file(self, part: InputFile, place: str) -> ChatPart | None:
        data, style = part.file_data, self._quirks.file_style
        address = data or part.file_url
        if address is None and part.file_id is None:
            raise missing(f"{place}.file_data")
        if not self._quirks.file_input:
            text = readable(part)
            return self._lose("input_file", place) if text is None else {"type": "text", "text": text}
        report_detail(part, place, self._losses)
        if address is None:
            if style != "file":
                return self._lose("input_file.file_id", place)
            return {"type": "file", "file": {"file_id": part.file_id}}
        if style == "document_url":
            document = {"type": "document_url", "document_url": address}
            return document | ({"document_name": part.filename} if part.filename else {})
        if data is None and style == "file":
            return self._lose("input_file.file_url", place)
        file = {"file_data": address}
        if part.filename:
            file["filename"] = part.filename
        return {"type": "file", "file": file}

    def _lose(self, what: str, place: str) -> None:
        self._losses.report(f"part.{what}", place)
