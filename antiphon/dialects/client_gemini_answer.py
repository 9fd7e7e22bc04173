"""A streamed answer, told to a client of Google's chunk by chunk.

Laws: the parts of the chunks, texts joined, are those of the whole answer; and items follow one another. What a
provider tells of a later item while an earlier one is unfinished waits until that is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.dialects.client_gemini_errors import said_error
from antiphon.dialects.client_gemini_grounding import Grounds
from antiphon.dialects.client_gemini_shapes import (
    GeminiTold,
    Signatures,
    ToldAnswer,
    blocked,
    candidate,
    ending,
    last,
    likelihoods,
    logprobs,
    parts_of,
)
from antiphon.dialects.client_messages_shapes import BROKEN, failure_status
from antiphon.wire.events import Event
from antiphon.wire.requests import Item

_encode: Final = msgspec.json.Encoder().encode

_TEXT_DELTA: Final = "response.output_text.delta"
_ADDED: Final = "response.output_item.added"
_LEAD: Final = b'{"candidates":[{"content":{"parts":[{"text":'
_TAIL: Final = b'}],"role":"model"},"index":0}],'


class _Delta(Struct, frozen=True, gc=False):
    delta: str = ""
    output_index: int = 0
    content_index: int = -1
    summary_index: int = -1


class _Place(Struct, frozen=True, gc=False):
    output_index: int = 0


class _Item(Struct, frozen=True):
    item: dict[str, Any]


class _Terminal(Struct, frozen=True):
    response: ToldAnswer


_delta: Final = msgspec.json.Decoder(_Delta).decode
_place: Final = msgspec.json.Decoder(_Place).decode
_item: Final = msgspec.json.Decoder(_Item).decode
_terminal: Final = msgspec.json.Decoder(_Terminal).decode


class GeminiTeller:
    """Tells one streamed answer: each chunk an event, or a member of one array of JSON."""

    __slots__ = (
        *("_begun", "_grounds", "_likely", "_place", "_refused", "_signatures", "_spot", "_sse", "_tail", "_tellers"),
        *("_told", "_waiting"),
    )

    def __init__(self, told: GeminiTold, *, sse: bool) -> None:
        """Nothing has been told yet. `sse`: as Server-Sent Events."""
        self._told = told
        self._sse = sse
        self._begun = False
        self._tail = _TAIL + _encode(told.about)[1:]
        self._place: int | None = None
        self._waiting: dict[int, list[Event]] = {}
        self._spot: tuple[int, int] | None = None
        self._signatures = Signatures()
        self._grounds = Grounds()
        self._likely: list[Item] = []
        self._refused = False
        self._tellers: Final[dict[str, Callable[[bytes], bytes]]] = {
            _ADDED: lambda _: b"",
            "response.refusal.delta": self._refusal,
            "response.reasoning_text.delta": self._thought,
            "response.reasoning_summary_text.delta": self._thought,
            "response.output_item.done": self._done,
        }

    def frames(self, events: Iterable[Event]) -> bytes:
        """What is to be sent for these events."""
        return b"".join([self._frame(event) for event in events])

    def framed(self, value: Item) -> bytes:
        """An object in its place."""
        return self._framed(_encode(value))

    def end(self) -> bytes:
        """What ends the stream."""
        if self._sse:
            return b""
        return b"]" if self._begun else b"[]"

    def _frame(self, event: Event) -> bytes:
        kind = event.type
        if kind == _TEXT_DELTA:
            said = _delta(event.data)
            return self._text(said.delta) if said.output_index == self._place else self._wait(said.output_index, event)
        if kind in self._tellers:
            place = _place(event.data).output_index
            begins = kind == _ADDED and self._place is None
            if not begins and place != self._place:
                return self._wait(place, event)
            self._place = place
            return self._tellers[kind](event.data)
        if kind in ("response.completed", "response.incomplete"):
            return self._ended(_terminal(event.data).response)
        return self._failed(event.data) if kind == "response.failed" else b""

    def _wait(self, place: int, event: Event) -> bytes:
        self._waiting.setdefault(place, []).append(event)
        return b""

    def _go_on(self) -> bytes:
        """Whatever has waited for the end of an item."""
        self._place = self._spot = None
        frames = b""
        while self._place is None and self._waiting:
            frames += self.frames(self._waiting.pop(min(self._waiting)))
        return frames

    def _text(self, delta: str) -> bytes:
        """The hot path of every stream."""
        if not delta:
            return b""
        if self._signatures.waiting:
            return self._parts(self._signatures.sign([{"text": delta}]))
        return self._framed(_LEAD + _encode(delta) + self._tail)

    def _refusal(self, data: bytes) -> bytes:
        self._refused = True
        return self._text(_delta(data).delta)

    def _thought(self, data: bytes) -> bytes:
        """Thoughts, and summaries of them, stand apart from each other in one text."""
        said = _delta(data)
        spot, before = (said.summary_index, said.content_index), self._spot
        if not self._told.includes_thoughts or not said.delta:
            return b""
        self._spot = spot
        text = said.delta if before in (None, spot) else f"\n\n{said.delta}"
        return self._parts([{"text": text, "thought": True}])

    def _done(self, data: bytes) -> bytes:
        """The end of an item, and whatever has waited for it."""
        item = _item(data).item
        self._grounds.take(item)
        if item["type"] == "reasoning":
            frames = self._parts(self._signatures.keep(item.get("encrypted_content")))
        elif item["type"] == "message":
            self._likely += likelihoods(item)
            frames = b""
        else:
            frames = self._parts(self._signatures.sign(parts_of(item)))
        return frames + self._go_on()

    def _ended(self, response: ToldAnswer) -> bytes:
        frames = self._go_on()
        more = {**ending(response, refused=self._refused), **self._grounds.told, **logprobs(self._likely)}
        return frames + self._framed(last(response, self._signatures.rest(), self._told, more)) + self.end()

    def _failed(self, data: bytes) -> bytes:
        error = _terminal(data).response.error or {}
        message = str(error.get("message") or BROKEN)
        feedback = None if self._begun else blocked(error.get("code"), message, self._told)
        return self.framed(feedback or said_error(failure_status(error), message)) + self.end()

    def _parts(self, parts: list[Item]) -> bytes:
        if not parts:
            return b""
        return self.framed({"candidates": [candidate(parts)]} | self._told.about)

    def _framed(self, data: bytes) -> bytes:
        begun, self._begun = self._begun, True
        if self._sse:
            return b"data: %b\r\n\r\n" % data
        return (b",\r\n%b" if begun else b"[%b") % data
