"""What a file is: what its owner says, else what its name ends in, else what it begins with."""

from __future__ import annotations

from functools import cache
from mimetypes import MimeTypes
from typing import Final, Literal

Kind = Literal["image", "audio", "video", "text", "file"]

UNKNOWN: Final = "application/octet-stream"
PLAIN: Final = "text/plain"

_GENERIC: Final = frozenset({"", UNKNOWN, "binary/octet-stream"})
_MORE: Final = {
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".webp": "image/webp",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".toml": "application/toml",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".heic": "image/heic",
    ".m4a": "audio/mp4",
}
_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
_TOLD: Final = frozenset(
    {"text/plain", "text/markdown", "text/csv", "text/html", "text/xml", "text/css", "text/javascript"}
)
"""Types of text that most models' makers know by these names; all others, JSON too, are plain text to them."""

_DRAWN: Final = "image/svg+xml"


@cache
def _names() -> MimeTypes:
    """The interpreter's own list, so that the machine's does not matter."""
    return MimeTypes()


def known(media_type: str) -> bool:
    """Whether a media type says anything."""
    return media_type not in _GENERIC


def named(filename: str) -> str | None:
    """The media type that a file's name tells of."""
    ending = filename[filename.rfind(".") :].lower() if "." in filename else ""
    return _MORE.get(ending) or _names().guess_type(filename)[0]


def begun(data: bytes) -> str | None:
    """The media type that the first bytes tell of."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _MAGIC if data.startswith(start)), None)


def family(media_type: str) -> Kind:
    """What sort of thing it is. A drawing that is made of words is text."""
    head = media_type.partition("/")[0]
    if media_type == _DRAWN or head == "text":
        return "text"
    if head in ("image", "audio", "video"):
        return head
    return "file"


def told(media_type: str, data: bytes) -> str:
    """The media type to tell a model's maker: what is text, whatever it is called, is said to be text."""
    if not known(media_type):
        media_type = begun(data) or media_type
    if media_type in _TOLD:
        return media_type
    if family(media_type) in ("image", "audio", "video") or media_type == "application/pdf":
        return media_type
    return PLAIN if _is_text(data) else media_type


def ending(media_type: str) -> str:
    """How a name ends that tells of the media type; empty where none is known."""
    return _names().guess_extension(media_type) or ""


def _is_text(data: bytes) -> bool:
    if b"\x00" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
