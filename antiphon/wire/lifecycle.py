"""What is told of a background answer before it begins, while it runs, and when it is cancelled.

Law: whatever becomes of the answer, its stream is legal, and what its last event holds is what every GET shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from antiphon.wire.assembly import Assembly, events_of
from antiphon.wire.events import Event, frame, split_object
from antiphon.wire.responses import ResponseObject, encoded
from antiphon.wire.usage import UNCOUNTED

_encode: Final = msgspec.json.Encoder().encode


class _Nature(Struct, frozen=True, gc=False):
    background: bool = False


_nature: Final = msgspec.json.Decoder(_Nature).decode


def is_background(body: bytes) -> bool:
    """Whether the response object is that of an answer in the background."""
    return _nature(body).background


def queued(opening: ResponseObject) -> tuple[bytes, list[bytes]]:
    """The response as its client first sees it, and the two events that say so."""
    body = encoded(msgspec.structs.replace(opening, status="queued"))
    return body, [_told("response.created", 0, body), _told("response.queued", 1, body)]


def begun(opening: ResponseObject, number: int) -> bytes:
    """The event that says that work on a queued response has begun."""
    return _told("response.in_progress", number, encoded(opening))


def says_begun(frames: Iterable[bytes]) -> bool:
    """Whether that has been told."""
    return any(b"event: response.in_progress\n" in told for told in frames)


def has_output(frames: Iterable[bytes]) -> bool:
    """Whether anything but the opening has been told."""
    return any(not block.startswith(_OPENING) for told in frames for block in told.split(b"\n\n") if block)


def count_of(frames: bytes) -> int:
    """How many events a run of frames holds."""
    return frames.count(b"\n\n")


def so_far(body: bytes, status: str, frames: Iterable[bytes]) -> bytes:
    """The response while it runs: with the items that are finished."""
    items = Assembly(events_of(b"".join(frames))).output
    return _with(body, status=Raw(_encode(status)), output=Raw(_encode(items)))


def cancelled(body: bytes, frames: Iterable[bytes], *, clears_output: bool) -> tuple[bytes, list[bytes]]:
    """The response as its cancel leaves it, and all of its stream.

    Items that were open are closed in the stream and left out of the response.
    """
    told = [*frames]
    assembly = Assembly(events_of(b"".join(told)))
    finished: list[Any] = [] if clears_output else assembly.output
    number = sum(map(count_of, told))
    closing = assembly.close(number)
    told += [frame(event) for event in closing]
    service = split_object(body)["service_tier"]
    ended = _with(
        body,
        status=Raw(b'"cancelled"'),
        output=Raw(_encode(finished)),
        usage=UNCOUNTED,
        service_tier=Raw(b'"default"') if service == _AUTO else service,
    )
    told.append(_told("response.failed", number + len(closing), ended))
    return ended, told


_AUTO: Final = Raw(b'"auto"')
_OPENING: Final = (b"event: response.created\n", b"event: response.queued\n", b"event: response.in_progress\n")


def _with(body: bytes, **members: Raw) -> bytes:
    return _encode(split_object(body) | members)


def _told(kind: str, number: int, body: bytes) -> bytes:
    data = b'{"type":"%b","sequence_number":%d,"response":%b}' % (kind.encode(), number, body)
    return frame(Event(kind, number, data))
