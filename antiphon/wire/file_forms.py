"""How vendors take files: the body to send, and what they answer.

https://platform.openai.com/docs/api-reference/files/create, https://platform.claude.com/docs/en/api/files/upload,
https://ai.google.dev/api/files#method:-media.upload (read 2026-11). xAI wants `expires_after` before the file
(https://docs.x.ai/developers/rest-api-reference/files/upload), and has it in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct

Manner = Literal["openai", "xai", "anthropic", "google"]
"""Whose way of taking files it is."""

KEPT_SECONDS: Final = 7 * 86_400
"""How long a copy is kept by those who can be told; it is made anew when it is wanted later."""

_NAMES: Final = (re.compile(r"[A-Za-z0-9_-]{1,256}"), re.compile(r"files/[A-Za-z0-9_-]{1,256}"))
"""What can stand in a path: of everybody's names, and of Google's."""

_QUOTED: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
_encode: Final = msgspec.json.Encoder().encode


class Form(Struct, frozen=True):
    """A body, and what it is."""

    content_type: str
    body: bytes


class Told(Struct, frozen=True):
    """A file as its new keeper tells of it. `ready` is False while the keeper still works on it."""

    id: str
    expires_at: int | None = None
    ready: bool = True


class _File(Struct, frozen=True):
    id: str = ""
    name: str = ""
    state: str = "ACTIVE"
    expires_at: int | str | None = None
    expiration_time: str | None = msgspec.field(name="expirationTime", default=None)


class _Wrapped(Struct, frozen=True):
    file: _File | None = None


_file: Final = msgspec.json.Decoder(_File).decode
_wrapped: Final = msgspec.json.Decoder(_Wrapped).decode


def form_of(manner: Manner, purpose: str, filename: str, media_type: str, data: bytes, boundary: str) -> Form:
    """The body for one file. `boundary` must not be in the data."""
    if manner == "google":
        told = _encode({"file": {"displayName": filename}})
        body = _related(boundary, (("application/json; charset=UTF-8", told), (media_type, data)))
        return Form(f"multipart/related; boundary={boundary}", body)
    fields: Mapping[str, str] = {}
    if manner == "openai":
        fields = {
            "purpose": purpose,
            "expires_after[anchor]": "created_at",
            "expires_after[seconds]": str(KEPT_SECONDS),
        }
    elif manner == "xai":
        fields = {"purpose": purpose, "expires_after": str(KEPT_SECONDS)}
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    name = filename.translate(_QUOTED)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    parts += [f"{head}Content-Type: {media_type}\r\n\r\n".encode(), data, f"\r\n--{boundary}--\r\n".encode()]
    return Form(f"multipart/form-data; boundary={boundary}", b"".join(parts))


def told_of(manner: Manner, body: bytes) -> Told | None:
    """What the vendor's answer tells; None for what is no such answer."""
    try:
        file = _file(body)
        if manner == "google":
            file = _wrapped(body).file or file
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    identity = file.name if manner == "google" else file.id
    if not _NAMES[manner == "google"].fullmatch(identity) or file.state == "FAILED":
        return None
    end = file.expiration_time or file.expires_at
    return Told(identity, _seconds(end), file.state != "PROCESSING")


def _seconds(moment: int | str | None) -> int | None:
    """Unix seconds of a moment in either spelling."""
    if not isinstance(moment, str):
        return moment
    try:
        return int(datetime.fromisoformat(moment).timestamp())
    except (ValueError, OverflowError):
        return None


def _related(boundary: str, parts: tuple[tuple[str, bytes], ...]) -> bytes:
    pieces: list[bytes] = []
    for media_type, data in parts:
        pieces += [f"--{boundary}\r\nContent-Type: {media_type}\r\n\r\n".encode(), data, b"\r\n"]
    return b"".join([*pieces, f"--{boundary}--\r\n".encode()])
