"""Token counts in the Responses convention: every counter an int, both spellings of the details."""

from __future__ import annotations

import math
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from antiphon.wire.counts import Counts

_MOST: Final = 2**53
"""The highest number that every reader of JSON reads exactly. Nobody uses as many tokens."""


class InputDetails(Struct, frozen=True):
    """Parts of `input_tokens`."""

    cached_tokens: int = 0
    cache_write_tokens: int = 0


class OutputDetails(Struct, frozen=True):
    """Parts of `output_tokens`."""

    reasoning_tokens: int = 0


class PromptDetails(Struct, frozen=True):
    """The chat spelling of the input's parts."""

    cached_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    text_tokens: int = 0


class CompletionDetails(Struct, frozen=True):
    """The chat spelling of the output's parts."""

    reasoning_tokens: int = 0
    audio_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0


class Usage(Struct, frozen=True):
    """What an answer consumed. `raw_usage` is the provider's own object, untouched."""

    input_tokens: int = 0
    input_tokens_details: InputDetails = InputDetails()
    output_tokens: int = 0
    output_tokens_details: OutputDetails = OutputDetails()
    total_tokens: int = 0
    prompt_tokens_details: PromptDetails = PromptDetails()
    completion_tokens_details: CompletionDetails = CompletionDetails()
    raw_usage: Raw = Raw(b"{}")


NO_USAGE = Usage()
UNCOUNTED: Final = Raw(msgspec.json.encode(NO_USAGE))
"""The same as JSON: what an answer shows whose provider counted nothing, since clients read integers unasked."""


class _Details(Struct, frozen=True):
    cached_tokens: float | None = None
    cache_write_tokens: float | None = None
    reasoning_tokens: float | None = None
    audio_tokens: float | None = None
    image_tokens: float | None = None
    text_tokens: float | None = None
    accepted_prediction_tokens: float | None = None
    rejected_prediction_tokens: float | None = None


class _Counters(Struct, frozen=True):
    input_tokens: float | None = None
    output_tokens: float | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


_counters = msgspec.json.Decoder(_Counters)
_NONE = _Details()


def count(value: float | None) -> int:
    """A number of tokens as a provider sent it; whatever is no count is none."""
    return min(max(int(value), 0), _MOST) if value and math.isfinite(value) else 0


def counted(*, input_tokens: int, output_tokens: int, cached: int, cache_write: int, reasoning: int, raw: Raw) -> Usage:
    """A Usage whose parts never exceed their whole."""
    input_tokens, output_tokens = min(input_tokens, _MOST), min(output_tokens, _MOST)
    cached = min(cached, input_tokens)
    reasoning = min(reasoning, output_tokens)
    return Usage(
        input_tokens,
        InputDetails(cached, min(cache_write, input_tokens)),
        output_tokens,
        OutputDetails(reasoning),
        input_tokens + output_tokens,
        PromptDetails(cached),
        CompletionDetails(reasoning),
        raw,
    )


_Tokens = Annotated[int, Meta(ge=0, le=_MOST)]


class _PlainInput(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    cached_tokens: _Tokens = 0
    cache_write_tokens: _Tokens = 0


class _PlainOutput(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    reasoning_tokens: _Tokens = 0


class PlainUsage(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Usage in OpenAI's own form, and nothing beside it."""

    input_tokens: _Tokens
    input_tokens_details: _PlainInput
    output_tokens: _Tokens
    output_tokens_details: _PlainOutput
    total_tokens: int

    def counts(self, service: str) -> Counts:
        """The tokens by what they cost, in a service tier."""
        return Counts(
            input=self.input_tokens,
            output=self.output_tokens,
            cached=self.input_tokens_details.cached_tokens,
            cache_write=self.input_tokens_details.cache_write_tokens,
            reasoning=self.output_tokens_details.reasoning_tokens,
            service=service,
        )


_PLAIN: Final = (
    b'{"input_tokens":%d,"input_tokens_details":{"cached_tokens":%d,"cache_write_tokens":%d},"output_tokens":%d,'
    b'"output_tokens_details":{"reasoning_tokens":%d},"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d,'
    b'"audio_tokens":0,"image_tokens":0,"text_tokens":0},"completion_tokens_details":{"reasoning_tokens":%d,'
    b'"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0},"raw_usage":%b}'
)


def plain_usage(usage: PlainUsage, raw: Raw) -> Raw | None:
    """As `completed_usage`, for usage that was found to be plain; None where a part exceeds its whole."""
    cached = usage.input_tokens_details.cached_tokens
    reasoning = usage.output_tokens_details.reasoning_tokens
    written = usage.input_tokens_details.cache_write_tokens
    total_in, total_out = usage.input_tokens, usage.output_tokens
    if cached > total_in or reasoning > total_out or written > total_in:
        return None
    counts = (total_in, cached, written, total_out, reasoning, total_in + total_out, cached, reasoning)
    return Raw(_PLAIN % (*counts, raw))


def completed_usage(raw: Raw) -> Raw:
    """A native upstream's usage with every member of the superset added; its own members keep their values.

    Anything that is not an object of counters is taken as unknown, since a client must always find integers.
    """
    try:
        known = _counters.decode(raw)
        members = msgspec.json.decode(raw, type=dict[str, Raw])
    except msgspec.DecodeError:
        return UNCOUNTED
    sent = known.input_tokens_details or _NONE
    made = known.output_tokens_details or _NONE
    prompt = known.prompt_tokens_details or sent
    completion = known.completion_tokens_details or made
    total_in, total_out = _int(known.input_tokens), _int(known.output_tokens)
    details_in = members.get("input_tokens_details")
    details_out = members.get("output_tokens_details")
    defaults: dict[str, Any] = {
        "input_tokens": total_in,
        "input_tokens_details": _with_ints(
            details_in,
            {
                "cached_tokens": _int(sent.cached_tokens, total_in),
                "cache_write_tokens": _int(sent.cache_write_tokens, total_in),
            },
        ),
        "output_tokens": total_out,
        "output_tokens_details": _with_ints(details_out, {"reasoning_tokens": _int(made.reasoning_tokens, total_out)}),
        "total_tokens": total_in + total_out,
        "prompt_tokens_details": PromptDetails(
            _int(prompt.cached_tokens, total_in),
            _int(prompt.audio_tokens),
            _int(prompt.image_tokens),
            _int(prompt.text_tokens),
        ),
        "completion_tokens_details": CompletionDetails(
            _int(completion.reasoning_tokens, total_out),
            _int(completion.audio_tokens),
            _int(completion.accepted_prediction_tokens),
            _int(completion.rejected_prediction_tokens),
        ),
        "raw_usage": raw,
    }
    return Raw(msgspec.json.encode(members | defaults))


def _with_ints(details: Raw | None, counters: dict[str, int]) -> dict[str, Any]:
    """The provider's own details object with the counters that must be there as integers."""
    if details is None or not bytes(details).startswith(b"{"):
        return dict(counters)
    return msgspec.json.decode(details, type=dict[str, Raw]) | counters


def _int(value: float | None, most: int = _MOST) -> int:
    return 0 if value is None else min(max(int(value), 0), most)
