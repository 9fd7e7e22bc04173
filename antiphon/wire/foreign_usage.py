"""Tokens and model of an answer in nobody knows which format, watched as it passes by.

Law: what passes is neither changed nor held back, and what is remembered of it is bounded. Whoever is not understood
has no usage; nothing here ever raises.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct, field

from antiphon.wire.counts import Counts
from antiphon.wire.faults import UNDECODABLE

MOST_BYTES: Final = 8 * 1024 * 1024
_EVENTS: Final = b"text/event-stream"
_JSON: Final = b"json"
_SOUGHT: Final = re.compile(rb'sage(?:"|Metadata)')
_DATA: Final = b"data:"


class _Cached(Struct):
    cached_tokens: int | None = None


class _Usage(Struct):
    """OpenAI's two spellings, Anthropic's, Google's, Amazon's."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    input_tokens_details: _Cached | None = None
    prompt_tokens_details: _Cached | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    prompt: int | None = field(default=None, name="promptTokenCount")
    answer: int | None = field(default=None, name="candidatesTokenCount")
    thoughts: int | None = field(default=None, name="thoughtsTokenCount")
    kept: int | None = field(default=None, name="cachedContentTokenCount")
    sent: int | None = field(default=None, name="inputTokens")
    made: int | None = field(default=None, name="outputTokens")


class _Inner(Struct):
    model: str | None = None
    usage: _Usage | None = None


class _Told(Struct):
    """An answer, or an event that holds one."""

    model: str | None = None
    google_model: str | None = field(default=None, name="modelVersion")
    usage: _Usage | None = None
    google_usage: _Usage | None = field(default=None, name="usageMetadata")
    response: _Inner | None = None
    message: _Inner | None = None


_told: Final = msgspec.json.Decoder(_Told).decode
_list: Final = msgspec.json.Decoder(list[_Told]).decode


class UsageWatch:
    """One answer's. `model` and `counts` are what has been recognised so far."""

    def __init__(self, media_type: bytes, *, encoded: bool, model: str | None = None) -> None:
        """An `encoded` body is not looked into; a `model` that is known is not looked for."""
        self.model = model
        self._input = self._output = self._cached = self._written = self._read = 0
        self._seen = False
        self._streams = media_type.startswith(_EVENTS)
        self._looks = not encoded and (self._streams or _JSON in media_type)
        self._kept = bytearray()

    @property
    def counts(self) -> Counts | None:
        """Anthropic's input leaves out what was cached; everybody else's holds it."""
        if not self._seen:
            return None
        outside = self._written + self._read
        cached = self._cached + self._read
        return Counts(input=self._input + outside, output=self._output, cached=cached, cache_write=self._written)

    def feed(self, data: bytes) -> None:
        """A piece of the body has passed."""
        if not self._looks or self._is_beside(data):
            return
        self._kept += data
        if self._streams:
            lines = self._kept.split(b"\n")
            self._kept = lines.pop()
            for line in lines:
                self._line(line)
        if len(self._kept) > MOST_BYTES:
            self._looks = False
            self._kept.clear()

    def close(self) -> None:
        """The body has ended."""
        if self._looks and not self._streams:
            self._read_whole(bytes(self._kept))
        self._kept.clear()

    def _is_beside(self, data: bytes) -> bool:
        """Whether these are whole lines of a stream with nothing in them that is looked for, as nearly all are."""
        known = self._streams and self.model is not None and not self._kept
        return known and data.endswith(b"\n") and _SOUGHT.search(data) is None

    def _line(self, line: bytearray) -> None:
        if line.startswith(_DATA) and (self.model is None or _SOUGHT.search(line) is not None):
            self._read_whole(bytes(line[len(_DATA) :]))

    def _read_whole(self, text: bytes) -> None:
        try:
            told = _list(text) if text.lstrip().startswith(b"[") else [_told(text)]
        except UNDECODABLE:
            return
        for each in told:
            for inner in (each.response, each.message):
                if inner is not None:
                    self._note(inner.model, inner.usage)
            self._note(each.model or each.google_model, each.usage or each.google_usage)

    def _note(self, model: str | None, usage: _Usage | None) -> None:
        """Later counts stand in place of earlier ones; a count that is left out stays."""
        self.model = self.model or model
        if usage is None:
            return
        sent = _first(usage.input_tokens, usage.prompt_tokens, usage.prompt, usage.sent)
        made = _first(usage.output_tokens, usage.completion_tokens, usage.answer, usage.made)
        if sent is None and made is None:
            return
        self._seen = True
        self._input = self._input if sent is None else sent
        self._output = (self._output if made is None else made) + (usage.thoughts or 0)
        self._written = _first(usage.cache_creation_input_tokens, self._written) or 0
        self._read = _first(usage.cache_read_input_tokens, self._read) or 0
        details = usage.input_tokens_details or usage.prompt_tokens_details or _Cached()
        self._cached = _first(details.cached_tokens, usage.kept, self._cached) or 0


def counts_beside(text: bytes) -> Counts | None:
    """The tokens that JSON text in any provider's format tells of, None where it tells of none."""
    watch = UsageWatch(_JSON, encoded=False)
    watch.feed(text)
    watch.close()
    return watch.counts


def _first(*counts: int | None) -> int | None:
    return next((count for count in counts if count is not None), None)
