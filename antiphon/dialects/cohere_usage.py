"""Token counts of Cohere's, as the Responses API counts.

`tokens` is what the model read and wrote, with Cohere's own preamble; `billed_units`, which leave that out, are smaller
than the part of it that came from the cache (recorded), so they cannot be the whole that it is a part of.
"""

from __future__ import annotations

from typing import Final

from msgspec import Raw, Struct

from antiphon.dialects.chat_shapes import fitted_to
from antiphon.wire.usage import NO_USAGE, Usage, count, counted


class _Counts(Struct, frozen=True, gc=False):
    input_tokens: float | None = None
    output_tokens: float | None = None


class _Sent(Struct, frozen=True, gc=False):
    tokens: _Counts | None = None
    billed_units: _Counts | None = None
    cached_tokens: float | None = None


_NOTHING: Final = _Counts()


def usage_of(raw: Raw) -> Usage:
    """The usage that Cohere's object stands for; whatever is no count is taken as none."""
    sent = fitted_to(raw, _Sent)
    if sent is None:
        return NO_USAGE
    counts = sent.tokens or sent.billed_units or _NOTHING
    return counted(
        input_tokens=count(counts.input_tokens),
        output_tokens=count(counts.output_tokens),
        cached=count(sent.cached_tokens),
        cache_write=0,
        reasoning=0,
        raw=Raw(bytes(raw)),
    )
