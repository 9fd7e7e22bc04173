"""Forms with files in them (`multipart/form-data`, RFC 7578), read as they come.

    async for part in parts(call, FormLimits(body_bytes=512 * 2**20)):      # nothing is held but what is asked for
        if part.filename is None:
            fields[part.name] = await part.text()
        else:
            await keep(part)                                                # an async iterable of its bytes

It raises UnsupportedMediaType for what is no form, BodyTooLarge, BadRequest for a form that is broken, and ClientGone.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import parse_options_header

from antiphon.errors import BadRequest, BodyTooLarge, UnsupportedMediaType
from antiphon.http.call import Call, ClientGone

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

UNKNOWN_TYPE: Final = "application/octet-stream"

_FORM: Final = b"multipart/form-data"
_BROKEN: Final = "The body is no whole multipart form: a part, or its end, is missing or malformed."

_unheard: Final = logging.Logger(__name__, logging.CRITICAL)  # noqa: LOG001 - of a level that no setting changes
"""Takes the parser's warnings of broken forms: their clients are told, and could fill the log with them."""

_MOST_HEAD_BYTES: Final = 16_384
"""Of the headers of one part."""

_Headers = dict[str, bytes]
_Events = AsyncGenerator[_Headers | bytes | None]
"""The head of a part, pieces of it, and None at its end."""


class FormLimits(Struct, frozen=True, kw_only=True):
    """How much a form may hold: in all, in one field that is no file, and how many parts."""

    body_bytes: int
    field_bytes: int = 1_048_576
    parts: int = 128


class Part:
    """One part, on its way. What nobody reads of it is passed over when the next one is asked for."""

    __slots__ = ("_events", "_field_bytes", "_pending", "filename", "media_type", "name")

    def __init__(self, headers: _Headers, events: _Events, field_bytes: int) -> None:
        """`filename` is None for a field; `media_type` is `UNKNOWN_TYPE` where the client does not say."""
        _, options = parse_options_header(headers.get("content-disposition", b""))
        filename = options.get(b"filename")
        self.name = _text(options.get(b"name", b""))
        self.filename = None if filename is None else _unescaped(_text(filename))
        self.media_type = _text(headers.get("content-type", b"")).strip() or UNKNOWN_TYPE
        self._events = events
        self._field_bytes = field_bytes
        self._pending = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes of the part, in pieces as they arrive. They are read once."""
        while self._pending:
            piece = await anext(self._events)
            if isinstance(piece, bytes):
                yield piece
            else:
                self._pending = False

    async def text(self) -> str:
        """The value of a field. Raises BadRequest for one that is too long or no UTF-8."""
        value = b""
        async for piece in self:
            value += piece
            if len(value) > self._field_bytes:
                raise _illegal(self.name, f"is longer than the {self._field_bytes} bytes that a field may have")
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise _illegal(self.name, "is not UTF-8 text") from None


async def parts(call: Call, limits: FormLimits) -> AsyncGenerator[Part]:
    """The parts in their order. A part is to be read before the next one is asked for."""
    async with aclosing(_events(call, _boundary(call, limits), limits)) as events:
        async for event in events:
            if isinstance(event, dict):
                part = Part(event, events, limits.field_bytes)
                yield part
                async for _ in part:
                    pass


def _boundary(call: Call, limits: FormLimits) -> bytes:
    essence, options = parse_options_header(call.header(b"content-type"))
    boundary = options.get(b"boundary")
    if essence != _FORM or not boundary:
        form = f"{_FORM.decode()}; boundary=..."
        raise UnsupportedMediaType(f"Send the body as a form with files, with 'Content-Type: {form}'.")
    if (call.header(b"content-encoding") or b"identity").strip().lower() != b"identity":
        raise UnsupportedMediaType("Send the form without a content encoding.")
    if int(call.header(b"content-length") or 0) > limits.body_bytes:
        raise _too_large(limits)
    return boundary


class _Found:
    """What the parser calls as it goes, and what it has found since it was last asked."""

    def __init__(self, limits: FormLimits) -> None:
        self.events: list[_Headers | bytes | None] = []
        self.ended = False
        self._limits = limits
        self._parts = 0
        self._headers: _Headers = {}
        self._name = b""
        self._value = b""
        self._size = 0

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": lambda: self.events.append(self._headers),
            "on_part_data": lambda data, start, end: self.events.append(data[start:end]),
            "on_part_end": lambda: self.events.append(None),
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._parts += 1
        self._headers, self._size = {}, 0
        if self._parts > self._limits.parts:
            raise BadRequest(f"A form may have at most {self._limits.parts} parts.", code="invalid_form")

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._name += self._counted(data, start, end)

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += self._counted(data, start, end)

    def _counted(self, data: bytes, start: int, end: int) -> bytes:
        self._size += end - start
        if self._size > _MOST_HEAD_BYTES:
            raise BadRequest("The headers of a part of the form are too long.", code="invalid_form")
        return data[start:end]

    def _header_end(self) -> None:
        self._headers[_text(self._name).lower()] = self._value
        self._name = self._value = b""

    def _end(self) -> None:
        self.ended = True


async def _events(call: Call, boundary: bytes, limits: FormLimits) -> _Events:
    found = _Found(limits)
    size = 0
    more = True
    try:
        parser = MultipartParser(boundary, found.callbacks())
        parser.logger = _unheard
        while more:
            message = await call.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(body)
            if size > limits.body_bytes:
                raise _too_large(limits)
            parser.write(body)
            events, found.events = found.events, []
            for event in events:
                yield event
    except (MultipartParseError, FormParserError):
        raise BadRequest(_BROKEN, code="invalid_form") from None
    if not found.ended:
        raise BadRequest(_BROKEN, code="invalid_form")


def _too_large(limits: FormLimits) -> BodyTooLarge:
    return BodyTooLarge(f"The form is larger than the {limits.body_bytes} bytes that are accepted here.")


def _illegal(name: str, what: str) -> BadRequest:
    return BadRequest(f"The form's field '{name[:100]}' {what}.", param=name[:100], code="invalid_value")


def _text(value: bytes) -> str:
    """Browsers and SDKs send names in UTF-8; what is not, is in somebody's older encoding."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _unescaped(filename: str) -> str:
    """What HTML's rules for forms put in place of three characters (https://html.spec.whatwg.org/#multipart-form-data)."""
    return filename.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
