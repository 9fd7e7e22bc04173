"""What all requests of a batch used together, in the members of the batch's own `usage`.

https://platform.openai.com/docs/api-reference/batch/object, read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from antiphon.wire.faults import UNDECODABLE


class _Details(Struct, frozen=True):
    cached_tokens: int | None = 0
    reasoning_tokens: int | None = 0


class _Usage(Struct, frozen=True):
    """Of a response, a message, a chat completion or an embedding: each names some of these."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _Body(Struct, frozen=True):
    usage: _Usage | None = None


_body: Final = msgspec.json.Decoder(_Body).decode
_encode: Final = msgspec.json.Encoder().encode
_NONE: Final = _Details()


class Totals:
    """Sums up answers."""

    def __init__(self) -> None:
        """Nothing was used."""
        self._known = False
        self._input = self._cached = self._output = self._reasoning = 0

    def add(self, body: bytes) -> None:
        """One answer; one that says nothing of its usage, or nothing that is known here, adds nothing."""
        try:
            usage = _body(body).usage
        except UNDECODABLE:
            return
        if usage is None:
            return
        self._known = True
        read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
        inward = usage.input_tokens_details or usage.prompt_tokens_details or _NONE
        outward = usage.output_tokens_details or usage.completion_tokens_details or _NONE
        # Anthropic's count of input leaves out what was read from, or written to, a cache.
        self._input += (usage.input_tokens or usage.prompt_tokens or 0) + read + written
        self._cached += (inward.cached_tokens or 0) + read
        self._output += usage.output_tokens or usage.completion_tokens or 0
        self._reasoning += outward.reasoning_tokens or 0

    def told(self) -> bytes | None:
        """The sums as JSON, None where no answer said anything."""
        if not self._known:
            return None
        return _encode(
            {
                "input_tokens": self._input,
                "input_tokens_details": {"cached_tokens": self._cached},
                "output_tokens": self._output,
                "output_tokens_details": {"reasoning_tokens": self._reasoning},
                "total_tokens": self._input + self._output,
            }
        )
