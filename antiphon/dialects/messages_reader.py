"""A stream of the Messages API, read event by event and told as Responses events.

Law: the events are the same however the bytes were cut. An answer that its provider interrupts to let its own tools
work is gone on with in the same response (https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons,
read 2026-11).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from antiphon.dialects.answering import given
from antiphon.dialects.failures import failure_of
from antiphon.dialects.messages_answer import MessageAnswer
from antiphon.dialects.messages_shapes import Event, event_of, message_of
from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.protocols import Built
from antiphon.wire.events import Chunk, Outcome
from antiphon.wire.requests import Item
from antiphon.wire.sse import FrameSplitter

_PAUSE: Final = "pause_turn"
_LEAD: Final = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":'
)

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode
_string: Final = msgspec.json.Decoder(str).decode


class MessagesReader:
    """Implements `protocols.Reader`, for a provider that interrupts answers (`protocols.resumption_of`).

    What wraps events otherwise than Server-Sent Events do gives each to `take` and collects with `given`.
    """

    __slots__ = (
        "_answer",
        "_details",
        "_frames",
        "_lead",
        "_paused",
        "_rebuild",
        "_stop",
        "failure",
        "outcome",
        "resumption",
    )

    def __init__(self, answer: MessageAnswer, rebuild: Callable[[], Built]) -> None:
        """`rebuild` makes the request once more, for an answer that is interrupted."""
        self.outcome: Outcome | None = None
        self.failure: UpstreamError | None = None
        self.resumption: Built | None = None
        self._answer = answer
        self._rebuild = rebuild
        self._frames = FrameSplitter()
        self._stop: str | None = None
        self._details: Item | None = None
        self._lead = b""
        self._paused = False

    def feed(self, data: bytes) -> Chunk:
        """The events that `data` completes. A failure is raised once all events before it have been given."""
        if self.failure is not None:
            raise self.failure
        if self.resumption is not None:
            self._resume()
        try:
            for frame in self._frames.feed(data):
                if frame.data:
                    self.take(frame.data)
        except UpstreamError as error:
            self.failure = error
        return self.given()

    def quick(self, data: bytes, number: int) -> bytes | None:
        """What stands for an event that brings nothing but text, in the form in which Anthropic sends them all."""
        lead = self._lead
        if not lead or not data.startswith(lead) or not data.endswith(b"}\n\n") or self._frames.waiting:
            return None
        if self.failure is not None:
            return None
        try:
            text = _string(data[len(lead) : -3].rstrip(b" ").removesuffix(b"}"))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return self._answer.said_on(text, number) if text else None

    def close(self) -> Chunk:
        """The last events. A stream that never said why it ended was cut."""
        if self.failure is not None:
            raise self.failure
        if self.outcome is None and self.resumption is None:
            try:
                for frame in self._frames.finish():
                    self.take(frame.data)
                self._end()
            except UpstreamError as error:
                self.failure = error
        if self._paused:
            self.resumption = resumed(self._rebuild(), self._answer.blocks)
        return self.given()

    def take(self, data: bytes) -> None:
        """One event's JSON. Raises the UpstreamError that it reports."""
        if self.outcome is not None or self._paused:
            return
        event = event_of(data)
        if event is None:
            return
        match event.type:
            case "content_block_delta":
                if event.delta is not None:
                    self._answer.grow(event.index or 0, event.delta)
            case "content_block_start" | "content_block_stop":
                self._bound(event, event.index or 0)
            case "message_start" if event.message is not None:
                self._answer.start(event.message)
                self._halt(event.message.stop_reason, event.message.stop_details)
            case "message_delta":
                self._note(event)
            case "message_stop":
                self._end()
            case "error":
                raise failure_of(data)
            case _:
                return

    def given(self) -> Chunk:
        """The events since the last time. Raises the failure, where there are none."""
        return given(self._answer.writer, self.failure)

    def _resume(self) -> None:
        """The provider goes on: what comes belongs to the same answer."""
        self.resumption = None
        self._paused = False
        self._stop = None
        self._frames = FrameSplitter()

    def _bound(self, event: Event, index: int) -> None:
        """A block begins or ends."""
        if event.type == "content_block_stop":
            self._answer.stop(index)
        elif event.content_block is not None:
            self._answer.begin(index, event.content_block)
        self._lead = _LEAD % index if self._answer.speaking else b""

    def _note(self, event: Event) -> None:
        self._answer.note(event.usage, event.delta)
        if event.delta is not None:
            self._halt(event.delta.stop_reason, event.delta.stop_details)

    def _halt(self, reason: str | None, details: Item | None) -> None:
        """Why the provider says no more, as soon as it tells."""
        if reason:
            self._stop, self._details = reason, details

    def _end(self) -> None:
        if self._stop is None:
            raise UpstreamBroke("The provider ended the stream before the answer was complete.")
        if self._stop == _PAUSE and self._answer.blocks:
            self._paused = True
        elif self.outcome is None:
            self.outcome = self._answer.finish(self._stop, self._details)


def resumed(built: Built, blocks: list[Item]) -> Built:
    """What to ask for an answer to go on: the same, with the answer as far as it came."""
    body = _decode(built.body)
    body["messages"].append({"role": "assistant", "content": blocks})
    return msgspec.structs.replace(built, body=_encode(body), streamed=True)


def whole_answer(answer: MessageAnswer, body: bytes) -> Outcome:
    """The outcome of an answer that was not streamed.

    Raises UpstreamBroke when `body` is no answer, or the UpstreamError that it holds in place of one.
    """
    message = message_of(body)
    if message is not None and message.type == "error":
        raise failure_of(body)
    if message is None or message.content is None:
        raise UpstreamBroke("The provider sent something that is not a message.")
    answer.start(message)
    return answer.finish(message.stop_reason, message.stop_details)
