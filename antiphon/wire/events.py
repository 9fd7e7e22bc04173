"""The one event model: a Responses stream event, kept as its JSON bytes.

Law: an event is never decoded further than the work at hand needs, and `data` is what the client sees.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from antiphon.errors import AntiphonError, UpstreamRefused
from antiphon.wire.counts import Counts

LIFECYCLE: Final = frozenset({"response.created", "response.queued", "response.in_progress"})
TERMINAL: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})


class Event(msgspec.Struct, frozen=True, gc=False):
    """One stream event. `number` equals the `sequence_number` inside `data`, the whole JSON text."""

    type: str
    number: int
    data: bytes


class Chunk(msgspec.Struct, frozen=True, gc=False):
    """Events that arrived together. `verbatim`, where set, is the upstream's own bytes for exactly these events."""

    events: tuple[Event, ...]
    verbatim: bytes | None = None


class Failure(msgspec.Struct, frozen=True, gc=False):
    """What went wrong with an answer, for the log; `said` are a provider's words that its client is not told."""

    status: int
    message: str
    code: str | None
    said: str | None


def failure_by(error: AntiphonError) -> Failure:
    """What is told of an error, without the error: that holds on to everything it passed through."""
    said = error.said if isinstance(error, UpstreamRefused) else None
    return Failure(error.status, error.message, error.code, said)


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """How an answer ended: its final response object as JSON, and the facts that the gateway acts on.

    `counts` are its tokens, where they are known without another look at `body`; `plain` tells that nothing of it is
    shown on demand alone (`visibility`), as far as that is known. `failure` is what the gateway ended it for.
    """

    status: str
    body: bytes
    upstream_id: str | None = None
    counts: Counts | None = None
    plain: bool = False
    failure: Failure | None = None


EMPTY: Final = Chunk(())

_TEXT_HEAD: Final = b"event: response.output_text.delta\ndata: "
_TEXT_START: Final = len(_TEXT_HEAD)

_Raw = msgspec.Raw
_raw_object = msgspec.json.Decoder(dict[str, _Raw])


def split_object(data: bytes | msgspec.Raw) -> dict[str, msgspec.Raw]:
    """The members of a JSON object, their values untouched."""
    return _raw_object.decode(data)


def narrowed(data: bytes, members: Collection[str]) -> bytes:
    """A JSON object with these members alone."""
    return msgspec.json.encode({name: value for name, value in split_object(data).items() if name in members})


def renumbered(event: Event, number: int) -> Event:
    """The same event with another `sequence_number`; every other member keeps its bytes."""
    if event.number == number:
        return event
    members = split_object(event.data)
    members["sequence_number"] = _Raw(b"%d" % number)
    return Event(event.type, number, msgspec.json.encode(members))


def frame(event: Event) -> bytes:
    """The event as one Server-Sent Events frame, in the shape every Responses client accepts."""
    return b"event: %b\ndata: %b\n\n" % (event.type.encode(), event.data)


def text_delta(wire: bytes) -> bytes | None:
    """The data of the one delta of text that canonical frames are; None where they are anything else."""
    if wire.startswith(_TEXT_HEAD) and wire.find(b"\n", _TEXT_START) == len(wire) - 2:
        return wire[_TEXT_START:-2]
    return None


def render(chunk: Chunk) -> bytes:
    """The chunk as it goes over the wire: the upstream's own bytes if nobody changed an event of it."""
    if chunk.verbatim is not None:
        return chunk.verbatim
    return b"".join([frame(event) for event in chunk.events])
