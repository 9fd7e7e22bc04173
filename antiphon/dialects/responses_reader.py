"""A native Responses stream, relayed event by event.

Deltas carry no response id, so they pass as they came; the events that hold a whole response object are made the
gateway's own (id, echo, superset). What upstreams are known to leave out is mended: a missing opening, an item that is
never finished, an empty final output, gaps in the numbering.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.failures import failure_of
from antiphon.dialects.native_seals import SEALED_MEMBER, NativeSeals
from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.protocols import Clock
from antiphon.wire.events import EMPTY, LIFECYCLE, TERMINAL, Chunk, Event, Outcome, renumbered, split_object
from antiphon.wire.faults import UNDECODABLE
from antiphon.wire.native import NULL, Merged, Opening
from antiphon.wire.native_items import all_named, item_id, mended_item, named, place_of, renamed
from antiphon.wire.sse import Frame, FrameSplitter
from antiphon.wire.usage import UNCOUNTED
from antiphon.wire.visibility import ALL_BUT_SEALED, shown_item, shown_outcome

_encode: Final = msgspec.json.Encoder().encode
_PLAIN_LINES: Final = {
    b"event: " + kind.encode(): kind
    for kind in (
        "response.output_text.delta",
        "response.function_call_arguments.delta",
        "response.reasoning_text.delta",
        "response.reasoning_summary_text.delta",
        "response.refusal.delta",
        "response.custom_tool_call_input.delta",
    )
}
"""Events that never need a change but of their number, by the line that begins their frame."""

_DATA: Final = b"data: "
_LF: Final = 0x0A

_PARTS_BEGIN: Final = frozenset({"response.content_part.added", "response.reasoning_summary_part.added"})
_KEEPALIVES: Final = frozenset({"keepalive", "ping", ""})
_ENDINGS: Final = {"response.completed": "completed", "response.incomplete": "incomplete"}
_STATUS: Final = {b'"completed"': "completed", b'"incomplete"': "incomplete"}
_INCOMPLETE: Final = b'"incomplete"'
_FAILED: Final = (b'"failed"', b'"cancelled"')
"""Statuses that no event makes good: providers have told of failures under the name of a completed answer."""

_NO_ITEMS: Final = Raw(b"[]")
_NO_REASON: Final = Raw(b'{"reason":"max_output_tokens"}')
"""Of the two reasons that clients know, the one that is not told of by refusing."""


_TYPE: Final = re.compile(r"[\w.:-]{1,200}", re.ASCII)
_NOT_JSON: Final = "The provider sent an event that is not JSON."


class _Peek(Struct, frozen=True, gc=False):
    type: str = ""
    sequence_number: int | None = None


class _Carrier(Struct, frozen=True, gc=False):
    response: Raw = Raw(b"{}")


class _ItemEvent(Struct, frozen=True, gc=False):
    item: Raw
    output_index: int = 0


class _Kind(Struct, frozen=True, gc=False):
    type: str
    id: str | None = None


class _Failure(Struct, frozen=True, gc=False):
    error: Raw = NULL


_peek: Final = msgspec.json.Decoder(_Peek).decode
_carrier: Final = msgspec.json.Decoder(_Carrier).decode
_kind: Final = msgspec.json.Decoder(_Kind).decode
_item_event: Final = msgspec.json.Decoder(_ItemEvent).decode
_failure: Final = msgspec.json.Decoder(_Failure).decode
_items: Final = msgspec.json.Decoder(list[Raw]).decode


def _unsealed(item: Raw) -> Raw:
    """The item as it is announced, or as it is shown to who did not ask for its seal."""
    return Raw(_encode(shown_item(msgspec.json.decode(item), ALL_BUT_SEALED)))


def _check(kind: str) -> None:
    """Raises UpstreamBroke for an event whose type would break a frame."""
    if _TYPE.fullmatch(kind) is None:
        raise UpstreamBroke(_NOT_JSON)


def finished(opening: Opening, response: bytes, clock: Clock) -> Outcome:
    """The outcome that a whole answer stands for.

    Raises the UpstreamError that a failed response names, msgspec.DecodeError for what is no response object.
    """
    merged = opening.merged(response)
    status = _STATUS.get(bytes(merged.members["status"]))
    if status is None:
        raise failure_of(bytes(_failure(response).error))
    return _closed(merged, status, clock)


def _closed(merged: Merged, status: str, clock: Clock, items: list[Raw] | None = None) -> Outcome:
    """`items` fill an output that the upstream left out of its final response."""
    members = merged.members
    members["status"] = Raw(b'"%b"' % status.encode())
    members["error"] = NULL
    if status == "completed":
        members["incomplete_details"] = NULL
        if members["completed_at"] == NULL:
            members["completed_at"] = Raw(b"%d" % int(clock()))
    else:
        members["completed_at"] = NULL
        if members["incomplete_details"] == NULL:
            members["incomplete_details"] = _NO_REASON
    if members["usage"] == NULL:
        members["usage"] = UNCOUNTED
    if items and members["output"] == _NO_ITEMS:
        members["output"] = Raw(_encode(items))
    return Outcome(status, _encode(members), merged.upstream_id, merged.counts, merged.plain and not items)


class ResponsesReader:
    """Implements `protocols.Reader`."""

    __slots__ = (
        "_announced",
        "_clock",
        "_done",
        "_frames",
        "_hides",
        "_kind",
        "_lead",
        "_names",
        "_next",
        "_open",
        "_opening",
        "_output",
        "_plain",
        "_seals",
        "failure",
        "outcome",
    )

    def __init__(self, opening: Opening, clock: Clock, seals: NativeSeals, *, hides_sealed: bool) -> None:
        """`hides_sealed`: sealed reasoning was asked for by the gateway, not by the client."""
        self.outcome: Outcome | None = None
        self.failure: UpstreamError | None = None
        self._opening = opening
        self._clock = clock
        self._seals = seals
        self._hides = hides_sealed
        self._frames = FrameSplitter()
        self._next = 0
        self._output = False
        self._plain = False
        self._kind: str | None = None
        self._lead = _DATA
        self._announced: set[str] = set()
        self._open: dict[int, str] = {}
        self._done: dict[int, Raw] = {}
        self._names: dict[int, str] = {}

    def feed(self, data: bytes) -> Chunk:
        """The events that `data` completes, with their own bytes if none of them had to change."""
        chunk = self._take(self._frames.feed(data))
        self._plain = self._output and not (self._names or self._frames.waiting) and self.outcome is None
        return chunk

    def quick(self, data: bytes, number: int) -> bytes | None:
        """`data` itself if it is exactly one event of the kind that nearly all are: plain, canonical, in order."""
        if not self._plain or not (data.startswith(self._lead) or self._leads(data)):
            return None
        start = len(self._lead)
        if data.find(b"\n", start) != len(data) - 2 or data[-1] != _LF:
            return None
        try:
            peek = _peek(data[start:-2])
            if not data.isascii():
                data.decode()
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if not peek.sequence_number == self._next == number or peek.type != self._kind:
            return None
        self._next = number + 1
        return data

    def _leads(self, data: bytes) -> bool:
        """Whether `data` begins as another kind of plain event does; those that follow will be of this kind."""
        line, _, rest = data.partition(b"\n")
        kind = _PLAIN_LINES.get(line)
        if kind is None or not rest.startswith(_DATA):
            return False
        self._kind = kind
        self._lead = line + b"\n" + _DATA
        return True

    def close(self) -> Chunk:
        """What a last frame without its end brings. Raises UpstreamBroke when the answer was cut."""
        chunk = EMPTY if self.outcome is not None else self._take(self._frames.finish())
        if self.outcome is None:
            message = "The provider ended the stream before the answer was complete."
            raise self.failure or UpstreamBroke(message)
        return chunk

    def _take(self, frames: list[Frame]) -> Chunk:
        events: list[Event] = []
        raws: list[bytes] = []
        try:
            for frame in frames:
                if self.outcome is not None:
                    break
                if self._relay(frame, events):
                    raws.append(frame.raw)
        except UpstreamError as error:
            if not self._output:
                raise
            self.failure = error
        if not events:
            return EMPTY
        if len(raws) != len(events):
            return Chunk(tuple(events))
        return Chunk(tuple(events), raws[0] if len(raws) == 1 else b"".join(raws))

    def _relay(self, frame: Frame, events: list[Event]) -> bool:
        """Adds the frame's events. True when its own bytes say exactly that."""
        if frame.data == b"[DONE]":
            return False
        try:
            peek = _peek(frame.data)
            kind = peek.type
            if kind in LIFECYCLE:
                self._open_with(kind, frame.data, events)
            elif kind in TERMINAL:
                self._finish(kind, frame.data, events)
            elif kind == "error" or frame.event == "error":
                raise failure_of(frame.data)
            elif kind not in _KEEPALIVES:
                _check(kind)
                return self._pass(kind, peek.sequence_number, frame, events)
        except UNDECODABLE:
            raise UpstreamBroke(_NOT_JSON) from None
        return False

    def _pass(self, kind: str, number: int | None, frame: Frame, events: list[Event]) -> bool:
        if not self._output:
            self._ensure_opened(events)
            self._output = True
        data = frame.data
        if kind.startswith("response.output_item."):
            data = self._note_item(kind, data)
            if not data:
                return False
        else:
            if kind in _PARTS_BEGIN:
                self._note_name(data)
            if self._names:
                data = renamed(data, self._names)
        event = Event(kind, -1 if number is None else number, data)
        events.append(renumbered(event, self._next))
        self._next += 1
        return events[-1].data is frame.data and frame.event == kind and bool(frame.raw)

    def _note_item(self, kind: str, data: bytes) -> bytes:
        """The event as it is told; nothing for what has been told before: official clients break on a second one."""
        noted = _item_event(data)
        announced = kind == "response.output_item.added"
        if noted.output_index in self._done or (announced and noted.output_index in self._open):
            return b""
        visible = item = self._announced_item(noted) if announced else self._finished_item(noted)
        if data.find(SEALED_MEMBER) >= 0:
            if not announced:
                item = self._seals.item(item)
            visible = _unsealed(item) if announced or self._hides else item
        if not announced:
            self._done[noted.output_index] = item
        if visible is noted.item or visible == noted.item:
            return data
        return _encode(split_object(data) | {"item": visible})

    def _announced_item(self, noted: _ItemEvent) -> Raw:
        """The item with an id, from now on the only one that it goes by."""
        kind = _kind(noted.item)
        name = kind.id or item_id(kind.type, self._opening.id, noted.output_index)
        self._open[noted.output_index] = name
        return noted.item if kind.id else self._known_as(name, noted.output_index, noted.item)

    def _finished_item(self, noted: _ItemEvent) -> Raw:
        """The item as it was announced, whole."""
        item = mended_item(noted.item, self._opening.id, noted.output_index)
        name = self._open.pop(noted.output_index, None)
        if name is None or name == _kind(item).id:
            return item
        return self._known_as(name, noted.output_index, item)

    def _note_name(self, data: bytes) -> None:
        """Copilot calls an item something else in every event: where its first part begins, that shows."""
        index, name = place_of(data)
        announced = self._open.get(index)
        if announced is not None and announced != name:
            self._names[index] = announced

    def _known_as(self, name: str, index: int, item: Raw) -> Raw:
        self._names[index] = name
        return named(item, name)

    def _open_with(self, kind: str, data: bytes, events: list[Event]) -> None:
        if self._output or kind in self._announced:
            return
        self._announce(kind, self._opening.merged(_carrier(data).response).members, events)

    def _ensure_opened(self, events: list[Event]) -> None:
        if not self._output:
            for kind in ("response.created", "response.in_progress"):
                if kind not in self._announced:
                    self._announce(kind, self._opening.members, events)

    def _announce(self, kind: str, response: dict[str, Raw], events: list[Event]) -> None:
        data = _encode({"type": kind, "sequence_number": self._next, "response": response})
        events.append(Event(kind, self._next, data))
        self._announced.add(kind)
        self._next += 1

    def _finish(self, kind: str, data: bytes, events: list[Event]) -> None:
        response = _carrier(data).response
        if kind == "response.failed":
            raise failure_of(data)
        self._ensure_opened(events)
        merged = self._opening.merged(response)
        said = bytes(merged.members["status"])
        if said in _FAILED:
            raise failure_of(data)
        if said == _INCOMPLETE:
            kind = "response.incomplete"
        if data.find(SEALED_MEMBER) >= 0:
            merged.members["output"] = self._seals.output(merged.members["output"])
        if self._names:
            merged.members["output"] = all_named(merged.members["output"], self._names)
        self._close_items(merged.members["output"], events)
        done = [self._done[index] for index in sorted(self._done)]
        self.outcome = _closed(merged, _ENDINGS[kind], self._clock, done)
        visible = self.outcome.body if not self._hides else shown_outcome(self.outcome, ALL_BUT_SEALED)
        data = b'{"type":"%b","sequence_number":%d,"response":%b}' % (kind.encode(), self._next, visible)
        events.append(Event(kind, self._next, data))

    def _close_items(self, output: Raw, events: list[Event]) -> None:
        """Tells the end of items that the upstream announced and forgot."""
        if not self._open:
            return
        final = _items(output)
        for index in sorted(self._open):
            if index < len(final):
                body = {"output_index": index, "item": final[index]}
                data = _encode({"type": "response.output_item.done", "sequence_number": self._next, **body})
                events.append(Event("response.output_item.done", self._next, data))
                self._next += 1
        self._open.clear()
