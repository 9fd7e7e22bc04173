"""Content parts as content blocks of the Messages API.

https://platform.claude.com/docs/en/api/messages (read 2026-11), recordings anthropic.messages (images, documents).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final
from urllib.parse import urlsplit

from antiphon.dialects.leftovers import report_detail
from antiphon.dialects.losses import Losses
from antiphon.dialects.messages_hosts import Host
from antiphon.dialects.parts import (
    READABLE,
    Breakpoint,
    Content,
    InputAudio,
    InputFile,
    InputVideo,
    Part,
    Picture,
    Refusal,
    Words,
)
from antiphon.wire.faults import missing

Block = dict[str, Any]

FILES_BETA: Final = "files-api-2025-04-14"

_DATA_URL: Final = re.compile(r"data:(?P<type>[\w.+-]++/[\w.+-]++)?[^,]{0,256},", re.IGNORECASE)
_PDF: Final = "application/pdf"
_PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_ENDINGS: Final = {
    "pdf": _PDF,
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "json": "application/json",
    "xml": "application/xml",
}


class BlockWriter:
    """Writes content for one host; `betas` are those that it needs."""

    __slots__ = ("_host", "_losses", "betas")

    def __init__(self, host: Host, losses: Losses) -> None:
        """What the host cannot take goes to `losses`."""
        self._host = host
        self._losses = losses
        self.betas: set[str] = set()

    def blocks(self, content: Content, place: str) -> list[Block]:
        """Content of a user's message, or of a tool's output. Blank text is an error there, so it is passed over."""
        if isinstance(content, str):
            return text_blocks(content)
        blocks: list[Block] = []
        for index, part in enumerate(content):
            blocks += self._part(part, f"{place}.content[{index}]")
        return blocks

    def need_files(self) -> None:
        """Files are named by ids elsewhere in the request."""
        self.betas.add(FILES_BETA)

    def words(self, content: Content, place: str, subject: str) -> list[Block]:
        """Content of a message that is text alone; what else is in it is lost as `subject`."""
        if isinstance(content, str):
            return text_blocks(content)
        blocks: list[Block] = []
        for index, part in enumerate(content):
            if isinstance(part, Words | Refusal):
                blocks += self._part(part, place)
            else:
                self._losses.report(subject, f"{place}.content[{index}]")
        return blocks

    def _part(self, part: Part, place: str) -> list[Block]:
        written = self._written(part, place)
        if written and isinstance(part, Words | Picture | InputFile) and part.prompt_cache_breakpoint is not None:
            written[-1]["cache_control"] = _cached(part.prompt_cache_breakpoint)
        return written

    def _written(self, part: Part, place: str) -> list[Block]:
        match part:
            case Words():
                return text_blocks(part.text)
            case Refusal():
                return text_blocks(part.refusal)
            case Picture():
                return _present(self._picture(part, place))
            case InputFile():
                return _present(self._file(part, place))
            case InputAudio():
                self._losses.report("part.input_audio", place)
            case InputVideo():
                self._losses.report("part.input_video", place)
        return []

    def _picture(self, part: Picture, place: str) -> Block | None:
        report_detail(part, place, self._losses)
        address = part.image_url
        if address is not None and not isinstance(address, str):
            address = address.url
        if address is not None:
            return self._image(address, place)
        if part.file_id is None:
            raise missing(f"{place}.image_url")
        return self._kept("image", part.file_id, "part.input_image.file_id", place)

    def _image(self, address: str, place: str) -> Block | None:
        kind, payload = _taken_apart(address)
        if payload is None:
            if self._host.addresses:
                return {"type": "image", "source": {"type": "url", "url": address}}
            self._losses.report("part.input_image.image_url", place)
            return None
        return self._picture_of(kind, payload, place)

    def _picture_of(self, kind: str, payload: str, place: str) -> Block | None:
        kind = "image/jpeg" if kind == "image/jpg" else kind
        if kind not in _PICTURES:
            self._losses.report("part.input_image.media_type", place, kind=kind)
            return None
        return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": payload}}

    def _file(self, part: InputFile, place: str) -> Block | None:
        report_detail(part, place, self._losses)
        if part.file_data is not None:
            kind, payload = _taken_apart(part.file_data)
            if payload is None:
                kind, payload = _kind_of(part.filename), part.file_data
            return self._document(kind, payload, part.filename, place)
        if part.file_url is not None:
            return self._linked(part.file_url, part.filename, place)
        if part.file_id is None:
            raise missing(f"{place}.file_data")
        return self._kept("document", part.file_id, "part.input_file.file_id", place)

    def _document(self, kind: str, payload: str, name: str | None, place: str) -> Block | None:
        if kind.startswith("image/"):
            return self._picture_of(kind, payload, place)
        source: Block | None = None
        if kind == _PDF:
            source = {"type": "base64", "media_type": _PDF, "data": payload}
        elif kind.startswith(READABLE) and (text := _decoded(payload)):
            source = {"type": "text", "media_type": "text/plain", "data": text}
        if source is None:
            self._losses.report("part.input_file.media_type", place, kind=kind)
            return None
        return _titled({"type": "document", "source": source}, name)

    def _linked(self, address: str, name: str | None, place: str) -> Block | None:
        if not self._host.addresses:
            self._losses.report("part.input_file.file_url", place)
            return None
        source = {"type": "url", "url": address}
        if _kind_of(urlsplit(address).path).startswith("image/"):
            return {"type": "image", "source": source}
        return _titled({"type": "document", "source": source}, name)

    def _kept(self, kind: str, file_id: str, subject: str, place: str) -> Block | None:
        if not self._host.files:
            self._losses.report(subject, place)
            return None
        self.need_files()
        return {"type": kind, "source": {"type": "file", "file_id": file_id}}


def text_blocks(text: str) -> list[Block]:
    """One block of text, or none where there is nothing to read."""
    return [{"type": "text", "text": text}] if text.strip() else []


def _present(block: Block | None) -> list[Block]:
    return [] if block is None else [block]


def _titled(block: Block, name: str | None) -> Block:
    return block | {"title": name} if name else block


def _cached(wish: Breakpoint) -> Block:
    """A client's own breakpoint: five minutes where it does not say, else the hour, which is the longest there is."""
    return {"type": "ephemeral", "ttl": "1h"} if wish.ttl else {"type": "ephemeral"}


def _taken_apart(address: str) -> tuple[str, str | None]:
    """Media type and base64 of a data URL; None in place of the latter for any other address."""
    found = _DATA_URL.match(address)
    if found is None:
        return "", None
    return (found["type"] or "text/plain").lower(), address[found.end() :]


def _kind_of(name: str | None) -> str:
    """The media type that a file's name tells of; most files without a word about it are PDFs."""
    return _ENDINGS.get((name or "").rpartition(".")[2].lower(), _PDF)


def _decoded(payload: str) -> str | None:
    try:
        return base64.b64decode(payload, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
