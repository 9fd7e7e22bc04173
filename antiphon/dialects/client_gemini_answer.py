"""A streamed answer, told to a client of Google's chunk by chunk.

Law: the parts of the chunks, texts joined, are those of the whole answer.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec
from msgspec import Struct
from typing_extensions import override

from antiphon.dialects.client_chat_shapes import thoughts
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
from antiphon.dialects.item_order import ADDED, DONE, Delta, ItemTeller, Tellers, delta_of, item_of
from antiphon.wire.events import Event
from antiphon.wire.requests import Item

_encode: Final = msgspec.json.Encoder().encode

_LEAD: Final = b'{"candidates":[{"content":{"parts":[{"text":'
_TAIL: Final = b'}],"role":"model"},"index":0}],'


class _Terminal(Struct, frozen=True):
    response: ToldAnswer


_terminal: Final = msgspec.json.Decoder(_Terminal).decode


class GeminiTeller(ItemTeller):
    """Tells one streamed answer: each chunk an event, or a member of one array of JSON."""

    __slots__ = (
        *("_begun", "_grounds", "_likely", "_refused", "_signatures", "_silent", "_spot", "_sse", "_tail", "_told"),
    )

    def __init__(self, told: GeminiTold, *, sse: bool) -> None:
        """Nothing has been told yet. `sse`: as Server-Sent Events."""
        super().__init__()
        self._told = told
        self._sse = sse
        self._begun = False
        self._tail = _TAIL + _encode(told.about)[1:]
        self._spot: tuple[int, int] | None = None
        self._silent = True
        self._signatures = Signatures()
        self._grounds = Grounds()
        self._likely: list[Item] = []
        self._refused = False

    def framed(self, value: Item) -> bytes:
        """An object in its place."""
        return self._framed(_encode(value))

    def end(self) -> bytes:
        """What ends the stream."""
        if self._sse:
            return b""
        return b"]" if self._begun else b"[]"

    @override
    def _beside(self, event: Event) -> bytes:
        if event.type in ("response.completed", "response.incomplete"):
            return self._ended(_terminal(event.data).response)
        return self._failed(event.data) if event.type == "response.failed" else b""

    @override
    def _go_on(self) -> bytes:
        self._spot = None
        self._silent = True
        return super()._go_on()

    @override
    def _text(self, said: Delta) -> bytes:
        self._silent = False
        if not said.delta:
            return b""
        if self._signatures.waiting:
            return self._parts(self._signatures.sign([{"text": said.delta}]))
        return self._framed(_LEAD + _encode(said.delta) + self._tail)

    def _begin(self, _: bytes) -> bytes:
        return b""

    def _refusal(self, data: bytes) -> bytes:
        self._refused = True
        return self._text(delta_of(data))

    def _thought(self, data: bytes) -> bytes:
        """Thoughts, and summaries of them, stand apart from each other in one text."""
        said = delta_of(data)
        spot, before = (said.summary_index, said.content_index), self._spot
        if not self._told.includes_thoughts or not said.delta:
            return b""
        self._spot = spot
        self._silent = False
        text = said.delta if before in (None, spot) else f"\n\n{said.delta}"
        return self._parts([{"text": text, "thought": True}])

    def _done(self, data: bytes) -> bytes:
        """The end of an item, and whatever has waited for it."""
        item = item_of(data)
        self._grounds.take(item)
        frames = self._late(item) if self._silent else b""
        if item["type"] == "reasoning":
            frames += self._parts(self._signatures.keep(item.get("encrypted_content")))
        elif item["type"] == "message":
            self._likely += likelihoods(item)
        else:
            frames += self._parts(self._signatures.sign(parts_of(item)))
        return frames + self._go_on()

    def _late(self, item: Item) -> bytes:
        """What an item says of which nothing has been told: some providers tell all at its end."""
        match item["type"]:
            case "message":
                parts: list[Item] = item["content"]
                self._refused = self._refused or any(part.get("refusal") for part in parts)
                return b"".join([self._text(Delta(part.get("text") or part.get("refusal") or "")) for part in parts])
            case "reasoning" if self._told.includes_thoughts and (text := thoughts(item)):
                return self._parts([{"text": text, "thought": True}])
            case _:
                return b""

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

    _tellers: ClassVar[Tellers] = {
        ADDED: _begin,
        "response.refusal.delta": _refusal,
        "response.reasoning_text.delta": _thought,
        "response.reasoning_summary_text.delta": _thought,
        DONE: _done,
    }
