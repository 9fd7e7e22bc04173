"""What the dialects of pictures and sounds share: reading requests and forms, making forms, data URLs, usage."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct
from typing_extensions import Buffer

from antiphon.dialects.service_members import encode, given
from antiphon.errors import BadRequest, UpstreamBroke
from antiphon.media_protocols import MediaAsked, Upload
from antiphon.service_protocols import At
from antiphon.wire.counts import Counts
from antiphon.wire.faults import UNDECODABLE, told

_Kind = TypeVar("_Kind")

JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"

_KIND: Final = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+_-]*")
_UNQUOTED: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""How a name stands in quotes in a form (https://html.spec.whatwg.org/multipage/form-control-infrastructure.html)."""

_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "audio/webm"),
)
_ENDINGS: Final = {
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "mp4": "audio/mp4",
    "mpeg": "audio/mpeg",
    "mpga": "audio/mpeg",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "webm": "audio/webm",
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
}
"""By the end of a file's name, the media types of what OpenAI takes."""

_GENERIC: Final = frozenset({"", "application/octet-stream", "binary/octet-stream"})


def read_media(asked: MediaAsked, kind: type[_Kind]) -> _Kind:
    """The request as `kind`; the fields of a form, which are all texts, as what they stand for. Raises BadRequest."""
    try:
        return msgspec.json.decode(encode(given(asked)), type=kind, strict=asked.fields is None)
    except UNDECODABLE as error:
        raise told(error, kind) from None


def kind_of(upload: Upload) -> str:
    """The media type of a file: the client's word, else what it begins with, else what its name ends in."""
    said = upload.media_type.partition(";")[0].strip().lower()
    if said not in _GENERIC and _KIND.fullmatch(said):
        return said
    head = bytes(memoryview(upload.data)[:16])
    return sniffed(head) or _ENDINGS.get(upload.filename.rpartition(".")[2].lower(), "application/octet-stream")


def ending_of(kind: str) -> str:
    """What a file's name of this media type ends in."""
    return next((ending for ending, each in _ENDINGS.items() if each == kind), kind.rpartition("/")[2])


def sniffed(head: bytes) -> str | None:
    """The media type that the first bytes tell of."""
    for start, kind in _MAGIC:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    return "audio/mp4" if head[4:8] == b"ftyp" else None


def segment(text: str, param: str) -> str:
    """A client's word as one step of an address. Raises BadRequest for what would lead elsewhere."""
    if text.strip(".") == "":
        raise BadRequest(f"Invalid value for '{param}': '{text[:20]}'.", param=param, code="invalid_value")
    return quote(text, safe="")


def base64_of(data: Buffer) -> str:
    return base64.b64encode(data).decode()


def is_web(address: str) -> bool:
    return address[:8].lower().startswith(("http://", "https://"))


def split_data_url(url: str) -> tuple[str, str] | None:
    """The media type and the base64 of a data URL, None for any other address."""
    kind, comma, data = url.removeprefix("data:").partition(";base64,")
    return (kind, data) if comma and url.startswith("data:") else None


def unpacked(data: str, param: str) -> bytes:
    """The bytes of base64. Raises BadRequest."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest(f"Invalid '{param}': it is no base64.", param=param, code="invalid_value") from None


def unpacked_answer(data: str, at: At) -> bytes:
    """The bytes of base64 in an answer. Raises UpstreamBroke."""
    try:
        return base64.b64decode(data)
    except (binascii.Error, ValueError):
        raise UpstreamBroke(f"{at.provider} answered with data that is no base64.") from None


def form(boundary: str, fields: Iterable[tuple[str, str]], files: Sequence[Upload]) -> tuple[bytes, bytes]:
    """A body of multipart/form-data (RFC 7578) and the header line that goes with it; every file is copied once."""
    parts: list[Buffer] = []
    for name, value in fields:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name.translate(_UNQUOTED)}"\r\n\r\n{value}\r\n'
        parts.append(head.encode())
    for file in files:
        name, filename = file.field.translate(_UNQUOTED), file.filename.translate(_UNQUOTED)
        disposition = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'
        parts.append(f"--{boundary}\r\n{disposition}\r\nContent-Type: {kind_of(file)}\r\n\r\n".encode())
        parts.extend((file.data, b"\r\n"))
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"Content-Type: multipart/form-data; boundary={boundary}\r\n".encode()


def form_fields(members: Mapping[str, Raw]) -> list[tuple[str, str]]:
    """Members of a JSON body as fields of a form: lists as OpenAI's clients send them, objects as JSON."""
    fields: list[tuple[str, str]] = []
    for name, value in members.items():
        decoded: Any = msgspec.json.decode(value)
        if isinstance(decoded, list):
            listed = msgspec.convert(decoded, list[Any])
            fields += [(f"{name}[]", _field(each)) for each in listed]
        else:
            fields.append((name, _field(decoded)))
    return fields


def _field(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def boundary_of(asked: MediaAsked) -> str:
    """What stands between the parts of a form: it is in no file, since the request's id in it is random."""
    return f"antiphon-{re.sub(r'[^A-Za-z0-9]', '', asked.id)[:48]}"


def event(members: Mapping[str, Any]) -> bytes:
    """A Server-Sent Event as OpenAI sends it; `members` has a type."""
    return b"event: %b\ndata: %b\n\n" % (str(members["type"]).encode(), encode(members))


class _Kinds(Struct, frozen=True):
    image_tokens: int | None = None
    audio_tokens: int | None = None


class _Usage(Struct, frozen=True):
    """Pictures have their details in the plural, transcriptions in the singular."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _Kinds | None = None
    input_token_details: _Kinds | None = None
    output_tokens_details: _Kinds | None = None


def counts_told(usage: Raw) -> Counts | None:
    """The tokens of a `usage` in OpenAI's words; None where it counts something else, such as seconds, or nothing."""
    try:
        used = msgspec.json.decode(usage, type=_Usage | None)
    except msgspec.DecodeError:
        return None
    if used is None or used.input_tokens is None:
        return None
    nothing = _Kinds()
    read = used.input_tokens_details or used.input_token_details or nothing
    made = used.output_tokens_details or nothing
    return Counts(
        input=used.input_tokens,
        output=used.output_tokens or 0,
        image_input=read.image_tokens or 0,
        audio_input=read.audio_tokens or 0,
        image_output=made.image_tokens or 0,
        audio_output=made.audio_tokens or 0,
    )


def added(counts: Iterable[Counts | None]) -> Counts | None:
    """The sum; None where any part is unknown, or where there is none."""
    known = list(counts)
    total = Counts()
    for each in known:
        if each is None:
            return None
        total = Counts(
            input=total.input + each.input,
            output=total.output + each.output,
            reasoning=total.reasoning + each.reasoning,
            image_input=total.image_input + each.image_input,
            image_output=total.image_output + each.image_output,
            audio_input=total.audio_input + each.audio_input,
            audio_output=total.audio_output + each.audio_output,
        )
    return total if known else None


def without(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members that are set."""
    return {name: value for name, value in members.items() if value is not None}
