"""Content parts as Google knows them.

https://ai.google.dev/gemini-api/docs/file-input-methods, …/docs/video-understanding, and for Vertex AI
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference#filedata (read 2026-11). Data goes
inline; an address goes as it is where Google fetches it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

from antiphon.dialects.gemini_models import Place
from antiphon.dialects.leftovers import report_breakpoint, report_detail
from antiphon.dialects.losses import Losses
from antiphon.dialects.parts import Content, InputAudio, InputFile, InputVideo, Part, Picture, Refusal, Words
from antiphon.wire.faults import missing
from antiphon.wire.requests import Item

_DATA_URL: Final = re.compile(r"data:(?P<type>[\w.+-]++/[\w.+-]++)?(?P<more>;[^,]*)?,", re.IGNORECASE)
_EXTENSION: Final = re.compile(r"\.(\w{2,5})(?:[?#]|$)")
_YOUTUBE: Final = re.compile(r"https://(?:(?:www\.|m\.)?youtube\.com|youtu\.be)/")
_FILES: Final = re.compile(r"files/[\w-]+")
_FILES_AT: Final = "https://generativelanguage.googleapis.com/v1beta/"

_IMAGE: Final = "image/jpeg"
_DOCUMENT: Final = "application/pdf"
_VIDEO: Final = "video/mp4"

_TYPES: Final = {
    "png": "image/png", "jpg": _IMAGE, "jpeg": _IMAGE, "webp": "image/webp", "heic": "image/heic", "heif": "image/heif",
    "gif": "image/gif", "bmp": "image/bmp",
    "pdf": _DOCUMENT, "txt": "text/plain", "md": "text/markdown", "html": "text/html", "htm": "text/html",
    "css": "text/css", "csv": "text/csv", "xml": "text/xml", "rtf": "text/rtf", "json": "application/json",
    "js": "text/javascript", "py": "text/x-python",
    "mp3": "audio/mpeg", "wav": "audio/wav", "aac": "audio/aac", "ogg": "audio/ogg", "flac": "audio/flac",
    "aiff": "audio/aiff", "m4a": "audio/m4a",
    "mp4": _VIDEO, "mov": "video/quicktime", "mpeg": "video/mpeg", "mpg": "video/mpg", "avi": "video/avi",
    "webm": "video/webm", "wmv": "video/wmv", "flv": "video/x-flv", "3gp": "video/3gpp",
}  # fmt: skip
"""Media types by the ends of names, for addresses and files that do not tell theirs."""

_RESOLUTIONS: Final = {
    "low": "MEDIA_RESOLUTION_LOW",
    "high": "MEDIA_RESOLUTION_HIGH",
    "original": "MEDIA_RESOLUTION_HIGH",
}

IN_RESULTS: Final = frozenset({"image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain"})
"""What the result of a function can hold beside its object, at models that take anything but the object there."""


class PartWriter:
    """Writes content for one target."""

    __slots__ = ("_losses", "_place", "details")

    def __init__(self, place: Place, losses: Losses) -> None:
        """What Google cannot take goes to `losses`. `details` gathers how closely pictures are to be looked at."""
        self._place = place
        self._losses = losses
        self.details: set[str] = set()

    def parts(self, content: Content, place: str) -> list[Item]:
        """Content of a message or of a tool's output."""
        if isinstance(content, str):
            return [{"text": content}]
        written: list[Item | None] = []
        for index, part in enumerate(content):
            where = f"{place}.content[{index}]"
            report_breakpoint(part, where, self._losses)
            written.append(self._part(part, where))
        return [part for part in written if part is not None]

    def texts(self, content: Content, place: str, subject: str) -> list[Item]:
        """The texts of content that can hold nothing else."""
        if isinstance(content, str):
            return [{"text": content}] if content else []
        return [{"text": text} for text in self._texts(content, place, subject) if text]

    def _texts(self, content: Sequence[Part], place: str, subject: str) -> list[str]:
        texts: list[str] = []
        for index, part in enumerate(content):
            report_breakpoint(part, f"{place}.content[{index}]", self._losses)
            if isinstance(part, Words):
                texts.append(part.text)
            elif isinstance(part, Refusal):
                texts.append(part.refusal)
            else:
                self._losses.report(subject, f"{place}.content[{index}]")
        return texts

    def _part(self, part: Part, place: str) -> Item | None:
        match part:
            case Words():
                return {"text": part.text}
            case Refusal():
                return {"text": part.refusal}
            case Picture():
                return self._image(part, place)
            case InputFile():
                return self._file(part, place)
            case InputAudio():
                return _inline(_sound(part.input_audio.format.lower()), part.input_audio.data)
            case InputVideo():
                address = part.video_url if isinstance(part.video_url, str) else part.video_url.url
                return self._media(address, _VIDEO, place, "part.input_video")

    def _image(self, part: Picture, place: str) -> Item | None:
        address, detail = part.image_url, part.detail
        if address is None and part.file_id is None:
            raise missing(f"{place}.image_url")
        if address is None:
            return self._uploaded(str(part.file_id), _IMAGE, f"{place}.file_id", "part.input_image.file_id")
        if not isinstance(address, str):
            detail = detail or address.detail
            address = address.url
        if detail in _RESOLUTIONS:
            self.details.add(_RESOLUTIONS[detail])
        return self._media(address, _IMAGE, place, "part.input_image")

    def _file(self, part: InputFile, place: str) -> Item | None:
        report_detail(part, place, self._losses)
        kind = _named(part.filename or "") or _DOCUMENT
        if part.file_data is not None:
            if _DATA_URL.match(part.file_data):
                return self._media(part.file_data, kind, place, "part.input_file")
            return _inline(kind, part.file_data)
        if part.file_url is not None:
            return self._media(part.file_url, kind, f"{place}.file_url", "part.input_file.file_url")
        if part.file_id is None:
            raise missing(f"{place}.file_data")
        return self._uploaded(part.file_id, kind, f"{place}.file_id", "part.input_file.file_id")

    def _media(self, address: str, kind: str, place: str, subject: str) -> Item | None:
        """Data, or an address that Google reads itself."""
        data = _DATA_URL.match(address)
        if data is not None:
            payload = address[data.end() :]
            if "base64" not in (data["more"] or "").lower():
                payload = base64.b64encode(unquote_to_bytes(payload)).decode()
            return _inline((data["type"] or kind).lower(), payload)
        if address.startswith("gs://") and not self._place.buckets:
            self._losses.report(f"{subject}.bucket", place)
            return None
        if not address.startswith(("https://", "http://", "gs://")):
            return self._uploaded(address, kind, place, subject)
        kind = _VIDEO if _YOUTUBE.match(address) else _named(address) or kind
        return {"fileData": {"mimeType": kind, "fileUri": address}}

    def _uploaded(self, identity: str, kind: str, place: str, subject: str) -> Item | None:
        """A file that the client has put at Google's, by the name or the address that it got there."""
        if identity.startswith(("https://", "gs://")):
            return self._media(identity, kind, place, subject)
        if not _FILES.fullmatch(identity):
            self._losses.report(subject if subject.endswith("file_id") else f"{subject}.file_id", place)
            return None
        return {"fileData": {"mimeType": kind, "fileUri": f"{_FILES_AT}{identity}"}}


def _inline(kind: str, data: str) -> Item:
    return {"inlineData": {"mimeType": kind, "data": data}}


def _sound(form: str) -> str:
    known = _TYPES.get(form, "")
    return known if known.startswith("audio/") else f"audio/{form}"


def _named(name: str) -> str | None:
    found = _EXTENSION.search(name)
    return None if found is None else _TYPES.get(found[1].lower())
