"""Requests for pictures and sounds as they come in: JSON, or a form with files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.gateway.services import asked_for
from antiphon.http.call import Call
from antiphon.http.multipart import FormLimits, parts
from antiphon.media_protocols import MediaAsked, Upload
from antiphon.service_protocols import MediaService

_FORM: Final = b"multipart/form-data"
_OURS: Final = frozenset({"model", "provider"})
"""Fields that are said to the gateway: whom to ask."""

_encode: Final = msgspec.json.Encoder().encode


class MediaLimits(Struct, frozen=True):
    """How many bytes a JSON body and a form may have."""

    json_bytes: int
    form_bytes: int


async def read_media_request(call: Call, service: MediaService, created: int, limits: MediaLimits) -> MediaAsked:
    """The request. Raises BadRequest, BodyTooLarge, UnsupportedMediaType or ClientGone."""
    if (call.header(b"content-type") or b"").lstrip()[: len(_FORM)].lower() == _FORM:
        return await _form(call, service, created, limits.form_bytes)
    asked = asked_for(service, await call.body(limits.json_bytes), call.request_id)
    return MediaAsked(
        service=service,
        id=asked.id,
        model=asked.model,
        members=asked.members,
        provider=asked.provider,
        created=created,
    )


async def _form(call: Call, service: MediaService, created: int, most_bytes: int) -> MediaAsked:
    fields: list[tuple[str, str]] = []
    files: list[Upload] = []
    async with aclosing(parts(call, FormLimits(body_bytes=most_bytes))) as coming:
        async for part in coming:
            if part.filename is None:
                fields.append((part.name, await part.text()))
            else:
                data = b"".join([piece async for piece in part])
                files.append(Upload(part.name, part.filename, part.media_type, data))
    ours = {name: value for name, value in fields if name in _OURS}
    kept = tuple((name, value) for name, value in fields if name not in _OURS)
    return MediaAsked(
        service=service,
        id=call.request_id,
        model=ours.get("model", ""),
        members=members_of(kept),
        provider=ours.get("provider") or None,
        created=created,
        fields=kept,
        files=tuple(files),
    )


def members_of(fields: Sequence[tuple[str, str]]) -> dict[str, Raw]:
    """As a JSON body would have them, but that every value is a text; what comes twice, or as `name[]`, is a list."""
    found: dict[str, str | list[str]] = {}
    for name, value in fields:
        bare = name.removesuffix("[]")
        before = found.get(bare)
        if before is None:
            found[bare] = [value] if name != bare else value
        else:
            found[bare] = [*(before if isinstance(before, list) else [before]), value]
    return {name: Raw(_encode(value)) for name, value in found.items()}
