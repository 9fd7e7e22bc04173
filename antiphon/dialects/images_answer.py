"""Pictures that a vendor has made, told as OpenAI tells them: whole, or as the events of a stream.

A client may want addresses or bytes. Bytes in place of an address are fetched; an address in place of bytes is a data
URL, since the gateway keeps no pictures, and a warning says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.images_request import Drawing, Format
from antiphon.dialects.media_members import EVENTS, base64_of, counts_told, event, sniffed, unpacked_answer, without
from antiphon.dialects.service_members import encode
from antiphon.downloads import Downloaded
from antiphon.errors import UpstreamBroke
from antiphon.media_protocols import Made, MediaAsked
from antiphon.service_protocols import At
from antiphon.wire.counts import Counts

NO_PARTS: Final = "It sends no partial images: the stream has the finished ones alone."
AS_DATA: Final = "It gives no addresses of pictures: 'url' holds a data URL."

_HEADS: Final = 24
_WORDS: Final = {"image/png": "png", "image/jpeg": "jpeg", "image/webp": "webp"}


class Drawn(Struct, frozen=True, kw_only=True):
    """One picture: base64, an address, or both. `media_type` is the vendor's word, where it has one."""

    base64: str | None = None
    url: str | None = None
    revised_prompt: str | None = None
    media_type: str | None = None


class Album(Struct, frozen=True, kw_only=True):
    """All pictures of an answer. `usage` is in OpenAI's words."""

    pictures: Sequence[Drawn]
    usage: Mapping[str, Any] | None = None
    counts: Counts | None = None
    others: Mapping[str, Any] = {}


def losses(drawing: Drawing, gives: Format) -> tuple[str, ...]:
    """Warnings on what a vendor that gives pictures in one form alone, and no stream, cannot do."""
    said: list[str] = []
    if drawing.stream and drawing.partial_images:
        said.append(NO_PARTS)
    if drawing.response_format == "url" and not drawing.stream and gives == "b64_json":
        said.append(AS_DATA)
    return tuple(said)


def drawn(album: Album, drawing: Drawing, asked: MediaAsked, at: At) -> Made:
    """What the client gets. Raises UpstreamBroke where there is no picture."""
    held = [each for each in album.pictures if each.base64 or each.url]
    if not held:
        raise UpstreamBroke(f"{at.provider} answered without a picture.")
    album = msgspec.structs.replace(album, pictures=held)
    wants_bytes = drawing.stream or drawing.response_format == "b64_json"
    lacking = [each.url for each in album.pictures if wants_bytes and not each.base64 and each.url]
    if not lacking:
        return _told(album, drawing, asked)

    def finish(brought: Mapping[str, Downloaded]) -> Made:
        pictures = [
            msgspec.structs.replace(each, base64=base64_of(brought[each.url].data))
            if each.url is not None and each.url in brought and not each.base64
            else each
            for each in album.pictures
        ]
        if drawing.stream and not all(each.base64 for each in pictures):
            raise UpstreamBroke(f"{at.provider} answered with addresses of pictures that could not be fetched.")
        return _told(msgspec.structs.replace(album, pictures=pictures), drawing, asked)

    return Made(b"", counts=album.counts, addresses=lacking, finish=finish)


def _told(album: Album, drawing: Drawing, asked: MediaAsked) -> Made:
    counts = album.counts
    if counts is None and album.usage is not None:
        counts = counts_told(Raw(encode(album.usage)))
    if drawing.stream:
        return Made(_events(album, drawing, asked), EVENTS, counts)
    data = [_datum(each, drawing) for each in album.pictures]
    members = {"created": asked.created, **album.others, "data": data, "usage": album.usage}
    return Made(encode(without(members)), counts=counts)


def _datum(picture: Drawn, drawing: Drawing) -> dict[str, Any]:
    wanted = drawing.response_format
    url, data = picture.url, picture.base64
    if wanted == "url":
        url, data = url or _data_url(picture), None
    elif data:
        url = None
    return without({"url": url, "b64_json": data, "revised_prompt": picture.revised_prompt})


def _data_url(picture: Drawn) -> str:
    return f"data:{media_type(picture)};base64,{picture.base64 or ''}"


def media_type(picture: Drawn) -> str:
    """The vendor's word, else what the bytes tell."""
    if picture.media_type:
        return picture.media_type
    head = (picture.base64 or "")[:_HEADS]
    return sniffed(unpacked_answer(head, At("", ""))) or "image/png"


def _events(album: Album, drawing: Drawing, asked: MediaAsked) -> bytes:
    kind = "image_edit.completed" if asked.service == "images/edits" else "image_generation.completed"
    frames: list[bytes] = []
    for number, picture in enumerate(album.pictures):
        members = {
            "type": kind,
            "b64_json": picture.base64,
            "created_at": asked.created,
            "size": drawing.size or "auto",
            "quality": drawing.quality or "auto",
            "background": drawing.background or "auto",
            "output_format": _WORDS.get(media_type(picture), "png"),
            "usage": album.usage if number == len(album.pictures) - 1 else None,
        }
        frames.append(event(without(members)))
    return b"".join(frames)
