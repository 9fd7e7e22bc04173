"""What the API sends, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.wire.sse import FrameSplitter

_OK: Final = 200
_TEXT: Final = frozenset({"response.output_text.delta", "response.refusal.delta"})

Write = Callable[[str], None]


class _Fault(Struct, frozen=True):
    message: str = ""


class _Failure(Struct, frozen=True):
    error: _Fault = _Fault()


class _Content(Struct, frozen=True):
    text: str = ""
    refusal: str = ""


class _Item(Struct, frozen=True):
    type: str
    content: list[_Content] | None = None
    name: str = ""
    arguments: str = ""


class _Response(Struct, frozen=True):
    status: str = ""
    error: _Fault | None = None
    incomplete_details: dict[str, str] | None = None
    output: list[_Item] = msgspec.field(default_factory=list[_Item])


class _Event(Struct, frozen=True):
    """The part of a stream event that is shown."""

    type: str
    delta: str = ""
    message: str = ""
    response: _Response = _Response()


@dataclass(slots=True)
class Whole:
    """Collects a body. `failure` is one line, set by `close` when there is one."""

    body: bytes = b""
    status: int = 0
    failure: str = ""

    def read(self, status: int, piece: bytes) -> None:
        self.status = status
        self.body += piece

    def close(self) -> None:
        if self.status != _OK:
            self.failure = failure_in(self.body, self.status)


@dataclass(slots=True)
class Answer:
    """An answer on its way to the terminal. `failure` and `note` are one line each."""

    write: Write
    streamed: bool
    failure: str = ""
    note: str = ""
    written: str = ""
    ended: bool = False
    whole: Whole = field(default_factory=Whole)
    frames: FrameSplitter = field(default_factory=FrameSplitter)

    def read(self, status: int, piece: bytes) -> None:
        """A streamed answer is written as it comes."""
        if status != _OK or not self.streamed:
            self.whole.read(status, piece)
            return
        for frame in self.frames.feed(piece):
            if frame.data.startswith(b"{"):
                self._take(msgspec.json.decode(frame.data, type=_Event))

    def close(self) -> None:
        """After the last piece: what was not streamed is written, and the last line is ended."""
        if self.whole.status:
            self.whole.close()
        self.failure = self.failure or self.whole.failure
        if self.whole.body and not self.failure:
            self._finish(msgspec.json.decode(self.whole.body, type=_Response), is_written=False)
        if not self.ended and not self.failure:
            self.failure = "The answer was cut short."
        if self.written and not self.written.endswith("\n"):
            self.write("\n")

    def _take(self, event: _Event) -> None:
        if event.type in _TEXT:
            self._write(event.delta)
        elif event.type == "error":
            self.failure = _one_line(event.message)
        elif event.type in ("response.completed", "response.incomplete", "response.failed"):
            self._finish(event.response, is_written=True)

    def _finish(self, response: _Response, *, is_written: bool) -> None:
        self.ended = True
        for item in response.output:
            for content in item.content or () if item.type == "message" and not is_written else ():
                self._write(content.text or content.refusal)
            if item.type == "function_call":
                self._write(f"{item.name}({item.arguments})\n")
        if response.status == "failed":
            self.failure = self.failure or _one_line(response.error.message if response.error else "")
        if response.status == "incomplete":
            self.note = f"The answer is incomplete: {(response.incomplete_details or {}).get('reason', 'unknown')}."

    def _write(self, text: str) -> None:
        if text:
            self.write(text)
            self.written = text


def failure_in(body: bytes, status: int) -> str:
    """The message of an error envelope, in one line."""
    try:
        return _one_line(msgspec.json.decode(body, type=_Failure).error.message)
    except msgspec.DecodeError:
        return f"The answer was an error with status {status}."


def _one_line(message: str) -> str:
    return " ".join(message.split()) or "The answer failed."
