"""The one file of a form, on its way, and what the form says of it before and after."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from antiphon.errors import BadRequest
from antiphon.gateway.files import Wish
from antiphon.http.call import Call, Tongue
from antiphon.http.multipart import FormLimits, Part, parts
from antiphon.wire.faults import UNDECODABLE, missing
from antiphon.wire.files import (
    ANY_PURPOSE,
    LONGEST_ANTHROPIC_SECONDS,
    LONGEST_SECONDS,
    PURPOSES,
    SHORTEST_SECONDS,
    ExpiresAfter,
)

FRAME_BYTES: Final = 1_048_576
"""What a form may hold beside its file."""

_ANCHOR: Final = "expires_after[anchor]"
_SECONDS: Final = "expires_after[seconds]"


class FileForm:
    """A form whose file has begun to come. `fields` are those that have come so far."""

    def __init__(self, part: Part, coming: AsyncGenerator[Part], fields: dict[str, str]) -> None:
        """`part` is the file; `coming` are the parts behind it."""
        self.part = part
        self.fields = fields
        self._coming = coming

    async def content(self) -> AsyncIterator[bytes]:
        """The file; then the rest of the form is read too. Raises BadRequest for a second file."""
        async for piece in self.part:
            yield piece
        async for part in self._coming:
            if part.filename is not None:
                raise BadRequest("The form has more than one file.", param=part.name[:100], code="invalid_form")
            self.fields[part.name] = await part.text()


@asynccontextmanager
async def one_file(call: Call, name: str, most: int) -> AsyncGenerator[FileForm]:
    """The form of a call, read as far as its file of this name. Raises BadRequest and what `parts` raises."""
    coming = parts(call, FormLimits(body_bytes=most + FRAME_BYTES))
    fields: dict[str, str] = {}
    try:
        async for part in coming:
            if part.filename is not None or part.name == name:
                if part.name != name:
                    message = f"The file is to be in the form's field '{name}'."
                    raise BadRequest(message, param=name, code="invalid_form")
                yield FileForm(part, coming, fields)
                return
            fields[part.name] = await part.text()
        raise missing(name)
    finally:
        await coming.aclose()


def wish_of(fields: dict[str, str], tongue: Tongue) -> Wish:
    """What the form says of the file. Raises BadRequest."""
    purpose = fields.get("purpose")
    if purpose is None and tongue != "anthropic":
        raise missing("purpose")
    if purpose is not None:
        check_purpose(purpose)
    if tongue == "anthropic":
        seconds = _seconds(fields, "expires_in_seconds", LONGEST_ANTHROPIC_SECONDS)
        return Wish(purpose or ANY_PURPOSE, seconds)
    return Wish(purpose or ANY_PURPOSE, _expiry(fields))


def check_purpose(purpose: str) -> None:
    """Raises BadRequest for one that does not exist."""
    if purpose not in PURPOSES:
        names = ", ".join(f"'{each}'" for each in PURPOSES)
        message = f"Invalid value: '{purpose[:100]}'. Supported values are: {names}."
        raise BadRequest(message, param="purpose", code="invalid_value")


def _expiry(fields: dict[str, str]) -> int | None:
    """`expires_after`, member by member or as one JSON object."""
    whole = fields.get("expires_after")
    if whole:
        try:
            return msgspec.json.decode(whole, type=ExpiresAfter).seconds
        except UNDECODABLE:
            raise _no_expiry("expires_after") from None
    if _ANCHOR not in fields and _SECONDS not in fields:
        return None
    if fields.get(_ANCHOR) != "created_at":
        raise _no_expiry(_ANCHOR)
    seconds = _seconds(fields, _SECONDS, LONGEST_SECONDS)
    if seconds is None:
        raise missing(_SECONDS)
    return seconds


def _seconds(fields: dict[str, str], name: str, longest: int) -> int | None:
    text = fields.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and SHORTEST_SECONDS <= int(text) <= longest):  # noqa: PLR2004 - more digits than the longest has
        message = f"Invalid value for '{name}': expected an integer from {SHORTEST_SECONDS} to {longest}."
        raise BadRequest(message, param=name, code="invalid_value")
    return int(text)


def _no_expiry(param: str) -> BadRequest:
    message = f"'expires_after' has the anchor 'created_at' and from {SHORTEST_SECONDS} to {LONGEST_SECONDS} seconds."
    return BadRequest(message, param=param, code="invalid_value")
