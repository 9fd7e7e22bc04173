"""Content parts as Converse's blocks: text, and media by their bytes or from S3.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html and the pages it leads to (read
2026-11). Nothing is fetched for us but what lies in S3.
"""

from __future__ import annotations

import re
from typing import Any, Final, Literal

from antiphon.dialects.leftovers import report_detail, report_media
from antiphon.dialects.losses import Losses
from antiphon.dialects.parts import (
    Breakpoint,
    Content,
    InputAudio,
    InputFile,
    InputVideo,
    Part,
    Picture,
    Refusal,
    Url,
    Words,
)
from antiphon.wire.faults import missing

Block = dict[str, Any]
MediaKind = Literal["image", "document", "video", "audio"]

_FORMATS: Final[dict[MediaKind, frozenset[str]]] = {
    "image": frozenset({"png", "jpeg", "gif", "webp"}),
    "document": frozenset({"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"}),
    "video": frozenset({"mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"}),
    "audio": frozenset(
        {"mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "m4a", "mpeg", "mpga", "pcm", "webm", "x-aac"}
    ),
}
_SEEN_AND_HEARD: Final[tuple[MediaKind, ...]] = ("image", "video", "audio")
_ALIASES: Final = {
    "jpg": "jpeg",
    "3gp": "three_gp",
    "3gpp": "three_gp",
    "quicktime": "mov",
    "x-matroska": "mkv",
    "x-flv": "flv",
    "x-ms-wmv": "wmv",
    "x-wav": "wav",
    "plain": "txt",
    "markdown": "md",
    "x-markdown": "md",
    "htm": "html",
    "msword": "doc",
    "vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "vnd.ms-excel": "xls",
    "vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
_READABLE: Final = re.compile(r"text/.+|application/(?:.+\+)?(?:json|xml|yaml|x-yaml|toml|javascript)")
"""Types of documents that are nothing but text, whatever their format is called."""

_DATA_URL: Final = re.compile(r"data:(?P<type>[\w.+-]++/[\w.+-]++)?[^,]{0,200};base64,", re.IGNORECASE)
_PDF: Final = "JVBERi"
"""How the bytes of a PDF begin, in base64."""

_UNFIT: Final = re.compile(r"[^A-Za-z0-9\s()\[\]-]+")
_SPACES: Final = re.compile(r"\s+")
_LONGEST_NAME: Final = 200

_TEXTUAL: Final = frozenset({"csv", "html", "txt", "md"})


class PartWriter:
    """Writes the content of one request: documents get names that no other one has."""

    __slots__ = ("_losses", "_names")

    def __init__(self, losses: Losses) -> None:
        """What cannot be said goes to `losses`."""
        self._losses = losses
        self._names: dict[str, int] = {}
        """Names that are taken, and the last number that was tried for each: looking for a free one begins there."""

    def blocks(self, content: Content, place: str) -> list[Block]:
        """Content with whatever is in it; text that is blank, which Bedrock refuses, is not."""
        if isinstance(content, str):
            return _text(content)
        blocks: list[Block] = []
        for index, part in enumerate(content):
            blocks += self._part(part, f"{place}.content[{index}]")
            if blocks and (mark := breakpoint_of(part)) is not None:
                blocks.append(cache_point(mark))
        return blocks

    def words(self, content: Content, place: str, role: str) -> list[Block]:
        """Content that can be text alone; anything else is lost. `role` is who says it."""
        if isinstance(content, str):
            return _text(content)
        blocks: list[Block] = []
        for index, part in enumerate(content):
            text = _words(part)
            if text is None:
                report_media(role, f"{place}.content[{index}]", self._losses)
                continue
            blocks += _text(text)
            if blocks and (mark := breakpoint_of(part)) is not None:
                blocks.append(cache_point(mark))
        return blocks

    def _part(self, part: Part, place: str) -> list[Block]:
        match part:
            case Picture():
                report_detail(part, place, self._losses)
                return self._picture(part, place)
            case InputFile():
                report_detail(part, place, self._losses)
                return self._document(part, place)
            case InputVideo():
                return self._media("video", _address(part.video_url), "", place)
            case InputAudio():
                sound = part.input_audio
                return self._media("audio", sound.data, sound.format, place)
            case _:
                return _text(_words(part) or "")

    def _picture(self, part: Picture, place: str) -> list[Block]:
        if part.image_url is None:
            if part.file_id is None:
                raise missing(f"{place}.image_url")
            return self._lose("part.input_image.file_id", place)
        return self._media("image", _address(part.image_url), "", place)

    def _document(self, part: InputFile, place: str) -> list[Block]:
        address = part.file_data or part.file_url
        if address is None:
            if part.file_id is None:
                raise missing(f"{place}.file_data")
            return self._lose("part.input_file.file_id", place)
        filename = part.filename or ("" if part.file_data else address.rpartition("/")[2])
        extension = filename.rpartition(".")[2] if "." in filename else ""
        if not extension and address.startswith(_PDF):
            extension = "pdf"
        kind = _kind_of(address, extension)
        blocks = self._media(kind, address, extension, place)
        if blocks and kind == "document":
            blocks[0]["document"] = {"name": self._name(filename)} | blocks[0]["document"]
        return blocks

    def _media(self, kind: MediaKind, address: str, extension: str, place: str) -> list[Block]:
        """A block of media at an S3 address, in a data URL, or bare in base64."""
        head = _DATA_URL.match(address)
        if address.startswith("s3://"):
            source: Block = {"s3Location": {"uri": address}}
            form = _format(kind, "", extension or address.rpartition(".")[2])
        elif "://" in address[:16]:
            return self._lose("part.address", place)
        else:
            source = {"bytes": address if head is None else address[head.end() :]}
            form = _format(kind, "" if head is None else head["type"] or "", extension)
        if form is None:
            named = (head["type"] if head is not None else None) or extension or "unknown"
            return self._lose("part.format", place, kind=_PLURALS[kind], format=named[:64])
        return [{kind: {"format": form, "source": source}}]

    def _name(self, filename: str) -> str:
        """A name that Bedrock takes: few kinds of characters, no two documents with the same."""
        stem = filename.rpartition(".")[0] or filename
        stem = _SPACES.sub(" ", _UNFIT.sub(" ", stem)).strip()[: _LONGEST_NAME - 8]
        number = self._names.get(stem, 0) + 1
        while (name := _numbered(stem, number)) in self._names:
            number += 1
        self._names[name] = 1
        self._names[stem] = number
        return name

    def _lose(self, subject: str, place: str, **words: object) -> list[Block]:
        self._losses.report(subject, place, **words)
        return []


_PLURALS: Final[dict[MediaKind, str]] = {
    "image": "images",
    "document": "files",
    "video": "videos",
    "audio": "sounds",
}


def breakpoint_of(part: Part) -> Breakpoint | None:
    """The client's wish that what stands up to here is cached."""
    return part.prompt_cache_breakpoint if isinstance(part, Words | Picture | InputFile) else None


def cache_point(mark: Breakpoint | None = None) -> Block:
    """Where the cache may end. Bedrock keeps it for five minutes, or for an hour where that is asked for."""
    point: Block = {"type": "default"}
    if mark is not None and mark.ttl is not None:
        point["ttl"] = mark.ttl
    return {"cachePoint": point}


def kind_of(block: Block) -> str:
    """The one member of a block, which says what it is."""
    return next(iter(block))


def is_textual(block: Block) -> bool:
    """Whether a document is text, and no binary format."""
    return block["document"]["format"] in _TEXTUAL


def _text(text: str) -> list[Block]:
    return [{"text": text}] if text.strip() else []


def _words(part: Part) -> str | None:
    if isinstance(part, Refusal):
        return part.refusal
    return part.text if isinstance(part, Words) else None


def _numbered(stem: str, number: int) -> str:
    return stem if stem and number == 1 else f"{stem or 'Document'} {number}"


def _address(url: str | Url) -> str:
    return url if isinstance(url, str) else url.url


def _kind_of(address: str, extension: str) -> MediaKind:
    """What a file is: clients send pictures and films as files, too."""
    head = _DATA_URL.match(address)
    known = _ALIASES.get(extension.lower(), extension.lower())
    family = "" if head is None else (head["type"] or "").partition("/")[0].lower()
    for kind in _SEEN_AND_HEARD:
        if kind == family or (head is None and known in _FORMATS[kind]):
            return kind
    return "document"


def _format(kind: MediaKind, media_type: str, extension: str) -> str | None:
    """Bedrock's name of a format; None for one that it does not take."""
    named = (media_type.partition("/")[2], extension) if media_type else (extension,)
    for name in named:
        form = _ALIASES.get(name.lower(), name.lower())
        if form in _FORMATS[kind]:
            return form
    return "txt" if kind == "document" and _READABLE.fullmatch(media_type.lower()) else None
